/* SPDX-License-Identifier: GPL-2.0-only
 * Register values after power-on, INIT and startup IPI (SDM 3A table 10-1, APM2 14.1.3). */
#include "kernel/core/vcpu.h"
#include "kernel/core/vcpu_resident.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

#define CR0_CD BIT64(30)
#define CR0_NW BIT64(29)
#define CR0_ET BIT64(4)
#define PAT_POWER_ON UINT64_C(0x0007040600070406)

static void put_segment(struct vcpu *vcpu, enum vcpu_segment_name name, uint64_t base, uint16_t selector,
                        uint16_t attributes)
{
    struct vcpu_segment s = {.base = base, .limit = 0xffff, .selector = selector, .attributes = attributes};
    vcpu->backend->write_segment(vcpu, name, s);
}

static void reset_segments(struct vcpu *vcpu)
{
    const uint16_t present = VCPU_SEGMENT_PRESENT;
    for (unsigned name = VCPU_ES; name <= VCPU_GS; name++) {
        put_segment(vcpu, name, 0, 0, present | VCPU_SEGMENT_S | 3); /* data, writable, accessed */
    }
    put_segment(vcpu, VCPU_CS, 0xffff0000, 0xf000, present | VCPU_SEGMENT_S | 0xb); /* code, readable, accessed */
    put_segment(vcpu, VCPU_LDTR, 0, 0, present | 2);
    put_segment(vcpu, VCPU_TR, 0, 0, present | 0xb); /* busy TSS */
}

/* Registers that both kinds of reset define, apart from CR0. */
static const struct {
    enum vcpu_register which;
    uint64_t value;
} reset_values[] = {
    {VCPU_CR2, 0},
    {VCPU_CR3, 0},
    {VCPU_CR4, 0},
    {VCPU_CR8, 0},
    {VCPU_DR6, 0xffff0ff0},
    {VCPU_DR7, 0x400},
    {VCPU_EFER, 0},
    {VCPU_GDTR_BASE, 0},
    {VCPU_GDTR_LIMIT, 0xffff},
    {VCPU_IDTR_BASE, 0},
    {VCPU_IDTR_LIMIT, 0xffff},
};

/* Registers that INIT leaves alone. */
static void reset_power_on(struct vcpu *vcpu)
{
    for (unsigned which = VCPU_STAR; which <= VCPU_SYSENTER_EIP; which++) {
        vcpu->backend->write(vcpu, which, 0);
    }
    vcpu->backend->write(vcpu, VCPU_PAT, PAT_POWER_ON);
    vcpu_resident_reset(vcpu);
}

void vcpu_reset(struct vcpu *vcpu, enum vcpu_reset_kind kind, uint32_t signature)
{
    uint64_t caching = CR0_CD | CR0_NW;
    if (kind == VCPU_RESET_INIT) {
        caching &= vcpu->backend->read(vcpu, VCPU_CR0);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(reset_values); i++) {
        vcpu->backend->write(vcpu, reset_values[i].which, reset_values[i].value);
    }
    vcpu->backend->write(vcpu, VCPU_CR0, caching | CR0_ET);
    reset_segments(vcpu);
    if (kind == VCPU_RESET_POWER_ON) {
        reset_power_on(vcpu);
    }
    memset(vcpu->gprs, 0, sizeof(vcpu->gprs));
    vcpu->gprs[VCPU_RDX] = signature;
    vcpu->rip = 0xfff0;
    vcpu->rflags = 2;
    vcpu->shadow = false;
    vcpu->nmi_blocked = false;
    vcpu->event = (struct vcpu_event){.kind = VCPU_EVENT_NONE};
    vcpu->flush = true;
}

void vcpu_startup(struct vcpu *vcpu, uint8_t vector)
{
    put_segment(vcpu, VCPU_CS, (uint64_t)vector << 12, (uint16_t)(vector << 8),
                VCPU_SEGMENT_PRESENT | VCPU_SEGMENT_S | 0xb);
    vcpu->rip = 0;
}
