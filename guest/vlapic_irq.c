/* SPDX-License-Identifier: GPL-2.0-only
 * Posting is atomic and lock-free: the trigger mode is written before the request, which publishes it. IRR and ISR are
 * the vCPU's own, or the CPU's while the guest runs (SDM 3C 30.1.1). */
#include "guest/vlapic_irq.h"

#define FIRST_LEGAL_VECTOR 16

static uint32_t load(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static uint32_t *word_of(const struct vlapic *l, enum vlapic_register first, uint8_t vector)
{
    return vlapic_vectors(l, first, vector / 32);
}

static bool test_bit(const struct vlapic *l, enum vlapic_register first, uint8_t vector)
{
    return (load(word_of(l, first, vector)) & BIT32(vector % 32)) != 0;
}

static void set_trigger_mode(struct vlapic *l, uint8_t vector, bool level)
{
    uint32_t *word = word_of(l, LAPIC_TMR, vector);
    if (test_bit(l, LAPIC_TMR, vector) == level) {
        return;
    }
    if (level) {
        (void)__atomic_fetch_or(word, BIT32(vector % 32), __ATOMIC_ACQ_REL);
    } else {
        (void)__atomic_fetch_and(word, ~BIT32(vector % 32), __ATOMIC_ACQ_REL);
    }
}

static int highest_bit(const struct vlapic *l, enum vlapic_register first)
{
    const uint32_t *word = vlapic_vectors(l, first, 7);
    int base = 224;
    while (base >= 0 && *word == 0) {
        word -= 4;
        base -= 32;
    }
    return base < 0 ? -1 : base + 31 - __builtin_clz(*word);
}

/* Apart, so that the look that mostly finds nothing stays short. */
__attribute__((noinline)) static void take_posted(struct vlapic *l)
{
    uint32_t taken[8];
    (void)posted_take(&l->posted, taken);
    for (unsigned i = 0; i < 8; i++) {
        if (taken[i] != 0) {
            *vlapic_vectors(l, LAPIC_IRR, i) |= taken[i];
        }
    }
}

static void post_level(struct vlapic *l, uint8_t vector)
{
    (void)__atomic_fetch_or(&l->levels[vector / 32], BIT32(vector % 32), __ATOMIC_ACQ_REL);
    (void)__atomic_fetch_or(&l->events, LAPIC_EVENT_LEVEL, __ATOMIC_RELEASE);
}

__attribute__((noinline)) static void take_levels(struct vlapic *l)
{
    (void)vlapic_irq_take_events(l, LAPIC_EVENT_LEVEL);
    for (unsigned i = 0; i < 8; i++) {
        *vlapic_vectors(l, LAPIC_IRR, i) |= __atomic_exchange_n(&l->levels[i], 0, __ATOMIC_ACQ_REL);
    }
}

void vlapic_irq_forget_levels(struct vlapic *l)
{
    (void)vlapic_irq_take_events(l, LAPIC_EVENT_LEVEL);
    for (unsigned i = 0; i < 8; i++) {
        __atomic_store_n(&l->levels[i], 0, __ATOMIC_RELAXED);
    }
}

/* own: on the vCPU's own CPU, outside the guest: then IRR can be written directly. */
static bool request(struct vlapic *l, uint8_t vector, bool level, bool own)
{
    if (!vlapic_is_software_enabled(l) || vector < FIRST_LEGAL_VECTOR) {
        return false;
    }
    set_trigger_mode(l, vector, level);
    if (own) {
        *word_of(l, LAPIC_IRR, vector) |= BIT32(vector % 32);
    } else if (level) {
        post_level(l, vector);
    } else {
        (void)posted_set_vector(&l->posted, vector);
    }
    return true;
}

static bool post_event(struct vlapic *l, uint32_t event)
{
    (void)__atomic_fetch_or(&l->events, event, __ATOMIC_RELEASE);
    return true;
}

static bool deliver(struct vlapic *l, const struct apic_message *message, bool own)
{
    switch (message->delivery) {
    case APIC_FIXED:
    case APIC_LOWEST:
        return request(l, message->vector, message->level, own);
    case APIC_NMI:
        return post_event(l, LAPIC_EVENT_NMI);
    case APIC_INIT:
        return post_event(l, LAPIC_EVENT_INIT);
    case APIC_SIPI:
        __atomic_store_n(&l->sipi_vector, message->vector, __ATOMIC_RELAXED);
        return post_event(l, LAPIC_EVENT_SIPI);
    case APIC_EXTINT:
        return post_event(l, LAPIC_EVENT_EXTINT);
    default: /* a guest has no SMM */
        return false;
    }
}

bool vlapic_irq_deliver(struct vlapic *l, const struct apic_message *message)
{
    return deliver(l, message, false);
}

bool vlapic_irq_deliver_own(struct vlapic *l, const struct apic_message *message)
{
    return deliver(l, message, true);
}

uint32_t vlapic_irq_take_events(struct vlapic *l, uint32_t wanted)
{
    if ((load(&l->events) & wanted) == 0) {
        return 0;
    }
    return __atomic_fetch_and(&l->events, ~wanted, __ATOMIC_ACQ_REL) & wanted;
}

bool vlapic_irq_has_events(const struct vlapic *l, uint32_t events)
{
    return (load(&l->events) & events) != 0;
}

uint8_t vlapic_irq_ppr(const struct vlapic *l)
{
    int in_service = highest_bit(l, LAPIC_ISR);
    unsigned service_class = in_service < 0 ? 0 : (unsigned)in_service & 0xf0;
    uint32_t tpr = vlapic_tpr(l);
    return (tpr & 0xf0) >= service_class ? (uint8_t)tpr : (uint8_t)service_class;
}

void vlapic_irq_collect(struct vlapic *l)
{
    if (posted_is_pending(&l->posted)) {
        take_posted(l);
    }
    if (vlapic_irq_has_events(l, LAPIC_EVENT_LEVEL)) {
        take_levels(l);
    }
}

int vlapic_irq_highest(struct vlapic *l)
{
    vlapic_irq_collect(l);
    return highest_bit(l, LAPIC_IRR);
}

int vlapic_irq_in_service(const struct vlapic *l)
{
    return highest_bit(l, LAPIC_ISR);
}

int vlapic_irq_pending(struct vlapic *l)
{
    int vector = vlapic_irq_highest(l);
    if (vector < 0 || !vlapic_is_enabled(l)) {
        return -1;
    }
    return (vector & 0xf0) > (vlapic_irq_ppr(l) & 0xf0) ? vector : -1;
}

void vlapic_irq_accept(struct vlapic *l, uint8_t vector)
{
    *word_of(l, LAPIC_IRR, vector) &= ~BIT32(vector % 32);
    *word_of(l, LAPIC_ISR, vector) |= BIT32(vector % 32);
}

void vlapic_irq_finished(struct vlapic *l, uint8_t vector)
{
    if (test_bit(l, LAPIC_TMR, vector) && l->config.output.eoi != NULL) {
        l->config.output.eoi(l->config.output.context, vector);
    }
}

void vlapic_irq_eoi(struct vlapic *l)
{
    int vector = highest_bit(l, LAPIC_ISR);
    if (vector < 0) {
        return;
    }
    *word_of(l, LAPIC_ISR, (uint8_t)vector) &= ~BIT32(vector % 32);
    vlapic_irq_finished(l, (uint8_t)vector);
}

/* Timer and error entries have no delivery mode: fixed. */
static enum apic_delivery lvt_delivery(enum vlapic_register lvt, uint32_t entry)
{
    bool fixed = lvt == LAPIC_LVT_TIMER || lvt == LAPIC_LVT_ERROR;
    return fixed ? APIC_FIXED : (enum apic_delivery)bits_get(entry, 10, 8);
}

void vlapic_irq_local(struct vlapic *l, enum vlapic_register lvt)
{
    uint32_t entry = *vlapic_word(l, lvt);
    struct apic_message m = {.vector = (uint8_t)entry, .delivery = lvt_delivery(lvt, entry)};
    if ((entry & LAPIC_LVT_MASKED) != 0 || m.delivery == APIC_EXTINT || m.delivery == APIC_SIPI) {
        return;
    }
    bool fixed = m.delivery == APIC_FIXED;
    if (fixed && m.vector < FIRST_LEGAL_VECTOR) {
        if (lvt != LAPIC_LVT_ERROR) { /* else it would report itself for ever */
            vlapic_irq_error(l, LAPIC_ERROR_RECEIVE_VECTOR);
        }
        return;
    }
    (void)vlapic_irq_deliver_own(l, &m);
}

bool vlapic_irq_takes_extint(const struct vlapic *l)
{
    uint32_t entry = *vlapic_word(l, LAPIC_LVT_LINT0);
    if (!vlapic_is_enabled(l)) {
        return l->config.bootstrap;
    }
    return (entry & LAPIC_LVT_MASKED) == 0 && bits_get(entry, 10, 8) == APIC_EXTINT;
}

void vlapic_irq_error(struct vlapic *l, uint32_t error)
{
    l->errors |= error;
    vlapic_irq_local(l, LAPIC_LVT_ERROR);
}
