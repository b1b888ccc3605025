/* SPDX-License-Identifier: GPL-2.0-only
 * One interrupt message of an assigned device: what the guest wrote (its own address and data, never seen by
 * hardware), and what stands for it: a remapping entry and either a host vector, whose handler delivers, or the
 * posted-interrupt descriptor of the one vCPU that it names, where the remapping unit delivers by itself. Behind a unit
 * that remaps no interrupts (unsafe-interrupts) it is a host vector alone, which the device itself names. */
#ifndef BULKHEAD_GUEST_DEVICE_IRQ_H
#define BULKHEAD_GUEST_DEVICE_IRQ_H

#include "guest/vm_device.h"
#include "kernel/core/lock.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"
#include "vtd/remap.h"
#include "vtd/unit.h"

/* How a guest's interrupt messages reach its vCPUs; the address and data are as the guest wrote them. deliver is called
 * with interrupts off on any CPU, and must take no lock that anybody holds while calling the functions below. */
struct message_router {
    void (*deliver)(void *context, uint64_t address, uint32_t data);
    /* Host CPU that the message's (first) target runs on, and its APIC id; false when it names no vCPU. */
    bool (*target)(void *context, uint64_t address, uint32_t data, unsigned *cpu, uint32_t *apic_id);
    /* Asked when target() named somebody: may a remapping unit post the message, and into what? NULL: never. */
    bool (*post)(void *context, uint64_t address, uint32_t data, struct vtd_irte_posted *posted);
    /* An interrupt of that device came more often than irq_limit says, and is held until that time (time_now_ns());
     * then device_irq_resume() is to be called. As deliver. NULL: nobody cares. */
    void (*held)(void *context, const struct vm_device *device, uint64_t until_ns);
    void *context;
};

/* How one interrupt, message or line, is kept within its device's irq_limit. Zeroed: nothing came yet. */
struct device_storm {
    struct rate_window window;
    uint64_t held_until_ns; /* 0: it is not held */
    unsigned holds;         /* times that it was */
};

/* That long it is held for the first time, twice as long for the next, and so on: 32 times that long at most. */
#define DEVICE_STORM_NS UINT64_C(1000000000)

/* One more interrupt came: true when it has to be held from now on, until held_until_ns. */
bool device_storm_begins(struct device_storm *storm, struct rate_limit limit, uint64_t now_ns);

struct device_irq {
    const struct vm_device *device;
    const struct message_router *router;
    struct lock lock; /* of address, data, routed and what comes of storms: an interrupt may arrive any time */
    uint64_t address; /* the guest's */
    uint32_t data;
    bool routed;      /* handle is taken (where interrupts are remapped); vector too, unless posted */
    bool posted;      /* the unit posts it as `to` says */
    bool warned;      /* the log says once that there is no route */
    unsigned cpu;     /* host CPU */
    uint32_t apic_id; /* its */
    uint8_t vector;   /* host vector there */
    bool moving;      /* not remapped alone: the device still names old_vector on old_cpu */
    unsigned old_cpu;
    uint8_t old_vector;
    uint16_t handle;
    struct vtd_irte_posted to;
    struct device_storm storm;
    uint64_t count; /* interrupts delivered by our handler; atomic */
};

/* Not routed yet; nothing taken. */
void device_irq_init(struct device_irq *irq, const struct vm_device *device, const struct message_router *router);

/* Route to what the guest wrote; `message` is what goes into the device's own registers: the same one as long as it
 * stays routed and is not `moving` afterwards. STATUS_NOT_FOUND when the guest's message names no vCPU of its: leave
 * the device's entry masked. STATUS_NO_MEMORY: vectors or entries ran out. STATUS_OUT_OF_RANGE: a CPU that no message
 * without remapping can name. Call it again when the answers of the router's functions change for a message that did
 * not. */
MUST_CHECK enum status device_irq_route(struct device_irq *irq, uint64_t address, uint32_t data,
                                        struct vtd_msi *message);

/* The device holds the last message and may send it: what it held before is forgotten. Nothing happens unless moving.
 */
void device_irq_settle(struct device_irq *irq);

/* The time for which it was held is over, or not yet: when to call again, 0: not any more. The guest gets one interrupt
 * for all that were dropped. Serialised with the two functions around it. */
uint64_t device_irq_resume(struct device_irq *irq, uint64_t now_ns);

/* Give vector and entry back; the device's own entry is masked already. When it returns STATUS_OK no handler uses *irq
 * any more, and the unit posts nothing for it. Otherwise the unit did not confirm it: vector and entry stay taken, and
 * *irq must stay where it is. */
MUST_CHECK enum status device_irq_release(struct device_irq *irq);

#endif
