/* SPDX-License-Identifier: GPL-2.0-only
 * The virtual machine control block: offsets, bits and accessors (APM2 rev 3.42 appendix B, tables B-1 and B-2). */
#ifndef BULKHEAD_SVM_VMCB_H
#define BULKHEAD_SVM_VMCB_H

#include "kernel/core/vcpu.h"
#include "kernel/lib/string.h"
#include "kernel/lib/types.h"

/* Offsets in bytes. A trailing number is the width of the field in bits. */
enum vmcb_offset {
    VMCB_INTERCEPT_CR_32 = 0x000,         /* bits 15:0 reads of CR0-15, bits 31:16 writes */
    VMCB_INTERCEPT_DR_32 = 0x004,         /* the same for DR0-15 */
    VMCB_INTERCEPT_EXCEPTIONS_32 = 0x008, /* one bit a vector */
    VMCB_INTERCEPT_1_32 = 0x00c,          /* enum vmcb_intercept_1 */
    VMCB_INTERCEPT_2_32 = 0x010,          /* enum vmcb_intercept_2 */
    VMCB_IOPM_BASE_64 = 0x040,            /* physical address of the I/O permission map */
    VMCB_MSRPM_BASE_64 = 0x048,           /* physical address of the MSR permission map */
    VMCB_TSC_OFFSET_64 = 0x050,
    VMCB_ASID_32 = 0x058,
    VMCB_TLB_CONTROL_8 = 0x05c, /* 0 nothing, 1 flush everything */
    VMCB_V_INTR_64 = 0x060,     /* VMCB_V_* */
    VMCB_INTERRUPT_STATE_64 = 0x068,
    VMCB_EXIT_CODE_64 = 0x070,
    VMCB_EXIT_INFO_1_64 = 0x078,
    VMCB_EXIT_INFO_2_64 = 0x080,
    VMCB_EXIT_INT_INFO_64 = 0x088,  /* the event whose delivery the exit cut short */
    VMCB_NESTED_CONTROL_64 = 0x090, /* bit 0: nested paging */
    VMCB_EVENT_INJECTION_64 = 0x0a8,
    VMCB_NESTED_CR3_64 = 0x0b0,
    VMCB_LBR_CONTROL_64 = 0x0b8,
    VMCB_CLEAN_32 = 0x0c0,        /* 0: the CPU may keep nothing from the last entry */
    VMCB_NEXT_RIP_64 = 0x0c8,     /* with the nRIP feature */
    VMCB_BYTES_FETCHED_8 = 0x0d0, /* with decode assists; up to 15 bytes follow at 0x0d1 */
    VMCB_BYTES = 0x0d1,

    VMCB_ES = 0x400, /* selector 16, attributes 16, limit 32, base 64; the other segments follow alike */
    VMCB_CS = 0x410,
    VMCB_SS = 0x420,
    VMCB_DS = 0x430,
    VMCB_FS = 0x440,
    VMCB_GS = 0x450,
    VMCB_GDTR = 0x460,
    VMCB_LDTR = 0x470,
    VMCB_IDTR = 0x480,
    VMCB_TR = 0x490,
    VMCB_CPL_8 = 0x4cb,
    VMCB_EFER_64 = 0x4d0,
    VMCB_CR4_64 = 0x548,
    VMCB_CR3_64 = 0x550,
    VMCB_CR0_64 = 0x558,
    VMCB_DR7_64 = 0x560,
    VMCB_DR6_64 = 0x568,
    VMCB_RFLAGS_64 = 0x570,
    VMCB_RIP_64 = 0x578,
    VMCB_RSP_64 = 0x5d8,
    VMCB_RAX_64 = 0x5f8,
    VMCB_STAR_64 = 0x600,
    VMCB_LSTAR_64 = 0x608,
    VMCB_CSTAR_64 = 0x610,
    VMCB_SFMASK_64 = 0x618,
    VMCB_KERNEL_GS_BASE_64 = 0x620,
    VMCB_SYSENTER_CS_64 = 0x628,
    VMCB_SYSENTER_ESP_64 = 0x630,
    VMCB_SYSENTER_EIP_64 = 0x638,
    VMCB_CR2_64 = 0x640,
    VMCB_PAT_64 = 0x668,

    VMCB_SIZE = 4096,
};

/* Within a segment of the save area. */
enum vmcb_segment_offset {
    VMCB_SEGMENT_SELECTOR_16 = 0,
    VMCB_SEGMENT_ATTRIBUTES_16 = 2,
    VMCB_SEGMENT_LIMIT_32 = 4,
    VMCB_SEGMENT_BASE_64 = 8,
};

enum vmcb_intercept_1 {
    VMCB_INTR = 0,
    VMCB_NMI = 1,
    VMCB_SMI = 2,
    VMCB_INIT = 3,
    VMCB_VINTR = 4,
    VMCB_RDPMC = 15,
    VMCB_CPUID = 18,
    VMCB_RSM = 19,
    VMCB_IRET = 20,
    VMCB_INVD = 22,
    VMCB_HLT = 24,
    VMCB_INVLPGA = 26,
    VMCB_IOIO = 27,
    VMCB_MSR = 28,
    VMCB_TASK_SWITCH = 29,
    VMCB_FERR_FREEZE = 30,
    VMCB_SHUTDOWN = 31,
};

enum vmcb_intercept_2 {
    VMCB_VMRUN = 0, /* VMRUN refuses a block without it */
    VMCB_VMMCALL = 1,
    VMCB_VMLOAD = 2,
    VMCB_VMSAVE = 3,
    VMCB_STGI = 4,
    VMCB_CLGI = 5,
    VMCB_SKINIT = 6,
    VMCB_ICEBP = 8,
    VMCB_WBINVD = 9,
    VMCB_MONITOR = 10,
    VMCB_MWAIT = 11,
    VMCB_MWAIT_ARMED = 12,
    VMCB_XSETBV = 13,
    VMCB_RDPRU = 14,
};

/* Fields of VMCB_V_INTR_64. */
enum vmcb_v_intr {
    VMCB_V_TPR_HIGH = 7, /* bits 7:0; CR8 is bits 3:0 */
    VMCB_V_TPR_LOW = 0,
    VMCB_V_IRQ = 8,
    VMCB_V_PRIORITY_HIGH = 19,
    VMCB_V_PRIORITY_LOW = 16,
    VMCB_V_IGNORE_TPR = 20,
    VMCB_V_INTR_MASKING = 24, /* RFLAGS.IF and CR8 of the guest do not hold back the host's interrupts */
    VMCB_V_VECTOR_HIGH = 39,
    VMCB_V_VECTOR_LOW = 32,
};

/* The builtin, because a freestanding compiler calls a function for memcpy, and these are on every exit's path. */
static inline uint64_t vmcb_get64(const uint8_t *vmcb, unsigned offset)
{
    uint64_t v;
    __builtin_memcpy(&v, vmcb + offset, sizeof(v));
    return v;
}

static inline uint32_t vmcb_get32(const uint8_t *vmcb, unsigned offset)
{
    uint32_t v;
    __builtin_memcpy(&v, vmcb + offset, sizeof(v));
    return v;
}

static inline void vmcb_put64(uint8_t *vmcb, unsigned offset, uint64_t v)
{
    __builtin_memcpy(vmcb + offset, &v, sizeof(v));
}

static inline void vmcb_put32(uint8_t *vmcb, unsigned offset, uint32_t v)
{
    __builtin_memcpy(vmcb + offset, &v, sizeof(v));
}

/* What a new control block needs from its owner. */
struct vmcb_setup {
    struct hpa iopm;
    struct hpa msrpm;
    struct hpa nested_root;
    uint8_t spurious_vector; /* a host vector that does no harm, see svm/inject.h */
};

/* Zero the block and set every control: all intercepts, maps, nested paging. Registers stay 0, ASID too: an entry
 * without svm/asid.h's choice is refused by the CPU. */
void vmcb_init(uint8_t *vmcb, const struct vmcb_setup *setup);

/* VMCB_INTERCEPT_1_32 bits that come and go. */
void vmcb_intercept_iret(uint8_t *vmcb, bool on);
/* Exit on MOV from CR4. */
void vmcb_intercept_cr4_read(uint8_t *vmcb, bool on);

struct vcpu_segment vmcb_segment(const uint8_t *vmcb, unsigned offset);
void vmcb_put_segment(uint8_t *vmcb, unsigned offset, struct vcpu_segment segment);

#endif
