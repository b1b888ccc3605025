/* SPDX-License-Identifier: GPL-2.0-only
 * Building a control block. */
#include "svm/vmcb.h"

#include "kernel/lib/bits.h"

enum {
    CR_WRITE = 16, /* first write bit of VMCB_INTERCEPT_CR_32 */
    VECTOR_DB = 1,
    VECTOR_AC = 17,
    VECTOR_MC = 18,
    PRIORITY_HIGHEST = 15,
};

/* Host events, so that the guest cannot hold them back, and instructions that reach what is not the guest's. */
static const uint8_t intercepts_1[] = {
    VMCB_INTR, VMCB_NMI, VMCB_SMI,     VMCB_INIT, VMCB_VINTR, VMCB_RDPMC,       VMCB_CPUID,       VMCB_RSM,
    VMCB_INVD, VMCB_HLT, VMCB_INVLPGA, VMCB_IOIO, VMCB_MSR,   VMCB_TASK_SWITCH, VMCB_FERR_FREEZE, VMCB_SHUTDOWN,
};

static const uint8_t intercepts_2[] = {
    VMCB_VMRUN,  VMCB_VMMCALL, VMCB_VMLOAD, VMCB_VMSAVE,      VMCB_STGI,   VMCB_CLGI,  VMCB_SKINIT,
    VMCB_WBINVD, VMCB_MONITOR, VMCB_MWAIT,  VMCB_MWAIT_ARMED, VMCB_XSETBV, VMCB_RDPRU,
};

/* #DB and #AC: a guest can make the CPU raise them without end while it delivers them (CVE-2015-8104, CVE-2015-5307),
 * and only an intercept gets out. #MC is the machine's. */
static const uint8_t exceptions[] = {VECTOR_DB, VECTOR_AC, VECTOR_MC};

static uint32_t bits_of(const uint8_t *numbers, size_t count)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < count; i++) {
        bits |= BIT32(numbers[i]);
    }
    return bits;
}

void vmcb_init(uint8_t *vmcb, const struct vmcb_setup *setup)
{
    memset(vmcb, 0, VMCB_SIZE);
    /* CR4 because CR4.MCE is the host's and the guest layer checks what it offers; CR8 because a lower priority may
     * let an interrupt of the virtual LAPIC through. Reads of CR8 find V_TPR. */
    vmcb_put32(vmcb, VMCB_INTERCEPT_CR_32, BIT32(CR_WRITE + 4) | BIT32(CR_WRITE + 8));
    vmcb_put32(vmcb, VMCB_INTERCEPT_EXCEPTIONS_32, bits_of(exceptions, ARRAY_LENGTH(exceptions)));
    vmcb_put32(vmcb, VMCB_INTERCEPT_1_32, bits_of(intercepts_1, ARRAY_LENGTH(intercepts_1)));
    vmcb_put32(vmcb, VMCB_INTERCEPT_2_32, bits_of(intercepts_2, ARRAY_LENGTH(intercepts_2)));
    vmcb_put64(vmcb, VMCB_IOPM_BASE_64, setup->iopm.v);
    vmcb_put64(vmcb, VMCB_MSRPM_BASE_64, setup->msrpm.v);
    vmcb_put64(vmcb, VMCB_NESTED_CONTROL_64, BIT64(0));
    vmcb_put64(vmcb, VMCB_NESTED_CR3_64, setup->nested_root.v);
    vmcb_put64(vmcb, VMCB_V_INTR_64,
               BIT64(VMCB_V_INTR_MASKING) | BIT64(VMCB_V_IGNORE_TPR) |
                   bits_make(PRIORITY_HIGHEST, VMCB_V_PRIORITY_HIGH, VMCB_V_PRIORITY_LOW) |
                   bits_make(setup->spurious_vector, VMCB_V_VECTOR_HIGH, VMCB_V_VECTOR_LOW));
}

static void set_bit(uint8_t *vmcb, unsigned offset, unsigned bit, bool on)
{
    uint32_t v = vmcb_get32(vmcb, offset) & ~BIT32(bit);
    vmcb_put32(vmcb, offset, on ? v | BIT32(bit) : v);
}

void vmcb_intercept_iret(uint8_t *vmcb, bool on)
{
    set_bit(vmcb, VMCB_INTERCEPT_1_32, VMCB_IRET, on);
}

void vmcb_intercept_cr4_read(uint8_t *vmcb, bool on)
{
    set_bit(vmcb, VMCB_INTERCEPT_CR_32, 4, on);
}

/* The block keeps 12 attribute bits side by side, a descriptor has four limit bits between them (APM2 15.5.1). */
struct vcpu_segment vmcb_segment(const uint8_t *vmcb, unsigned offset)
{
    uint32_t head = vmcb_get32(vmcb, offset + VMCB_SEGMENT_SELECTOR_16);
    uint64_t attributes = head >> 16;
    return (struct vcpu_segment){
        .base = vmcb_get64(vmcb, offset + VMCB_SEGMENT_BASE_64),
        .limit = vmcb_get32(vmcb, offset + VMCB_SEGMENT_LIMIT_32),
        .selector = (uint16_t)head,
        .attributes = (uint16_t)(bits_get(attributes, 7, 0) | bits_make(bits_get(attributes, 11, 8), 15, 12)),
    };
}

void vmcb_put_segment(uint8_t *vmcb, unsigned offset, struct vcpu_segment segment)
{
    uint64_t attributes = bits_get(segment.attributes, 7, 0) | bits_make(bits_get(segment.attributes, 15, 12), 11, 8);
    vmcb_put32(vmcb, offset + VMCB_SEGMENT_SELECTOR_16, (uint32_t)(attributes << 16) | segment.selector);
    vmcb_put32(vmcb, offset + VMCB_SEGMENT_LIMIT_32, segment.limit);
    vmcb_put64(vmcb, offset + VMCB_SEGMENT_BASE_64, segment.base);
}
