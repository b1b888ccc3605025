/* SPDX-License-Identifier: GPL-2.0-only
 * Asking something of a guest, from any CPU, in interrupt handlers too: only atomics and kicks, never a lock of the
 * guest. Its own vCPUs carry it out (vm_life.h, vm_keep.h), paused or stopped as it may be. */
#ifndef BULKHEAD_GUEST_VM_ORDER_H
#define BULKHEAD_GUEST_VM_ORDER_H

#include "guest/vm_create.h"
#include "kernel/lib/sbdf.h"

enum vm_order {
    VM_ORDER_STOP,    /* as by pulling the plug; it stays off */
    VM_ORDER_START,   /* that is stopped, ended, crashed, or waits before it starts again */
    VM_ORDER_RESTART, /* stop, if it runs, and start */
    VM_ORDER_PAUSE,   /* its vCPUs stand still; devices go on with what they were told, and time goes on */
    VM_ORDER_RESUME,
    VM_ORDER_SHUTDOWN, /* its power button is pressed; when it switches itself off then, it stays off */
    VM_ORDER_RECOVER,  /* restart, but none that is off, or about to be: the policy undoes no order to stop */
};

enum vm_order_state {
    VM_ORDER_RUNNING,
    VM_ORDER_PAUSED,
    VM_ORDER_STOPPING,
    VM_ORDER_STOPPED, /* by order, or never started */
    VM_ORDER_POWERED_OFF,
    VM_ORDER_CRASHED, /* or could not be started */
    VM_ORDER_REFUSED, /* its images are not the pinned ones: it never starts */
    VM_ORDER_STARTING,
    VM_ORDER_WAITING, /* starts again after a while */
};

/* who: for the log, "policy" or "service". STATUS_OK: it is on its way (see the state). STATUS_CONFLICT: not possible
 * in this state: start a running guest, stop a stopped one, pause a paused one ... STATUS_UNSUPPORTED: to shut down one
 * whose system does not listen to its power button. */
MUST_CHECK enum status vm_order_guest(struct vm_owned *owned, enum vm_order order, const char *who);

/* Stop a device of a running or paused guest, or return it (guest/device_stop.h), by its first vCPU. A guest that
 * starts anew, by itself or by order, does so without its stopped devices. STATUS_NOT_FOUND: it has no such
 * device; STATUS_CONFLICT: it does not run. The last order for a device counts. */
MUST_CHECK enum status vm_order_device(struct vm_owned *owned, struct sbdf device, bool stop);

enum vm_order_state vm_order_state(const struct vm_owned *owned);

/* "running", "paused", "stopping", "stopped", "powered-off", "crashed", "refused", "starting", "waiting"; "stop",
 * "start", ... */
const char *vm_order_state_text(enum vm_order_state state);
const char *vm_order_text(enum vm_order order);

/* On the first vCPU's CPU, which runs nothing else meanwhile: carry out what was asked for devices. */
void vm_order_carry_out(struct vm_owned *owned);

/* All guests that the machine has: it goes on until none of them runs, pauses, or is about to start. */
struct vm_roster {
    struct vm_owned *const *guests;
    size_t count;
    unsigned awake; /* how many do; atomic */
    bool over;      /* none did: nobody starts any more; atomic */
};

/* One that rests starts: false when all are over. One comes to rest: the last one ends them all. */
bool vm_roster_wake(struct vm_roster *roster);
void vm_roster_rest(struct vm_roster *roster);
bool vm_roster_is_over(const struct vm_roster *roster);

#endif
