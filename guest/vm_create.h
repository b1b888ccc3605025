/* SPDX-License-Identifier: GPL-2.0-only
 * Making a guest from what the plan gives it, starting it, starting it anew, and ending it. */
#ifndef BULKHEAD_GUEST_VM_CREATE_H
#define BULKHEAD_GUEST_VM_CREATE_H

#include "guest/vm.h"
#include "kernel/lib/diag.h"
#include "vtd/domain.h"

struct vm_device {
    const struct pci_function *function;
    struct vtd_unit *unit;
};

/* What a guest is made of; pointers live on as long as the guest does. */
struct vm_request {
    const char *name;
    const unsigned *cpus; /* host CPUs, one a vCPU, no other guest's */
    unsigned cpu_count;
    uint64_t memory; /* bytes, a multiple of 2 MiB */
    struct image_blob kernel, initrd;
    struct image_blob modules[IMAGE_MODULES_MAX];
    size_t module_count;
    const char *cmdline;
    const char *kernel_name;
    const struct vm_device *devices;
    size_t device_count;
    const struct cpu_backend *backend;
    uint32_t without; /* features (kernel/core/cpu_feature.h) to leave unused */
    struct vtd *vtd;
    const struct pci_facts *pci;
};

struct vm_owned {
    struct vm vm;
    struct vm_request request;
    struct vtd_domain domain; /* empty without devices */
    bool has_domain;
    unsigned barrier; /* vCPUs that wait for each other; atomic */
    unsigned barrier_round;
    bool again;                 /* decided by the last vCPU to come; atomic */
    bool ended;                 /* atomic */
    uint64_t scrub_ns, copy_ns; /* what making it took: clearing its RAM, and placing its images there */
};

#define VM_WHY_SIZE 160

/* Memory, nested and second-level tables, platform, devices, and the image loaded. Nothing runs yet. On failure why
 * says what is wrong; what was taken stays taken: the caller refuses the machine and starts no guest. */
MUST_CHECK enum status vm_create(struct vm_owned *owned, const struct vm_request *request, char why[VM_WHY_SIZE]);

/* The guest's time is 0 now: before its vCPUs start. */
void vm_set_clock(struct vm_owned *owned);

/* Work for the host CPU of one vCPU (a struct vm_cpu): runs it until the guest has ended for good. The last one to
 * leave takes the devices back. */
void vm_cpu_main(void *vm_cpu);

/* True when every vCPU has left. */
bool vm_has_ended(const struct vm_owned *owned);

#endif
