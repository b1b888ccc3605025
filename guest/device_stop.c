/* SPDX-License-Identifier: GPL-2.0-only
 * Devices stopped and returned. */
#include "guest/device_stop.h"

#include "guest/device_reset.h"
#include "kernel/core/log.h"

/* The lock is held. */
static enum status stop_locked(struct vm_owned *owned, struct sbdf device)
{
    struct guest_pci_function *f = guest_pci_find(&owned->vm.platform.pci, device);
    if (f == NULL) {
        return STATUS_NOT_FOUND;
    }
    return f->stopped ? STATUS_CONFLICT : guest_pci_function_stop(f);
}

static void report(const struct vm_owned *owned, struct sbdf device, const char *what, enum status status)
{
    char text[SBDF_TEXT_SIZE];
    sbdf_text(device, text);
    if (status == STATUS_OK) {
        log_warn("guest: name=%s device=%s %s", owned->vm.name, text, what);
    } else {
        log_error("guest: name=%s device=%s %s: %s", owned->vm.name, text, what, status_text(status));
    }
}

enum status device_stop(struct vm_owned *owned, struct sbdf device)
{
    uint64_t flags = lock_take(&owned->vm.lock);
    enum status status = stop_locked(owned, device);
    lock_release(&owned->vm.lock, flags);
    if (status != STATUS_NOT_FOUND && status != STATUS_CONFLICT) {
        report(owned, device, "stopped", status);
    }
    return status;
}

/* What is reset for the device's sake: itself, and, where that takes a bus, those of it that are stopped too. */
static struct device_set set_around(const struct guest_pci *pci, const struct guest_pci_function *f)
{
    struct device_set set = {.of = {f->device}, .count = 1};
    for (unsigned i = 1; f->device->plan->reset == PCI_RESET_BUS && i < GUEST_PCI_SLOTS; i++) {
        const struct guest_pci_function *other = guest_pci_at(pci, i);
        if (other != NULL && other != f && other->stopped && other->device->plan->reset == PCI_RESET_BUS) {
            set.of[set.count++] = other->device;
        }
    }
    return set;
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
    device_reset_all(owned->vm.platform.pci.config.facts, &set);
    status = set.status[0];
    if (status == STATUS_OK) {
        uint64_t flags = lock_take(&owned->vm.lock);
        status = guest_pci_function_return(f);
        lock_release(&owned->vm.lock, flags);
    }
    report(owned, device, "returned", status);
    return status;
}

bool device_is_stopped(struct vm_owned *owned, struct sbdf device)
{
    uint64_t flags = lock_take(&owned->vm.lock);
    const struct guest_pci_function *f = guest_pci_find(&owned->vm.platform.pci, device);
    bool stopped = f != NULL && f->stopped;
    lock_release(&owned->vm.lock, flags);
    return stopped;
}
