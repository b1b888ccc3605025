/* SPDX-License-Identifier: GPL-2.0-only
 * A reset under way. Nothing here waits: resets that do not concern the same functions may be under way together, and
 * whoever drives them does something else until the next of them is due. */
#ifndef BULKHEAD_DRIVERS_PCI_RESET_RUN_H
#define BULKHEAD_DRIVERS_PCI_RESET_RUN_H

#include "drivers/pci_power.h"
#include "drivers/pci_reset.h"
#include "drivers/pci_state.h"
#include "kernel/lib/arena.h"
#include "kernel/lib/status.h"

enum pci_reset_step {
    /* every function that it concerns, from below */
    PCI_RESET_STEP_ASK,   /* does the next one answer? */
    PCI_RESET_STEP_WAKE,  /* it goes to D0 */
    PCI_RESET_STEP_DRAIN, /* its requests come to an end */
    /* the reset */
    PCI_RESET_STEP_DO,
    PCI_RESET_STEP_SLEEP, /* by power states: to D3hot */
    PCI_RESET_STEP_RISE,  /* ... and back */
    PCI_RESET_STEP_HELD,  /* the bus is in reset */
    PCI_RESET_STEP_LINK,  /* its link comes up */
    /* every function, from above */
    PCI_RESET_STEP_NEXT,
    PCI_RESET_STEP_BACK,  /* it answers again */
    PCI_RESET_STEP_AWAKE, /* it is in D0 again */
    PCI_RESET_STEP_OVER,
};

struct pci_reset_run {
    const struct pci_facts *facts;
    const struct pci_function *f;
    enum pci_reset_kind kind;
    enum pci_reset_step step;
    enum status status;       /* once it is over: what came of it */
    uint64_t due_ns;          /* when to go on */
    struct pci_state *states; /* of the functions that it concerns, in the order of the facts */
    size_t state;             /* of the function at hand */
    uint32_t index;           /* that function */
    struct pci_power power;
    struct pci_ready_until until;
    struct deadline deadline; /* of its requests, or of the link */
    uint16_t control;         /* of the bridge, as it was */
};

/* Bytes of scratch that a reset takes. */
size_t pci_reset_run_scratch(const struct pci_facts *facts, const struct pci_function *f, enum pci_reset_kind kind);

/* Begin to reset f (BUS: everything behind the bridge above it): configuration is saved, bus mastering switched off,
 * requests under way waited for, the reset done with its waits, and configuration restored and read back, but for bus
 * mastering, which stays off. scratch holds the saved state until it is over. The log names whoever is the cause of a
 * failure, and a function that kept its state through a reset by power states.
 * status: STATUS_UNSUPPORTED when pci_reset_possible says no; STATUS_NO_MEMORY when scratch is too small: it is over at
 * once, and nothing was touched. STATUS_TIMEOUT when a function does not answer, now or after its wait
 * (drivers/pci_ready.h), or does not leave or reach a power state; STATUS_HARDWARE when what was restored does not read
 * back: it must stay unused then. */
void pci_reset_run_begin(struct pci_reset_run *r, const struct pci_facts *facts, const struct pci_function *f,
                         enum pci_reset_kind kind, struct arena *scratch);

/* What is due by now. True when it is over; else call it again at due_ns. */
MUST_CHECK bool pci_reset_run_go_on(struct pci_reset_run *r);

#endif
