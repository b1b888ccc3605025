/* SPDX-License-Identifier: GPL-2.0-only
 * A guest taken apart. Nothing that a device or a unit could still reach is given back: first everything is withdrawn,
 * then memory goes. */
#include "guest/vm_destroy.h"

#include "guest/assign.h"
#include "guest/vm_vfs.h"
#include "kernel/core/log.h"
#include "kernel/core/pages.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"

/* No place of the bus is left, in use or dead. */
static bool is_empty(const struct guest_pci *pci)
{
    for (unsigned i = 1; i < GUEST_PCI_SLOTS; i++) {
        if (pci->functions[i] != NULL) {
            return false;
        }
    }
    return true;
}

static bool withdraw(struct vm_owned *owned)
{
    enum status each[GUEST_PCI_SLOTS];
    const struct vm_request *r = &owned->request;
    struct guest_pci *pci = &owned->vm.platform.pci;
    size_t count = r->device_count < GUEST_PCI_SLOTS ? r->device_count : GUEST_PCI_SLOTS;
    if (pci->functions[0] != NULL) {
        assign_detach(pci, r->devices, count, each);
    }
    vm_vfs_leave(owned);
    return is_empty(pci) && (!owned->has_domain || vtd_domain_destroy(&owned->domain) == STATUS_OK);
}

/* Emulated functions have no memory but their view of configuration space. */
static void free_bus(struct guest_pci *pci)
{
    for (unsigned i = 0; i <= GUEST_PCI_DEVICES; i++) {
        if (pci->emulated[i] != NULL) {
            pci_emulated_free(pci->emulated[i]);
        }
        pci->emulated[i] = NULL;
    }
    if (pci->functions[0] != NULL) {
        guest_pci_free(pci);
    }
}

static void free_page(struct hpa *page)
{
    if (page->v != 0) {
        pages_free(*page, PAGE_SIZE);
    }
    *page = hpa(0);
}

static void free_cpus(struct vm *vm)
{
    if (vm->cpus == NULL) {
        return;
    }
    for (unsigned i = 0; i < vm->cpu_count; i++) {
        free_page(&vm->cpus[i].lapic_page);
    }
    pages_free(virt_to_phys(vm->cpus), align_up(sizeof(struct vm_cpu) * vm->cpu_count, PAGE_SIZE));
    vm->cpus = NULL;
}

static void free_tables(struct vm_owned *owned)
{
    struct vm *vm = &owned->vm;
    if (!owned->has_domain && owned->domain.tables.table_pages != 0) { /* made in part */
        radix_free(&owned->domain.tables);
    }
    owned->has_domain = false;
    if (vm->nested.table_pages != 0) {
        radix_free(&vm->nested);
    }
    free_page(&vm->apic_access);
}

bool vm_destroy(struct vm_owned *owned)
{
    if (!withdraw(owned)) {
        log_error("guest: name=%s: a device or its unit did not confirm that it was withdrawn: its memory is not used "
                  "again until the machine is reset",
                  owned->vm.name);
        owned->lost = true;
        return false;
    }
    free_bus(&owned->vm.platform.pci);
    free_tables(owned);
    free_cpus(&owned->vm);
    return true;
}
