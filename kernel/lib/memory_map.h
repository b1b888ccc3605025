/* SPDX-License-Identifier: GPL-2.0-only
 * The machine's physical memory as firmware described it: sorted, non-overlapping, the most restrictive kind wins. */
#ifndef BULKHEAD_LIB_MEMORY_MAP_H
#define BULKHEAD_LIB_MEMORY_MAP_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

enum memory_kind {
    MEMORY_RAM,        /* free for use */
    MEMORY_ACPI,       /* ACPI tables, reclaimable */
    MEMORY_ACPI_NVS,   /* firmware's, keep */
    MEMORY_RESERVED,   /* firmware's or devices', keep */
    MEMORY_UNUSABLE,   /* broken RAM */
    MEMORY_LOADER,     /* boot information and modules; freed or given on purpose only */
    MEMORY_HYPERVISOR, /* this image and what it allocated at boot */
};

struct memory_range {
    uint64_t start; /* host-physical, bytes */
    uint64_t end;   /* exclusive; start < end */
    enum memory_kind kind;
};

#define MEMORY_MAP_MAX 256

struct memory_map {
    struct memory_range ranges[MEMORY_MAP_MAX]; /* sorted by start, never overlapping */
    size_t count;
};

/* Overlay start..start+size with kind. Where it overlaps what is there, the kind later in enum memory_kind wins.
 * Neighbours of one kind are merged. size 0 or an overflowing end: STATUS_OUT_OF_RANGE; full: STATUS_NO_MEMORY. */
MUST_CHECK enum status memory_map_add(struct memory_map *map, uint64_t start, uint64_t size, enum memory_kind kind);

/* True when every byte of start..start+size lies in ranges of that map, of whatever kind. */
bool memory_map_covers(const struct memory_map *map, uint64_t start, uint64_t size);

/* True when any byte of start..start+size lies in a range of that kind. */
bool memory_map_overlaps(const struct memory_map *map, uint64_t start, uint64_t size, enum memory_kind kind);

/* Sum of all ranges of a kind, in bytes. */
uint64_t memory_map_total(const struct memory_map *map, enum memory_kind kind);

/* "ram", "acpi", "acpi-nvs", "reserved", "unusable", "loader", "hypervisor". */
const char *memory_kind_text(enum memory_kind kind);

#endif
