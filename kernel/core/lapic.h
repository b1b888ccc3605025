/* SPDX-License-Identifier: GPL-2.0-only
 * The local APIC of each CPU: xAPIC by registers, x2APIC by MSRs (SDM 3A 11). */
#ifndef BULKHEAD_CORE_LAPIC_H
#define BULKHEAD_CORE_LAPIC_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

/* Does this CPU have x2APIC mode; did firmware leave it on? Valid before lapic_init. */
bool lapic_has_x2apic(void);
bool lapic_left_x2apic(void);

/* Enable the LAPIC of the boot CPU. x2APIC when firmware left it on or want_x2apic (kernel/core/apic_mode.h) asks;
 * STATUS_UNSUPPORTED when it asks in vain. Maps the registers: needs paging_init. */
MUST_CHECK enum status lapic_init(bool want_x2apic);

/* The same mode on another CPU, called there. */
void lapic_init_this_cpu(void);

bool lapic_is_x2apic(void);
/* This CPU's id by CPUID, without touching the LAPIC; valid before lapic_init. */
uint32_t lapic_cpuid_id(void);
/* This CPU's id as its LAPIC says. */
uint32_t lapic_id(void);
void lapic_eoi(void);

/* Interrupts to another CPU, by APIC id. */
void lapic_send(uint32_t apic_id, uint8_t vector);
void lapic_send_nmi(uint32_t apic_id);
void lapic_send_init(uint32_t apic_id);
/* page: physical address of the entry, a page below 1 MiB. */
void lapic_send_startup(uint32_t apic_id, uint32_t page);

/* Count the timer down from `count` (at its input clock, divided by 1) and raise VECTOR_TIMER at 0: once, or again and
 * again. 0 stops it. */
void lapic_timer_once(uint32_t count);
void lapic_timer_periodic(uint32_t count);
uint32_t lapic_timer_left(void);

/* Errors that this CPU's LAPIC recorded since the last call (SDM 3A 11.5.3). */
uint32_t lapic_take_errors(void);

#endif
