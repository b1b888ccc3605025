/* SPDX-License-Identifier: GPL-2.0-only
 * Devices given and taken back. */
#include "guest/assign.h"

#include "drivers/pci_ready.h"

static struct device_set set_of(const struct vm_device *devices, size_t count)
{
    struct device_set set = {.count = count};
    for (size_t i = 0; i < count; i++) {
        set.of[i] = &devices[i];
    }
    return set;
}

/* The first that failed; of those that share a bus rather one that does not answer. */
static enum status first_failure(const struct device_set *set, size_t *failed)
{
    enum status result = STATUS_OK;
    for (size_t i = 0; i < set->count; i++) {
        bool worse = set->status[i] != STATUS_OK && result != STATUS_OK && pci_ready(set->of[*failed]->function) &&
                     !pci_ready(set->of[i]->function);
        if (set->status[i] != STATUS_OK && (result == STATUS_OK || worse)) {
            *failed = i;
            result = set->status[i];
        }
    }
    return result;
}

/* Into the domain while it can send nothing, then its registers to the guest. */
static enum status join(struct guest_pci *pci, struct guest_pci_function *f)
{
    enum status status = guest_sources_attach(&pci->sources, f->device);
    if (status != STATUS_OK) {
        return status;
    }
    f->attached = true;
    status = guest_pci_function_translate(f);
    return status == STATUS_OK ? guest_pci_function_map(f) : status;
}

/* It was reset. */
static enum status attach_one(struct guest_pci *pci, const struct vm_device *device)
{
    struct guest_pci_function *f = NULL;
    enum status status = guest_pci_add(pci, device, &f);
    if (status != STATUS_OK) {
        return status;
    }
    status = device->plan->rom ? guest_pci_function_rom(f) : STATUS_OK;
    status = status == STATUS_OK ? join(pci, f) : status;
    status = status == STATUS_OK && device->line.io != NULL ? guest_pci_function_line(f, &device->line) : status;
    if (status != STATUS_OK) {
        enum status undone = guest_pci_function_withdraw(f);
        guest_pci_remove(pci, f);
        return undone == STATUS_OK ? status : undone;
    }
    guest_pci_function_restart(f);
    return STATUS_OK;
}

void assign_attach_begin(struct guest_pci *pci, const struct vm_device *devices, size_t count,
                         struct device_reset *reset)
{
    struct device_set set = set_of(devices, count);
    device_reset_begin(reset, pci->config.facts, &set);
}

enum status assign_attach_end(struct guest_pci *pci, const struct vm_device *devices, size_t count,
                              const struct device_reset *reset, size_t *failed)
{
    *failed = GUEST_PCI_ASSIGNED_MAX;
    enum status status = first_failure(&reset->set, failed);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = attach_one(pci, &devices[i]);
        *failed = i;
    }
    if (status != STATUS_OK) {
        enum status each[GUEST_PCI_SLOTS];
        assign_detach(pci, devices, count, each);
    }
    return status;
}

static enum status withdraw(struct guest_pci *pci, const struct vm_device *device)
{
    struct guest_pci_function *f = guest_pci_find(pci, device->function->at);
    enum status status = guest_pci_function_withdraw(f);
    guest_pci_remove(pci, f);
    return status;
}

/* Those of the devices that each[] does not call NOT_FOUND. */
static struct device_set found_of(const struct vm_device *devices, size_t count, const enum status *each,
                                  size_t places[GUEST_PCI_SLOTS])
{
    struct device_set found = {0};
    for (size_t i = 0; i < count && found.count < GUEST_PCI_SLOTS; i++) {
        if (each[i] != STATUS_NOT_FOUND) {
            places[found.count] = i;
            found.of[found.count++] = &devices[i];
        }
    }
    return found;
}

void assign_withdraw(struct guest_pci *pci, const struct vm_device *devices, size_t count, enum status *each)
{
    size_t places[GUEST_PCI_SLOTS] = {0};
    for (size_t i = 0; i < count; i++) {
        each[i] = guest_pci_find(pci, devices[i].function->at) != NULL ? STATUS_OK : STATUS_NOT_FOUND;
    }
    struct device_set found = found_of(devices, count, each, places);
    for (size_t i = 0; i < found.count; i++) {
        guest_pci_function_quiet(guest_pci_find(pci, found.of[i]->function->at));
    }
    device_reset_quiet(pci->config.facts, &found);
    for (size_t i = 0; i < found.count; i++) {
        each[places[i]] = withdraw(pci, found.of[i]);
    }
}

void assign_reset_begin(struct guest_pci *pci, const struct vm_device *devices, size_t count, const enum status *each,
                        struct device_reset *reset)
{
    size_t places[GUEST_PCI_SLOTS] = {0};
    struct device_set found = found_of(devices, count, each, places);
    device_reset_begin(reset, pci->config.facts, &found);
}

void assign_reset_end(const struct vm_device *devices, size_t count, const struct device_reset *reset,
                      enum status *each)
{
    size_t places[GUEST_PCI_SLOTS] = {0};
    struct device_set found = found_of(devices, count, each, places);
    for (size_t i = 0; i < found.count; i++) {
        each[places[i]] = each[places[i]] == STATUS_OK ? reset->set.status[i] : each[places[i]];
    }
}

void assign_detach(struct guest_pci *pci, const struct vm_device *devices, size_t count, enum status *each)
{
    struct device_reset reset;
    assign_withdraw(pci, devices, count, each);
    assign_reset_begin(pci, devices, count, each, &reset);
    device_reset_wait(&reset);
    assign_reset_end(devices, count, &reset, each);
}
