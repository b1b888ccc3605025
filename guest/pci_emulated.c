/* SPDX-License-Identifier: GPL-2.0-only
 * Emulated functions: config space and INTA# (PCI 3.0 6.1, 6.7). */
#include "guest/pci_emulated.h"

#include "guest/pci_emulated_parts.h"
#include "guest/pci_function.h"
#include "kernel/core/panic.h"
#include "kernel/lib/bits.h"

#define CAPS_END 0xfcu
#define STATUS_INTERRUPT BIT32(3)

void pci_emulated_allow(struct pci_emulated *f, uint16_t offset, unsigned width, uint32_t bits)
{
    for (unsigned i = 0; i < width; i++) {
        f->view.writable[offset + i] = (uint8_t)(bits >> (8 * i));
    }
}

void pci_emulated_line(struct pci_emulated *f, bool asserted)
{
    f->asserted = asserted;
}

bool pci_emulated_asserts(const struct pci_emulated *f)
{
    return f->asserted && f->ops->line && !pci_emulated_has_messages(f) &&
           (pci_emulated_command(f) & PCI_COMMAND_INTX_OFF) == 0;
}

static uint64_t device_read(void *context, uint64_t offset, unsigned width, uint64_t now_ns)
{
    const struct pci_emulated *f = context;
    (void)now_ns;
    return f->ops->read != NULL && is_aligned(offset, width) ? f->ops->read(f->context, offset, width) : UINT64_MAX;
}

static void device_write(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    const struct pci_emulated *f = context;
    (void)now_ns;
    if (f->ops->write != NULL && is_aligned(offset, width)) {
        f->ops->write(f->context, offset, width, value);
    }
}

struct guest_bar pci_emulated_bar(uint64_t bytes, bus_read_function *read, bus_write_function *write, void *context)
{
    struct guest_bar bar = {.kind = bytes == 0 ? PCI_BAR_NONE : PCI_BAR_MEM64, .size = bytes, .trap_end = bytes};
    bar.trap = (struct bus_range){.read = read, .write = write, .context = context};
    return bar;
}

/* The registers as the guest reads them. */
static void refresh(struct pci_emulated *f)
{
    for (unsigned i = 0; i < PCI_EMULATED_BARS; i++) {
        pci_view_set(&f->view, pci_emulated_bar_register(i, false), 4, guest_bar_register(&f->bars[i], false));
        pci_view_set(&f->view, pci_emulated_bar_register(i, true), 4, guest_bar_register(&f->bars[i], true));
    }
    uint32_t status = pci_view_get(&f->view, PCI_STATUS, 2) & ~STATUS_INTERRUPT;
    pci_view_set(&f->view, PCI_STATUS, 2, status | (f->asserted && f->ops->line ? STATUS_INTERRUPT : 0));
}

uint32_t pci_emulated_read(struct pci_emulated *f, uint16_t offset, unsigned width)
{
    bulkhead_assert(width <= 4 && offset + width <= PCI_VIEW_SIZE);
    refresh(f);
    if (offset + width > PCI_CAPS_FIRST && f->ops->config_reads != NULL) {
        f->ops->config_reads(f->context, offset, width);
    }
    return pci_view_get(&f->view, offset, width);
}

void pci_emulated_write(struct pci_emulated *f, uint16_t offset, unsigned width, uint32_t value)
{
    bulkhead_assert(width <= 4 && offset + width <= PCI_VIEW_SIZE);
    refresh(f);
    pci_view_write(&f->view, offset, width, value);
    if (pci_emulated_bars_written(f, offset, width) || pci_emulated_overlaps(offset, width, PCI_COMMAND, 2)) {
        pci_emulated_bars_apply(f);
    }
    pci_emulated_msix_written(f, offset, width);
    if (offset + width > PCI_CAPS_FIRST && f->ops->config_written != NULL) {
        f->ops->config_written(f->context, offset, width);
    }
}

uint16_t pci_emulated_capability(struct pci_emulated *f, uint8_t id, unsigned bytes)
{
    uint16_t at = f->next_capability;
    bulkhead_assert(at + bytes <= CAPS_END && is_aligned(bytes, 4));
    pci_view_set(&f->view, at, 1, id);
    pci_view_set(&f->view, f->last_link, 1, at);
    pci_view_set(&f->view, PCI_STATUS, 2, PCI_STATUS_CAPABILITIES);
    f->last_link = (uint16_t)(at + 1);
    f->next_capability = (uint16_t)(at + bytes);
    return at;
}

/* As firmware leaves it: decoding, with its pin. */
static void power_on(struct pci_emulated *f)
{
    pci_view_set(&f->view, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    pci_view_set(&f->view, PCI_INTERRUPT_LINE, 1, f->ops->line ? guest_pci_gsi(f->device) : 0);
    f->asserted = false;
    pci_emulated_msix_reset(f);
}

static void show_header(struct pci_emulated *f)
{
    const struct pci_emulated_ops *ops = f->ops;
    struct pci_view *v = &f->view;
    pci_view_set(v, PCI_VENDOR, 2, ops->vendor);
    pci_view_set(v, PCI_DEVICE, 2, ops->device);
    pci_view_set(v, PCI_REVISION, 4, ops->class_code << 8 | ops->revision);
    pci_view_set(v, PCI_SUBSYSTEM, 2, ops->subsystem_vendor);
    pci_view_set(v, PCI_SUBSYSTEM + 2, 2, ops->subsystem);
    pci_view_set(v, PCI_INTERRUPT_PIN, 1, ops->line);
    pci_emulated_allow(f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_BUS_MASTER | PCI_COMMAND_INTX_OFF);
    pci_emulated_allow(f, PCI_CACHE_LINE, 1, 0xff);
    pci_emulated_allow(f, PCI_INTERRUPT_LINE, 1, 0xff);
    for (unsigned i = 0; i < PCI_EMULATED_BARS; i++) {
        uint32_t writable = f->bars[i].kind == PCI_BAR_NONE ? 0 : UINT32_MAX;
        pci_emulated_allow(f, pci_emulated_bar_register(i, false), 4, writable);
        pci_emulated_allow(f, pci_emulated_bar_register(i, true), 4, writable);
    }
}

enum status pci_emulated_init(struct pci_emulated *f, const struct pci_emulated_ops *ops, void *context,
                              unsigned device, const struct message_router *router)
{
    *f = (struct pci_emulated){.ops = ops, .context = context, .device = device, .router = router};
    bulkhead_assert(ops->vectors <= PCI_EMULATED_VECTORS_MAX);
    enum status status = pci_view_init(&f->view);
    if (status != STATUS_OK) {
        return status;
    }
    f->next_capability = PCI_CAPS_FIRST;
    f->last_link = PCI_CAPABILITIES;
    f->bars[0] = pci_emulated_bar(ops->bar_bytes, device_read, device_write, f);
    pci_emulated_msix_make(f);
    show_header(f);
    power_on(f);
    return STATUS_OK;
}

void pci_emulated_free(struct pci_emulated *f)
{
    pci_view_free(&f->view);
}

/* Where BARs were first may be another's for now: that one moves back when it is reset, and they appear then. */
void pci_emulated_reset(struct pci_emulated *f)
{
    power_on(f);
    for (unsigned i = 0; i < PCI_EMULATED_BARS; i++) {
        f->bars[i].address = f->first_address[i];
    }
    pci_emulated_bars_apply(f);
    if (f->ops->reset != NULL) {
        f->ops->reset(f->context);
    }
}
