/* SPDX-License-Identifier: GPL-2.0-only
 * BARs of assigned functions (PCI 3.0 6.2.5). */
#include "guest/pci_bar.h"

#include "kernel/lib/bits.h"

#define BAR_TYPE_64 0x4u
#define BAR_PREFETCHABLE 0x8u
#define HIGH_END BIT64(40) /* far enough for any BAR */

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
    if (!host->assigned || host->size < PAGE_SIZE) {
        return STATUS_UNSUPPORTED;
    }
    *bar = (struct guest_bar){
        .kind = host->kind,
        .prefetchable = host->prefetchable,
        .size = host->size,
        .host = hpa(host->address),
    };
    return STATUS_OK;
}

enum status guest_bar_place(struct guest_bar *bar, const struct guest_bar_windows *windows, uint64_t *next_low,
                            uint64_t *next_high)
{
    if (bar->kind == PCI_BAR_NONE) {
        return STATUS_OK;
    }
    uint64_t low = align_up(*next_low, bar->size);
    if (low <= windows->low_end && bar->size <= windows->low_end - low) {
        bar->address = low;
        *next_low = low + bar->size;
        return STATUS_OK;
    }
    uint64_t high = align_up(*next_high, bar->size);
    if (bar->kind != PCI_BAR_MEM64 || high >= windows->high_end || bar->size > windows->high_end - high) {
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
    return low || high;
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
        enum status status = vtd_domain_unmap(domain, iova(bar->mapped_at + parts[i].offset), parts[i].size);
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
static enum status withdraw(struct guest_bar *bar, struct radix *nested, struct vtd_domain *domain, bool *shrank)
{
    if (!bar->mapped) {
        return STATUS_OK;
    }
    enum status nested_status = unmap_nested(bar, nested);
    enum status domain_status = bar->shared ? unmap_domain(bar, domain) : STATUS_OK;
    *shrank = true;
    bar->shared = false;
    bar->mapped = nested_status != STATUS_OK;
    return nested_status != STATUS_OK ? nested_status : domain_status;
}

static enum status show(struct guest_bar *bar, struct radix *nested, struct vtd_domain *domain, bool *shrank)
{
    enum status status = map_nested(bar, nested, domain);
    if (status != STATUS_OK) {
        *shrank = true; /* other vCPUs may have used what was there for a moment */
        return status;
    }
    bar->mapped = true;
    bar->mapped_at = bar->address;
    status = domain == NULL ? STATUS_OK : map_domain(bar, domain);
    /* What nested tables show, devices that walk them reach, whether or not their unit answers. */
    bar->shared = domain != NULL && (status == STATUS_OK || domain->shared != NULL);
    return status;
}

enum status guest_bar_apply(struct guest_bar *bar, struct radix *nested, struct vtd_domain *domain,
                            const struct guest_bar_windows *windows, bool decode, bool *shrank)
{
    bool wanted = bar->kind != PCI_BAR_NONE && decode && guest_bar_fits(bar, windows);
    if (bar->mapped && wanted && bar->mapped_at == bar->address) {
        return STATUS_OK;
    }
    enum status status = withdraw(bar, nested, domain, shrank);
    return status == STATUS_OK && wanted ? show(bar, nested, domain, shrank) : status;
}
