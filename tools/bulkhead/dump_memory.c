/* SPDX-License-Identifier: GPL-2.0-only
 * Firmware's memory map: /sys/firmware/memmap, or what /proc/iomem has on its first level. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/lib/memory_map.h"
#include "tools/bulkhead/dump_parts.h"

#define FOLDER "/sys/firmware/memmap"

/* Linux's words (arch/x86/kernel/e820.c); what has another one may not be used. */
static enum memory_kind kind_of(const char *text)
{
    static const struct {
        const char *text;
        enum memory_kind kind;
    } kinds[] = {
        {"System RAM", MEMORY_RAM},
        {"ACPI Tables", MEMORY_ACPI},
        {"ACPI Non-volatile Storage", MEMORY_ACPI_NVS},
        {"Unusable memory", MEMORY_UNUSABLE},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        if (strcmp(text, kinds[i].text) == 0) {
            return kinds[i].kind;
        }
    }
    return MEMORY_RESERVED;
}

static void write_range(struct dump_part *part, uint64_t first, uint64_t last, enum memory_kind kind)
{
    fprintf(part->out, "memory 0x%llx-0x%llx %s\n", (unsigned long long)first, (unsigned long long)last,
            memory_kind_text(kind));
}

static bool dump_entry(struct dump_part *part, const char *name)
{
    char path[3][HOST_TREE_PATH_SIZE];
    static const char *const fields[] = {"start", "end", "type"};
    uint64_t first = 0;
    uint64_t last = 0;
    char type[64];
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
        snprintf(path[i], sizeof(path[i]), FOLDER "/%.64s/%s", name, fields[i]);
    }
    if (!host_tree_number(part->tree, path[0], &first) || !host_tree_number(part->tree, path[1], &last) ||
        !host_tree_line(part->tree, path[2], type, sizeof(type)) || last < first) {
        return false;
    }
    write_range(part, first, last, kind_of(type));
    return true;
}

static bool dump_memmap(struct dump_part *part)
{
    struct host_names names;
    size_t written = 0;
    if (!host_tree_names(part->tree, FOLDER, &names)) {
        return false;
    }
    for (size_t i = 0; i < names.count; i++) {
        written += dump_entry(part, names.items[i]);
    }
    host_names_free(&names);
    return written != 0;
}

/* "00001000-0009fbff : System RAM": first level only, where PCI windows are no memory. All zeros without root. */
static bool dump_iomem_line(struct dump_part *part, char *line)
{
    char *end = NULL;
    uint64_t first = strtoull(line, &end, 16);
    if (line[0] == ' ' || *end != '-') {
        return false;
    }
    uint64_t last = strtoull(end + 1, &end, 16);
    if (strncmp(end, " : ", 3) != 0 || last <= first) {
        return false;
    }
    const char *type = end + 3;
    bool reserved = strcmp(type, "Reserved") == 0 || strcmp(type, "reserved") == 0;
    if (kind_of(type) == MEMORY_RESERVED && !reserved) {
        return false;
    }
    write_range(part, first, last, kind_of(type));
    return true;
}

static bool dump_iomem(struct dump_part *part)
{
    size_t length = 0;
    size_t written = 0;
    uint8_t *bytes = host_tree_read(part->tree, "/proc/iomem", &length);
    if (bytes == NULL) {
        return false;
    }
    char *state = NULL;
    for (char *line = strtok_r((char *)bytes, "\n", &state); line != NULL; line = strtok_r(NULL, "\n", &state)) {
        written += dump_iomem_line(part, line);
    }
    free(bytes);
    return written != 0;
}

void dump_memory(struct dump_part *part)
{
    if (!dump_memmap(part) && !dump_iomem(part)) {
        dump_missing(part, "memory map", "only root may: " FOLDER " and /proc/iomem hide it");
    }
}
