/* SPDX-License-Identifier: GPL-2.0-only
 * INTx# of an assigned function: a level-triggered line of the machine becomes one of the guest's (PCI 3.0 2.2.6). When
 * it interrupts it is masked, and stays so until the guest ended the interrupt at its own I/O APIC: a line that its
 * guest does not acknowledge costs nobody anything. One that its guest ends again and again without quieting the device
 * is held masked too, until the guest switches the device's INTx# off or on, or it is reset; one that comes more often
 * than its device's irq_limit says, for a while. */
#ifndef BULKHEAD_GUEST_PCI_INTX_H
#define BULKHEAD_GUEST_PCI_INTX_H

#include "drivers/pci.h"
#include "guest/device_irq.h"
#include "vtd/line.h"

struct guest_intx {
    const struct pci_function *host;
    struct vtd_line line;
    bool routed;
    bool held;                      /* a storm: masked although the guest ended it */
    unsigned again;                 /* times in a row that it came at once after its end */
    unsigned storms;                /* times that it was held */
    const struct vm_device *device; /* whose irq_limit counts; with router: who is told */
    const struct message_router *router;
    struct device_storm storm;
    uint64_t ended_ns;             /* when the guest ended it last */
    bool stuck;                    /* the line could not be given back: *this is in use for good */
    uint64_t *asserted;            /* atomic set of lines that wait for their guest ... */
    uint64_t bit;                  /* ... and this one's place in it */
    void (*notify)(void *context); /* the set changed; in the host's interrupt handler too */
    void *context;
};

/* Where the lines of one guest go. */
struct guest_intx_target {
    unsigned cpu; /* host CPU of the first vCPU */
    uint32_t apic_id;
    uint64_t *asserted;
    void (*notify)(void *context);
    void *context;
};

/* Nothing taken yet. bit: one bit. */
void guest_intx_init(struct guest_intx *x, const struct vm_device *device, const struct message_router *router,
                     const struct guest_intx_target *target, uint64_t bit);

/* Take the line; the function itself must be told by guest_intx_enable. What vtd_line_route returns. */
MUST_CHECK enum status guest_intx_route(struct guest_intx *x, const struct guest_intx_target *target,
                                        const struct vtd_line_place *place);

/* May the function assert it? Nothing happens without a line. One that was held is not any more. */
void guest_intx_enable(struct guest_intx *x, bool on);

/* A line that came so often without a pause is held. */
#define GUEST_INTX_STORM 100000u
#define GUEST_INTX_AT_ONCE_NS UINT64_C(20000)

/* The guest ended the interrupt (or starts anew): if the function still asserts it, it comes again. */
void guest_intx_end(struct guest_intx *x);

/* As device_irq_resume(), for a line that was held for its device's irq_limit. */
uint64_t guest_intx_resume(struct guest_intx *x, uint64_t now_ns);

/* The function keeps quiet, the line is given back. When stuck is set afterwards the unit did not confirm it. */
void guest_intx_release(struct guest_intx *x);

#endif
