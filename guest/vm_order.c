/* SPDX-License-Identifier: GPL-2.0-only
 * Orders: what is wanted is left in the guest, and whoever has to act on it is kicked. The guest's phase is written
 * before what is wanted is read, by its own vCPUs, and read after that was written, here: one side sees the other. */
#include "guest/vm_order.h"

#include "guest/device_stop.h"
#include "guest/vm_event.h"
#include "guest/vm_vfs.h"
#include "kernel/core/log.h"
#include "kernel/core/time.h"

static enum vm_phase phase_of(const struct vm_owned *owned)
{
    return __atomic_load_n(&owned->phase, __ATOMIC_SEQ_CST);
}

static bool is_live(const struct vm_owned *owned)
{
    return phase_of(owned) == VM_PHASE_LIVE && !vm_is_stopping(&owned->vm);
}

static void kick_all(struct vm *vm)
{
    for (unsigned i = 0; i < vm->cpu_count; i++) {
        vm_kick(vm, i);
    }
}

/* The first vCPU to see it acts on it; one that runs is made to leave the guest. */
static enum status want(struct vm_owned *owned, enum restart_wanted wanted, enum vm_end end, const char *who)
{
    __atomic_store_n(&owned->wanted, wanted, __ATOMIC_SEQ_CST);
    if (phase_of(owned) == VM_PHASE_LIVE) {
        vm_stop(&owned->vm, end, "by %s", who);
    } else {
        kick_all(&owned->vm);
    }
    return STATUS_OK;
}

static bool can_start(const struct vm_owned *owned)
{
    return !owned->lost && owned->request.refused == NULL;
}

static enum status start(struct vm_owned *owned, const char *who)
{
    enum vm_phase phase = phase_of(owned);
    bool off = phase == VM_PHASE_RESTS || phase == VM_PHASE_WAITS;
    return off && can_start(owned) ? want(owned, RESTART_WANTED_START, VM_RESTARTED, who) : STATUS_CONFLICT;
}

static enum status stop(struct vm_owned *owned, const char *who)
{
    return phase_of(owned) == VM_PHASE_RESTS ? STATUS_CONFLICT : want(owned, RESTART_WANTED_STOP, VM_STOPPED, who);
}

static enum status restart(struct vm_owned *owned, const char *who)
{
    if (phase_of(owned) == VM_PHASE_STARTS) {
        return STATUS_OK;
    }
    return can_start(owned) ? want(owned, RESTART_WANTED_START, VM_RESTARTED, who) : STATUS_CONFLICT;
}

/* Only where nothing else is wanted of it yet: a service guest's order to stop stands. */
static enum status recover(struct vm_owned *owned, const char *who)
{
    enum restart_wanted nothing = RESTART_WANTED_NOTHING;
    bool first = is_live(owned) && can_start(owned) &&
                 __atomic_compare_exchange_n(&owned->wanted, &nothing, RESTART_WANTED_START, false, __ATOMIC_SEQ_CST,
                                             __ATOMIC_SEQ_CST);
    if (!first) {
        return STATUS_CONFLICT;
    }
    vm_stop(&owned->vm, VM_RESTARTED, "by %s", who);
    return STATUS_OK;
}

/* What looks at the time since it was resumed finds it set. */
static enum status pause(struct vm_owned *owned, bool paused, const char *who)
{
    if (!is_live(owned) || __atomic_load_n(&owned->vm.paused, __ATOMIC_SEQ_CST) == paused) {
        return STATUS_CONFLICT;
    }
    if (!paused) {
        __atomic_store_n(&owned->vm.resumed_ns, time_now_ns(), __ATOMIC_SEQ_CST);
    }
    if (__atomic_exchange_n(&owned->vm.paused, paused, __ATOMIC_SEQ_CST) == paused) {
        return STATUS_CONFLICT;
    }
    kick_all(&owned->vm);
    vm_event_paused(owned, paused, who);
    return STATUS_OK;
}

/* It is for the guest to act. Where nobody there would, that is known at once. One that ended meanwhile stays off if
 * its end saw the flag. */
static enum status shut_down(struct vm_owned *owned)
{
    if (vm_order_state(owned) != VM_ORDER_RUNNING) {
        return STATUS_CONFLICT;
    }
    if (!vm_platform_hears_power_button(&owned->vm)) {
        return STATUS_UNSUPPORTED;
    }
    __atomic_store_n(&owned->asked_off, true, __ATOMIC_SEQ_CST);
    if (vm_order_state(owned) != VM_ORDER_RUNNING) {
        return __atomic_exchange_n(&owned->asked_off, false, __ATOMIC_SEQ_CST) ? STATUS_CONFLICT : STATUS_OK;
    }
    vm_platform_press_power_button(&owned->vm);
    return STATUS_OK;
}

static enum status carry(struct vm_owned *owned, enum vm_order order, const char *who)
{
    switch (order) {
    case VM_ORDER_STOP:
        return stop(owned, who);
    case VM_ORDER_START:
        return start(owned, who);
    case VM_ORDER_RESTART:
        return restart(owned, who);
    case VM_ORDER_RECOVER:
        return recover(owned, who);
    case VM_ORDER_PAUSE:
        return pause(owned, true, who);
    case VM_ORDER_RESUME:
        return pause(owned, false, who);
    case VM_ORDER_SHUTDOWN:
        return shut_down(owned);
    }
    return STATUS_UNSUPPORTED;
}

enum status vm_order_guest(struct vm_owned *owned, enum vm_order order, const char *who)
{
    enum vm_order_state before = vm_order_state(owned);
    enum status status = carry(owned, order, who);
    log_info("guest: name=%s order=%s by=%s state=%s: %s", owned->vm.name, vm_order_text(order), who,
             vm_order_state_text(before), status == STATUS_OK ? "accepted" : "not possible now");
    return status;
}

static enum vm_order_state at_rest(enum vm_end end)
{
    switch (end) {
    case VM_POWERED_OFF:
        return VM_ORDER_POWERED_OFF;
    case VM_CRASHED:
        return VM_ORDER_CRASHED;
    case VM_REFUSED:
        return VM_ORDER_REFUSED;
    default:
        return VM_ORDER_STOPPED;
    }
}

enum vm_order_state vm_order_state(const struct vm_owned *owned)
{
    enum vm_end end = __atomic_load_n(&owned->vm.end, __ATOMIC_ACQUIRE);
    switch (phase_of(owned)) {
    case VM_PHASE_LIVE:
        if (end != VM_RUNNING) {
            break;
        }
        return __atomic_load_n(&owned->vm.paused, __ATOMIC_SEQ_CST) ? VM_ORDER_PAUSED : VM_ORDER_RUNNING;
    case VM_PHASE_STOPS:
        break;
    case VM_PHASE_STARTS:
        return VM_ORDER_STARTING;
    case VM_PHASE_WAITS:
        return VM_ORDER_WAITING;
    case VM_PHASE_RESTS:
        return at_rest(end);
    }
    return VM_ORDER_STOPPING;
}

const char *vm_order_state_text(enum vm_order_state state)
{
    static const char *const words[] = {"running", "paused",  "stopping", "stopped", "powered-off",
                                        "crashed", "refused", "starting", "waiting"};
    return words[state];
}

const char *vm_order_text(enum vm_order order)
{
    static const char *const words[] = {"stop", "start", "restart", "pause", "resume", "shutdown", "restart"};
    return words[order];
}

/* --- devices */

enum status vm_order_device(struct vm_owned *owned, struct sbdf device, bool stop)
{
    size_t i = 0;
    while (i < owned->request.device_count && !sbdf_equal(owned->request.devices[i].function->at, device)) {
        i++;
    }
    if (i == owned->request.device_count || i >= 64) {
        return STATUS_NOT_FOUND;
    }
    if (!is_live(owned)) {
        return STATUS_CONFLICT;
    }
    __atomic_fetch_and(stop ? &owned->devices_return : &owned->devices_stop, ~BIT64(i), __ATOMIC_SEQ_CST);
    __atomic_fetch_or(stop ? &owned->devices_stop : &owned->devices_return, BIT64(i), __ATOMIC_SEQ_CST);
    vm_summon(&owned->vm, 0);
    return STATUS_OK;
}

static void carry_out_one(struct vm_owned *owned, struct sbdf device, bool stop)
{
    enum status status = stop ? device_stop(owned, device) : device_return(owned, device);
    char text[SBDF_TEXT_SIZE];
    log_info("guest: name=%s device=%s %s: %s", owned->vm.name, sbdf_text(device, text), stop ? "stop" : "return",
             status_text(status));
}

/* A PF's return resets it: not before the guests that have its VFs are off. Until then the order stands. */
static void return_one(struct vm_owned *owned, unsigned i)
{
    struct sbdf device = owned->request.devices[i].function->at;
    bool stopped = device_is_stopped(owned, device);
    if (stopped && !vm_vfs_reserve_for(owned, device)) {
        __atomic_fetch_or(&owned->devices_return, BIT64(i), __ATOMIC_SEQ_CST);
        vm_summon(&owned->vm, 0);
        return;
    }
    carry_out_one(owned, device, false);
    if (stopped) {
        vm_vfs_release_for(owned, device);
    }
}

static void carry_out(struct vm_owned *owned, uint64_t which, bool stop)
{
    for (unsigned i = 0; which != 0; i++, which >>= 1) {
        if ((which & 1) != 0 && stop) {
            carry_out_one(owned, owned->request.devices[i].function->at, true);
        } else if ((which & 1) != 0) {
            return_one(owned, i);
        }
    }
}

void vm_order_carry_out(struct vm_owned *owned)
{
    carry_out(owned, __atomic_exchange_n(&owned->devices_stop, 0, __ATOMIC_SEQ_CST), true);
    carry_out(owned, __atomic_exchange_n(&owned->devices_return, 0, __ATOMIC_SEQ_CST), false);
}

/* --- all guests */

bool vm_roster_wake(struct vm_roster *roster)
{
    unsigned awake = __atomic_load_n(&roster->awake, __ATOMIC_SEQ_CST);
    while (awake != 0) {
        if (__atomic_compare_exchange_n(&roster->awake, &awake, awake + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
            return true;
        }
    }
    return false;
}

void vm_roster_rest(struct vm_roster *roster)
{
    if (__atomic_sub_fetch(&roster->awake, 1, __ATOMIC_SEQ_CST) != 0) {
        return;
    }
    __atomic_store_n(&roster->over, true, __ATOMIC_SEQ_CST);
    for (size_t i = 0; i < roster->count; i++) {
        kick_all(&roster->guests[i]->vm);
    }
}

bool vm_roster_is_over(const struct vm_roster *roster)
{
    return __atomic_load_n(&roster->over, __ATOMIC_SEQ_CST);
}
