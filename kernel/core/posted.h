/* SPDX-License-Identifier: GPL-2.0-only
 * Posted-interrupt descriptor: 64 bytes through which any CPU or a remapping unit makes vectors pending for one vCPU
 * (SDM 3C 30.6 figure and table of the descriptor, VT-d 4.1 9.11). Every change is one atomic operation, for hardware
 * changes it at any time. With or without the hardware it is the mailbox of a virtual LAPIC. */
#ifndef BULKHEAD_CORE_POSTED_H
#define BULKHEAD_CORE_POSTED_H

#include "kernel/lib/types.h"

enum {
    POSTED_BYTES = 64, /* size and alignment */
    POSTED_WORDS = 8,
    POSTED_VECTOR_WORDS = 4, /* words 0..3: PIR, bit n = vector n */
    POSTED_CONTROL = 4,      /* word 4: ON 0, SN 1, NV 23:16, NDST 63:32; words 5..7 are reserved, zero */
};

struct posted_descriptor {
    _Alignas(64) uint64_t word[POSTED_WORDS];
};

/* Nothing pending, notifications go to notify_vector on the CPU with that APIC id; not suppressed.
 * x2apic: the host's mode; in xAPIC mode an id is below 255. */
void posted_init(struct posted_descriptor *d, uint8_t notify_vector, uint32_t apic_id, bool x2apic);

/* From any CPU: make vector pending. True when the caller must notify: nobody did since the last posted_take, and
 * notifications are not suppressed. The unit does the same by itself. */
bool posted_set_vector(struct posted_descriptor *d, uint8_t vector);

/* Take all that is pending: bit n of taken[n / 32] is vector n. False when there was none (taken is then all 0).
 * Outstanding is cleared first: what is posted meanwhile is taken now or notified again. */
bool posted_take(struct posted_descriptor *d, uint32_t taken[8]);

/* True when posted_take has something to do: a vector waits, or a notification is outstanding whose vector was taken
 * before it came (and which would keep the next one from being sent). Ask before every entry. */
bool posted_is_pending(const struct posted_descriptor *d);
/* True from a notification on until posted_take. */
bool posted_is_outstanding(const struct posted_descriptor *d);

/* Send notifications elsewhere from now on; what is pending stays. */
void posted_set_target(struct posted_descriptor *d, uint8_t notify_vector, uint32_t apic_id, bool x2apic);

/* Suppress notifications (the vCPU waits for its time slice and will look by itself), or allow them again: whoever
 * allows them then asks posted_is_pending, since what came in between was not notified. */
void posted_set_suppressed(struct posted_descriptor *d, bool suppressed);
bool posted_is_suppressed(const struct posted_descriptor *d);

uint8_t posted_notify_vector(const struct posted_descriptor *d);
uint32_t posted_apic_id(const struct posted_descriptor *d, bool x2apic);

#endif
