/* SPDX-License-Identifier: GPL-2.0-only
 * Posted-interrupt descriptor (SDM 3C 30.6, VT-d 4.1 9.11). */
#include "kernel/core/posted.h"

#include "kernel/lib/bits.h"

#define OUTSTANDING BIT64(0) /* ON */
#define SUPPRESSED BIT64(1)  /* SN */
#define TARGET (MASK64(23, 16) | MASK64(63, 32))

_Static_assert(sizeof(struct posted_descriptor) == POSTED_BYTES, "the hardware's size");
_Static_assert(_Alignof(struct posted_descriptor) == POSTED_BYTES, "the hardware's alignment");

/* In xAPIC mode the id is in bits 47:40 (VT-d 4.1 9.11, NDST). */
static uint64_t make_target(uint8_t vector, uint32_t apic_id, bool x2apic)
{
    uint64_t destination = x2apic ? bits_make(apic_id, 63, 32) : bits_make(apic_id, 47, 40);
    return destination | bits_make(vector, 23, 16);
}

static uint64_t control(const struct posted_descriptor *d)
{
    return __atomic_load_n(&d->word[POSTED_CONTROL], __ATOMIC_SEQ_CST);
}

void posted_init(struct posted_descriptor *d, uint8_t notify_vector, uint32_t apic_id, bool x2apic)
{
    *d = (struct posted_descriptor){0};
    __atomic_store_n(&d->word[POSTED_CONTROL], make_target(notify_vector, apic_id, x2apic), __ATOMIC_SEQ_CST);
}

bool posted_set_vector(struct posted_descriptor *d, uint8_t vector)
{
    __atomic_fetch_or(&d->word[vector / 64], BIT64(vector % 64), __ATOMIC_SEQ_CST);
    uint64_t old = control(d);
    do {
        if ((old & (OUTSTANDING | SUPPRESSED)) != 0) {
            return false;
        }
    } while (!__atomic_compare_exchange_n(&d->word[POSTED_CONTROL], &old, old | OUTSTANDING, false, __ATOMIC_SEQ_CST,
                                          __ATOMIC_SEQ_CST));
    return true;
}

bool posted_take(struct posted_descriptor *d, uint32_t taken[8])
{
    uint64_t any = 0;
    __atomic_fetch_and(&d->word[POSTED_CONTROL], ~OUTSTANDING, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < POSTED_VECTOR_WORDS; i++) {
        /* A plain read first: an exchange takes the line from whoever posts, and most words are empty. */
        uint64_t word = __atomic_load_n(&d->word[i], __ATOMIC_SEQ_CST);
        if (word != 0) {
            word = __atomic_exchange_n(&d->word[i], 0, __ATOMIC_SEQ_CST);
        }
        taken[2 * i] = (uint32_t)word;
        taken[2 * i + 1] = (uint32_t)(word >> 32);
        any |= word;
    }
    return any != 0;
}

bool posted_is_pending(const struct posted_descriptor *d)
{
    uint64_t any = control(d) & OUTSTANDING;
    for (unsigned i = 0; i < POSTED_VECTOR_WORDS; i++) {
        any |= __atomic_load_n(&d->word[i], __ATOMIC_SEQ_CST);
    }
    return any != 0;
}

bool posted_is_outstanding(const struct posted_descriptor *d)
{
    return (control(d) & OUTSTANDING) != 0;
}

void posted_set_target(struct posted_descriptor *d, uint8_t notify_vector, uint32_t apic_id, bool x2apic)
{
    uint64_t target = make_target(notify_vector, apic_id, x2apic);
    uint64_t old = control(d);
    while (!__atomic_compare_exchange_n(&d->word[POSTED_CONTROL], &old, (old & ~TARGET) | target, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
    }
}

void posted_set_suppressed(struct posted_descriptor *d, bool suppressed)
{
    if (suppressed) {
        __atomic_fetch_or(&d->word[POSTED_CONTROL], SUPPRESSED, __ATOMIC_SEQ_CST);
    } else {
        __atomic_fetch_and(&d->word[POSTED_CONTROL], ~SUPPRESSED, __ATOMIC_SEQ_CST);
    }
}

bool posted_is_suppressed(const struct posted_descriptor *d)
{
    return (control(d) & SUPPRESSED) != 0;
}

uint8_t posted_notify_vector(const struct posted_descriptor *d)
{
    return (uint8_t)bits_get(control(d), 23, 16);
}

uint32_t posted_apic_id(const struct posted_descriptor *d, bool x2apic)
{
    return (uint32_t)(x2apic ? bits_get(control(d), 63, 32) : bits_get(control(d), 47, 40));
}
