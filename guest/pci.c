/* SPDX-License-Identifier: GPL-2.0-only
 * A guest's PCI bus. */
#include "guest/pci.h"

#include "drivers/pci_regs.h"
#include "guest/platform.h"
#include "kernel/core/pages.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

#define ADDRESS_ENABLE BIT32(31)
#define ADDRESS_WRITABLE UINT32_C(0x80fffffc) /* enable, bus, device, function, register */
#define ADDRESS_BYTES 4u
#define DATA_BYTES 4u
#define RESET_OFFSET (PLATFORM_RESET_PORT - PLATFORM_PCI_ADDRESS_PORT)

struct guest_pci_function *guest_pci_at(const struct guest_pci *pci, unsigned place)
{
    struct guest_pci_function *f = place < GUEST_PCI_SLOTS ? pci->functions[place] : NULL;
    return f != NULL && f->present ? f : NULL;
}

static struct guest_pci_function *function_at(struct guest_pci *pci, uint64_t bus, uint64_t devfn)
{
    unsigned device = (unsigned)(devfn >> 3);
    unsigned function = (unsigned)(devfn & 7);
    if (bus != 0 || (device == 0 && function != 0)) {
        return NULL;
    }
    return guest_pci_at(pci, device + GUEST_PCI_DEVICES * function);
}

/* The emulated function that answers there, or NULL. */
static struct pci_emulated *emulated_at(const struct guest_pci *pci, uint64_t bus, uint64_t devfn)
{
    return bus == 0 && (devfn & 7) == 0 ? pci->emulated[devfn >> 3] : NULL;
}

static bool has_more_functions(const struct guest_pci *pci, unsigned device)
{
    for (unsigned place = device + GUEST_PCI_DEVICES; device != 0 && place < GUEST_PCI_SLOTS;
         place += GUEST_PCI_DEVICES) {
        if (guest_pci_at(pci, place) != NULL) {
            return true;
        }
    }
    return false;
}

/* Which functions there are changes as they come and go: the header's bit for that is made when it is read. */
static uint32_t config_read(struct guest_pci *pci, uint64_t bus, uint64_t devfn, uint16_t offset, unsigned width)
{
    struct pci_emulated *emulated = emulated_at(pci, bus, devfn);
    struct guest_pci_function *f = function_at(pci, bus, devfn);
    if (f == NULL && emulated == NULL) {
        return UINT32_MAX;
    }
    uint32_t value =
        emulated != NULL ? pci_emulated_read(emulated, offset, width) : guest_pci_function_read(f, offset, width);
    bool header = offset <= PCI_HEADER_TYPE && offset + width > PCI_HEADER_TYPE;
    return header && has_more_functions(pci, (unsigned)(devfn >> 3))
               ? value | (uint32_t)PCI_HEADER_MULTIFUNCTION << (8 * (PCI_HEADER_TYPE - offset))
               : value;
}

/* A BAR left its place: those that lost it to that one appear. */
static void fill_places(struct guest_pci *pci)
{
    for (unsigned i = 1; i < GUEST_PCI_SLOTS; i++) {
        struct guest_pci_function *f = guest_pci_at(pci, i);
        if (f != NULL && f->lost) {
            guest_pci_function_retry(f);
        }
    }
    for (unsigned i = 1; i <= GUEST_PCI_DEVICES; i++) {
        if (pci->emulated[i] != NULL && pci->emulated[i]->lost) {
            pci_emulated_retry(pci->emulated[i]);
        }
    }
}

static void emulated_write(struct guest_pci *pci, struct pci_emulated *f, uint16_t offset, unsigned width,
                           uint32_t value)
{
    pci_emulated_write(f, offset, width, value);
    if (f->left) {
        f->left = false;
        fill_places(pci);
    }
}

static void config_write(struct guest_pci *pci, uint64_t bus, uint64_t devfn, uint16_t offset, unsigned width,
                         uint32_t value)
{
    struct pci_emulated *emulated = emulated_at(pci, bus, devfn);
    struct guest_pci_function *f = function_at(pci, bus, devfn);
    if (emulated != NULL) {
        emulated_write(pci, emulated, offset, width, value);
        return;
    }
    if (f == NULL) {
        return;
    }
    guest_pci_function_write(f, offset, width, value);
    if (f->left) {
        f->left = false;
        fill_places(pci);
    }
}

/* --- ports */

/* Only dwords reach the address register; bytes next to it belong to whoever else is there. */
static uint64_t address_read(void *context, uint64_t offset, unsigned width, uint64_t now_ns)
{
    struct guest_pci *pci = context;
    const struct bus_range *reset = &pci->config.reset_port;
    if (offset == 0 && width == ADDRESS_BYTES) {
        return pci->address;
    }
    if (offset == RESET_OFFSET && width == 1 && reset->read != NULL) {
        return reset->read(reset->context, 0, 1, now_ns);
    }
    return UINT64_MAX;
}

static void address_write(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    struct guest_pci *pci = context;
    const struct bus_range *reset = &pci->config.reset_port;
    if (offset == 0 && width == ADDRESS_BYTES) {
        pci->address = (uint32_t)value & ADDRESS_WRITABLE;
    } else if (offset == RESET_OFFSET && width == 1 && reset->write != NULL) {
        reset->write(reset->context, 0, 1, value, now_ns);
    }
}

static uint16_t data_offset(const struct guest_pci *pci, uint64_t lane)
{
    return (uint16_t)(bits_get(pci->address, 7, 2) * 4 + lane);
}

static uint64_t data_read(void *context, uint64_t offset, unsigned width, uint64_t now_ns)
{
    struct guest_pci *pci = context;
    (void)now_ns;
    if ((pci->address & ADDRESS_ENABLE) == 0) {
        return UINT64_MAX;
    }
    return config_read(pci, bits_get(pci->address, 23, 16), bits_get(pci->address, 15, 8), data_offset(pci, offset),
                       width);
}

static void data_write(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    struct guest_pci *pci = context;
    (void)now_ns;
    if ((pci->address & ADDRESS_ENABLE) != 0) {
        config_write(pci, bits_get(pci->address, 23, 16), bits_get(pci->address, 15, 8), data_offset(pci, offset),
                     width, (uint32_t)value);
    }
}

/* --- ECAM: bus 27:20, device and function 19:12, register 11:0 (PCIe 6.0 7.2.2) */

static uint32_t ecam_read_part(struct guest_pci *pci, uint64_t at, unsigned width)
{
    return config_read(pci, at >> 20, bits_get(at, 19, 12), (uint16_t)bits_get(at, 11, 0), width);
}

static void ecam_write_part(struct guest_pci *pci, uint64_t at, unsigned width, uint32_t value)
{
    config_write(pci, at >> 20, bits_get(at, 19, 12), (uint16_t)bits_get(at, 11, 0), width, value);
}

static bool crosses_function(uint64_t offset, unsigned width)
{
    return bits_get(offset, 11, 0) + width > PCI_VIEW_SIZE;
}

static uint64_t ecam_read(void *context, uint64_t offset, unsigned width, uint64_t now_ns)
{
    struct guest_pci *pci = context;
    (void)now_ns;
    if (crosses_function(offset, width)) {
        return UINT64_MAX;
    }
    if (width <= 4) {
        return ecam_read_part(pci, offset, width);
    }
    return ecam_read_part(pci, offset, 4) | (uint64_t)ecam_read_part(pci, offset + 4, 4) << 32;
}

static void ecam_write(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    struct guest_pci *pci = context;
    (void)now_ns;
    if (crosses_function(offset, width)) {
        return;
    }
    ecam_write_part(pci, offset, width <= 4 ? width : 4, (uint32_t)value);
    if (width > 4) {
        ecam_write_part(pci, offset + 4, 4, (uint32_t)(value >> 32));
    }
}

/* --- life */

static enum status add_ranges(struct guest_pci *pci)
{
    const struct bus_range address = {.base = PLATFORM_PCI_ADDRESS_PORT,
                                      .size = ADDRESS_BYTES,
                                      .widths = 1 | 2 | 4,
                                      .read = address_read,
                                      .write = address_write,
                                      .context = pci};
    const struct bus_range data = {.base = PLATFORM_PCI_DATA_PORT,
                                   .size = DATA_BYTES,
                                   .widths = 1 | 2 | 4,
                                   .read = data_read,
                                   .write = data_write,
                                   .context = pci};
    const struct bus_range ecam = {.base = GUEST_ECAM_START,
                                   .size = GUEST_ECAM_SIZE,
                                   .widths = 1 | 2 | 4 | 8,
                                   .read = ecam_read,
                                   .write = ecam_write,
                                   .context = pci};
    enum status status = bus_add(pci->config.ports, &address);
    if (status == STATUS_OK) {
        status = bus_add(pci->config.ports, &data);
    }
    return status == STATUS_OK ? bus_add(pci->config.mmio, &ecam) : status;
}

/* A BAR that only some of the guest's devices could reach would be a trap for its drivers. */
static void cut_windows(struct guest_bar_windows *windows, uint64_t limit)
{
    windows->low_end = windows->low_end < limit ? windows->low_end : limit;
    windows->high_end = windows->high_end < limit ? windows->high_end : limit;
}

enum status guest_pci_init(struct guest_pci *pci, const struct guest_pci_config *config)
{
    *pci = (struct guest_pci){.config = *config};
    pci->config.lines.asserted = &pci->asserted;
    pci->config.sources = &pci->sources;
    guest_sources_init(&pci->sources, config->domain);
    cut_windows(&pci->config.windows, config->domain->address_limit);
    pci->next_low = pci->config.windows.low_start;
    pci->next_high = pci->config.windows.high_start;
    enum status status = guest_pci_function_bridge(&pci->bridge, &pci->config);
    pci->functions[0] = &pci->bridge;
    return status == STATUS_OK ? add_ranges(pci) : status;
}

void guest_pci_reset(struct guest_pci *pci)
{
    pci->address = 0;
    for (unsigned i = 1; i < GUEST_PCI_SLOTS; i++) {
        struct guest_pci_function *f = guest_pci_at(pci, i);
        if (f != NULL) {
            guest_pci_function_reset(f);
        }
    }
    /* Those that found their first place taken by one that had not moved back yet. */
    for (unsigned i = 1; i < GUEST_PCI_SLOTS; i++) {
        struct guest_pci_function *f = guest_pci_at(pci, i);
        enum status status = f != NULL ? guest_pci_function_map(f) : STATUS_OK;
        (void)status; /* logged by the reset above */
    }
    guest_pci_reset_emulated(pci);
    fill_places(pci); /* the first may have found its place taken by the second */
}

void guest_pci_reroute(struct guest_pci *pci)
{
    for (unsigned i = 1; i < GUEST_PCI_SLOTS; i++) {
        struct guest_pci_function *f = guest_pci_at(pci, i);
        if (f != NULL) {
            guest_msi_update(&f->msi, &f->view);
            guest_msix_reroute(&f->msix);
        }
    }
}

uint32_t guest_pci_lines(const struct guest_pci *pci)
{
    uint64_t asserted = __atomic_load_n(&pci->asserted, __ATOMIC_SEQ_CST);
    uint32_t pins = 0;
    for (unsigned place = 1; asserted != 0 && place < GUEST_PCI_SLOTS; place++) {
        const struct guest_pci_function *f = guest_pci_at(pci, place);
        pins |= f != NULL && (asserted & f->intx.bit) != 0 ? BIT32(f->gsi) : 0;
    }
    for (unsigned device = PCI_EMULATED_LOWEST; device <= GUEST_PCI_DEVICES; device++) {
        const struct pci_emulated *f = pci->emulated[device];
        pins |= f != NULL && pci_emulated_asserts(f) ? BIT32(guest_pci_gsi(device)) : 0;
    }
    return pins;
}

void guest_pci_line_ended(struct guest_pci *pci, unsigned pin)
{
    for (unsigned i = 1; i < GUEST_PCI_SLOTS; i++) {
        struct guest_pci_function *f = guest_pci_at(pci, i);
        if (f != NULL && f->gsi == pin) {
            guest_intx_end(&f->intx);
        }
    }
}

/* What was never registered is not there: nothing to do about it. */
static void remove_range(struct bus *bus, uint64_t base)
{
    enum status status = bus_remove(bus, base);
    (void)status;
}

void guest_pci_free(struct guest_pci *pci)
{
    remove_range(pci->config.ports, PLATFORM_PCI_ADDRESS_PORT);
    remove_range(pci->config.ports, PLATFORM_PCI_DATA_PORT);
    remove_range(pci->config.mmio, GUEST_ECAM_START);
    for (unsigned i = 1; i <= GUEST_PCI_DEVICES; i++) {
        if (pci->emulated[i] != NULL) {
            pci_emulated_hide(pci->emulated[i]);
            pci->emulated[i] = NULL;
        }
    }
    guest_pci_function_free(&pci->bridge);
    pci->functions[0] = NULL;
}

#define PLACE_BYTES align_up(sizeof(struct guest_pci_function), PAGE_SIZE)

static bool is_taken(const struct guest_pci *pci, unsigned place)
{
    bool emulated = guest_pci_function_number(place) == 0 && pci->emulated[guest_pci_device(place)] != NULL;
    return emulated || pci->functions[place] != NULL;
}

static unsigned free_place(const struct guest_pci *pci)
{
    unsigned place = 1;
    while (place < GUEST_PCI_SLOTS && is_taken(pci, place)) {
        place++;
    }
    return place;
}

/* One that no function has, dead ones included; 0: all are taken. */
static uint64_t free_line_bit(const struct guest_pci *pci)
{
    uint64_t used = 0;
    for (unsigned i = 1; i < GUEST_PCI_SLOTS; i++) {
        used |= pci->functions[i] != NULL ? pci->functions[i]->intx.bit : 0;
    }
    return ~used & (used + 1);
}

enum status guest_pci_add(struct guest_pci *pci, const struct vm_device *device, struct guest_pci_function **out)
{
    struct hpa at;
    unsigned place = free_place(pci);
    uint64_t line_bit = free_line_bit(pci);
    enum status status = place < GUEST_PCI_SLOTS && line_bit != 0
                             ? pages_alloc_block(PLACE_BYTES, PAGE_SIZE, UINT64_MAX, &at)
                             : STATUS_NO_MEMORY;
    if (status != STATUS_OK) {
        return status;
    }
    struct guest_pci_function *f = phys_to_virt(at);
    memset(f, 0, sizeof(*f));
    status = guest_pci_function_make(f, &pci->config, device, place, line_bit, &pci->next_low, &pci->next_high);
    if (status != STATUS_OK) {
        pages_free(at, PLACE_BYTES);
        return status;
    }
    pci->functions[place] = f;
    *out = f;
    return STATUS_OK;
}

void guest_pci_remove(struct guest_pci *pci, struct guest_pci_function *f)
{
    unsigned place = f->place;
    guest_pci_function_free(f);
    if (!f->dead) {
        pci->functions[place] = NULL;
        pages_free(virt_to_phys(f), PLACE_BYTES);
    }
}

struct guest_pci_function *guest_pci_find(const struct guest_pci *pci, struct sbdf host)
{
    for (unsigned i = 1; i < GUEST_PCI_SLOTS; i++) {
        struct guest_pci_function *f = guest_pci_at(pci, i);
        if (f != NULL && sbdf_equal(f->host->at, host)) {
            return f;
        }
    }
    return NULL;
}

uint64_t guest_pci_resume(struct guest_pci *pci, uint64_t now_ns)
{
    uint64_t next = 0;
    for (unsigned i = 1; i < GUEST_PCI_SLOTS; i++) {
        struct guest_pci_function *f = guest_pci_at(pci, i);
        uint64_t at = f != NULL && f->host != NULL ? guest_pci_function_resume(f, now_ns) : 0;
        next = next == 0 || (at != 0 && at < next) ? at : next;
    }
    return next;
}
