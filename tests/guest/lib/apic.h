/* SPDX-License-Identifier: GPL-2.0-only
 * Interrupt controllers as a test guest programs them: the local APIC's page, the I/O APIC, the 8259 pair. */
#ifndef BULKHEAD_TESTS_GUEST_APIC_H
#define BULKHEAD_TESTS_GUEST_APIC_H

#include "kernel/lib/types.h"

#define APIC_SPURIOUS_VECTOR 0xff

/* Low word of the ICR (SDM 3A 11.6.1). */
enum apic_icr {
    APIC_ICR_FIXED = 0,
    APIC_ICR_LOWEST = 1 << 8,
    APIC_ICR_NMI = 4 << 8,
    APIC_ICR_INIT = 5 << 8,
    APIC_ICR_STARTUP = 6 << 8,
    APIC_ICR_LOGICAL = 1 << 11,
    APIC_ICR_ASSERT = 1 << 14,
    APIC_ICR_LEVEL = 1 << 15,
    APIC_ICR_SELF = 1 << 18,
    APIC_ICR_ALL = 2 << 18,
    APIC_ICR_OTHERS = 3 << 18,
};

/* LVT timer modes and the mask. */
enum apic_lvt {
    APIC_LVT_EXTINT = 7 << 8,
    APIC_LVT_MASKED = 1 << 16,
    APIC_TIMER_PERIODIC = 1 << 17,
};

/* All CPUs are in x2APIC mode: registers by MSRs from now on; or all in xAPIC mode again. */
void apic_use_msrs(bool on);
/* The MSR of a register. */
uint32_t apic_msr(uint32_t offset);

/* Offsets are those of guest/vlapic.h (enum vlapic_register). */
uint32_t apic_read(uint32_t offset);
void apic_write(uint32_t offset, uint32_t value);

/* Software-enable this CPU's APIC: everything masked, task priority 0, flat logical id 1 << (id & 7) in
 * xAPIC mode. */
void apic_init(void);
uint32_t apic_id(void);
void apic_eoi(void);
/* Is the vector's bit set in the eight registers from `offset` (IRR, ISR)? */
bool apic_vector_bit(uint32_t offset, uint8_t vector);
/* Send and wait (at most 10 ms) until it is accepted. */
void apic_ipi(uint32_t destination, uint32_t icr_low);
/* Start the timer: divide by 16. mode is 0, APIC_TIMER_PERIODIC, APIC_LVT_MASKED. */
void apic_timer(uint8_t vector, uint32_t mode, uint32_t count);
/* Counts of the timer (divide by 16) in this many microseconds, measured once. */
uint32_t apic_timer_counts(uint64_t us);

uint32_t ioapic_read(uint8_t index);
void ioapic_write(uint8_t index, uint32_t value);
/* Edge, active high, fixed, physical. flags: bits of the low word (APIC_LVT_MASKED). */
void ioapic_route(unsigned pin, uint8_t vector, uint32_t destination, uint32_t flags);

/* Vectors first..first+15, masks of master and slave. */
void pic_init(uint8_t first, uint8_t master_mask, uint8_t slave_mask);

#endif
