/* SPDX-License-Identifier: GPL-2.0-only
 * Any bytes as a multiboot2 block: no read outside it, and what is accepted keeps its promises. */
#include "boot/multiboot2.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct boot_info info;
    if (multiboot2_parse(data, size, &info) != STATUS_OK) {
        return 0;
    }
    if (info.memory.count == 0 || info.module_count > BOOT_MODULES_MAX || info.rsdp_length > BOOT_RSDP_MAX) {
        abort();
    }
    for (size_t i = 0; i < info.module_count; i++) {
        const struct boot_module *m = &info.modules[i];
        if (m->size == 0 || memory_map_overlaps(&info.memory, m->start.v, m->size, MEMORY_RAM) ||
            memchr(m->text, 0, sizeof(m->text)) == NULL) {
            abort();
        }
    }
    return 0;
}
