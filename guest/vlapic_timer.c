/* SPDX-License-Identifier: GPL-2.0-only
 * The timer is one expiry time; counts are computed from it when somebody looks. */
#include "guest/vlapic_timer.h"

#include "guest/ticks.h"
#include "guest/vlapic_irq.h"

enum timer_mode {
    MODE_ONE_SHOT = 0,
    MODE_PERIODIC = 1,
    MODE_TSC_DEADLINE = 2,
};

static enum timer_mode mode_of(uint32_t entry)
{
    return (enum timer_mode)bits_get(entry, 18, 17);
}

static enum timer_mode mode(const struct vlapic *l)
{
    return mode_of(l->timer_lvt);
}

/* Nanoseconds a tick: SDM 3A figure 11-10, 0 is 2, 6 is 128, 7 is 1. */
static uint64_t tick_ns(const struct vlapic *l)
{
    unsigned code = (l->timer_divide & 3) | (l->timer_divide >> 1 & 4);
    return BIT64((code + 1) & 7);
}

static uint64_t period_ns(const struct vlapic *l)
{
    uint64_t period = l->timer_initial * tick_ns(l);
    bool too_fast = mode(l) == MODE_PERIODIC && period < LAPIC_TIMER_MIN_PERIOD_NS;
    return too_fast ? LAPIC_TIMER_MIN_PERIOD_NS : period;
}

void vlapic_timer_stop(struct vlapic *l)
{
    l->timer_expiry_ns = TICKS_NEVER;
    l->timer_tsc_deadline = 0;
}

static void set_initial(struct vlapic *l, uint32_t count)
{
    l->timer_initial = count;
    vlapic_store(l, LAPIC_TIMER_INITIAL, count);
}

void vlapic_timer_set_initial(struct vlapic *l, uint32_t count, uint64_t now_ns)
{
    if (mode(l) == MODE_TSC_DEADLINE) {
        set_initial(l, 0); /* ignored, and so it reads */
        return;
    }
    set_initial(l, count);
    l->timer_expiry_ns = count == 0 ? TICKS_NEVER : ticks_add(now_ns, period_ns(l));
}

uint32_t vlapic_timer_current(const struct vlapic *l, uint64_t now_ns)
{
    bool runs = mode(l) != MODE_TSC_DEADLINE && l->timer_expiry_ns != TICKS_NEVER && l->timer_expiry_ns > now_ns;
    if (!runs) {
        return 0;
    }
    uint64_t count = (l->timer_expiry_ns - now_ns + tick_ns(l) - 1) / tick_ns(l);
    return count > l->timer_initial ? l->timer_initial : (uint32_t)count; /* the shortest period is longer than asked */
}

void vlapic_timer_set_divide(struct vlapic *l, uint32_t divide, uint64_t now_ns)
{
    uint64_t left = vlapic_timer_current(l, now_ns);
    l->timer_divide = divide & 0xb;
    vlapic_store(l, LAPIC_TIMER_DIVIDE, l->timer_divide);
    if (left != 0) {
        l->timer_expiry_ns = ticks_add(now_ns, left * tick_ns(l));
    }
}

void vlapic_timer_set_lvt(struct vlapic *l, uint32_t entry)
{
    bool was = mode(l) == MODE_TSC_DEADLINE;
    bool becomes = mode_of(entry) == MODE_TSC_DEADLINE;
    if (was != becomes) {
        vlapic_timer_stop(l);
        set_initial(l, 0);
    }
    l->timer_lvt = entry;
}

void vlapic_timer_write_deadline(struct vlapic *l, uint64_t deadline, uint64_t tsc, uint64_t now_ns)
{
    if (mode(l) != MODE_TSC_DEADLINE) {
        return;
    }
    l->timer_tsc_deadline = deadline;
    if (deadline == 0) {
        l->timer_expiry_ns = TICKS_NEVER;
    } else {
        uint64_t left = deadline > tsc ? deadline - tsc : 0;
        l->timer_expiry_ns = ticks_add(now_ns, ticks_to_ns(left, l->config.tsc_hz));
    }
}

uint64_t vlapic_timer_read_deadline(const struct vlapic *l)
{
    return mode(l) == MODE_TSC_DEADLINE ? l->timer_tsc_deadline : 0;
}

void vlapic_timer_move_tsc(struct vlapic *l, uint64_t tsc, uint64_t now_ns)
{
    if (l->timer_tsc_deadline != 0) {
        vlapic_timer_write_deadline(l, l->timer_tsc_deadline, tsc, now_ns);
    }
}

uint64_t vlapic_timer_next_deadline(const struct vlapic *l)
{
    return l->timer_expiry_ns;
}

void vlapic_timer_advance(struct vlapic *l, uint64_t now_ns)
{
    if (l->timer_expiry_ns == TICKS_NEVER || now_ns < l->timer_expiry_ns) {
        return;
    }
    if (mode(l) == MODE_PERIODIC) {
        uint64_t period = period_ns(l);
        uint64_t missed = (now_ns - l->timer_expiry_ns) / period;
        l->timer_expiry_ns = ticks_add(l->timer_expiry_ns, (missed + 1) * period);
    } else {
        vlapic_timer_stop(l);
    }
    vlapic_irq_local(l, LAPIC_LVT_TIMER);
}
