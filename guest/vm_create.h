/* SPDX-License-Identifier: GPL-2.0-only
 * Making a guest from what the plan gives it; vm_life.h has what comes then. */
#ifndef BULKHEAD_GUEST_VM_CREATE_H
#define BULKHEAD_GUEST_VM_CREATE_H

#include "guest/device_reset.h"
#include "guest/reserved.h"
#include "guest/restart.h"
#include "guest/vm.h"
#include "guest/vm_device.h"
#include "guest/vm_network.h"
#include "guest/watch.h"
#include "kernel/lib/diag.h"
#include "vtd/domain.h"

struct vm_owned;
struct vm_roster;

/* What a guest is made of; pointers live on as long as the guest does. */
struct vm_request {
    const char *name;
    const unsigned *cpus; /* host CPUs, one for each vCPU */
    unsigned cpu_count;
    const struct guest_memory *memory; /* taken, not yet scrubbed (guest/vm_memory.h) */
    struct image_blob kernel, initrd;
    struct image_blob modules[IMAGE_MODULES_MAX];
    size_t module_count;
    const char *cmdline;
    const char *kernel_name;
    const char *refused; /* why it never starts, though all else of it is made; NULL: it may */
    const struct vm_device *devices;
    size_t device_count;
    const struct plan_reserved *reserved; /* regions of dmar that its devices reach one to one */
    size_t reserved_count;
    const struct dmar *dmar;
    struct watch_rules watch; /* count 0: nothing is watched */
    const struct cpu_backend *backend;
    uint32_t without; /* features (kernel/core/cpu_feature.h) to leave unused */
    struct vtd *vtd;
    const struct pci_facts *pci;
    const struct vm_console_request *console;  /* its virtio console; NULL: it has none */
    const struct vm_network_request *networks; /* in the order of their places; up to VM_NETWORKS_MAX */
    size_t network_count;
    struct text_ring *text; /* for what it prints; NULL: nobody reads along. Lives on */
    /* Asked before it starts anew, when not NULL, on the CPU that does so: false, and why, keeps it from it. */
    bool (*may_start)(const struct vm_owned *owned, char *why, size_t size);
    /* The same for each vCPU, once it is made and each time it starts anew, on its CPU before it runs. */
    bool (*may_enter)(const struct vm_owned *owned, const struct vm_cpu *cpu, char *why, size_t size);
    struct restart_rules rules;
    bool stays_off;           /* it does not start by itself */
    struct vm_roster *roster; /* all guests (vm_order.h), this one among them */
};

/* Where a guest is in its life. */
enum vm_phase {
    VM_PHASE_LIVE,   /* runs, is paused, or its vCPUs are coming together */
    VM_PHASE_STOPS,  /* devices withdrawn, memory scrubbed */
    VM_PHASE_STARTS, /* images loaded, devices attached */
    VM_PHASE_WAITS,  /* starts again after a while */
    VM_PHASE_RESTS,
};

/* What vm_keep.c does next. */
enum vm_step {
    VM_STEP_WITHDRAW,
    VM_STEP_RESET, /* of devices, when it does not start at once */
    VM_STEP_SCRUB,
    VM_STEP_SETTLE,
    VM_STEP_REST,
    VM_STEP_WAIT,
    VM_STEP_LOAD,
    VM_STEP_ATTACH,
};

struct vm_owned {
    struct vm vm;
    struct vm_request request;
    struct vtd_domain domain; /* empty without devices */
    struct guest_reserved reserved;
    struct watch watch; /* vm.memory.watch leads here when there is one */
    bool has_domain;
    unsigned barrier; /* vCPUs that wait for each other; atomic */
    unsigned barrier_round;
    bool again;                            /* decided by the last vCPU to come; atomic */
    bool ended;                            /* atomic */
    enum vm_phase phase;                   /* atomic */
    enum restart_wanted wanted;            /* atomic: an order that is not carried out yet */
    bool asked_off;                        /* atomic: its power button was pressed since it started */
    uint64_t devices_stop, devices_return; /* atomic, bit n: an order for request.devices[n] */
    uint64_t devices_stopped;              /* atomic, likewise: it is stopped (device_stop.h) */
    bool lost;                             /* atomic: something of it was not withdrawn: it never starts again */
    bool uses_vfs;                         /* holds leases of PFs of others (vm_vfs.h) */
    uint64_t vfs_told;                     /* bit n: the roster's guest n was told to stop for the PF's sake */
    /* Of the vCPU that keeps it while it is stopped. */
    enum vm_step step;
    enum restart_answer answer;
    enum status detached[GUEST_PCI_SLOTS]; /* what came of withdrawing request.devices[] */
    struct device_reset reset;             /* of its devices, while resetting */
    bool resetting;                        /* they are under way (vm_devices.h) */
    uint64_t devices_ns;                   /* when to go on with them, or to ask for VFs' leases again; 0: now */
    uint64_t scrubbed;                     /* bytes of its RAM */
    uint64_t ran_ns, waited_ns, wake_ns, start_from_ns;
    unsigned starts;            /* again, that succeeded */
    uint64_t scrub_ns, copy_ns; /* what making it took: clearing its RAM, and placing its images there */
};

#define VM_WHY_SIZE 160

/* Memory, nested and second-level tables, platform, and the image loaded; its devices come then (vm_devices.h). On
 * failure why says what is wrong, and what it took is given back (vm_destroy.h); the RAM stays the caller's, who asks
 * owned->lost before anybody else gets it. */
MUST_CHECK enum status vm_create(struct vm_owned *owned, const struct vm_request *request, char why[VM_WHY_SIZE]);

/* Its devices are attached, or came to that failure, which why says: the rest of it. Nothing runs yet. The result is
 * that failure, or its own, as above. */
MUST_CHECK enum status vm_create_end(struct vm_owned *owned, enum status attached, char why[VM_WHY_SIZE]);

/* Steps of it that starting anew repeats: the platform and the local APICs as after power-on; firmware's tables and
 * the images into scrubbed memory, entry says how the first vCPU starts. */
MUST_CHECK enum status vm_create_power_on(struct vm *vm);
MUST_CHECK enum status vm_create_load(struct vm_owned *owned, struct image_entry *entry, char why[VM_WHY_SIZE]);

#endif
