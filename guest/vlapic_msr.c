/* SPDX-License-Identifier: GPL-2.0-only
 * The x2APIC MSRs (SDM 3A 11.12.1). */
#include "guest/vlapic_registers.h"

#define X2APIC_FIRST_MSR 0x800
#define X2APIC_LAST_MSR 0x8ff

static bool is_x2apic_msr(const struct vlapic *l, uint32_t msr)
{
    return vlapic_is_enabled(l) && vlapic_is_x2apic(l) && msr >= X2APIC_FIRST_MSR && msr <= X2APIC_LAST_MSR;
}

enum status vlapic_msr_read(struct vlapic *l, uint32_t msr, uint64_t now_ns, uint64_t *value)
{
    uint32_t offset = (msr - X2APIC_FIRST_MSR) << 4;
    uint32_t word;
    if (!is_x2apic_msr(l, msr) || !vlapic_register_read(l, offset, now_ns, &word)) {
        return STATUS_OUT_OF_RANGE;
    }
    *value = word;
    if (offset == LAPIC_ICR_LOW) {
        *value |= (uint64_t)*vlapic_word(l, LAPIC_ICR_X2APIC_HIGH) << 32;
    }
    return STATUS_OK;
}

static enum status write_icr(struct vlapic *l, uint64_t value, uint64_t now_ns)
{
    if (((uint32_t)value & ~LAPIC_ICR_WRITABLE) != 0) {
        return STATUS_OUT_OF_RANGE;
    }
    *vlapic_word(l, LAPIC_ICR_X2APIC_HIGH) = (uint32_t)(value >> 32);
    return vlapic_register_write(l, LAPIC_ICR_LOW, (uint32_t)value, now_ns) ? STATUS_OK : STATUS_OUT_OF_RANGE;
}

enum status vlapic_msr_write(struct vlapic *l, uint32_t msr, uint64_t value, uint64_t now_ns)
{
    uint32_t offset = (msr - X2APIC_FIRST_MSR) << 4;
    if (!is_x2apic_msr(l, msr)) {
        return STATUS_OUT_OF_RANGE;
    }
    if (offset == LAPIC_ICR_LOW) {
        return write_icr(l, value, now_ns);
    }
    if ((value & ~(uint64_t)vlapic_register_writable(l, offset)) != 0) {
        return STATUS_OUT_OF_RANGE;
    }
    return vlapic_register_write(l, offset, (uint32_t)value, now_ns) ? STATUS_OK : STATUS_OUT_OF_RANGE;
}
