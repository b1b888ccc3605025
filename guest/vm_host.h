/* SPDX-License-Identifier: GPL-2.0-only
 * One host CPU and the vCPUs that have it: mostly one, several where guests share CPUs. Several take turns in slices
 * (run_queue.h); one that waits for an event gives its turn away. Alone, a vCPU has the CPU without a tick. */
#ifndef BULKHEAD_GUEST_VM_HOST_H
#define BULKHEAD_GUEST_VM_HOST_H

#include "guest/run_queue.h"
#include "guest/vm.h"

struct vm_host {
    struct vm_cpu *cpus[RUN_QUEUE_MAX];
    unsigned count;
    struct run_queue queue;
    bool look;                   /* somebody here was given something to do since all were looked at */
    struct vm_cpu *current;      /* in the guest or about to be, or the last that was; NULL: none was yet */
    uint64_t turns, guest_turns; /* how often another vCPU got the CPU, and one of another guest */
    void (*idle)(void *context); /* called every VM_HOST_IDLE_NS while all guests here rest, interrupts off; or NULL */
    void *idle_context;
};

#define VM_HOST_IDLE_NS UINT64_C(50000000)

/* A guest's kicks of a vCPU of its own, while another guest has that one's CPU, are so far apart. */
#define VM_HOST_PACE_NS UINT64_C(20000)

/* Place a vCPU, before vm_host_main; host was zeroed once, but for idle. At most RUN_QUEUE_MAX. */
void vm_host_add(struct vm_host *host, struct vm_cpu *cpu, uint64_t slice_ns);

/* Work for the host CPU (a struct vm_host): runs its vCPUs until no guest of the machine runs, or is
 * about to, any more (struct vm_roster, vm_order.h). */
void vm_host_main(void *host);

/* Before this CPU interrupts another one for that vCPU's sake. Each such interrupt costs whoever has the CPU an exit,
 * and there is no end to those that the vCPU's own guest can ask for: when another guest has the CPU, it waits first,
 * for VM_HOST_PACE_NS and each of its vCPUs at most. Nobody else waits, nor does a guest whose turn an interrupt that
 * is another's came into. */
void vm_host_pace(struct vm_cpu *target);

/* On this CPU: whoever runs here shall look, before the next entry, who wants the CPU. host may be NULL. */
void vm_host_look(struct vm_host *host);

#endif
