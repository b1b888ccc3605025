/* SPDX-License-Identifier: GPL-2.0-only
 * Resetting the domain behind a VMD endpoint: before its first user, between users and at the end. Functions behind it
 * are found at the addresses of the facts again afterwards, whatever numbers a user gave to their buses. */
#ifndef BULKHEAD_DRIVERS_VMD_RESET_H
#define BULKHEAD_DRIVERS_VMD_RESET_H

#include "drivers/pci_ready.h"
#include "drivers/vmd.h"
#include "kernel/lib/status.h"

enum vmd_reset_step {
    VMD_RESET_STEP_DRAIN, /* the endpoint's requests come to an end */
    VMD_RESET_STEP_WAKE,
    VMD_RESET_STEP_HOLD,
    VMD_RESET_STEP_RELEASE,
    VMD_RESET_STEP_LINKS, /* of root ports come up */
    VMD_RESET_STEP_RISE,  /* functions of the first bus that were reset by power states */
    VMD_RESET_STEP_NEXT,  /* function behind it, from above */
    VMD_RESET_STEP_BACK,  /* it answers again */
    VMD_RESET_STEP_CLOSE,
    VMD_RESET_STEP_OVER,
};

/* One under way; nothing here waits. */
struct vmd_reset {
    const struct pci_facts *facts;
    const struct vmd_domain *domain;
    enum vmd_reset_step step;
    enum status status; /* once it is over: what came of it */
    uint64_t due_ns;    /* when to go on */
    size_t index;       /* of the function at hand */
    struct pci_ready_until until;
    struct deadline deadline; /* of the endpoint's requests, of links */
};

/* In this order: bus mastering of the endpoint off, its requests drained, root ports in D0, with their links on and
 * their own messages off and their registers as at boot (no reset below reaches these), bus numbers as in the facts,
 * children's bus mastering, decode and messages off, secondary bus reset of every root port (together), the own reset
 * of what else is on the first bus, windows closed (upper limit, low halves, upper base), VMCONFIG bit 1 cleared. The
 * endpoint itself is left for its own reset. A disk that does not come back is a line in the log, no failure: its guest
 * does not find it. status: STATUS_TIMEOUT: the endpoint's requests do not end; STATUS_HARDWARE: a root port does not
 * wake up, or it or VMCONFIG does not hold what was written: nobody may use the endpoint. */
void vmd_reset_begin(struct vmd_reset *r, const struct pci_facts *facts, const struct vmd_domain *d);

/* What is due by now. True when it is over; else call it again at due_ns. */
MUST_CHECK bool vmd_reset_go_on(struct vmd_reset *r);

/* After the endpoint was reset, with its memory decode on: VMCONFIG as the facts have it, without bit 1; numbers and
 * closed windows again, errors kept from the machine. Every register is read back. STATUS_HARDWARE as above, or the
 * first bus is another. */
MUST_CHECK enum status vmd_reset_restore(const struct pci_facts *facts, const struct vmd_domain *d);

#endif
