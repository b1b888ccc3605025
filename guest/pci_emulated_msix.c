/* SPDX-License-Identifier: GPL-2.0-only
 * MSI-X of emulated functions, with a table of our own (PCI 3.0 6.8.2). */
#include "guest/pci_emulated_parts.h"

#include "drivers/msix.h"
#include "kernel/lib/bits.h"

#define MSIX_BAR 2u
#define MSIX_BAR_BYTES UINT64_C(4096)
#define MSIX_PENDING 0x800u /* the pending bits' place in BAR 2 */
#define MSIX_CAP_BYTES 12u

enum entry_register {
    ENTRY_ADDRESS = 0x0,
    ENTRY_ADDRESS_HIGH = 0x4,
    ENTRY_DATA = 0x8,
    ENTRY_CONTROL = 0xc,
};

static uint32_t msix_control(const struct pci_emulated *f)
{
    return f->msix == 0 ? 0 : pci_view_get(&f->view, f->msix + PCI_MSIX_CONTROL, 2);
}

bool pci_emulated_has_messages(const struct pci_emulated *f)
{
    return (msix_control(f) & PCI_MSIX_ENABLE) != 0;
}

/* As with assigned functions: a message that names no vCPU, or is no interrupt of one, vanishes. */
static void deliver(const struct message_router *router, const struct pci_emulated_entry *e)
{
    unsigned cpu = 0;
    uint32_t apic_id = 0;
    if (router->target(router->context, e->address, e->data, &cpu, &apic_id)) {
        router->deliver(router->context, e->address, e->data);
    }
}

/* Send what is pending and may be sent. */
static void send_pending(struct pci_emulated *f, unsigned vector)
{
    struct pci_emulated_entry *e = &f->entries[vector];
    bool masked = e->masked || (msix_control(f) & PCI_MSIX_MASK_ALL) != 0;
    if (e->pending && !masked && pci_emulated_has_messages(f)) {
        e->pending = false;
        deliver(f->router, e);
    }
}

void pci_emulated_message(struct pci_emulated *f, unsigned vector)
{
    if (vector < f->ops->vectors && pci_emulated_has_messages(f)) {
        f->entries[vector].pending = true;
        send_pending(f, vector);
    }
}

void pci_emulated_msix_written(struct pci_emulated *f, uint16_t offset, unsigned width)
{
    if (f->msix == 0 || !pci_emulated_overlaps(offset, width, f->msix + PCI_MSIX_CONTROL, 2)) {
        return;
    }
    for (unsigned i = 0; i < f->ops->vectors; i++) {
        f->entries[i].pending = f->entries[i].pending && pci_emulated_has_messages(f);
        send_pending(f, i);
    }
}

static uint32_t pending_bits(const struct pci_emulated *f)
{
    uint32_t bits = 0;
    for (unsigned i = 0; i < f->ops->vectors; i++) {
        bits |= (uint32_t)f->entries[i].pending << i;
    }
    return bits;
}

static uint32_t table_read(const struct pci_emulated *f, uint64_t offset)
{
    if (offset == MSIX_PENDING) {
        return pending_bits(f);
    }
    if (offset / MSIX_ENTRY_BYTES >= f->ops->vectors) {
        return 0;
    }
    const struct pci_emulated_entry *e = &f->entries[offset / MSIX_ENTRY_BYTES];
    switch (offset % MSIX_ENTRY_BYTES) {
    case ENTRY_ADDRESS:
        return (uint32_t)e->address;
    case ENTRY_ADDRESS_HIGH:
        return (uint32_t)(e->address >> 32);
    case ENTRY_DATA:
        return e->data;
    default:
        return e->masked;
    }
}

static void table_write(struct pci_emulated *f, uint64_t offset, uint32_t value)
{
    unsigned vector = (unsigned)(offset / MSIX_ENTRY_BYTES);
    if (vector >= f->ops->vectors) {
        return;
    }
    struct pci_emulated_entry *e = &f->entries[vector];
    switch (offset % MSIX_ENTRY_BYTES) {
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
        e->masked = (value & 1) != 0;
        send_pending(f, vector);
        break;
    }
}

/* Dwords and quadwords alone reach the table (6.8.2). */
static uint64_t msix_read(void *context, uint64_t offset, unsigned width, uint64_t now_ns)
{
    const struct pci_emulated *f = context;
    (void)now_ns;
    if (width < 4 || !is_aligned(offset, width)) {
        return UINT64_MAX;
    }
    uint64_t low = table_read(f, offset);
    return width == 4 ? low : low | (uint64_t)table_read(f, offset + 4) << 32;
}

static void msix_write(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    struct pci_emulated *f = context;
    (void)now_ns;
    if (width < 4 || !is_aligned(offset, width)) {
        return;
    }
    table_write(f, offset, (uint32_t)value);
    if (width == 8) {
        table_write(f, offset + 4, (uint32_t)(value >> 32));
    }
}

void pci_emulated_msix_make(struct pci_emulated *f)
{
    if (f->ops->vectors == 0) {
        return;
    }
    f->msix = pci_emulated_capability(f, PCI_CAP_MSIX, MSIX_CAP_BYTES);
    pci_emulated_allow(f, f->msix + PCI_MSIX_CONTROL, 2, PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL);
    pci_view_set(&f->view, f->msix + PCI_MSIX_TABLE, 4, MSIX_BAR);
    pci_view_set(&f->view, f->msix + PCI_MSIX_PBA, 4, MSIX_PENDING | MSIX_BAR);
    f->bars[1] = pci_emulated_bar(MSIX_BAR_BYTES, msix_read, msix_write, f);
}

void pci_emulated_msix_reset(struct pci_emulated *f)
{
    if (f->msix != 0) {
        pci_view_set(&f->view, f->msix + PCI_MSIX_CONTROL, 2, f->ops->vectors - 1);
    }
    for (unsigned i = 0; i < PCI_EMULATED_VECTORS_MAX; i++) {
        f->entries[i] = (struct pci_emulated_entry){.masked = true};
    }
}
