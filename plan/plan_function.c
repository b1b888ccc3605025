/* SPDX-License-Identifier: GPL-2.0-only
 * Rules about one function. */
#include "plan/plan_function.h"

#include "plan/plan_vmd.h"

#define BASE_CLASS_BRIDGE 0x06
#define CLASS_INTERRUPT_CONTROLLER 0x0800
#define CLASS_IOMMU 0x0806

struct faults {
    struct plan_fault *out;
    size_t count;
};

static void add(struct faults *faults, enum plan_devices_diag code, const char *what, const char *fix)
{
    faults->out[faults->count++] = (struct plan_fault){code, what, fix};
}

bool plan_function_is_free(const struct pci_function *f)
{
    return f->bridge || f->is_vmd_child;
}

bool plan_function_has_messages(const struct pci_function *f)
{
    return f->cap.msi != 0 || f->cap.msix != 0;
}

/* What is no device at all: everything else about it is beside the point. */
static bool add_kind(struct faults *faults, const struct pci_function *f)
{
    if (f->bridge || f->class_code >> 16 == BASE_CLASS_BRIDGE) {
        add(faults, PLAN_DEVICES_BRIDGE, "is a bridge", "name the device behind it");
    } else if (f->is_vmd_child) {
        add(faults, PLAN_DEVICES_CHILD, "is behind a VMD endpoint, and goes with that", "name the endpoint");
    } else if (pci_class(f) == CLASS_INTERRUPT_CONTROLLER || pci_class(f) == CLASS_IOMMU) {
        add(faults, PLAN_DEVICES_PLATFORM, "belongs to the machine's interrupts or remapping units",
            "choose another device");
    }
    return faults->count != 0;
}

static void add_blocked(struct faults *faults, const struct pci_function *f)
{
    if ((f->blocked & (uint32_t)PCI_BLOCKED_BARS) != 0) {
        add(faults, PLAN_DEVICES_BLOCKED, "is blocked: a BAR of it overlaps memory, the platform or another BAR",
            "update the firmware; a note above says which BAR");
    } else if (f->blocked != 0 || f->header != 0) {
        add(faults, PLAN_DEVICES_BLOCKED,
            "is blocked: what it or the bridges above say about themselves cannot be trusted",
            "update the firmware; a note above says why");
    }
}

static bool is_memory(const struct pci_bar *bar)
{
    return (bar->kind == PCI_BAR_MEM32 || bar->kind == PCI_BAR_MEM64) && bar->size != 0;
}

static void add_bars(struct faults *faults, const struct pci_function *f, uint16_t console)
{
    bool unset = false;
    bool serial = false;
    for (unsigned i = 0; i < PCI_BARS; i++) {
        const struct pci_bar *bar = &f->bars[i];
        unset = unset || (is_memory(bar) && !bar->assigned);
        serial = serial || (bar->kind == PCI_BAR_IO && console != 0 && console >= bar->address &&
                            console - bar->address < bar->size);
    }
    if (unset && !vmd_is_endpoint(f)) { /* of those it was said with more words */
        add(faults, PLAN_DEVICES_BAR_UNSET, "has a BAR that firmware gave no address",
            "give the machine's firmware room for its BARs (or update it)");
    }
    if (serial) {
        add(faults, PLAN_DEVICES_CONSOLE, "is the serial port of the hypervisor's own console",
            "move the console to another port, or choose another device");
    }
}

size_t plan_function_faults(const struct plan_facts *facts, uint32_t function, bool has_unit,
                            struct plan_fault out[PLAN_FAULTS_MAX])
{
    const struct pci_function *f = &facts->machine->pci.functions[function];
    struct faults faults = {.out = out};
    if (add_kind(&faults, f)) {
        return faults.count;
    }
    if (!has_unit) {
        add(&faults, PLAN_DEVICES_NO_UNIT, "is covered by no remapping unit: its DMA could not be confined",
            "choose a device that a remapping unit covers; update the firmware");
    }
    add_blocked(&faults, f);
    if (plan_vmd_fault(facts->machine, function, &faults.out[faults.count])) {
        faults.count++;
    }
    add_bars(&faults, f, facts->console_port);
    return faults.count;
}
