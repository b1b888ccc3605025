/* SPDX-License-Identifier: GPL-2.0-only
 * BARs of assigned functions (PCI 3.0 6.2.5). */
#include "guest/pci_bar.h"

#include "kernel/core/mmio_map.h"
#include "kernel/core/time.h"
#include "kernel/hw/mmio.h"
#include "kernel/lib/bits.h"

#define BAR_TYPE_64 0x4u
#define BAR_PREFETCHABLE 0x8u
#define HIGH_END BIT64(40) /* far enough for any BAR */
#define NOWHERE UINT64_MAX

struct guest_bar_windows guest_bar_windows_of(const struct guest_memory *memory, unsigned address_bits)
{
    return (struct guest_bar_windows){
        .low_start = GUEST_BAR32_START,
        .low_end = GUEST_BAR32_END,
        .high_start = align_up(guest_memory_top(memory), GIB),
        .high_end = BIT64(address_bits) < HIGH_END ? BIT64(address_bits) : HIGH_END,
    };
}

enum status guest_bar_make(const struct pci_bar *host, struct guest_bar *bar)
{
    *bar = (struct guest_bar){.kind = PCI_BAR_NONE};
    bool memory = host->kind == PCI_BAR_MEM32 || host->kind == PCI_BAR_MEM64;
    if (!memory || host->size == 0) {
        return STATUS_OK;
    }
    if (!host->assigned) {
        return STATUS_UNSUPPORTED;
    }
    bool small = host->size < PAGE_SIZE;
    enum status status = small ? mmio_map(hpa(host->address), host->size) : STATUS_OK;
    if (status != STATUS_OK) {
        return status;
    }
    *bar = (struct guest_bar){
        .kind = host->kind,
        .prefetchable = host->prefetchable,
        .size = host->size,
        .host = hpa(host->address),
        .trap_end = small ? host->size : 0,
    };
    return STATUS_OK;
}

/* at + size does not overflow. */
static const struct guest_bar_range *find_reserved(const struct guest_bar_windows *windows, uint64_t at, uint64_t size)
{
    for (size_t i = 0; i < windows->reserved_count; i++) {
        const struct guest_bar_range *r = &windows->reserved[i];
        if (at < r->end && at + size > r->start) {
            return r;
        }
    }
    return NULL;
}

/* First place from `next` on that is aligned and not reserved, before `end`; NOWHERE when there is none. Every step
 * leaves one range behind for good. */
static uint64_t first_fit(const struct guest_bar_windows *windows, uint64_t next, uint64_t size, uint64_t end)
{
    uint64_t at = align_up(next, size);
    for (size_t i = 0; i <= windows->reserved_count; i++) {
        if (at > end || size > end - at) {
            return NOWHERE;
        }
        const struct guest_bar_range *r = find_reserved(windows, at, size);
        if (r == NULL) {
            return at;
        }
        if (r->end >= end) {
            return NOWHERE;
        }
        at = align_up(r->end, size);
    }
    return NOWHERE;
}

enum status guest_bar_place(struct guest_bar *bar, const struct guest_bar_windows *windows, uint64_t *next_low,
                            uint64_t *next_high)
{
    if (bar->kind == PCI_BAR_NONE) {
        return STATUS_OK;
    }
    uint64_t low = first_fit(windows, *next_low, bar->size, windows->low_end);
    if (low != NOWHERE) {
        bar->address = low;
        *next_low = low + bar->size;
        return STATUS_OK;
    }
    uint64_t high = first_fit(windows, *next_high, bar->size, windows->high_end);
    if (bar->kind != PCI_BAR_MEM64 || high == NOWHERE) {
        return STATUS_NO_MEMORY;
    }
    bar->address = high;
    *next_high = high + bar->size;
    return STATUS_OK;
}

uint32_t guest_bar_register(const struct guest_bar *bar, bool upper)
{
    if (upper) {
        return (uint32_t)(bar->address >> 32);
    }
    uint32_t type = (bar->kind == PCI_BAR_MEM64 ? BAR_TYPE_64 : 0) | (bar->prefetchable ? BAR_PREFETCHABLE : 0);
    return bar->kind == PCI_BAR_NONE ? 0 : (uint32_t)bar->address | type;
}

void guest_bar_write(struct guest_bar *bar, bool upper, uint32_t value)
{
    uint64_t address = upper ? bits_set(bar->address, 63, 32, value) : bits_set(bar->address, 31, 0, value);
    if (bar->kind == PCI_BAR_NONE || (upper && bar->kind != PCI_BAR_MEM64)) {
        return;
    }
    bar->address = align_down(address, bar->size);
}

bool guest_bar_fits(const struct guest_bar *bar, const struct guest_bar_windows *windows)
{
    uint64_t end = 0;
    if (__builtin_add_overflow(bar->address, bar->size, &end)) {
        return false;
    }
    bool low = bar->address >= windows->low_start && end <= windows->low_end;
    bool high = bar->address >= windows->high_start && end <= windows->high_end;
    return (low || high) && find_reserved(windows, bar->address, bar->size) == NULL;
}

struct part {
    uint64_t offset, size;
};

/* The parts before and after the emulated pages; those are in no table. Returns how many there are. */
static size_t split(const struct guest_bar *bar, struct part parts[2])
{
    size_t count = 0;
    uint64_t before = bar->trap_end == 0 ? bar->size : bar->trap_start;
    if (before != 0) {
        parts[count++] = (struct part){0, before};
    }
    if (bar->trap_end != 0 && bar->trap_end < bar->size) {
        parts[count++] = (struct part){bar->trap_end, bar->size - bar->trap_end};
    }
    return count;
}

/* Parts that were mapped go again. Devices that walk the same tables may have used them for a moment. */
static enum status take_back(const struct guest_bar *bar, struct radix *nested, struct vtd_domain *domain,
                             const struct part *parts, size_t count)
{
    enum status result = STATUS_OK;
    for (size_t i = 0; i < count; i++) {
        uint64_t at = bar->address + parts[i].offset;
        enum status status = radix_unmap(nested, at, parts[i].size);
        if (status == STATUS_OK && domain != NULL && domain->shared != NULL) {
            status = vtd_domain_unmap(domain, iova(at), parts[i].size);
        }
        result = result == STATUS_OK ? status : result;
    }
    return result;
}

/* Never executable: registers are no code. */
static enum status map_nested(const struct guest_bar *bar, struct radix *nested, struct vtd_domain *domain)
{
    const unsigned rights = RADIX_READ | RADIX_WRITE | RADIX_USER | RADIX_UNCACHED;
    struct part parts[2];
    size_t count = split(bar, parts);
    for (size_t i = 0; i < count; i++) {
        enum status status = radix_map(nested, bar->address + parts[i].offset, hpa_add(bar->host, parts[i].offset),
                                       parts[i].size, rights);
        if (status != STATUS_OK) { /* out of tables, some of part i was there too */
            size_t touched = status == STATUS_NO_MEMORY ? i + 1 : i;
            enum status undone = take_back(bar, nested, domain, parts, touched);
            return undone == STATUS_OK ? status : undone;
        }
    }
    return STATUS_OK;
}

/* Only what this BAR itself mapped may go: its trapped pages were never there, and may be another's. What was mapped by
 * one call goes by one call, so that no larger page needs splitting. */
static enum status unmap_nested(const struct guest_bar *bar, struct radix *nested)
{
    struct part parts[2];
    size_t count = split(bar, parts);
    enum status result = STATUS_OK;
    for (size_t i = 0; i < count; i++) {
        enum status status = radix_unmap(nested, bar->mapped_at + parts[i].offset, parts[i].size);
        result = result == STATUS_OK ? status : result;
    }
    return result;
}

static enum status unmap_domain(const struct guest_bar *bar, struct vtd_domain *domain)
{
    struct part parts[2];
    size_t count = split(bar, parts);
    enum status result = STATUS_OK;
    for (size_t i = 0; i < count; i++) {
        struct iova at = iova(bar->mapped_at + parts[i].offset);
        enum status status = vtd_domain_unmap(domain, at, parts[i].size);
        vtd_history_note(&domain->gone, at, parts[i].size, hpa_add(bar->host, parts[i].offset), time_now_ns());
        result = result == STATUS_OK ? status : result;
    }
    return result;
}

static enum status map_domain(const struct guest_bar *bar, struct vtd_domain *domain)
{
    struct part parts[2];
    size_t count = split(bar, parts);
    for (size_t i = 0; i < count; i++) {
        enum status status =
            vtd_domain_map(domain, iova(bar->address + parts[i].offset), hpa_add(bar->host, parts[i].offset),
                           parts[i].size, RADIX_READ | RADIX_WRITE);
        if (status != STATUS_OK) {
            enum status undone = i == 0 ? STATUS_OK : vtd_domain_unmap(domain, iova(bar->address), parts[0].size);
            return undone == STATUS_OK ? status : undone;
        }
    }
    return STATUS_OK;
}

/* Nested tables first: where devices walk them too, the units forget what is gone. */
static enum status withdraw(struct guest_bar *bar, const struct guest_bar_space *space, bool *shrank)
{
    struct part parts[2];
    enum status bus_status = bar->trapped ? bus_remove(space->mmio, bar->mapped_at + bar->trap_start) : STATUS_OK;
    enum status nested_status = unmap_nested(bar, space->nested);
    enum status domain_status = bar->shared ? unmap_domain(bar, space->domain) : STATUS_OK;
    *shrank = *shrank || split(bar, parts) != 0;
    bar->shared = false;
    bar->trapped = bus_status != STATUS_OK;
    bar->mapped = nested_status != STATUS_OK || bar->trapped;
    return nested_status != STATUS_OK ? nested_status : domain_status != STATUS_OK ? domain_status : bus_status;
}

/* Nobody else's pages or bytes where it wants to be: of all BARs that decode, those that were there first. */
static bool is_free(const struct guest_bar *bar, const struct guest_bar_space *space)
{
    uint64_t start = align_down(bar->address, PAGE_SIZE);
    uint64_t end = align_up(bar->address + bar->size, PAGE_SIZE);
    return !radix_any_mapped(space->nested, start, end - start) && bus_is_free(space->mmio, bar->address, bar->size);
}

static enum status set_trap(struct guest_bar *bar, const struct guest_bar_space *space)
{
    if (bar->trap_end == 0) {
        return STATUS_OK;
    }
    bar->trap.base = bar->address + bar->trap_start;
    bar->trap.size = bar->trap_end - bar->trap_start;
    bar->trap.widths = 1 | 2 | 4 | 8;
    enum status status = bus_add(space->mmio, &bar->trap);
    bar->trapped = status == STATUS_OK;
    return status;
}

static enum status show(struct guest_bar *bar, const struct guest_bar_space *space, bool *shrank)
{
    struct vtd_domain *domain = space->domain;
    if (!is_free(bar, space)) {
        return STATUS_CONFLICT;
    }
    enum status status = map_nested(bar, space->nested, domain);
    if (status != STATUS_OK) {
        *shrank = true; /* other vCPUs may have used what was there for a moment */
        return status;
    }
    bar->mapped = true;
    bar->mapped_at = bar->address;
    enum status trap_status = set_trap(bar, space);
    status = domain == NULL ? STATUS_OK : map_domain(bar, domain);
    /* What nested tables show, devices that walk them reach, whether or not their unit answers. */
    bar->shared = domain != NULL && (status == STATUS_OK || domain->shared != NULL);
    return status != STATUS_OK ? status : trap_status;
}

static bool is_wanted(const struct guest_bar *bar, const struct guest_bar_space *space, bool decode)
{
    return bar->kind != PCI_BAR_NONE && decode && guest_bar_fits(bar, space->windows);
}

enum status guest_bar_leave(struct guest_bar *bar, const struct guest_bar_space *space, bool decode, bool *shrank)
{
    bool stays = is_wanted(bar, space, decode) && bar->mapped_at == bar->address;
    return bar->mapped && !stays ? withdraw(bar, space, shrank) : STATUS_OK;
}

enum status guest_bar_enter(struct guest_bar *bar, const struct guest_bar_space *space, bool decode, bool *shrank)
{
    return !bar->mapped && is_wanted(bar, space, decode) ? show(bar, space, shrank) : STATUS_OK;
}

static bool is_passable(const struct guest_bar *bar, uint64_t offset, unsigned width)
{
    uint64_t size = bar->trap_end - bar->trap_start;
    return is_aligned(offset, width) && offset < size && width <= size - offset;
}

uint64_t guest_bar_pass_read(const struct guest_bar *bar, uint64_t offset, unsigned width)
{
    return is_passable(bar, offset, width) ? mmio_read(hpa_add(bar->host, bar->trap_start + offset), width)
                                           : UINT64_MAX;
}

void guest_bar_pass_write(const struct guest_bar *bar, uint64_t offset, unsigned width, uint64_t value)
{
    if (is_passable(bar, offset, width)) {
        mmio_write(hpa_add(bar->host, bar->trap_start + offset), width, value);
    }
}
