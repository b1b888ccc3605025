/* SPDX-License-Identifier: GPL-2.0-only
 * Resets of a guest's devices, as planned. */
#ifndef BULKHEAD_GUEST_DEVICE_RESET_H
#define BULKHEAD_GUEST_DEVICE_RESET_H

#include "drivers/pci_reset_run.h"
#include "drivers/vmd_reset.h"
#include "guest/pci.h"
#include "guest/vm_device.h"
#include "kernel/lib/status.h"

/* Devices of one guest that are reset together; all that it has behind a bus that is reset are among them. */
struct device_set {
    const struct vm_device *of[GUEST_PCI_SLOTS];
    enum status status[GUEST_PCI_SLOTS]; /* what came of each */
    size_t count;
};

/* Bus mastering off, interrupts and address translation services off, errors kept from the machine. */
void device_reset_quiet(const struct pci_facts *facts, const struct device_set *set);

enum device_reset_stage {
    DEVICE_RESET_BUSES,
    DEVICE_RESET_FUNCTIONS,
    DEVICE_RESET_VFS,
    DEVICE_RESET_OVER,
};

struct device_job {
    enum {
        DEVICE_JOB_NONE, /* nothing is under way */
        DEVICE_JOB_DOMAIN,
        DEVICE_JOB_FUNCTION,
    } what;
    bool vfs; /* those of this PF come back */
    struct vmd_reset domain;
    struct pci_reset_run function;
};

/* A set being reset. Nothing here waits, so that several sets may be reset at the same time. */
struct device_reset {
    const struct pci_facts *facts;
    struct device_set set; /* its status, once it is over */
    uint64_t due_ns;       /* when to go on */
    enum device_reset_stage stage;
    bool restoring;          /* VFs of the stage's PFs come back */
    uint64_t vfs_ns;         /* when they may be touched; 0: there are none */
    struct device_job *jobs; /* one for each of the set */
    struct hpa memory;       /* of jobs and scratch, until it is over */
    uint64_t bytes;
    struct arena scratch;
};

/* All of them quiet, then each reset as its plan says, together where the rules allow it (a bus once, and only when
 * nobody else's function is behind it; VFs after PFs), and quiet again with its BARs where they belong and memory
 * decode on. status: STATUS_OK, or what pci_reset_run.h said, STATUS_UNSUPPORTED when a bus is not the guest's alone,
 * STATUS_TIMEOUT when one that must keep bus mastering while it is busy still is, STATUS_HARDWARE when a BAR or a
 * translation service does not take what is written, STATUS_NO_MEMORY: nothing was reset. */
void device_reset_begin(struct device_reset *r, const struct pci_facts *facts, const struct device_set *set);

/* What is due by now. True when it is over; else call it again at due_ns. */
MUST_CHECK bool device_reset_go_on(struct device_reset *r);

/* Until it is over. Slow (100 ms and more): where nobody else has to run on this CPU. */
void device_reset_wait(struct device_reset *r);

#endif
