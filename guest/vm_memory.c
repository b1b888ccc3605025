/* SPDX-License-Identifier: GPL-2.0-only
 * A guest's RAM, taken and shown. */
#include "guest/vm_memory.h"

#include "kernel/core/pages.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

#define BLOCK_ALIGN (2 * MIB)
#define RAM_MAX BIT64(51)

/* No guest has had it yet. */
static void give_back(struct guest_memory *memory)
{
    for (size_t i = 0; i < memory->count; i++) {
        pages_free(memory->slots[i].backing, memory->slots[i].size);
    }
    memory->count = 0;
}

/* Where the block behind `at` bytes of RAM goes. */
static struct gpa place_of(uint64_t at)
{
    return gpa(at < GUEST_HOLE_START ? at : at - GUEST_HOLE_START + GUEST_HOLE_END);
}

/* Steps of whole blocks, none on both sides of the hole. */
static bool is_layout(const struct plan_block *blocks, size_t count)
{
    uint64_t at = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t size = blocks[i].size;
        uint64_t room = at < GUEST_HOLE_START ? GUEST_HOLE_START - at : RAM_MAX;
        if (size == 0 || size > room || at > RAM_MAX || !is_aligned(size | blocks[i].start, BLOCK_ALIGN)) {
            return false;
        }
        at += size;
    }
    return count <= GUEST_SLOTS_MAX;
}

enum status vm_memory_take(struct guest_memory *memory, const struct plan_block *blocks, size_t count)
{
    uint64_t at = 0;
    *memory = (struct guest_memory){.count = 0};
    if (!is_layout(blocks, count)) {
        return STATUS_OUT_OF_RANGE;
    }
    for (size_t i = 0; i < count; i++) {
        enum status status = pages_take(hpa(blocks[i].start), blocks[i].size);
        if (status != STATUS_OK) {
            give_back(memory);
            return status;
        }
        memory->slots[memory->count++] =
            (struct guest_slot){.base = place_of(at), .size = blocks[i].size, .backing = hpa(blocks[i].start)};
        at += blocks[i].size;
    }
    return STATUS_OK;
}

void vm_memory_scrub(const struct guest_memory *memory)
{
    for (size_t i = 0; i < memory->count; i++) {
        memset(phys_to_virt(memory->slots[i].backing), 0, memory->slots[i].size);
    }
}

void vm_memory_scrub_part(const struct guest_memory *memory, uint64_t from, uint64_t bytes)
{
    for (size_t i = 0; i < memory->count && bytes != 0; i++) {
        const struct guest_slot *slot = &memory->slots[i];
        if (from >= slot->size) {
            from -= slot->size;
            continue;
        }
        uint64_t part = slot->size - from < bytes ? slot->size - from : bytes;
        memset(phys_to_virt(hpa_add(slot->backing, from)), 0, part);
        bytes -= part;
        from = 0;
    }
}

enum status vm_memory_map(const struct guest_memory *memory, struct radix *nested, const struct radix_format *format,
                          const struct share_decision *how)
{
    enum status status = radix_init(nested, format, VM_MEMORY_LEVELS, how->max_leaf, how->flush);
    nested->always = how->always;
    for (size_t i = 0; status == STATUS_OK && i < memory->count; i++) {
        const struct guest_slot *slot = &memory->slots[i];
        status = radix_map(nested, slot->base.v, slot->backing, slot->size,
                           RADIX_READ | RADIX_WRITE | RADIX_EXECUTE | RADIX_USER);
    }
    return status;
}

uint64_t vm_memory_low_end(const struct guest_memory *memory)
{
    uint64_t end = 0;
    for (size_t i = 0; i < memory->count; i++) {
        const struct guest_slot *slot = &memory->slots[i];
        end = slot->base.v < GUEST_HOLE_START ? slot->base.v + slot->size : end;
    }
    return end;
}
