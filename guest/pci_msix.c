/* SPDX-License-Identifier: GPL-2.0-only
 * MSI-X of assigned functions. */
#include "guest/pci_msix.h"

#include "drivers/pci_regs.h"
#include "kernel/core/mmio_map.h"
#include "kernel/core/pages.h"
#include "kernel/core/panic.h"
#include "kernel/hw/mmio.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

#define ENTRY_MASKED BIT32(0)
#define ANYWHERE UINT64_MAX

enum entry_register {
    ENTRY_ADDRESS = 0x0,
    ENTRY_ADDRESS_HIGH = 0x4,
    ENTRY_DATA = 0x8,
    ENTRY_CONTROL = 0xc,
};

static uint64_t table_bytes(const struct guest_msix *m)
{
    return (uint64_t)m->table.count * MSIX_ENTRY_BYTES;
}

/* Every entry masked, as after a reset (PCI 3.0 6.8.2.9). */
static void forget_entries(struct guest_msix *m)
{
    for (unsigned i = 0; i < m->table.count; i++) {
        struct guest_msix_entry *e = &m->entries[i];
        e->address = 0;
        e->data = 0;
        e->control = ENTRY_MASKED;
        e->programmed = false;
    }
}

static enum status make_entries(struct guest_msix *m, const struct vm_device *device,
                                const struct message_router *router)
{
    struct hpa pages;
    m->entries_bytes = align_up(m->table.count * sizeof(*m->entries), PAGE_SIZE);
    enum status status = pages_alloc_block(m->entries_bytes, PAGE_SIZE, ANYWHERE, &pages);
    if (status != STATUS_OK) {
        return status;
    }
    m->entries = phys_to_virt(pages);
    memset(m->entries, 0, m->entries_bytes);
    for (unsigned i = 0; i < m->table.count; i++) {
        device_irq_init(&m->entries[i].irq, device, router);
    }
    forget_entries(m);
    return STATUS_OK;
}

static void trap_table(struct guest_msix *m, struct guest_bar *bar)
{
    m->bar = bar->host;
    bool small = bar->size < PAGE_SIZE; /* trapped whole already */
    m->trap_start = small ? 0 : align_down(m->table.table_offset, PAGE_SIZE);
    m->trap_end = small ? bar->size : align_up(m->table.table_offset + table_bytes(m), PAGE_SIZE);
    bar->trap_start = m->trap_start;
    bar->trap_end = m->trap_end;
}

enum status guest_msix_init(struct guest_msix *m, const struct vm_device *device, const struct message_router *router,
                            struct guest_bar bars[PCI_BARS])
{
    *m = (struct guest_msix){0};
    const struct pci_function *host = device->function;
    struct msix_table table;
    enum status status = msix_locate(host, &table, NULL);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    struct guest_bar *bar = &bars[table.table_bar];
    if (bar->kind == PCI_BAR_NONE) {
        return STATUS_OUT_OF_RANGE;
    }
    m->host = host;
    m->table = table;
    trap_table(m, bar);
    status = mmio_map(hpa_add(m->bar, m->trap_start), m->trap_end - m->trap_start);
    if (status == STATUS_OK) {
        status = make_entries(m, device, router);
    }
    if (status != STATUS_OK) {
        m->host = NULL;
        return status;
    }
    msix_mask_table(&m->table);
    return STATUS_OK;
}

static void mask_entry(struct guest_msix *m, unsigned index)
{
    enum status status = msix_mask(&m->table, index, true);
    bulkhead_assert(status == STATUS_OK); /* index is below the count */
}

/* The device's entry gets our message once; while the route stands it never changes, but for one without remapping,
 * which moves with its target. */
static enum status program_entry(struct guest_msix *m, unsigned index)
{
    struct guest_msix_entry *e = &m->entries[index];
    struct vtd_msi ours;
    enum status status = device_irq_route(&e->irq, e->address, e->data, &ours);
    if (status != STATUS_OK || (e->programmed && !e->irq.moving)) {
        return status;
    }
    status = msix_program(&m->table, index, &(struct msi_message){.address = ours.address, .data = ours.data});
    e->programmed = status == STATUS_OK;
    return status;
}

static void update_entry(struct guest_msix *m, unsigned index)
{
    bool sends = m->enabled && !m->masked && (m->entries[index].control & ENTRY_MASKED) == 0;
    if (!sends || program_entry(m, index) != STATUS_OK) {
        mask_entry(m, index);
        return;
    }
    enum status status = msix_mask(&m->table, index, false);
    bulkhead_assert(status == STATUS_OK);
    device_irq_settle(&m->entries[index].irq);
}

static void set_control(const struct guest_msix *m, bool enabled, bool masked)
{
    enum status status = msix_enable(m->host, enabled, masked);
    bulkhead_assert(status == STATUS_OK); /* host has MSI-X */
}

static void release_entries(struct guest_msix *m)
{
    for (unsigned i = 0; i < m->table.count; i++) {
        m->stuck = device_irq_release(&m->entries[i].irq) != STATUS_OK || m->stuck;
        m->entries[i].programmed = false;
    }
}

/* Off: nothing is sent and every route goes back. The guest's entries stay, as a device's do. */
static void switch_off(struct guest_msix *m)
{
    set_control(m, false, true);
    msix_mask_table(&m->table);
    release_entries(m);
    m->enabled = false;
}

void guest_msix_control(struct guest_msix *m, bool enabled, bool masked)
{
    if (m->host == NULL || m->stuck || (enabled == m->enabled && masked == m->masked)) {
        return;
    }
    m->masked = masked;
    if (!enabled) {
        switch_off(m);
        return;
    }
    /* All masked while entries change; an interrupt that is pending then is sent when the last mask goes. */
    set_control(m, true, true);
    m->enabled = true;
    for (unsigned i = 0; i < m->table.count; i++) {
        update_entry(m, i);
    }
    set_control(m, true, masked);
}

void guest_msix_reroute(struct guest_msix *m)
{
    for (unsigned i = 0; m->host != NULL && !m->stuck && m->enabled && i < m->table.count; i++) {
        if ((m->entries[i].control & ENTRY_MASKED) == 0) {
            update_entry(m, i);
        }
    }
}

/* The register of an entry that an access hits, in *entry and *reg. */
enum hit {
    HIT_OTHER,  /* no byte of the table */
    HIT_ENTRY,  /* aligned, 4 or 8 bytes, inside the table */
    HIT_BROKEN, /* touches the table in a way that PCI leaves undefined */
};

static enum hit find(const struct guest_msix *m, uint64_t offset, unsigned width, unsigned *entry, unsigned *reg)
{
    uint64_t at = m->trap_start + offset;
    uint64_t start = m->table.table_offset;
    if (at + width <= start || at >= start + table_bytes(m)) {
        return HIT_OTHER;
    }
    if (width < 4 || !is_aligned(at, width) || at < start || at + width > start + table_bytes(m)) {
        return HIT_BROKEN;
    }
    *entry = (unsigned)((at - start) / MSIX_ENTRY_BYTES);
    *reg = (unsigned)((at - start) % MSIX_ENTRY_BYTES);
    return HIT_ENTRY;
}

static uint32_t read_register(const struct guest_msix_entry *e, unsigned reg)
{
    switch (reg) {
    case ENTRY_ADDRESS:
        return (uint32_t)e->address;
    case ENTRY_ADDRESS_HIGH:
        return (uint32_t)(e->address >> 32);
    case ENTRY_DATA:
        return e->data;
    default:
        return e->control;
    }
}

static void write_register(struct guest_msix_entry *e, unsigned reg, uint32_t value)
{
    switch (reg) {
    case ENTRY_ADDRESS:
        e->address = bits_set(e->address, 31, 0, value & ~3u);
        break;
    case ENTRY_ADDRESS_HIGH:
        e->address = bits_set(e->address, 63, 32, value);
        break;
    case ENTRY_DATA:
        e->data = value;
        break;
    default:
        e->control = value & ENTRY_MASKED;
        break;
    }
}

/* An access may be passed on: wholly inside the trapped pages (the table is ours alone) and aligned. */
static bool is_passable(const struct guest_msix *m, uint64_t offset, unsigned width)
{
    uint64_t size = m->trap_end - m->trap_start;
    return is_aligned(offset, width) && offset < size && width <= size - offset;
}

static bool is_width(unsigned width)
{
    return width == 1 || width == 2 || width == 4 || width == 8;
}

uint64_t guest_msix_read(struct guest_msix *m, uint64_t offset, unsigned width)
{
    unsigned entry = 0;
    unsigned reg = 0;
    bulkhead_assert(is_width(width));
    if (m->host == NULL || !is_passable(m, offset, width)) {
        return UINT64_MAX;
    }
    switch (find(m, offset, width, &entry, &reg)) {
    case HIT_OTHER:
        return mmio_read(hpa_add(m->bar, m->trap_start + offset), width);
    case HIT_ENTRY:
        break;
    case HIT_BROKEN:
        return UINT64_MAX;
    }
    uint64_t value = read_register(&m->entries[entry], reg);
    return width == 8 ? value | (uint64_t)read_register(&m->entries[entry], reg + 4) << 32 : value;
}

void guest_msix_write(struct guest_msix *m, uint64_t offset, unsigned width, uint64_t value)
{
    unsigned entry = 0;
    unsigned reg = 0;
    bulkhead_assert(is_width(width));
    if (m->host == NULL || !is_passable(m, offset, width)) {
        return;
    }
    switch (find(m, offset, width, &entry, &reg)) {
    case HIT_OTHER:
        mmio_write(hpa_add(m->bar, m->trap_start + offset), width, value);
        return;
    case HIT_ENTRY:
        break;
    case HIT_BROKEN:
        return;
    }
    write_register(&m->entries[entry], reg, (uint32_t)value);
    if (width == 8) {
        write_register(&m->entries[entry], reg + 4, (uint32_t)(value >> 32));
    }
    if (!m->stuck) {
        update_entry(m, entry);
    }
}

void guest_msix_reset(struct guest_msix *m)
{
    if (m->host != NULL) {
        switch_off(m);
        m->masked = false;
        forget_entries(m);
    }
}

void guest_msix_free(struct guest_msix *m)
{
    guest_msix_reset(m);
    if (m->entries != NULL && !m->stuck) {
        pages_free(virt_to_phys(m->entries), m->entries_bytes);
    }
    *m = (struct guest_msix){.stuck = m->stuck};
}
