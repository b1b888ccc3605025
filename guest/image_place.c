/* SPDX-License-Identifier: GPL-2.0-only
 * Placing loaded things in a guest's RAM. */
#include "guest/image_place.h"

#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

#define LOW_START UINT64_C(0x10000)
#define LOW_END UINT64_C(0x9f000)

struct image_place image_place_make(const struct guest_memory *memory, uint64_t module_limit, char *why,
                                    size_t why_size)
{
    uint64_t low_ram = memory->count == 0 ? 0 : memory->slots[0].size;
    return (struct image_place){
        .memory = memory,
        .low_next = LOW_START,
        .high_end = align_down(module_limit < low_ram ? module_limit : low_ram, PAGE_SIZE),
        .kernel_start = UINT64_MAX,
        .why = why,
        .why_size = why_size,
    };
}

void *image_place_low(struct image_place *place, uint64_t bytes, uint64_t align, struct gpa *at)
{
    uint64_t start = align_up(place->low_next, align);
    void *to = bytes <= LOW_END && start <= LOW_END - bytes ? guest_memory_at(place->memory, gpa(start), bytes) : NULL;
    if (to == NULL) {
        format_text(place->why, place->why_size, "%llu bytes of boot structures do not fit below 636 KiB",
                    (unsigned long long)bytes);
        return NULL;
    }
    place->low_next = start + bytes;
    place->low_used = true;
    memset(to, 0, bytes);
    *at = gpa(start);
    return to;
}

enum status image_place_text(struct image_place *place, const char *text, struct gpa *at)
{
    size_t bytes = strlen(text) + 1;
    char *to = image_place_low(place, bytes, 1, at);
    if (to == NULL) {
        return STATUS_NO_MEMORY;
    }
    memcpy(to, text, bytes);
    return STATUS_OK;
}

/* May the kernel have start..end? Programs for real mode are linked below 1 MiB. */
static bool is_free(const struct image_place *place, uint64_t start, uint64_t end)
{
    return start >= MIB || (start >= PAGE_SIZE && end <= LOW_END && !place->low_used);
}

void *image_place_kernel(struct image_place *place, uint64_t start, uint64_t bytes)
{
    uint64_t end = 0;
    bool clear = !__builtin_add_overflow(start, bytes, &end) && is_free(place, start, end);
    void *to = clear ? guest_memory_at(place->memory, gpa(start), bytes) : NULL;
    if (to != NULL && bytes > guest_memory_bytes(place->memory) - place->kernel_bytes) {
        format_text(place->why, place->why_size, "the parts of the kernel overlap at 0x%llx",
                    (unsigned long long)start);
        return NULL;
    }
    if (to == NULL) {
        format_text(place->why, place->why_size,
                    "the kernel needs %llu KiB at 0x%llx, where this guest has no free RAM (it has %llu MiB)",
                    (unsigned long long)(bytes / KIB), (unsigned long long)start,
                    (unsigned long long)(guest_memory_bytes(place->memory) / MIB));
        return NULL;
    }
    memset(to, 0, bytes);
    place->kernel_bytes += bytes;
    place->kernel_start = start < place->kernel_start ? start : place->kernel_start;
    place->kernel_end = end > place->kernel_end ? end : place->kernel_end;
    place->low_next = start < MIB && end > place->low_next ? end : place->low_next;
    return to;
}

enum status image_place_module(struct image_place *place, const struct image_blob *blob, struct gpa *at)
{
    uint64_t start = blob->size <= place->high_end ? align_down(place->high_end - blob->size, PAGE_SIZE) : 0;
    bool clear = start >= place->kernel_end && start >= MIB;
    void *to = clear ? guest_memory_at(place->memory, gpa(start), blob->size) : NULL;
    if (to == NULL) {
        format_text(place->why, place->why_size,
                    "a module of %llu KiB does not fit between the kernel's end (0x%llx) and 0x%llx: "
                    "give the guest more memory",
                    (unsigned long long)(blob->size / KIB), (unsigned long long)place->kernel_end,
                    (unsigned long long)place->high_end);
        return STATUS_NO_MEMORY;
    }
    memcpy(to, blob->bytes, blob->size);
    place->high_end = start;
    *at = gpa(start);
    return STATUS_OK;
}

void image_put(uint8_t *at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

uint8_t image_checksum(const uint8_t *bytes, size_t count)
{
    uint8_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total = (uint8_t)(total + bytes[i]);
    }
    return (uint8_t)-total;
}
