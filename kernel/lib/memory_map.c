/* SPDX-License-Identifier: GPL-2.0-only
 * The sorted physical memory map. */
#include "kernel/lib/memory_map.h"

#include "kernel/lib/string.h"

/* The map being written anew: ranges come in rising order and are merged as they come. */
struct writer {
    struct memory_map map;
    bool full;
};

static void emit(struct writer *w, uint64_t start, uint64_t end, enum memory_kind kind)
{
    if (start >= end) {
        return;
    }
    struct memory_range *last = w->map.count > 0 ? &w->map.ranges[w->map.count - 1] : NULL;
    if (last != NULL && last->end == start && last->kind == kind) {
        last->end = end;
        return;
    }
    if (w->map.count == MEMORY_MAP_MAX) {
        w->full = true;
        return;
    }
    w->map.ranges[w->map.count++] = (struct memory_range){start, end, kind};
}

static uint64_t lower(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t higher(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Emit old with added laid over it, and the part of added below old that was not emitted yet, from *next on. */
static void emit_overlaid(struct writer *w, const struct memory_range *old, const struct memory_range *added,
                          uint64_t *next)
{
    if (old->end <= added->start) {
        emit(w, old->start, old->end, old->kind);
        return;
    }
    uint64_t gap_end = lower(old->start, added->end);
    emit(w, *next, gap_end, added->kind);
    *next = higher(*next, gap_end);
    uint64_t start = higher(old->start, added->start);
    uint64_t end = lower(old->end, added->end);
    if (start >= end) {
        emit(w, old->start, old->end, old->kind);
        return;
    }
    emit(w, old->start, start, old->kind);
    emit(w, start, end, old->kind > added->kind ? old->kind : added->kind);
    emit(w, end, old->end, old->kind);
    *next = end;
}

enum status memory_map_add(struct memory_map *map, uint64_t start, uint64_t size, enum memory_kind kind)
{
    struct memory_range added = {.start = start, .kind = kind};
    if (size == 0 || __builtin_add_overflow(start, size, &added.end)) {
        return STATUS_OUT_OF_RANGE;
    }
    struct writer w; /* its ranges stay unset until emitted: 6 KiB need no clearing */
    w.map.count = 0;
    w.full = false;
    uint64_t next = start;
    for (size_t i = 0; i < map->count; i++) {
        emit_overlaid(&w, &map->ranges[i], &added, &next);
    }
    emit(&w, next, added.end, kind);
    if (w.full) {
        return STATUS_NO_MEMORY;
    }
    memcpy(map->ranges, w.map.ranges, w.map.count * sizeof(map->ranges[0]));
    map->count = w.map.count;
    return STATUS_OK;
}

bool memory_map_covers(const struct memory_map *map, uint64_t start, uint64_t size)
{
    uint64_t end = 0;
    if (__builtin_add_overflow(start, size, &end)) {
        return false;
    }
    for (size_t i = 0; i < map->count && start < end; i++) {
        const struct memory_range *r = &map->ranges[i];
        if (r->start <= start && start < r->end) {
            start = r->end;
        }
    }
    return start >= end;
}

bool memory_map_overlaps(const struct memory_map *map, uint64_t start, uint64_t size, enum memory_kind kind)
{
    uint64_t end = 0;
    if (__builtin_add_overflow(start, size, &end)) {
        end = UINT64_MAX;
    }
    for (size_t i = 0; i < map->count; i++) {
        const struct memory_range *r = &map->ranges[i];
        if (r->kind == kind && r->start < end && start < r->end) {
            return true;
        }
    }
    return false;
}

uint64_t memory_map_total(const struct memory_map *map, enum memory_kind kind)
{
    uint64_t total = 0;
    for (size_t i = 0; i < map->count; i++) {
        const struct memory_range *r = &map->ranges[i];
        total += r->kind == kind ? r->end - r->start : 0;
    }
    return total;
}

const char *memory_kind_text(enum memory_kind kind)
{
    static const char *const texts[] = {
        [MEMORY_RAM] = "ram",
        [MEMORY_ACPI] = "acpi",
        [MEMORY_ACPI_NVS] = "acpi-nvs",
        [MEMORY_RESERVED] = "reserved",
        [MEMORY_UNUSABLE] = "unusable",
        [MEMORY_LOADER] = "loader",
        [MEMORY_HYPERVISOR] = "hypervisor",
    };
    return (size_t)kind < ARRAY_LENGTH(texts) ? texts[kind] : "unknown";
}
