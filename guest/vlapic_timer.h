/* SPDX-License-Identifier: GPL-2.0-only
 * The local APIC's timer: one-shot, periodic, TSC-deadline (SDM 3A 11.5.4). It counts nanoseconds: a 1 GHz bus clock.
 */
#ifndef BULKHEAD_GUEST_LAPIC_TIMER_H
#define BULKHEAD_GUEST_LAPIC_TIMER_H

#include "guest/vlapic.h"

/* A periodic timer fires no faster than this; a guest that asks for more gets this. */
#define LAPIC_TIMER_MIN_PERIOD_NS UINT64_C(20000)

void vlapic_timer_stop(struct vlapic *l);
void vlapic_timer_set_initial(struct vlapic *l, uint32_t count, uint64_t now_ns);
void vlapic_timer_set_divide(struct vlapic *l, uint32_t divide, uint64_t now_ns);
/* The LVT timer entry is now this: leaving or entering TSC-deadline mode stops the timer. */
void vlapic_timer_set_lvt(struct vlapic *l, uint32_t entry);
uint32_t vlapic_timer_current(const struct vlapic *l, uint64_t now_ns);

/* MSR IA32_TSC_DEADLINE; 0 disarms; ignored outside TSC-deadline mode. tsc: the guest's TSC at now_ns. */
void vlapic_timer_write_deadline(struct vlapic *l, uint64_t deadline, uint64_t tsc, uint64_t now_ns);
uint64_t vlapic_timer_read_deadline(const struct vlapic *l);
/* The guest's TSC was written and shows `tsc` at now_ns: an armed deadline is that much nearer or farther. */
void vlapic_timer_move_tsc(struct vlapic *l, uint64_t tsc, uint64_t now_ns);

/* When vlapic_timer_advance has something to do next; UINT64_MAX for never. */
uint64_t vlapic_timer_next_deadline(const struct vlapic *l);
/* Fire what is due. Periods missed while nobody looked collapse into one interrupt. */
void vlapic_timer_advance(struct vlapic *l, uint64_t now_ns);

#endif
