/* SPDX-License-Identifier: GPL-2.0-only
 * Arbitrary bytes as a guest's kernel: nothing outside the guest's RAM is touched, a refusal says why and an accepted
 * kernel comes with structures that lie in RAM and were not overwritten. */
#include <stdlib.h>
#include <string.h>

#include "guest/image.h"
#include "tests/fake/memory.h"

#define BACKING UINT64_C(0x10000000)
#define GUARD UINT64_C(0x10000)
#define RAM (8 * MIB)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_guard(uint64_t at)
{
    const uint8_t *guard = fake_memory_at(at, GUARD);
    for (uint64_t i = 0; i < GUARD; i++) {
        if (guard[i] != 0) {
            abort();
        }
    }
}

static void check_entry(const struct guest_memory *memory, const struct image_entry *entry)
{
    uint64_t structure = entry->kind == IMAGE_BZIMAGE ? entry->rsi : entry->rbx;
    const uint8_t *at = guest_memory_at(memory, gpa(structure), 56);
    if (at == NULL || entry->long_mode != (entry->kind == IMAGE_BZIMAGE) ||
        (!entry->long_mode && entry->rip >> 32 != 0)) {
        abort();
    }
    if (entry->kind == IMAGE_BZIMAGE && guest_memory_at(memory, gpa(entry->cr3), 6 * PAGE_SIZE) == NULL) {
        abort();
    }
    uint32_t text = 0;
    static const unsigned text_at[] = {[IMAGE_BZIMAGE] = 0x228, [IMAGE_PVH] = 24, [IMAGE_MULTIBOOT] = 16};
    memcpy(&text, at + text_at[entry->kind], 4);
    const char *wanted = entry->kind == IMAGE_MULTIBOOT ? "kernel abc" : "abc";
    const char *cmdline = guest_memory_at(memory, gpa(text), strlen(wanted) + 1);
    if (cmdline == NULL || strcmp(cmdline, wanted) != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (fake_memory_size() == 0) {
        fake_memory_reset(BACKING, RAM + 2 * GUARD);
    }
    const struct guest_memory memory = {.count = 1,
                                        .slots = {{.base = gpa(0), .size = RAM, .backing = hpa(BACKING + GUARD)}}};
    struct image_request request = {.kernel = {data, size, NULL},
                                    .initrd = {"initrd", 6, NULL},
                                    .modules = {{"module", 6, "text"}},
                                    .module_count = 1,
                                    .cmdline = "abc",
                                    .map = {{0, GUEST_LOW_RAM_END, true}, {MIB, RAM - MIB, true}},
                                    .map_count = 2};
    struct image_entry entry;
    char why[160] = "";
    enum status status = image_load(&memory, &request, &entry, why, sizeof(why));
    if ((status == STATUS_OK) != (why[0] == '\0') || status == STATUS_NOT_FOUND) {
        abort();
    }
    if (status == STATUS_OK) {
        check_entry(&memory, &entry);
    }
    check_guard(BACKING);
    check_guard(BACKING + GUARD + RAM);
    return 0;
}
