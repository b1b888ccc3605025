/* SPDX-License-Identifier: GPL-2.0-only
 * A stopped guest kept, and started again. */
#include "guest/vm_keep.h"

#include "guest/assign.h"
#include "guest/device_stop.h"
#include "guest/vm_devices.h"
#include "guest/vm_event.h"
#include "guest/vm_memory.h"
#include "guest/vm_order.h"
#include "guest/vm_vfs.h"
#include "kernel/core/log.h"
#include "kernel/core/pages.h"
#include "kernel/core/time.h"
#include "kernel/hw/cpu.h"
#include "kernel/lib/format.h"

#define SCRUB_STEP (1 * MIB)

static void set_phase(struct vm_owned *owned, enum vm_phase phase)
{
    __atomic_store_n(&owned->phase, phase, __ATOMIC_SEQ_CST);
}

/* An order to start may have been accepted just before it showed that something of it was not withdrawn. */
static enum restart_wanted take_wanted(struct vm_owned *owned)
{
    enum restart_wanted wanted = __atomic_exchange_n(&owned->wanted, RESTART_WANTED_NOTHING, __ATOMIC_SEQ_CST);
    return owned->lost && wanted == RESTART_WANTED_START ? RESTART_WANTED_NOTHING : wanted;
}

/* The power button pressed counts where nothing else was ordered, and for that run alone. */
static enum restart_wanted wanted_at_end(struct vm_owned *owned)
{
    bool asked_off = __atomic_exchange_n(&owned->asked_off, false, __ATOMIC_SEQ_CST);
    enum restart_wanted wanted = take_wanted(owned);
    return wanted == RESTART_WANTED_NOTHING && asked_off ? RESTART_WANTED_OFF : wanted;
}

/* One to start that came while it did is carried out by that. */
static void forget_start(struct vm_owned *owned)
{
    enum restart_wanted start = RESTART_WANTED_START;
    (void)__atomic_compare_exchange_n(&owned->wanted, &start, RESTART_WANTED_NOTHING, false, __ATOMIC_SEQ_CST,
                                      __ATOMIC_SEQ_CST);
}

/* Orders for devices that the end came before: stopped ones stay stopped, and do not come back with the next start. */
static void end_device_orders(struct vm_owned *owned)
{
    uint64_t stop = __atomic_exchange_n(&owned->devices_stop, 0, __ATOMIC_SEQ_CST);
    __atomic_fetch_or(&owned->devices_stopped, stop, __ATOMIC_SEQ_CST);
    __atomic_store_n(&owned->devices_return, 0, __ATOMIC_SEQ_CST);
}

static void log_end(const struct vm *vm)
{
    uint64_t sums[VM_COUNTS] = {0};
    for (unsigned i = 0; i < vm->cpu_count; i++) {
        for (unsigned k = 0; k < VM_COUNTS; k++) {
            sums[k] += vm->cpus[i].counts[k];
        }
    }
    log_info("guest: name=%s end=%s exits-device=%llu interrupt=%llu window=%llu io=%llu mmio=%llu eoi=%llu ipi=%llu "
             "timer=%llu cpuid=%llu msr=%llu hlt=%llu other=%llu device-interrupts=%llu unknown-ports=%llu "
             "entered-ns=%llu",
             vm->name, vm_event_end_text(vm->end), (unsigned long long)sums[VM_COUNT_DEVICE],
             (unsigned long long)sums[VM_COUNT_INTERRUPT], (unsigned long long)sums[VM_COUNT_WINDOW],
             (unsigned long long)sums[VM_COUNT_IO], (unsigned long long)sums[VM_COUNT_MMIO],
             (unsigned long long)sums[VM_COUNT_EOI], (unsigned long long)sums[VM_COUNT_IPI],
             (unsigned long long)sums[VM_COUNT_TIMER], (unsigned long long)sums[VM_COUNT_CPUID],
             (unsigned long long)sums[VM_COUNT_MSR], (unsigned long long)sums[VM_COUNT_HLT],
             (unsigned long long)sums[VM_COUNT_OTHER], (unsigned long long)vm->device_interrupts,
             (unsigned long long)bus_unknown_count(&vm->platform.ports), (unsigned long long)vm->entered_ns);
    if (vm->end == VM_CRASHED || vm->end == VM_REFUSED) {
        log_only(LOG_ERROR, "guest: name=%s %s why=\"%s\"", vm->name, vm_event_end_text(vm->end), vm->why);
    }
}

void vm_keep_begin(struct vm_owned *owned)
{
    struct vm *vm = &owned->vm;
    set_phase(owned, VM_PHASE_STOPS);
    console_flush(&vm->platform.console);
    console_flush(&vm->platform.hvc.lines);
    uint64_t flags = lock_take(&vm->lock);
    guest_pci_reset_emulated(&vm->platform.pci);
    lock_release(&vm->lock, flags);
    if (vm->memory.watch != NULL) {
        watch_end(vm->memory.watch);
    }
    owned->ran_ns = vm_now(vm);
    vm_event_stopped(owned);
    vm_vfs_stop_users(owned);
    owned->answer = restart_decide(&owned->request.rules, vm->end, wanted_at_end(owned));
    end_device_orders(owned);
    owned->step = VM_STEP_WITHDRAW;
}

/* --- to rest */

static bool is_final(const struct vm_owned *owned)
{
    return owned->answer != RESTART_NOW;
}

static bool all_withdrawn(const enum status *each, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (each[i] != STATUS_OK && each[i] != STATUS_NOT_FOUND) {
            return false;
        }
    }
    return true;
}

static void end_withdrawing(struct vm_owned *owned)
{
    const struct vm_request *r = &owned->request;
    for (size_t i = 0; i < r->device_count; i++) {
        char text[SBDF_TEXT_SIZE];
        log_info("guest: name=%s device=%s detached: %s", owned->vm.name, sbdf_text(r->devices[i].function->at, text),
                 status_text(owned->detached[i]));
    }
    owned->scrubbed = 0;
    owned->step = owned->lost ? VM_STEP_SETTLE : VM_STEP_SCRUB;
}

/* Who starts at once has its devices reset when they are attached again, with leases asked for anew; those of the
 * others are reset now, and a reset touches the VFs: nobody resets their PFs before that is over. */
static void withdraw(struct vm_owned *owned)
{
    const struct vm_request *r = &owned->request;
    assign_withdraw(&owned->vm.platform.pci, r->devices, r->device_count, owned->detached);
    if (!all_withdrawn(owned->detached, r->device_count)) {
        log_error(
            "guest: name=%s: a device or its unit did not confirm that it was withdrawn: the guest stays off until "
            "the machine is reset",
            owned->vm.name);
        owned->lost = true;
    }
    owned->answer = owned->lost ? RESTART_RESTS : owned->answer;
    if (is_final(owned)) {
        owned->step = VM_STEP_RESET;
    } else {
        vm_vfs_leave(owned);
        end_withdrawing(owned);
    }
}

static void reset(struct vm_owned *owned)
{
    if (vm_devices_reset(owned)) {
        vm_vfs_leave(owned);
        end_withdrawing(owned);
        log_end(&owned->vm);
    }
}

static void scrub(struct vm_owned *owned)
{
    if (owned->scrubbed < guest_memory_bytes(&owned->vm.memory)) {
        vm_memory_scrub_part(&owned->vm.memory, owned->scrubbed, SCRUB_STEP);
        owned->scrubbed += SCRUB_STEP;
    } else {
        owned->step = VM_STEP_SETTLE;
    }
}

static void rest(struct vm_owned *owned)
{
    log_info("guest: name=%s rests, starts=%u memory-kib=%llu", owned->vm.name, owned->starts,
             (unsigned long long)(pages_taken().now / KIB));
    owned->step = VM_STEP_REST;
    set_phase(owned, VM_PHASE_RESTS);
    vm_roster_rest(owned->request.roster);
}

static void wait_for_it(struct vm_owned *owned)
{
    owned->waited_ns = restart_wait_ns(owned->waited_ns, owned->ran_ns);
    owned->wake_ns = time_now_ns() + owned->waited_ns;
    log_info("guest: name=%s starts again in %llu ms", owned->vm.name,
             (unsigned long long)(owned->waited_ns / 1000000));
    owned->step = VM_STEP_WAIT;
    set_phase(owned, VM_PHASE_WAITS);
}

static void begin_start(struct vm_owned *owned)
{
    struct vm *vm = &owned->vm;
    vm->resets++;
    owned->start_from_ns = time_now_ns();
    log_info("guest: name=%s starts anew, reset %u", vm->name, vm->resets);
    owned->step = VM_STEP_LOAD;
    set_phase(owned, VM_PHASE_STARTS);
}

/* What was ordered since it stopped. */
static void hear_orders(struct vm_owned *owned)
{
    enum restart_wanted wanted = take_wanted(owned);
    if (wanted == RESTART_WANTED_STOP && owned->answer != RESTART_RESTS) {
        owned->vm.end = VM_STOPPED;
        owned->answer = RESTART_RESTS;
    } else if (wanted == RESTART_WANTED_START) {
        owned->answer = RESTART_NOW;
    }
}

static void settle(struct vm_owned *owned)
{
    hear_orders(owned);
    switch (owned->answer) {
    case RESTART_RESTS:
        rest(owned);
        break;
    case RESTART_LATER:
        wait_for_it(owned);
        break;
    case RESTART_NOW:
        begin_start(owned);
        break;
    }
}

/* After a rest, or a while. Nobody reached its memory meanwhile; scrubbing it again costs little. */
static void start_again(struct vm_owned *owned)
{
    owned->answer = RESTART_NOW;
    owned->scrubbed = 0;
    owned->step = VM_STEP_SCRUB;
    set_phase(owned, VM_PHASE_STARTS);
}

static void look_at_rest(struct vm_owned *owned)
{
    if (take_wanted(owned) == RESTART_WANTED_START && vm_roster_wake(owned->request.roster)) {
        start_again(owned);
    }
}

static void look_while_waiting(struct vm_owned *owned)
{
    enum restart_wanted wanted = take_wanted(owned);
    if (wanted == RESTART_WANTED_STOP) {
        owned->vm.end = VM_STOPPED;
        rest(owned);
    } else if (wanted == RESTART_WANTED_START || time_now_ns() >= owned->wake_ns) {
        start_again(owned);
    }
}

/* --- to run again */

/* It stays off, without a further try: what keeps it from starting rarely goes by itself. */
static void fail(struct vm_owned *owned, enum status status, const char *why)
{
    struct vm *vm = &owned->vm;
    vm->end = VM_CRASHED;
    format_text(vm->why, sizeof(vm->why), "could not start anew: %s %s", status_text(status), why);
    vm_event_failed(owned, vm->why);
    owned->answer = RESTART_RESTS;
    owned->step = VM_STEP_WITHDRAW;
    set_phase(owned, VM_PHASE_STOPS);
}

static void load(struct vm_owned *owned)
{
    struct vm *vm = &owned->vm;
    char why[VM_WHY_SIZE] = "";
    guest_pci_reset(&vm->platform.pci);
    enum status status = owned->request.refused == NULL ? vm_create_power_on(vm) : STATUS_UNSUPPORTED;
    if (owned->request.refused != NULL) {
        format_text(why, sizeof(why), "%s", owned->request.refused);
    }
    status = status == STATUS_OK ? vm_create_load(owned, &vm->first_entry, why) : status;
    owned->step = VM_STEP_ATTACH;
    if (status != STATUS_OK) {
        fail(owned, status, why);
    }
}

static bool may_start(struct vm_owned *owned, char why[VM_WHY_SIZE])
{
    return owned->request.may_start == NULL || owned->request.may_start(owned, why, VM_WHY_SIZE);
}

static void set_running(struct vm_owned *owned)
{
    struct vm *vm = &owned->vm;
    owned->starts++;
    log_info("guest: name=%s runs again, starts=%u memory-kib=%llu took-us=%llu", vm->name, owned->starts,
             (unsigned long long)(pages_taken().now / KIB),
             (unsigned long long)((time_now_ns() - owned->start_from_ns) / 1000));
    vm_event_started(owned);
    vm->why[0] = 0;
    __atomic_store_n(&owned->asked_off, false, __ATOMIC_SEQ_CST); /* came as the run before ended */
    __atomic_store_n(&vm->paused, false, __ATOMIC_SEQ_CST);
    __atomic_store_n(&vm->end, VM_RUNNING, __ATOMIC_SEQ_CST);
    vm_set_clock(vm);
    forget_start(owned);
    set_phase(owned, VM_PHASE_LIVE);
    if (__atomic_load_n(&owned->wanted, __ATOMIC_SEQ_CST) == RESTART_WANTED_STOP) {
        vm_stop(vm, VM_STOPPED, "while it started");
    }
}

static enum vm_keep_outcome attach(struct vm_owned *owned)
{
    char why[VM_WHY_SIZE] = "";
    enum status status = STATUS_OK;
    if (!vm_devices_attach(owned, &status, why)) {
        return VM_KEEP_ON;
    }
    status = status == STATUS_OK && owned->vm.memory.watch != NULL ? watch_start(&owned->watch) : status;
    if (status == STATUS_OK && !may_start(owned, why)) {
        status = STATUS_CONFLICT;
    }
    status = status == STATUS_OK ? device_stop_again(owned) : status; /* after it was looked at with all it may have */
    if (status != STATUS_OK) {
        fail(owned, status, why);
        return VM_KEEP_ON;
    }
    set_running(owned);
    return VM_KEEP_RUN;
}

/* --- steps */

bool vm_keep_wants(const struct vm_owned *owned, uint64_t *wake_ns)
{
    bool ordered = __atomic_load_n(&owned->wanted, __ATOMIC_SEQ_CST) != RESTART_WANTED_NOTHING;
    switch (owned->step) {
    case VM_STEP_REST:
        return ordered || vm_roster_is_over(owned->request.roster);
    case VM_STEP_WAIT:
        *wake_ns = owned->wake_ns < *wake_ns ? owned->wake_ns : *wake_ns;
        return ordered || time_now_ns() >= owned->wake_ns;
    case VM_STEP_RESET:
    case VM_STEP_ATTACH:
        *wake_ns = owned->devices_ns != 0 && owned->devices_ns < *wake_ns ? owned->devices_ns : *wake_ns;
        return time_now_ns() >= owned->devices_ns;
    default:
        return true;
    }
}

enum vm_keep_outcome vm_keep_step(struct vm_owned *owned)
{
    switch (owned->step) {
    case VM_STEP_WITHDRAW:
        withdraw(owned);
        break;
    case VM_STEP_RESET:
        reset(owned);
        break;
    case VM_STEP_SCRUB:
        scrub(owned);
        break;
    case VM_STEP_SETTLE:
        settle(owned);
        break;
    case VM_STEP_REST:
        if (vm_roster_is_over(owned->request.roster)) {
            return VM_KEEP_OVER;
        }
        look_at_rest(owned);
        break;
    case VM_STEP_WAIT:
        look_while_waiting(owned);
        break;
    case VM_STEP_LOAD:
        load(owned);
        break;
    case VM_STEP_ATTACH:
        return attach(owned);
    }
    return VM_KEEP_ON;
}
