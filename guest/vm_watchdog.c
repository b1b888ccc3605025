/* SPDX-License-Identifier: GPL-2.0-only
 * The watchdog's rules. */
#include "guest/vm_watchdog.h"

#include "guest/vm_create.h"
#include "kernel/core/event.h"
#include "kernel/core/log.h"

static const char *action_text(enum restart_watchdog action)
{
    static const char *const words[] = {"none", "reset", "stop", "event"};
    return words[action];
}

static void tell(const struct vm_owned *owned)
{
    struct event e;
    const char *action = action_text(owned->request.rules.watchdog);
    event_begin(&e, EVENT_WARNING, "watchdog");
    json_text(&e.json, "guest", owned->vm.name);
    json_text(&e.json, "action", action);
    event_end(&e);
    log_warn("guest: name=%s watchdog ran out: %s", owned->vm.name, action);
}

static void ran_out(void *context)
{
    struct vm_owned *owned = context;
    tell(owned);
    if (owned->request.rules.watchdog == RESTART_WATCHDOG_RESET) {
        vm_stop(&owned->vm, VM_WATCHDOG, "watchdog");
    } else if (owned->request.rules.watchdog == RESTART_WATCHDOG_STOP) {
        vm_stop(&owned->vm, VM_STOPPED, "watchdog");
    }
}

static uint64_t now(const void *context)
{
    const struct vm_owned *owned = context;
    return vm_now(&owned->vm);
}

static uint64_t resumed(const void *context)
{
    const struct vm_owned *owned = context;
    uint64_t at_ns = __atomic_load_n(&owned->vm.resumed_ns, __ATOMIC_ACQUIRE);
    return at_ns > owned->vm.start_ns ? at_ns - owned->vm.start_ns : 0;
}

enum status vm_watchdog_add(struct vm_owned *owned)
{
    struct vm_watchdog *w = &owned->vm.platform.watchdog;
    const struct i6300esb_owner owner = {.ran_out = ran_out, .now = now, .resumed = resumed, .context = owned};
    if (owned->request.rules.watchdog == RESTART_WATCHDOG_NONE) {
        return STATUS_OK;
    }
    enum status status = i6300esb_init(&w->device, &owner, PCI_EMULATED_WATCHDOG, &owned->vm.router);
    if (status != STATUS_OK) {
        return status;
    }
    status = guest_pci_add_emulated(&owned->vm.platform.pci, &w->device.function);
    if (status != STATUS_OK) {
        i6300esb_free(&w->device);
        return status;
    }
    w->present = true;
    return STATUS_OK;
}
