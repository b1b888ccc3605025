/* SPDX-License-Identifier: GPL-2.0-only
 * Refusal rules for assigned functions. Until groups are planned, only functions that are alone by construction pass.
 */
#include "plan/assign_check.h"

#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"

#define BASE_CLASS_BRIDGE 0x06

struct check {
    const struct machine *m;
    const struct assign_limits *limits;
    const struct assign_request *requests;
    size_t count;
    struct diag_list *diags;
};

static void refuse(const struct check *c, const struct assign_request *r, unsigned code, const char *fix,
                   const char *what)
{
    char text[SBDF_TEXT_SIZE];
    diag_add(c->diags, (uint16_t)code, DIAG_ERROR, r->where, fix, "%s %s", sbdf_text(r->function, text), what);
}

static size_t count_behind(const struct machine *m, uint32_t bridge)
{
    size_t count = 0;
    for (size_t i = 0; i < m->pci.count; i++) {
        count += m->pci.functions[i].parent == bridge;
    }
    return count;
}

static bool shares_device(const struct machine *m, const struct pci_function *f)
{
    for (size_t i = 0; i < m->pci.count; i++) {
        const struct pci_function *other = &m->pci.functions[i];
        if (other != f && (other->at.v | 7) == (f->at.v | 7)) {
            return true;
        }
    }
    return f->multifunction || sbdf_function(f->at) != 0;
}

/* Where it sits: nobody else can send with its address, and nobody else is reset with it. */
static void check_place(const struct check *c, const struct assign_request *r, const struct pci_function *f)
{
    if (f->bridge || f->header != 0 || f->class_code >> 16 == BASE_CLASS_BRIDGE) {
        refuse(c, r, PLAN_DEVICES_BRIDGE, "name the device behind it", "is a bridge");
        return;
    }
    if (shares_device(c->m, f)) {
        refuse(c, r, ASSIGN_DIAG_MULTIFUNCTION, "choose a device with one function",
               "is one function of several in its device, which may reach each other");
        return;
    }
    /* Alone in its device on the root bus: nothing stands between it and the unit, so it is a group of its own. */
    if (f->parent == PCI_NO_INDEX && (f->express == PCI_EXPRESS_NONE || f->express == PCI_EXPRESS_RC_ENDPOINT)) {
        return;
    }
    const struct pci_function *port = pci_parent(&c->m->pci, f);
    bool endpoint = f->express == PCI_EXPRESS_ENDPOINT || f->express == PCI_EXPRESS_LEGACY_ENDPOINT;
    if (!endpoint || port == NULL || port->express != PCI_EXPRESS_ROOT_PORT || port->parent != PCI_NO_INDEX) {
        refuse(c, r, ASSIGN_DIAG_PLACE, "put the device into a slot of its own (under QEMU: behind a pcie-root-port)",
               "is not a PCI Express endpoint directly behind a root port");
    } else if (count_behind(c->m, f->parent) != 1) {
        refuse(c, r, ASSIGN_DIAG_SHARED_PORT, "put the device into a slot of its own",
               "shares its root port with other functions");
    }
}

static void check_isolation(const struct check *c, const struct assign_request *r, const struct pci_function *f)
{
    size_t unit = 0;
    if (machine_unit_of(c->m, f->at, &unit) != STATUS_OK) {
        refuse(c, r, PLAN_DEVICES_NO_UNIT, "choose a device that a remapping unit covers; update the firmware",
               "is covered by no remapping unit: its DMA could not be confined");
    }
    if ((f->blocked & (uint32_t)PCI_BLOCKED_BARS) != 0) {
        refuse(c, r, PLAN_DEVICES_BLOCKED, "update the firmware; a note above says which BAR",
               "is blocked: a BAR of it overlaps memory, the platform or another BAR");
    } else if (f->blocked != 0) {
        refuse(c, r, PLAN_DEVICES_BLOCKED, "update the firmware; a note above says why",
               "is blocked: what it or the bridges above say about themselves cannot be trusted");
    }
    if (machine_has_reserved_memory(c->m, f->at)) {
        refuse(c, r, PLAN_DEVICES_RESERVED, "choose another device, or turn the firmware's use of it off in its setup",
               "has memory that firmware reserves for it (RMRR)");
    }
}

static bool is_memory(const struct pci_bar *bar)
{
    return (bar->kind == PCI_BAR_MEM32 || bar->kind == PCI_BAR_MEM64) && bar->size != 0;
}

static void check_bars(const struct check *c, const struct assign_request *r, const struct pci_function *f)
{
    for (unsigned i = 0; i < PCI_BARS; i++) {
        const struct pci_bar *bar = &f->bars[i];
        uint16_t port = c->limits->console_port;
        if (is_memory(bar) && bar->size < PAGE_SIZE) {
            refuse(c, r, PLAN_DEVICES_PAGE_SHARED, "choose another device",
                   "has a BAR smaller than a page: other registers share its page");
        } else if (is_memory(bar) && !bar->assigned) {
            refuse(c, r, PLAN_DEVICES_BAR_UNSET, "give the machine's firmware room for its BARs (or update it)",
                   "has a BAR that firmware gave no address");
        }
        if (bar->kind == PCI_BAR_IO && port != 0 && port >= bar->address && port - bar->address < bar->size) {
            refuse(c, r, PLAN_DEVICES_CONSOLE, "move the console to another port, or choose another device",
                   "is the serial port of the hypervisor's own console");
        }
    }
}

static void refuse_line(const struct check *c, const struct assign_request *r, unsigned code, const char *fix,
                        const char *what)
{
    char text[SBDF_TEXT_SIZE];
    diag_add(c->diags, (uint16_t)code, DIAG_ERROR, r->gsi_where, fix, "%s: GSI %u %s", sbdf_text(r->function, text),
             r->gsi, what);
}

static bool shares_line(const struct check *c, const struct assign_request *r)
{
    for (const struct assign_request *other = c->requests; other != r; other++) {
        if (other->gsi_where != NULL && other->gsi == r->gsi) {
            return true;
        }
    }
    return false;
}

static void check_line(const struct check *c, const struct assign_request *r, const struct pci_function *f)
{
    if (f->interrupt_pin == 0) {
        refuse_line(c, r, PLAN_DEVICES_NO_PIN, "leave gsi out", "is given, but the device has no INTx#");
    } else if (r->gsi == c->limits->console_gsi) {
        refuse_line(c, r, PLAN_DEVICES_LINE_SHARED, "move the console to another port, or choose another device",
                    "is the line of the hypervisor's own console");
    } else if (!r->gsi_reachable) {
        refuse_line(c, r, PLAN_DEVICES_NO_LINE, "write the line that Linux on this machine shows in /proc/interrupts",
                    "is on no I/O APIC whose interrupts are remapped");
    }
    if (shares_line(c, r)) {
        refuse_line(c, r, PLAN_DEVICES_LINE_SHARED, "assign only one of the two, or leave gsi out where there is MSI",
                    "is the line of another assigned device");
    }
}

static void note_without_interrupt(const struct check *c, const struct assign_request *r, const struct pci_function *f)
{
    char text[SBDF_TEXT_SIZE], fix[DIAG_TEXT_SIZE];
    if (f->cap.msi != 0 || f->cap.msix != 0 || f->interrupt_pin == 0) {
        return;
    }
    format_text(fix, sizeof(fix), "add [device.\"%s\"] and gsi = N; Linux on this machine shows N in /proc/interrupts",
                sbdf_text(r->function, text));
    diag_add(c->diags, PLAN_DEVICES_NO_INTERRUPT, DIAG_WARNING, r->where, fix,
             "%s has no MSI: its guest gets no interrupt from it", text);
}

static void check_function(const struct check *c, const struct assign_request *r)
{
    const struct pci_function *f = pci_find(&c->m->pci, r->function);
    if (f == NULL) {
        refuse(c, r, PLAN_DEVICES_ABSENT, "take an address from the inventory in the log", "is not in this machine");
        return;
    }
    check_place(c, r, f);
    check_isolation(c, r, f);
    check_bars(c, r, f);
    if (r->gsi_where == NULL) {
        note_without_interrupt(c, r, f);
    } else {
        check_line(c, r, f);
    }
}

static void check_twice(const struct check *c, size_t index)
{
    const struct assign_request *r = &c->requests[index];
    for (size_t i = 0; i < index; i++) {
        const struct assign_request *first = &c->requests[i];
        char text[SBDF_TEXT_SIZE];
        if (sbdf_equal(first->function, r->function)) {
            diag_add(c->diags, PLAN_DEVICES_TWICE, DIAG_ERROR, r->where, "name each device once",
                     "%s is given already, at %s", sbdf_text(r->function, text), first->where);
            return;
        }
    }
}

/* Where the next BAR of a guest goes, as guest/pci_bar.c will place it; offsets into its windows. */
struct placement {
    uint64_t low, high;
};

/* Aligned and whole below limit: *next moves on. No sum wraps: limit and *next are at most 2^63. */
static bool take(uint64_t *next, uint64_t size, uint64_t limit)
{
    if (size > limit || *next > limit - size) {
        return false;
    }
    uint64_t at = align_up(*next, size);
    if (at > limit - size) {
        return false;
    }
    *next = at + size;
    return true;
}

static bool place(const struct check *c, struct placement *p, const struct pci_bar *bar)
{
    if (!is_memory(bar) || take(&p->low, bar->size, c->limits->low_bytes)) {
        return true;
    }
    return bar->kind == PCI_BAR_MEM64 && take(&p->high, bar->size, c->limits->high_bytes);
}

/* The request at `last`, after all earlier ones of the same guest. */
static void check_room(const struct check *c, size_t last)
{
    const struct assign_request *r = &c->requests[last];
    struct placement p = {0};
    size_t functions = 0;
    bool fits = true;
    for (size_t i = 0; i <= last; i++) {
        const struct pci_function *f = pci_find(&c->m->pci, c->requests[i].function);
        if (c->requests[i].guest != r->guest || f == NULL) {
            continue;
        }
        functions++;
        for (unsigned b = 0; b < PCI_BARS; b++) {
            fits = place(c, &p, &f->bars[b]) && fits;
        }
    }
    if (!fits) {
        refuse(c, r, PLAN_DEVICES_BAR_FIT, "give the guest fewer devices or ones with smaller BARs",
               "has BARs that do not fit what is left of its guest's address space for devices");
    }
    if (functions > c->limits->functions_max) {
        refuse(c, r, PLAN_DEVICES_TOO_MANY, "give the guest fewer devices",
               "is one more than a guest's PCI bus has places for");
    }
}

enum status assign_check(const struct machine *m, const struct assign_limits *limits,
                         const struct assign_request *requests, size_t count, struct diag_list *diags)
{
    const struct check c = {.m = m, .limits = limits, .requests = requests, .count = count, .diags = diags};
    size_t errors = diags->errors;
    for (size_t i = 0; i < count; i++) {
        check_function(&c, &requests[i]);
        check_twice(&c, i);
        check_room(&c, i);
        if (!limits->remapping) {
            refuse(&c, &requests[i], PLAN_DEVICES_NO_REMAPPING,
                   "turn on interrupt remapping in the firmware's setup (under QEMU: intel-iommu,intremap=on)",
                   "cannot be given away: interrupts are not remapped, so it could send any interrupt to any CPU");
        }
    }
    return diags->errors == errors ? STATUS_OK : STATUS_UNSUPPORTED;
}
