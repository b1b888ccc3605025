/* SPDX-License-Identifier: GPL-2.0-only
 * Exit codes. */
#include "svm/exit.h"

#include "kernel/lib/bits.h"

/* APM2 appendix C. */
enum {
    CODE_CR_READ = 0x00,
    CODE_CR_WRITE = 0x10,
    CODE_DR_READ = 0x20,
    CODE_EXCEPTION = 0x40,
    CODE_EXCEPTION_END = 0x60,
    CODE_SIMPLE = 0x60,
    CODE_IOIO = 0x7b,
    CODE_MSR = 0x7c,
    CODE_TASK_SWITCH = 0x7d,
    CODE_NPF = 0x400,
};

#define CODE_INVALID UINT64_MAX
#define CODE_BUSY (UINT64_MAX - 1)

/* Codes that say all by themselves, from CODE_SIMPLE on. */
static const struct {
    bool known;
    bool instruction; /* nRIP is valid */
    uint8_t kind;
} simple[] = {
    [0x60 - CODE_SIMPLE] = {true, false, VCPU_EXIT_INTERRUPT}, /* INTR */
    [0x61 - CODE_SIMPLE] = {true, false, VCPU_EXIT_INTERRUPT}, /* NMI: taken when STGI lets it through */
    [0x62 - CODE_SIMPLE] = {true, false, VCPU_EXIT_INTERRUPT}, /* SMI, likewise */
    [0x63 - CODE_SIMPLE] = {true, false, VCPU_EXIT_INTERRUPT}, /* INIT, likewise */
    [SVM_EXIT_VINTR - CODE_SIMPLE] = {true, false, VCPU_EXIT_WINDOW},
    [0x6f - CODE_SIMPLE] = {true, true, VCPU_EXIT_RDPMC},
    [0x72 - CODE_SIMPLE] = {true, true, VCPU_EXIT_CPUID},
    [0x73 - CODE_SIMPLE] = {true, true, VCPU_EXIT_FORBIDDEN}, /* RSM */
    [0x76 - CODE_SIMPLE] = {true, true, VCPU_EXIT_INVD},
    [0x77 - CODE_SIMPLE] = {true, true, VCPU_EXIT_PAUSE},
    [0x78 - CODE_SIMPLE] = {true, true, VCPU_EXIT_HLT},
    [0x7a - CODE_SIMPLE] = {true, true, VCPU_EXIT_FORBIDDEN}, /* INVLPGA */
    [0x7f - CODE_SIMPLE] = {true, false, VCPU_EXIT_SHUTDOWN},
    [0x80 - CODE_SIMPLE] = {true, true, VCPU_EXIT_FORBIDDEN}, /* VMRUN */
    [0x81 - CODE_SIMPLE] = {true, true, VCPU_EXIT_HYPERCALL}, /* VMMCALL */
    [0x82 - CODE_SIMPLE] = {true, true, VCPU_EXIT_FORBIDDEN}, /* VMLOAD */
    [0x83 - CODE_SIMPLE] = {true, true, VCPU_EXIT_FORBIDDEN}, /* VMSAVE */
    [0x84 - CODE_SIMPLE] = {true, true, VCPU_EXIT_FORBIDDEN}, /* STGI */
    [0x85 - CODE_SIMPLE] = {true, true, VCPU_EXIT_FORBIDDEN}, /* CLGI */
    [0x86 - CODE_SIMPLE] = {true, true, VCPU_EXIT_FORBIDDEN}, /* SKINIT */
    [0x89 - CODE_SIMPLE] = {true, true, VCPU_EXIT_WBINVD},
    [0x8a - CODE_SIMPLE] = {true, true, VCPU_EXIT_MONITOR},
    [0x8b - CODE_SIMPLE] = {true, true, VCPU_EXIT_MWAIT},
    [0x8c - CODE_SIMPLE] = {true, true, VCPU_EXIT_MWAIT}, /* MWAIT with the monitor armed */
    [0x8d - CODE_SIMPLE] = {true, true, VCPU_EXIT_XSETBV},
    [0x8e - CODE_SIMPLE] = {true, true, VCPU_EXIT_FORBIDDEN}, /* RDPRU */
};

/* Instruction length from nRIP; 0 when it is absent or makes no sense. */
static uint8_t length_of(const uint8_t *vmcb, const struct svm_exit_features *features)
{
    if (!features->next_rip) {
        return 0;
    }
    uint64_t length = vmcb_get64(vmcb, VMCB_NEXT_RIP_64) - vmcb_get64(vmcb, VMCB_RIP_64);
    return length >= 1 && length <= 15 ? (uint8_t)length : 0;
}

/* APM2 15.10.2: bit 0 IN, 2 string, 3 REP, 6:4 width in bytes, 31:16 port. EXITINFO2 is the next RIP: always there. */
static void decode_io(const uint8_t *vmcb, struct vcpu_exit *exit)
{
    uint64_t info = vmcb_get64(vmcb, VMCB_EXIT_INFO_1_64);
    exit->kind = VCPU_EXIT_IO;
    exit->io = (struct vcpu_exit_io){
        .port = (uint16_t)bits_get(info, 31, 16),
        .width = (uint8_t)bits_get(info, 6, 4),
        .in = (info & BIT64(0)) != 0,
        .string = (info & BIT64(2)) != 0,
        .rep = (info & BIT64(3)) != 0,
    };
    uint64_t length = vmcb_get64(vmcb, VMCB_EXIT_INFO_2_64) - vmcb_get64(vmcb, VMCB_RIP_64);
    exit->length = length >= 1 && length <= 15 ? (uint8_t)length : 0;
}

/* APM2 15.25.6: the page-fault error bits, and bit 33 when the CPU walked the guest's own tables. A walk itself counts
 * as a user write when it sets accessed bits, so the bits are taken as they are. */
static void decode_nested_fault(const uint8_t *vmcb, const struct svm_exit_features *features, struct vcpu_exit *exit)
{
    uint64_t info = vmcb_get64(vmcb, VMCB_EXIT_INFO_1_64);
    bool write = (info & BIT64(1)) != 0;
    bool fetch = (info & BIT64(4)) != 0;
    exit->kind = VCPU_EXIT_MEMORY;
    exit->memory = (struct vcpu_exit_memory){
        .at = gpa(vmcb_get64(vmcb, VMCB_EXIT_INFO_2_64)),
        .read = !write && !fetch,
        .write = write,
        .fetch = fetch,
        .mapped = (info & BIT64(0)) != 0,
        .page_walk = (info & BIT64(33)) != 0,
    };
    uint8_t count = features->decode_assists ? vmcb[VMCB_BYTES_FETCHED_8] & 0xf : 0;
    exit->byte_count = count;
    memcpy(exit->bytes, vmcb + VMCB_BYTES, count);
}

/* APM2 15.8.1: with decode assists EXITINFO1 bit 63 marks a MOV and bits 3:0 are the general register. */
static void decode_cr(const uint8_t *vmcb, const struct svm_exit_features *features, uint64_t code,
                      struct vcpu_exit *exit)
{
    uint64_t info = vmcb_get64(vmcb, VMCB_EXIT_INFO_1_64);
    exit->kind = VCPU_EXIT_CR;
    exit->cr = (struct vcpu_exit_cr){
        .number = (uint8_t)(code % 16),
        .write = code >= CODE_CR_WRITE,
        .known = features->decode_assists && (info & BIT64(63)) != 0,
    };
    exit->cr.gpr = exit->cr.known ? (uint8_t)bits_get(info, 3, 0) : 0;
    exit->length = length_of(vmcb, features);
}

/* Vectors that push an error code (APM2 8.2). */
#define WITH_ERROR                                                                                                     \
    (BIT32(8) | BIT32(10) | BIT32(11) | BIT32(12) | BIT32(13) | BIT32(14) | BIT32(17) | BIT32(21) | BIT32(29) |        \
     BIT32(30))

static void decode_exception(const uint8_t *vmcb, uint8_t vector, struct vcpu_exit *exit)
{
    bool has_error = (WITH_ERROR & BIT32(vector)) != 0;
    exit->kind = VCPU_EXIT_EXCEPTION;
    exit->exception = (struct vcpu_exit_exception){
        .vector = vector,
        .has_error = has_error,
        .error = has_error ? (uint32_t)vmcb_get64(vmcb, VMCB_EXIT_INFO_1_64) : 0,
        .address = vmcb_get64(vmcb, VMCB_EXIT_INFO_2_64),
    };
}

/* The codes with information of their own; false: none of them. */
static bool decode_rich(const uint8_t *vmcb, const struct svm_exit_features *features, uint64_t code,
                        struct vcpu_exit *exit)
{
    if (code < CODE_DR_READ) {
        decode_cr(vmcb, features, code, exit);
    } else if (code >= CODE_EXCEPTION && code < CODE_EXCEPTION_END) {
        decode_exception(vmcb, (uint8_t)(code - CODE_EXCEPTION), exit);
    } else if (code == CODE_IOIO) {
        decode_io(vmcb, exit);
    } else if (code == CODE_MSR) {
        exit->kind = VCPU_EXIT_MSR;
        exit->msr.write = vmcb_get64(vmcb, VMCB_EXIT_INFO_1_64) == 1;
        exit->length = length_of(vmcb, features);
    } else if (code == CODE_TASK_SWITCH) {
        exit->kind = VCPU_EXIT_TASK_SWITCH;
        exit->task.selector = (uint16_t)vmcb_get64(vmcb, VMCB_EXIT_INFO_1_64);
    } else if (code == CODE_NPF) {
        decode_nested_fault(vmcb, features, exit);
    } else {
        return false;
    }
    return true;
}

/* The CPU does not say which check failed (APM2 15.5.1): look for the ones a guest's register values can cause. */
static const char *entry_failure(const uint8_t *vmcb)
{
    uint64_t cr0 = vmcb_get64(vmcb, VMCB_CR0_64);
    uint64_t cr4 = vmcb_get64(vmcb, VMCB_CR4_64);
    uint64_t efer = vmcb_get64(vmcb, VMCB_EFER_64);
    bool long_paging = (efer & BIT64(8)) != 0 && (cr0 & BIT64(31)) != 0;
    uint16_t cs = vmcb_segment(vmcb, VMCB_CS).attributes;
    if ((efer & BIT64(12)) == 0) {
        return "EFER.SVME is clear";
    }
    if ((cr0 & BIT64(30)) == 0 && (cr0 & BIT64(29)) != 0) {
        return "CR0.NW is set without CR0.CD";
    }
    if ((cr0 & MASK64(63, 32)) != 0) {
        return "CR0 bits 63:32 are not zero";
    }
    if ((vmcb_get64(vmcb, VMCB_DR6_64) & MASK64(63, 32)) != 0 ||
        (vmcb_get64(vmcb, VMCB_DR7_64) & MASK64(63, 32)) != 0) {
        return "DR6 or DR7 bits 63:32 are not zero";
    }
    if (long_paging && (cr4 & BIT64(5)) == 0) {
        return "long mode with paging, but CR4.PAE is clear";
    }
    if (long_paging && (cr0 & BIT64(0)) == 0) {
        return "long mode with paging, but CR0.PE is clear";
    }
    if (long_paging && (cs & VCPU_SEGMENT_LONG) != 0 && (cs & VCPU_SEGMENT_BIG) != 0) {
        return "CS is 64-bit and 32-bit at once";
    }
    if (vmcb_get32(vmcb, VMCB_ASID_32) == 0) {
        return "ASID is 0";
    }
    return "VMRUN found the control block invalid (reserved bits of CR3, CR4 or EFER, or a bad EVENTINJ)";
}

/* False: not one of the simple codes. */
static bool decode_simple(const uint8_t *vmcb, const struct svm_exit_features *features, uint64_t code,
                          struct vcpu_exit *exit)
{
    uint64_t i = code - CODE_SIMPLE;
    if (i >= ARRAY_LENGTH(simple) || !simple[i].known) {
        return false;
    }
    exit->kind = simple[i].kind;
    exit->length = simple[i].instruction ? length_of(vmcb, features) : 0;
    return true;
}

void svm_exit_decode(const uint8_t *vmcb, const struct svm_exit_features *features, struct vcpu_exit *exit)
{
    uint64_t code = vmcb_get64(vmcb, VMCB_EXIT_CODE_64);
    exit->code = code;
    exit->length = 0;
    exit->byte_count = 0;
    exit->text = NULL;
    if (decode_simple(vmcb, features, code, exit) || decode_rich(vmcb, features, code, exit)) {
        return;
    }
    /* TCG stores the error code's low half only. */
    if (code == CODE_INVALID || code == UINT32_MAX) {
        exit->kind = VCPU_EXIT_ENTRY_FAILED;
        exit->text = entry_failure(vmcb);
    } else if (code == CODE_BUSY) {
        exit->kind = VCPU_EXIT_ENTRY_FAILED;
        exit->text = "the control block is in use by another CPU";
    } else {
        exit->kind = VCPU_EXIT_UNKNOWN;
        exit->text = "an SVM exit code that was not asked for";
    }
}
