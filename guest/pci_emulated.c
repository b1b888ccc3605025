/* SPDX-License-Identifier: GPL-2.0-only
 * Emulated functions (PCI 3.0 6.1, 6.2.5, 6.7, 6.8.2). */
#include "guest/pci_emulated.h"

#include "drivers/pci_regs.h"
#include "guest/pci_function.h"
#include "kernel/core/panic.h"
#include "kernel/lib/bits.h"

#define MSIX_BAR 2u
#define MSIX_BAR_BYTES UINT64_C(4096)
#define MSIX_PENDING 0x800u /* the pending bits' place in BAR 2 */
#define MSIX_CAP_BYTES 12u
#define CAPS_END 0xfcu
#define STATUS_INTERRUPT BIT32(3)
#define PLACES_TRIED_MAX 65536u

enum entry_register {
    ENTRY_ADDRESS = 0x0,
    ENTRY_ADDRESS_HIGH = 0x4,
    ENTRY_DATA = 0x8,
    ENTRY_CONTROL = 0xc,
};

static void allow(struct pci_emulated *f, uint16_t offset, unsigned width, uint32_t bits)
{
    for (unsigned i = 0; i < width; i++) {
        f->view.writable[offset + i] = (uint8_t)(bits >> (8 * i));
    }
}

static bool overlaps(uint16_t offset, unsigned width, uint16_t start, unsigned bytes)
{
    return offset < start + bytes && offset + width > start;
}

static uint32_t command_of(const struct pci_emulated *f)
{
    return pci_view_get(&f->view, PCI_COMMAND, 2);
}

/* --- messages */

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

static void control_written(struct pci_emulated *f)
{
    for (unsigned i = 0; i < f->ops->vectors; i++) {
        f->entries[i].pending = f->entries[i].pending && pci_emulated_has_messages(f);
        send_pending(f, i);
    }
}

void pci_emulated_line(struct pci_emulated *f, bool asserted)
{
    f->asserted = asserted;
}

bool pci_emulated_asserts(const struct pci_emulated *f)
{
    return f->asserted && f->ops->line && !pci_emulated_has_messages(f) && (command_of(f) & PCI_COMMAND_INTX_OFF) == 0;
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

/* --- BARs */

/* Registers of BAR i are dwords 2i and 2i + 1. */
static uint16_t bar_register(unsigned i, bool upper)
{
    return (uint16_t)(PCI_BAR0 + 8 * i + 4 * upper);
}

static struct guest_bar bar_make(uint64_t bytes, bus_read_function *read, bus_write_function *write, void *context)
{
    struct guest_bar bar = {.kind = bytes == 0 ? PCI_BAR_NONE : PCI_BAR_MEM64, .size = bytes, .trap_end = bytes};
    bar.trap = (struct bus_range){.read = read, .write = write, .context = context};
    return bar;
}

/* Nothing of a BAR is mapped anywhere: only its range on the bus comes and goes, so nobody's translations change and
 * no unit is asked. */
static void bars_apply(struct pci_emulated *f)
{
    bool decode = f->placed && (command_of(f) & PCI_COMMAND_MEMORY) != 0;
    bool shrank = false;
    for (unsigned i = 0; i < PCI_EMULATED_BARS; i++) {
        bool was = f->bars[i].mapped;
        enum status status = guest_bar_leave(&f->bars[i], &f->space, decode, &shrank);
        bulkhead_assert(status == STATUS_OK);
        f->left = f->left || (was && !f->bars[i].mapped);
    }
    f->lost = false;
    for (unsigned i = 0; i < PCI_EMULATED_BARS; i++) {
        enum status status = guest_bar_enter(&f->bars[i], &f->space, decode, &shrank);
        f->lost = f->lost || status != STATUS_OK;
    }
}

void pci_emulated_retry(struct pci_emulated *f)
{
    bars_apply(f);
}

/* The registers as the guest reads them. */
static void refresh(struct pci_emulated *f)
{
    for (unsigned i = 0; i < PCI_EMULATED_BARS; i++) {
        pci_view_set(&f->view, bar_register(i, false), 4, guest_bar_register(&f->bars[i], false));
        pci_view_set(&f->view, bar_register(i, true), 4, guest_bar_register(&f->bars[i], true));
    }
    uint32_t status = pci_view_get(&f->view, PCI_STATUS, 2) & ~STATUS_INTERRUPT;
    pci_view_set(&f->view, PCI_STATUS, 2, status | (f->asserted && f->ops->line ? STATUS_INTERRUPT : 0));
}

static bool bars_written(struct pci_emulated *f, uint16_t offset, unsigned width)
{
    bool any = false;
    for (unsigned k = 0; k < 2 * PCI_EMULATED_BARS; k++) {
        uint16_t at = bar_register(k / 2, k % 2 != 0);
        if (overlaps(offset, width, at, 4)) {
            guest_bar_write(&f->bars[k / 2], k % 2 != 0, pci_view_get(&f->view, at, 4));
            any = true;
        }
    }
    return any;
}

struct search {
    const struct guest_bar_space *space;
    bool (*taken)(const void *context, uint64_t start, uint64_t end);
    const void *context;
};

static bool is_free(const struct guest_bar *bar, const struct search *s)
{
    uint64_t end = bar->address + bar->size;
    uint64_t page = align_down(bar->address, PAGE_SIZE);
    return guest_bar_fits(bar, s->space->windows) && !s->taken(s->context, bar->address, end) &&
           bus_is_free(s->space->mmio, bar->address, bar->size) &&
           !radix_any_mapped(s->space->nested, page, align_up(end, PAGE_SIZE) - page);
}

/* Assigned functions' BARs grow from the start of a window: these come from its end. */
static bool place_below(struct guest_bar *bar, uint64_t start, uint64_t end, const struct search *s)
{
    uint64_t at = align_down(end, bar->size);
    for (unsigned tries = 0; tries < PLACES_TRIED_MAX && at >= bar->size && at - bar->size >= start; tries++) {
        at -= bar->size;
        bar->address = at;
        if (is_free(bar, s)) {
            return true;
        }
    }
    return false;
}

enum status pci_emulated_show(struct pci_emulated *f, const struct guest_bar_space *space,
                              bool (*taken)(const void *context, uint64_t start, uint64_t end), const void *context)
{
    const struct guest_bar_windows *w = space->windows;
    const struct search search = {space, taken, context};
    f->space = *space;
    for (unsigned i = 0; i < PCI_EMULATED_BARS; i++) {
        struct guest_bar *bar = &f->bars[i];
        if (bar->kind == PCI_BAR_NONE) {
            continue;
        }
        if (!place_below(bar, w->low_start, w->low_end, &search) &&
            !place_below(bar, w->high_start, w->high_end, &search)) {
            return STATUS_NO_MEMORY;
        }
        f->first_address[i] = bar->address;
        bool shrank = false;
        enum status status = guest_bar_enter(bar, space, true, &shrank);
        if (status != STATUS_OK) {
            return status;
        }
    }
    f->placed = true;
    return STATUS_OK;
}

void pci_emulated_hide(struct pci_emulated *f)
{
    f->placed = false;
    bars_apply(f);
}

/* --- config space */

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
    if (bars_written(f, offset, width) || overlaps(offset, width, PCI_COMMAND, 2)) {
        bars_apply(f);
    }
    if (f->msix != 0 && overlaps(offset, width, f->msix + PCI_MSIX_CONTROL, 2)) {
        control_written(f);
    }
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

static void make_msix(struct pci_emulated *f)
{
    if (f->ops->vectors == 0) {
        return;
    }
    f->msix = pci_emulated_capability(f, PCI_CAP_MSIX, MSIX_CAP_BYTES);
    pci_view_set(&f->view, f->msix + PCI_MSIX_CONTROL, 2, f->ops->vectors - 1);
    allow(f, f->msix + PCI_MSIX_CONTROL, 2, PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL);
    pci_view_set(&f->view, f->msix + PCI_MSIX_TABLE, 4, MSIX_BAR);
    pci_view_set(&f->view, f->msix + PCI_MSIX_PBA, 4, MSIX_PENDING | MSIX_BAR);
}

static void forget_entries(struct pci_emulated *f)
{
    for (unsigned i = 0; i < PCI_EMULATED_VECTORS_MAX; i++) {
        f->entries[i] = (struct pci_emulated_entry){.masked = true};
    }
}

/* As firmware leaves it: decoding, with its pin. */
static void power_on(struct pci_emulated *f)
{
    pci_view_set(&f->view, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    pci_view_set(&f->view, PCI_INTERRUPT_LINE, 1, f->ops->line ? guest_pci_gsi(f->device) : 0);
    if (f->msix != 0) {
        pci_view_set(&f->view, f->msix + PCI_MSIX_CONTROL, 2, f->ops->vectors - 1);
    }
    f->asserted = false;
    forget_entries(f);
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
    allow(f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_BUS_MASTER | PCI_COMMAND_INTX_OFF);
    allow(f, PCI_CACHE_LINE, 1, 0xff);
    allow(f, PCI_INTERRUPT_LINE, 1, 0xff);
    for (unsigned i = 0; i < PCI_EMULATED_BARS; i++) {
        uint32_t writable = f->bars[i].kind == PCI_BAR_NONE ? 0 : UINT32_MAX;
        allow(f, bar_register(i, false), 4, writable);
        allow(f, bar_register(i, true), 4, writable);
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
    f->bars[0] = bar_make(ops->bar_bytes, device_read, device_write, f);
    f->bars[1] = bar_make(ops->vectors == 0 ? 0 : MSIX_BAR_BYTES, msix_read, msix_write, f);
    show_header(f);
    make_msix(f);
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
    bars_apply(f);
    if (f->ops->reset != NULL) {
        f->ops->reset(f->context);
    }
}
