/* SPDX-License-Identifier: GPL-2.0-only
 * Exit reasons. */
#include "vmx/exit.h"

#include "kernel/lib/bits.h"
#include "vmx/instructions.h"

#define APIC_PAGE UINT64_C(0xfee00000) /* where xAPIC mode is virtualised */

/* How a reason becomes an exit. */
enum action {
    DO_UNKNOWN, /* nothing this backend turns on makes it */
    DO_SIMPLE,  /* the kind alone */
    DO_STEP,    /* the kind and the instruction's length */
    DO_IO,
    DO_CR,
    DO_MSR,
    DO_MEMORY,
    DO_TASK,
    DO_EXCEPTION,
    DO_APIC_ACCESS,
    DO_APIC_WRITE,
    DO_EOI,
    DO_MACHINE_CHECK,
    DO_ENTRY_FAILED,
};

struct reason {
    const char *name;
    uint8_t action;
    uint8_t kind; /* of DO_SIMPLE and DO_STEP */
};

#define SIMPLE(exit_kind) DO_SIMPLE, VCPU_EXIT_##exit_kind
#define STEP(exit_kind) DO_STEP, VCPU_EXIT_##exit_kind

static const struct reason reasons[VMCS_REASON_LAST + 1] = {
    [VMCS_REASON_EXCEPTION_OR_NMI] = {"exception or NMI", DO_EXCEPTION, 0},
    [VMCS_REASON_INTERRUPT] = {"external interrupt", SIMPLE(INTERRUPT)},
    [VMCS_REASON_TRIPLE_FAULT] = {"triple fault", SIMPLE(SHUTDOWN)},
    [VMCS_REASON_INIT] = {"INIT signal", SIMPLE(INTERRUPT)}, /* spent by the exit: nobody restarts a CPU of ours */
    [VMCS_REASON_SIPI] = {"startup IPI", DO_UNKNOWN, 0},
    [VMCS_REASON_IO_SMI] = {"I/O SMI", DO_UNKNOWN, 0},
    [VMCS_REASON_OTHER_SMI] = {"SMI", DO_UNKNOWN, 0},
    [VMCS_REASON_INTERRUPT_WINDOW] = {"interrupt window", SIMPLE(WINDOW)},
    [VMCS_REASON_NMI_WINDOW] = {"NMI window", SIMPLE(WINDOW)},
    [VMCS_REASON_TASK_SWITCH] = {"task switch", DO_TASK, 0},
    [VMCS_REASON_CPUID] = {"CPUID", STEP(CPUID)},
    [VMCS_REASON_GETSEC] = {"GETSEC", STEP(FORBIDDEN)},
    [VMCS_REASON_HLT] = {"HLT", STEP(HLT)},
    [VMCS_REASON_INVD] = {"INVD", STEP(INVD)},
    [VMCS_REASON_INVLPG] = {"INVLPG", DO_UNKNOWN, 0},
    [VMCS_REASON_RDPMC] = {"RDPMC", STEP(RDPMC)},
    [VMCS_REASON_RDTSC] = {"RDTSC", DO_UNKNOWN, 0},
    [VMCS_REASON_RSM] = {"RSM", STEP(FORBIDDEN)},
    [VMCS_REASON_VMCALL] = {"VMCALL", STEP(HYPERCALL)},
    [VMCS_REASON_VMCLEAR] = {"VMCLEAR", STEP(FORBIDDEN)},
    [VMCS_REASON_VMLAUNCH] = {"VMLAUNCH", STEP(FORBIDDEN)},
    [VMCS_REASON_VMPTRLD] = {"VMPTRLD", STEP(FORBIDDEN)},
    [VMCS_REASON_VMPTRST] = {"VMPTRST", STEP(FORBIDDEN)},
    [VMCS_REASON_VMREAD] = {"VMREAD", STEP(FORBIDDEN)},
    [VMCS_REASON_VMRESUME] = {"VMRESUME", STEP(FORBIDDEN)},
    [VMCS_REASON_VMWRITE] = {"VMWRITE", STEP(FORBIDDEN)},
    [VMCS_REASON_VMXOFF] = {"VMXOFF", STEP(FORBIDDEN)},
    [VMCS_REASON_VMXON] = {"VMXON", STEP(FORBIDDEN)},
    [VMCS_REASON_CR] = {"control-register access", DO_CR, 0},
    [VMCS_REASON_DR] = {"MOV DR", DO_UNKNOWN, 0},
    [VMCS_REASON_IO] = {"I/O instruction", DO_IO, 0},
    [VMCS_REASON_RDMSR] = {"RDMSR", DO_MSR, 0},
    [VMCS_REASON_WRMSR] = {"WRMSR", DO_MSR, 0},
    [VMCS_REASON_ENTRY_GUEST_STATE] = {"VM entry refused the guest state", DO_ENTRY_FAILED, 0},
    [VMCS_REASON_ENTRY_MSR] = {"VM entry could not load an MSR", DO_ENTRY_FAILED, 0},
    [VMCS_REASON_MWAIT] = {"MWAIT", STEP(MWAIT)},
    [VMCS_REASON_MONITOR_TRAP] = {"monitor trap flag", DO_UNKNOWN, 0},
    [VMCS_REASON_MONITOR] = {"MONITOR", STEP(MONITOR)},
    [VMCS_REASON_PAUSE] = {"PAUSE", STEP(PAUSE)},
    [VMCS_REASON_ENTRY_MACHINE_CHECK] = {"machine check during VM entry", DO_MACHINE_CHECK, 0},
    [VMCS_REASON_TPR] = {"TPR below threshold", SIMPLE(PRIORITY)},
    [VMCS_REASON_APIC_ACCESS] = {"APIC access", DO_APIC_ACCESS, 0},
    [VMCS_REASON_EOI] = {"virtualised EOI", DO_EOI, 0},
    [VMCS_REASON_GDTR_IDTR] = {"access to GDTR or IDTR", DO_UNKNOWN, 0},
    [VMCS_REASON_LDTR_TR] = {"access to LDTR or TR", DO_UNKNOWN, 0},
    [VMCS_REASON_EPT_VIOLATION] = {"EPT violation", DO_MEMORY, 0},
    [VMCS_REASON_EPT_MISCONFIGURATION] = {"EPT misconfiguration", DO_UNKNOWN, 0},
    [VMCS_REASON_INVEPT] = {"INVEPT", STEP(FORBIDDEN)},
    [VMCS_REASON_RDTSCP] = {"RDTSCP", DO_UNKNOWN, 0},
    [VMCS_REASON_PREEMPTION_TIMER] = {"preemption timer", SIMPLE(SLICE)},
    [VMCS_REASON_INVVPID] = {"INVVPID", STEP(FORBIDDEN)},
    [VMCS_REASON_WBINVD] = {"WBINVD", STEP(WBINVD)},
    [VMCS_REASON_XSETBV] = {"XSETBV", STEP(XSETBV)},
    [VMCS_REASON_APIC_WRITE] = {"APIC write", DO_APIC_WRITE, 0},
    [VMCS_REASON_RDRAND] = {"RDRAND", DO_UNKNOWN, 0},
    [VMCS_REASON_INVPCID] = {"INVPCID", DO_UNKNOWN, 0},
    [VMCS_REASON_VMFUNC] = {"VMFUNC", STEP(FORBIDDEN)},
    [VMCS_REASON_ENCLS] = {"ENCLS", STEP(FORBIDDEN)},
    [VMCS_REASON_RDSEED] = {"RDSEED", DO_UNKNOWN, 0},
    [VMCS_REASON_PML_FULL] = {"page-modification log full", DO_UNKNOWN, 0},
    [VMCS_REASON_XSAVES] = {"XSAVES", DO_UNKNOWN, 0},
    [VMCS_REASON_XRSTORS] = {"XRSTORS", DO_UNKNOWN, 0},
    [VMCS_REASON_PCONFIG] = {"PCONFIG", STEP(FORBIDDEN)},
    [VMCS_REASON_SPP] = {"sub-page write permission", DO_UNKNOWN, 0},
    [VMCS_REASON_UMWAIT] = {"UMWAIT", DO_UNKNOWN, 0},
    [VMCS_REASON_TPAUSE] = {"TPAUSE", DO_UNKNOWN, 0},
    [VMCS_REASON_LOADIWKEY] = {"LOADIWKEY", STEP(FORBIDDEN)},
    [VMCS_REASON_ENCLV] = {"ENCLV", STEP(FORBIDDEN)},
    [VMCS_REASON_ENQCMD_PASID] = {"ENQCMD", DO_UNKNOWN, 0},
    [VMCS_REASON_ENQCMDS_PASID] = {"ENQCMDS", DO_UNKNOWN, 0},
    [VMCS_REASON_BUS_LOCK] = {"bus lock", DO_UNKNOWN, 0},
    [VMCS_REASON_NOTIFY] = {"no window for events (notify)", DO_UNKNOWN, 0},
    [VMCS_REASON_SEAMCALL] = {"SEAMCALL", STEP(FORBIDDEN)},
    [VMCS_REASON_TDCALL] = {"TDCALL", STEP(FORBIDDEN)},
};

/* The numbers between those that have a name are DO_UNKNOWN as well. */
static const struct reason *find(enum vmcs_reason reason)
{
    static const struct reason none = {NULL, DO_UNKNOWN, 0};
    return (size_t)reason < ARRAY_LENGTH(reasons) ? &reasons[reason] : &none;
}

const char *vmx_exit_name(enum vmcs_reason reason)
{
    const char *name = find(reason)->name;
    return name != NULL ? name : "an exit reason without a name";
}

/* An impossible length is as good as none: the guest layer decodes then. */
static uint8_t length(void)
{
    uint64_t bytes = vmx_read(VMCS_EXIT_LENGTH);
    return bytes <= 15 ? (uint8_t)bytes : 0;
}

/* SDM 3C table 28-5: 2:0 width - 1, 3 IN, 4 string, 5 REP, 31:16 port. */
static void decode_io(struct vcpu_exit *exit)
{
    uint64_t q = vmx_read(VMCS_QUALIFICATION);
    exit->kind = VCPU_EXIT_IO;
    exit->io = (struct vcpu_exit_io){
        .port = (uint16_t)bits_get(q, 31, 16),
        .width = (uint8_t)(bits_get(q, 2, 0) + 1),
        .in = (q & BIT64(3)) != 0,
        .string = (q & BIT64(4)) != 0,
        .rep = (q & BIT64(5)) != 0,
    };
    exit->length = length();
}

struct vmx_exit_cr vmx_exit_cr(uint64_t q)
{
    return (struct vmx_exit_cr){
        .number = (uint8_t)bits_get(q, 3, 0),
        .access = (enum vmx_cr_access)bits_get(q, 5, 4),
        .gpr = (uint8_t)bits_get(q, 11, 8),
    };
}

static void decode_cr(struct vcpu_exit *exit)
{
    struct vmx_exit_cr cr = vmx_exit_cr(vmx_read(VMCS_QUALIFICATION));
    if (cr.access != VMX_CR_MOV_TO && cr.access != VMX_CR_MOV_FROM) {
        exit->kind = VCPU_EXIT_UNKNOWN;
        exit->text =
            cr.access == VMX_CR_CLTS ? "CLTS exited, which nobody asked for" : "LMSW exited, which nobody asked for";
        return;
    }
    exit->kind = VCPU_EXIT_CR;
    exit->cr =
        (struct vcpu_exit_cr){.number = cr.number, .write = cr.access == VMX_CR_MOV_TO, .known = true, .gpr = cr.gpr};
    exit->length = length();
}

/* SDM 3C table 28-7: 2:0 what was tried, 5:3 what the entries allow, 7 there is a linear address, 8 its translation
 * (clear: a table of the guest's own) was accessed. With A/D flags on, a walk of the guest's tables counts as a write.
 */
static void decode_memory(struct vcpu_exit *exit)
{
    uint64_t q = vmx_read(VMCS_QUALIFICATION);
    bool write = (q & BIT64(1)) != 0;
    bool fetch = (q & BIT64(2)) != 0;
    exit->kind = VCPU_EXIT_MEMORY;
    exit->memory = (struct vcpu_exit_memory){
        .at = gpa(vmx_read(VMCS_GUEST_PHYSICAL)),
        .read = (q & BIT64(0)) != 0 || (!write && !fetch),
        .write = write,
        .fetch = fetch,
        .mapped = bits_get(q, 5, 3) != 0,
        .page_walk = (q & BIT64(7)) != 0 && (q & BIT64(8)) == 0,
    };
}

/* SDM 3C table 28-6: 11:0 offset in the page, 15:12 how: 0 read, 1 write, 2 fetch; 3 and above while an event was being
 * delivered or without a linear address, where there is no instruction to emulate. */
static void decode_apic_access(struct vcpu_exit *exit)
{
    uint64_t q = vmx_read(VMCS_QUALIFICATION);
    uint64_t how = bits_get(q, 15, 12);
    exit->kind = VCPU_EXIT_MEMORY;
    exit->memory = (struct vcpu_exit_memory){
        .at = gpa(APIC_PAGE + bits_get(q, 11, 0)),
        .read = how != 1 && how != 2,
        .write = how == 1,
        .fetch = how == 2,
        .mapped = true,
        .page_walk = how >= 3,
    };
}

static uint32_t exit_event(void)
{
    return (uint32_t)vmx_read(VMCS_EXIT_EVENT);
}

bool vmx_exit_is_nmi(void)
{
    return bits_get(exit_event(), VMCS_EVENT_TYPE_HIGH, VMCS_EVENT_TYPE_LOW) == VMCS_TYPE_NMI;
}

static void decode_exception(struct vcpu_exit *exit)
{
    uint32_t info = exit_event();
    bool has_error = (info & BIT32(VMCS_EVENT_HAS_ERROR)) != 0;
    if (vmx_exit_is_nmi()) {
        exit->kind = VCPU_EXIT_INTERRUPT;
        return;
    }
    exit->kind = VCPU_EXIT_EXCEPTION;
    exit->exception = (struct vcpu_exit_exception){
        .vector = (uint8_t)info,
        .has_error = has_error,
        .error = has_error ? (uint32_t)vmx_read(VMCS_EXIT_EVENT_ERROR) : 0,
        .address = vmx_read(VMCS_QUALIFICATION),
    };
}

static void decode_msr(enum vmcs_reason reason, struct vcpu_exit *exit)
{
    exit->kind = VCPU_EXIT_MSR;
    exit->msr.write = reason == VMCS_REASON_WRMSR;
    exit->length = length();
}

static void decode_rich(const struct reason *r, enum vmcs_reason reason, struct vcpu_exit *exit)
{
    switch (r->action) {
    case DO_IO:
        decode_io(exit);
        break;
    case DO_CR:
        decode_cr(exit);
        break;
    case DO_MSR:
        decode_msr(reason, exit);
        break;
    case DO_MEMORY:
        decode_memory(exit);
        break;
    case DO_TASK:
        exit->kind = VCPU_EXIT_TASK_SWITCH;
        exit->task.selector = (uint16_t)vmx_read(VMCS_QUALIFICATION);
        break;
    case DO_EXCEPTION:
        decode_exception(exit);
        break;
    case DO_APIC_ACCESS:
        decode_apic_access(exit);
        break;
    case DO_APIC_WRITE:
        exit->kind = VCPU_EXIT_APIC_WRITE;
        exit->apic.offset = (uint16_t)bits_get(vmx_read(VMCS_QUALIFICATION), 11, 0);
        break;
    case DO_EOI:
        exit->kind = VCPU_EXIT_EOI;
        exit->apic.vector = (uint8_t)vmx_read(VMCS_QUALIFICATION);
        break;
    case DO_MACHINE_CHECK:
        exit->kind = VCPU_EXIT_EXCEPTION;
        exit->exception = (struct vcpu_exit_exception){.vector = 18};
        break;
    default:
        exit->kind = r->action == DO_ENTRY_FAILED ? VCPU_EXIT_ENTRY_FAILED : VCPU_EXIT_UNKNOWN;
        exit->text = vmx_exit_name(reason);
        break;
    }
}

void vmx_exit_decode(enum vmcs_reason reason, struct vcpu_exit *exit)
{
    const struct reason *r = find(reason);
    exit->code = reason;
    exit->length = 0;
    exit->byte_count = 0;
    exit->text = NULL;
    if (r->action == DO_STEP || r->action == DO_SIMPLE) {
        exit->kind = r->kind;
        exit->length = r->action == DO_STEP ? length() : 0;
    } else {
        decode_rich(r, reason, exit);
    }
}
