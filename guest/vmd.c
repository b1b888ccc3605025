/* SPDX-License-Identifier: GPL-2.0-only
 * VMD endpoints in guests (Linux, drivers/pci/controller/vmd.c, says what a driver looks for). */
#include "guest/vmd.h"

#include "drivers/pci_regs.h"
#include "kernel/core/log.h"
#include "kernel/core/mmio_map.h"
#include "kernel/core/pages.h"
#include "kernel/hw/pci_config.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

#define LOCK_KEPT 0x1u /* of VMLOCK: whether firmware locked it */
#define CAP_AT 0xe8u   /* where hypervisors put it; the endpoint's own end before */
#define CAP_BYTES 24u
#define CAP_VERSION 1u
#define CAP_SIGNATURE UINT32_C(0x53484457) /* "SHDW" */

/* --- life */

static bool is_child(const struct vmd_domain *d, const struct pci_function *f)
{
    return f->is_vmd_child && f->vmd == d->endpoint && sbdf_segment(f->at) == d->segment && f->header <= 1;
}

static size_t count_children(const struct pci_facts *facts, const struct vmd_domain *d)
{
    size_t count = 0;
    for (size_t i = 0; i < facts->count; i++) {
        count += is_child(d, &facts->functions[i]);
    }
    return count;
}

/* Among those that are there already: the facts list bridges before what is behind them. */
static uint32_t parent_among(const struct guest_vmd_bus *bus, const struct pci_function *bridge)
{
    for (uint32_t i = 0; bridge != NULL && i < bus->count; i++) {
        if (bus->children[i].host == bridge) {
            return i;
        }
    }
    return GUEST_VMD_ROOT;
}

static void add_children(struct guest_vmd *v, const struct pci_facts *facts)
{
    for (size_t i = 0; i < facts->count; i++) {
        const struct pci_function *f = &facts->functions[i];
        uint32_t parent = parent_among(&v->bus, pci_parent(facts, f));
        bool on_first = sbdf_bus(f->at) == v->domain->first_bus;
        if (is_child(v->domain, f) && (parent != GUEST_VMD_ROOT || on_first)) {
            guest_vmd_child_make(&v->bus.children[v->bus.count++], v->domain, f, parent);
        }
    }
}

/* CFGBAR whole, and all of MEMBAR2 that no child decodes. */
static enum status trap(struct guest_bar bars[PCI_BARS], struct guest_msix *msix, const struct vmd_domain *d)
{
    struct guest_bar *config = &bars[VMD_CFGBAR];
    struct guest_bar *own = &bars[VMD_MEMBAR2];
    uint64_t end = d->memory[1].size != 0 ? d->memory[1].start - own->host.v : own->size;
    if (end < msix->trap_end || end > own->size || !is_aligned(end, PAGE_SIZE)) {
        return STATUS_UNSUPPORTED;
    }
    enum status status = mmio_map(own->host, end);
    if (status == STATUS_OK) {
        config->trap_start = own->trap_start = msix->trap_start = 0;
        config->trap_end = config->size;
        own->trap_end = msix->trap_end = end;
    }
    return status;
}

static enum status check(const struct vmd_domain *d, const struct guest_bar bars[PCI_BARS],
                         const struct guest_msix *msix)
{
    bool there = bars[VMD_CFGBAR].kind != PCI_BAR_NONE && bars[VMD_MEMBAR1].kind != PCI_BAR_NONE &&
                 bars[VMD_MEMBAR2].kind != PCI_BAR_NONE;
    if (!d->usable || !there || msix->host == NULL || msix->table.table_bar != VMD_MEMBAR2) {
        return STATUS_UNSUPPORTED;
    }
    bool same =
        bars[VMD_MEMBAR1].address == bars[VMD_MEMBAR1].host.v && bars[VMD_MEMBAR2].address == bars[VMD_MEMBAR2].host.v;
    return same && (d->flags & VMD_CAN_BYPASS) != 0 ? STATUS_CONFLICT : STATUS_OK;
}

/* What the user is to change. */
static const char *fix_of(const struct vmd_domain *d, enum status status)
{
    if (status == STATUS_NO_MEMORY) {
        return "leave more memory to the hypervisor: give guests less";
    }
    if (status == STATUS_CONFLICT) {
        return "in firmware's setup change the size of VMD's MEMBAR1, so that it has another address";
    }
    return vmd_fault_fix(d->usable ? VMD_FAULT_MSIX : d->fault);
}

enum status guest_vmd_make(struct guest_vmd **out, const struct pci_facts *facts, const struct vm_device *device,
                           struct guest_bar bars[PCI_BARS], struct guest_msix *msix)
{
    struct hpa at;
    const struct vmd_domain *d = device->vmd;
    size_t count = count_children(facts, d);
    uint64_t bytes = align_up(sizeof(struct guest_vmd) + count * sizeof(struct guest_vmd_child), PAGE_SIZE);
    enum status status = check(d, bars, msix);
    status = status == STATUS_OK ? trap(bars, msix, d) : status;
    status = status == STATUS_OK ? pages_alloc_block(bytes, PAGE_SIZE, UINT64_MAX, &at) : status;
    if (status != STATUS_OK) {
        char text[SBDF_TEXT_SIZE];
        log_error("vmd: %s: cannot be given: %s; %s", sbdf_text(device->function->at, text), status_text(status),
                  fix_of(d, status));
        return status;
    }
    struct guest_vmd *v = phys_to_virt(at);
    memset(v, 0, bytes);
    *v = (struct guest_vmd){.domain = d, .device = device, .bars = bars, .msix = msix, .bytes = bytes};
    v->bus.domain = d;
    v->bus.children = (struct guest_vmd_child *)(v + 1);
    add_children(v, facts);
    guest_vmd_reset(v);
    *out = v;
    return STATUS_OK;
}

void guest_vmd_free(struct guest_vmd *v)
{
    if (v != NULL) {
        pages_free(virt_to_phys(v), v->bytes);
    }
}

static void quiet_all(struct guest_vmd *v)
{
    for (size_t i = v->bus.count; i-- > 0;) {
        struct sbdf at;
        struct guest_vmd_child *c = &v->bus.children[i];
        if (guest_vmd_buses_place(&v->bus, c, &at) && guest_vmd_child_quiet(c, at)) {
            guest_vmd_buses_reset_behind(&v->bus, c);
        }
    }
}

/* The numbers of the start once more: what bridges hold may be another user's. And silence once more: numbers that the
 * guest took away may have hidden some before. */
void guest_vmd_reset(struct guest_vmd *v)
{
    quiet_all(v);
    for (size_t i = 0; i < v->bus.count; i++) {
        guest_vmd_child_reset(&v->bus.children[i]);
    }
    guest_vmd_buses_settle(&v->bus);
    quiet_all(v);
}

static bool is_pending(const struct guest_vmd *v, const struct guest_vmd_child *c)
{
    struct sbdf at;
    if (c->host->cap.express == 0 || guest_vmd_child_is_silent(c) || !guest_vmd_buses_place(&v->bus, c, &at)) {
        return false;
    }
    uint16_t status = pci_config_read16(at, (uint16_t)(c->host->cap.express + PCI_EXP_DEVSTA));
    return status != UINT16_MAX && (status & PCI_DEVSTA_PENDING) != 0;
}

bool guest_vmd_is_busy(const struct guest_vmd *v)
{
    for (size_t i = 0; i < v->bus.count; i++) {
        if (is_pending(v, &v->bus.children[i])) {
            return true;
        }
    }
    return false;
}

/* --- the endpoint's configuration space */

static bool is_unused(const struct pci_view *view, unsigned at)
{
    for (unsigned i = at; i < at + CAP_BYTES; i++) {
        if (view->value[i] != 0 || view->writable[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Behind the chain's last one; nothing that the tables let through is vendor-specific in an endpoint of Intel's. */
static void link_cap(struct pci_view *view, unsigned at)
{
    unsigned link = PCI_CAPABILITIES;
    for (unsigned hops = 0; view->value[link] != 0 && hops < PCI_VIEW_SIZE / 16; hops++) {
        link = view->value[link] + 1u;
    }
    view->value[link] = (uint8_t)at;
    view->value[PCI_STATUS] |= PCI_STATUS_CAPABILITIES;
}

static uint64_t raw_bar(const struct guest_vmd *v, unsigned bar)
{
    const struct pci_bar *b = &v->device->function->bars[bar];
    return b->address | (b->kind == PCI_BAR_MEM64 ? 0x4u : 0) | (b->prefetchable ? 0x8u : 0);
}

static void show_cap(const struct guest_vmd *v, struct pci_view *view)
{
    unsigned at = CAP_AT;
    while (at > 0x78 && !is_unused(view, at)) {
        at -= 4;
    }
    if (!is_unused(view, at)) {
        char text[SBDF_TEXT_SIZE];
        log_warn("vmd: %s: no room for the capability that tells its guest where it is",
                 sbdf_text(v->device->function->at, text));
        return;
    }
    link_cap(view, at);
    pci_view_set(view, (uint16_t)at, 4, PCI_CAP_VENDOR | CAP_BYTES << 16 | CAP_VERSION << 24);
    pci_view_set(view, (uint16_t)(at + 4), 4, CAP_SIGNATURE);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t raw = raw_bar(v, i == 0 ? VMD_MEMBAR1 : VMD_MEMBAR2);
        pci_view_set(view, (uint16_t)(at + 8 + 8 * i), 4, (uint32_t)raw);
        pci_view_set(view, (uint16_t)(at + 12 + 8 * i), 4, (uint32_t)(raw >> 32));
    }
}

void guest_vmd_show(const struct guest_vmd *v, struct pci_view *view)
{
    struct sbdf at = v->device->function->at;
    bool native = (v->domain->flags & VMD_NATIVE_SHADOW) != 0;
    pci_view_set(view, VMD_CAP, 2, pci_config_read16(at, VMD_CAP));
    pci_view_set(view, VMD_CONFIG, 2, pci_config_read16(at, VMD_CONFIG) & ~VMD_CONFIG_BYPASS);
    pci_view_set(view, VMD_LOCK, 2, (pci_config_read16(at, VMD_LOCK) & LOCK_KEPT) | (native ? VMD_LOCK_SHADOW : 0));
    if (!native) {
        show_cap(v, view);
    }
}

/* --- MEMBAR2's first pages: table, pending bits, shadow registers */

static bool touches(uint64_t offset, unsigned width, uint64_t start, uint64_t bytes)
{
    return offset < start + bytes && offset + width > start;
}

static uint64_t shadow_read(const struct guest_vmd *v, uint64_t offset, unsigned width)
{
    const uint64_t addresses[2] = {v->bars[VMD_MEMBAR1].host.v, v->bars[VMD_MEMBAR2].host.v};
    uint64_t value = 0;
    for (unsigned i = 0; i < width; i++) {
        uint64_t byte = offset + i - VMD_SHADOW_OFFSET;
        uint64_t of = byte < VMD_SHADOW_BYTES ? addresses[byte / 8] >> (8 * (byte % 8)) & 0xff : 0;
        value |= of << (8 * i);
    }
    return value;
}

static uint64_t own_read(struct guest_vmd *v, uint64_t offset, unsigned width)
{
    bool native = (v->domain->flags & VMD_NATIVE_SHADOW) != 0;
    return native && touches(offset, width, VMD_SHADOW_OFFSET, VMD_SHADOW_BYTES)
               ? shadow_read(v, offset, width)
               : guest_msix_read(v->msix, offset, width);
}

/* Nothing but the table is the guest's to write. */
static void own_write(struct guest_vmd *v, uint64_t offset, unsigned width, uint64_t value)
{
    const struct msix_table *t = &v->msix->table;
    if (touches(offset, width, t->table_offset, (uint64_t)t->count * MSIX_ENTRY_BYTES)) {
        guest_msix_write(v->msix, offset, width, value);
    }
}

uint64_t guest_vmd_read(struct guest_vmd *v, unsigned bar, uint64_t offset, unsigned width)
{
    switch (bar) {
    case VMD_CFGBAR:
        return guest_vmd_config_read(&v->bus, offset, width);
    case VMD_MEMBAR2:
        return own_read(v, offset, width);
    default:
        return UINT64_MAX;
    }
}

void guest_vmd_write(struct guest_vmd *v, unsigned bar, uint64_t offset, unsigned width, uint64_t value)
{
    if (bar == VMD_CFGBAR) {
        guest_vmd_config_write(&v->bus, offset, width, value);
    } else if (bar == VMD_MEMBAR2) {
        own_write(v, offset, width, value);
    }
}
