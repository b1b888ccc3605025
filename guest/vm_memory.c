/* SPDX-License-Identifier: GPL-2.0-only
 * A guest's RAM, taken and shown. */
#include "guest/vm_memory.h"

#include "kernel/core/pages.h"
#include "kernel/core/time.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

#define BLOCK_ALIGN (2 * MIB)

/* One part of the guest's map, in as few blocks as free memory allows: each try that fails is halved. */
static enum status take_part(struct guest_memory *memory, struct gpa base, uint64_t bytes)
{
    uint64_t block = bytes;
    while (bytes != 0) {
        struct hpa at;
        block = block < bytes ? block : bytes;
        enum status status = pages_alloc_block(block, block >= GIB ? GIB : BLOCK_ALIGN, UINT64_MAX, &at);
        if (status != STATUS_OK) {
            status = pages_alloc_block(block, BLOCK_ALIGN, UINT64_MAX, &at);
        }
        if (status != STATUS_OK || memory->count == GUEST_SLOTS_MAX) {
            block = align_down(block / 2, BLOCK_ALIGN);
            if (block == 0 || memory->count == GUEST_SLOTS_MAX) {
                return STATUS_NO_MEMORY;
            }
            continue;
        }
        memory->slots[memory->count++] = (struct guest_slot){.base = base, .size = block, .backing = at};
        base = gpa_add(base, block);
        bytes -= block;
    }
    return STATUS_OK;
}

enum status vm_memory_take(struct guest_memory *memory, uint64_t bytes)
{
    struct guest_memory parts;
    *memory = (struct guest_memory){.count = 0};
    enum status status = is_aligned(bytes, BLOCK_ALIGN) ? guest_memory_layout(bytes, &parts) : STATUS_OUT_OF_RANGE;
    for (size_t i = 0; status == STATUS_OK && i < parts.count; i++) {
        status = take_part(memory, parts.slots[i].base, parts.slots[i].size);
    }
    if (status != STATUS_OK) {
        vm_memory_give_back(memory);
    }
    return status;
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

void vm_memory_give_back(struct guest_memory *memory)
{
    vm_memory_scrub(memory);
    for (size_t i = 0; i < memory->count; i++) {
        pages_free(memory->slots[i].backing, memory->slots[i].size);
    }
    memory->count = 0;
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
