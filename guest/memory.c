/* SPDX-License-Identifier: GPL-2.0-only
 * A guest's RAM. */
#include "guest/memory.h"

#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

/* Physical addresses have at most 52 bits, and 1 GiB of them is the hole. */
#define RAM_MAX (BIT64(52) - GIB)

enum status guest_memory_layout(uint64_t bytes, struct guest_memory *out)
{
    *out = (struct guest_memory){.count = 0};
    if (bytes == 0 || !is_aligned(bytes, PAGE_SIZE) || bytes > RAM_MAX) {
        return STATUS_OUT_OF_RANGE;
    }
    uint64_t low = bytes < GUEST_HOLE_START ? bytes : GUEST_HOLE_START;
    out->slots[out->count++] = (struct guest_slot){.base = gpa(0), .size = low};
    if (bytes > low) {
        out->slots[out->count++] = (struct guest_slot){.base = gpa(GUEST_HOLE_END), .size = bytes - low};
    }
    return STATUS_OK;
}

uint64_t guest_memory_bytes(const struct guest_memory *memory)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < memory->count; i++) {
        bytes += memory->slots[i].size;
    }
    return bytes;
}

uint64_t guest_memory_top(const struct guest_memory *memory)
{
    uint64_t top = GUEST_HOLE_END;
    for (size_t i = 0; i < memory->count; i++) {
        uint64_t end = memory->slots[i].base.v + memory->slots[i].size;
        top = end > top ? end : top;
    }
    return top;
}

static const struct guest_slot *find(const struct guest_memory *memory, struct gpa at, uint64_t bytes)
{
    for (size_t i = 0; i < memory->count; i++) {
        const struct guest_slot *slot = &memory->slots[i];
        if (at.v >= slot->base.v && bytes <= slot->size && at.v - slot->base.v <= slot->size - bytes) {
            return slot;
        }
    }
    return NULL;
}

void *guest_memory_at(const struct guest_memory *memory, struct gpa at, uint64_t bytes)
{
    const struct guest_slot *slot = find(memory, at, bytes);
    if (slot == NULL) {
        return NULL;
    }
    return (uint8_t *)phys_to_virt(slot->backing) + (at.v - slot->base.v);
}

void *guest_memory_piece(const struct guest_memory *memory, struct gpa at, uint64_t most, uint64_t *bytes)
{
    const struct guest_slot *slot = find(memory, at, 1);
    if (slot == NULL) {
        return NULL;
    }
    uint64_t offset = at.v - slot->base.v;
    *bytes = most < slot->size - offset ? most : slot->size - offset;
    return (uint8_t *)phys_to_virt(slot->backing) + offset;
}

/* Every step leaves one slot behind. */
bool guest_memory_has(const struct guest_memory *memory, struct gpa at, uint64_t bytes)
{
    uint64_t end = 0;
    if (__builtin_add_overflow(at.v, bytes, &end)) {
        return false;
    }
    while (at.v < end) {
        const struct guest_slot *slot = find(memory, at, 1);
        if (slot == NULL) {
            return false;
        }
        at.v = slot->base.v + slot->size;
    }
    return true;
}

enum status guest_memory_write(const struct guest_memory *memory, struct gpa at, const void *from, uint64_t bytes)
{
    void *to = guest_memory_at(memory, at, bytes);
    if (to == NULL) {
        return STATUS_OUT_OF_RANGE;
    }
    memcpy(to, from, bytes);
    return STATUS_OK;
}

enum status guest_memory_read(const struct guest_memory *memory, struct gpa at, void *to, uint64_t bytes)
{
    const void *from = guest_memory_at(memory, at, bytes);
    if (from == NULL) {
        return STATUS_OUT_OF_RANGE;
    }
    memcpy(to, from, bytes);
    return STATUS_OK;
}
