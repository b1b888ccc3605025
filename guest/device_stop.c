/* SPDX-License-Identifier: GPL-2.0-only
 * Devices stopped and returned. */
#include "guest/device_stop.h"

#include "guest/device_reset.h"
#include "guest/pf_lease.h"
#include "guest/vm_order.h"
#include "guest/vm_vfs.h"
#include "kernel/core/event.h"
#include "kernel/core/log.h"

/* 0: not a device of the guest. The plan gives no guest more than 64. */
static uint64_t bit_of(const struct vm_owned *owned, struct sbdf device)
{
    for (size_t i = 0; i < owned->request.device_count && i < 64; i++) {
        if (sbdf_equal(owned->request.devices[i].function->at, device)) {
            return BIT64(i);
        }
    }
    return 0;
}

/* The lock is held. */
static enum status stop_locked(struct vm_owned *owned, struct sbdf device)
{
    struct guest_pci_function *f = guest_pci_find(&owned->vm.platform.pci, device);
    if (f == NULL) {
        return STATUS_NOT_FOUND;
    }
    __atomic_fetch_or(&owned->devices_stopped, bit_of(owned, device), __ATOMIC_SEQ_CST);
    return f->stopped ? STATUS_CONFLICT : guest_pci_function_stop(f);
}

static void put_event(const struct vm_owned *owned, const char *device, const char *type, enum status status)
{
    struct event e;
    event_begin(&e, status == STATUS_OK ? EVENT_WARNING : EVENT_ERROR, type);
    json_text(&e.json, "guest", owned->vm.name);
    json_text(&e.json, "device", device);
    json_bool(&e.json, "ok", status == STATUS_OK);
    if (status != STATUS_OK) {
        json_text(&e.json, "error", status_text(status));
    }
    event_end(&e);
}

static void report(const struct vm_owned *owned, struct sbdf device, const char *what, const char *type,
                   enum status status)
{
    char text[SBDF_TEXT_SIZE];
    sbdf_text(device, text);
    if (status == STATUS_OK) {
        log_only(LOG_WARN, "guest: name=%s device=%s %s", owned->vm.name, text, what);
    } else {
        log_only(LOG_ERROR, "guest: name=%s device=%s %s: %s", owned->vm.name, text, what, status_text(status));
    }
    put_event(owned, text, type, status);
}

static enum status stop(struct vm_owned *owned, struct sbdf device)
{
    uint64_t flags = lock_take(&owned->vm.lock);
    enum status status = stop_locked(owned, device);
    lock_release(&owned->vm.lock, flags);
    return status;
}

/* VFs do little without their PF's driver, and go when the PF is reset for its return. */
enum status device_stop(struct vm_owned *owned, struct sbdf device)
{
    if (!device_is_stopped(owned, device)) {
        vm_vfs_stop_users_of(owned, device);
    }
    enum status status = stop(owned, device);
    if (status != STATUS_NOT_FOUND && status != STATUS_CONFLICT) {
        report(owned, device, "stopped", "device-stopped", status);
    }
    return status;
}

/* What is reset for the device's sake: itself, and, where that takes a bus, those of it that are stopped too, whatever
 * their own resets are, VFs among them. */
static struct device_set set_around(const struct guest_pci *pci, const struct guest_pci_function *f)
{
    struct device_set set = {.of = {f->device}, .count = 1};
    const struct pci_facts *facts = pci->config.facts;
    const struct pci_function *bridge = pci_parent(facts, f->device->function);
    for (unsigned i = 1; f->device->plan->reset == PCI_RESET_BUS && i < GUEST_PCI_SLOTS; i++) {
        const struct guest_pci_function *other = guest_pci_at(pci, i);
        if (other != NULL && other != f && other->stopped &&
            pci_reset_is_behind(facts, other->device->function, bridge)) {
            set.of[set.count++] = other->device;
        }
    }
    return set;
}

/* Would the device's reset change requester ids under its guest's hands? Those of VFs of another PF, which follow what
 * the device is told (guest/pf_lease.h). Other guests' VFs are out of use by now. */
static bool moves_others(const struct guest_pci *pci, struct sbdf device)
{
    for (unsigned i = 1; i < GUEST_PCI_SLOTS; i++) {
        const struct guest_pci_function *f = guest_pci_at(pci, i);
        const struct pf_lease *lease = f != NULL && !f->stopped && f->device->function->is_vf ? f->device->lease : NULL;
        if (lease != NULL && pf_lease_follows(lease) && sbdf_equal(lease->sriov->ari_at, device)) {
            return true;
        }
    }
    return false;
}

/* Out of every table it is nobody's but ours, so the guest's lock, which would keep interrupts off for the 100 ms and
 * more that a reset takes, is not needed for that. */
static enum status find_stopped(struct vm_owned *owned, struct sbdf device, struct guest_pci_function **out,
                                struct device_set *set)
{
    const struct guest_pci *pci = &owned->vm.platform.pci;
    uint64_t flags = lock_take(&owned->vm.lock);
    struct guest_pci_function *f = guest_pci_find(pci, device);
    enum status status = f == NULL ? STATUS_NOT_FOUND : !f->stopped ? STATUS_CONFLICT : STATUS_OK;
    if (status == STATUS_OK && f->dead) {
        status = STATUS_HARDWARE;
    }
    if (status == STATUS_OK && moves_others(pci, device)) {
        status = STATUS_UNSUPPORTED;
    }
    if (status == STATUS_OK) {
        *set = set_around(pci, f);
        *out = f;
    }
    lock_release(&owned->vm.lock, flags);
    return status;
}

enum status device_return(struct vm_owned *owned, struct sbdf device)
{
    struct guest_pci_function *f = NULL;
    struct device_set set;
    enum status status = find_stopped(owned, device, &f, &set);
    if (status != STATUS_OK) {
        return status;
    }
    struct device_reset reset;
    device_reset_begin(&reset, owned->vm.platform.pci.config.facts, &set);
    device_reset_wait(&reset);
    status = reset.set.status[0];
    if (status == STATUS_OK) {
        uint64_t flags = lock_take(&owned->vm.lock);
        status = guest_pci_function_return(f);
        if (status == STATUS_OK) {
            __atomic_fetch_and(&owned->devices_stopped, ~bit_of(owned, device), __ATOMIC_SEQ_CST);
        }
        lock_release(&owned->vm.lock, flags);
    }
    report(owned, device, "returned", "device-returned", status);
    return status;
}

void device_stop_silent(void *context, uint16_t source)
{
    struct vm_owned *owned = context;
    for (size_t i = 0; i < owned->request.device_count; i++) {
        const struct vm_device *d = &owned->request.devices[i];
        if (d->plan->ats && sbdf_rid(d->function->at) == source) {
            /* A guest that does not run any more gives it up anyway. */
            enum status status = vm_order_device(owned, d->function->at, true);
            log_debug("guest: name=%s its device with a silent TLB is to be stopped: %s", owned->vm.name,
                      status_text(status));
        }
    }
}

bool device_is_stopped(const struct vm_owned *owned, struct sbdf device)
{
    return (__atomic_load_n(&owned->devices_stopped, __ATOMIC_SEQ_CST) & bit_of(owned, device)) != 0;
}

/* No event: whoever starts the guest anew whenever one of its devices is stopped would do so for ever. */
enum status device_stop_again(struct vm_owned *owned)
{
    enum status result = STATUS_OK;
    for (size_t i = 0; i < owned->request.device_count; i++) {
        struct sbdf device = owned->request.devices[i].function->at;
        if (device_is_stopped(owned, device)) {
            char text[SBDF_TEXT_SIZE];
            enum status status = stop(owned, device);
            log_info("guest: name=%s device=%s stays stopped: %s", owned->vm.name, sbdf_text(device, text),
                     status_text(status));
            result = result == STATUS_OK ? status : result;
        }
    }
    return result;
}
