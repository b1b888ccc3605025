/* SPDX-License-Identifier: GPL-2.0-only
 * The ACPI tables that the hypervisor reads, as Linux has them in /sys/firmware/acpi/tables. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/lib/types.h"
#include "tools/bulkhead/dump_parts.h"

#define FOLDER "/sys/firmware/acpi/tables"
#define SIGNATURE 4

/* Several tables of one signature are DMAR1, DMAR2 and so on there. */
static bool is_wanted(const char *name)
{
    static const char *const wanted[] = {"DMAR", "APIC", "MCFG", "FACP", "HPET"};
    for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++) {
        if (strncmp(name, wanted[i], SIGNATURE) == 0) {
            return name[SIGNATURE + strspn(name + SIGNATURE, "0123456789")] == 0;
        }
    }
    return false;
}

static void dump_table(struct dump_part *part, const char *name)
{
    char path[HOST_TREE_PATH_SIZE];
    char what[64];
    size_t length = 0;
    snprintf(path, sizeof(path), FOLDER "/%s", name);
    uint8_t *bytes = host_tree_read(part->tree, path, &length);
    if (bytes == NULL) {
        snprintf(what, sizeof(what), "ACPI table %.40s", name);
        dump_missing(part, what, "%s", errno == EACCES ? "only root may" : strerror(errno));
        return;
    }
    fprintf(part->out, "acpi %.4s %zu\n", name, length);
    dump_bytes(part, bytes, length);
    free(bytes);
}

void dump_acpi(struct dump_part *part)
{
    struct host_names names;
    if (!host_tree_names(part->tree, FOLDER, &names)) {
        dump_missing(part, "ACPI tables", "%s", strerror(errno));
        return;
    }
    for (size_t i = 0; i < names.count; i++) {
        if (is_wanted(names.items[i])) {
            dump_table(part, names.items[i]);
        }
    }
    host_names_free(&names);
}
