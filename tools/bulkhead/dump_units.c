/* SPDX-License-Identifier: GPL-2.0-only
 * VT-d units as Linux's driver shows them. Linux started without intel_iommu=on shows none. */
#include "tools/bulkhead/dump_parts.h"

#define FOLDER "/sys/class/iommu"
#define TABLE "/sys/firmware/acpi/tables/DMAR"

static bool read_field(const struct dump_part *part, const char *name, const char *field, char *out, size_t size)
{
    char path[HOST_TREE_PATH_SIZE];
    snprintf(path, sizeof(path), FOLDER "/%.64s/intel-iommu/%s", name, field);
    if (!host_tree_line(part->tree, path, out, size)) {
        return false;
    }
    for (const char *c = out; *c != 0; c++) {
        bool plain = (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'f') || *c == ':';
        if (!plain) {
            return false;
        }
    }
    return out[0] != 0;
}

/* Linux writes hex without 0x. */
static bool dump_unit(struct dump_part *part, const char *name)
{
    char address[32], version[16], cap[32], ecap[32];
    if (!read_field(part, name, "address", address, sizeof(address)) ||
        !read_field(part, name, "version", version, sizeof(version)) ||
        !read_field(part, name, "cap", cap, sizeof(cap)) || !read_field(part, name, "ecap", ecap, sizeof(ecap))) {
        return false;
    }
    fprintf(part->out, "unit 0x%s version %s cap 0x%s ecap 0x%s\n", address, version, cap, ecap);
    return true;
}

void dump_units(struct dump_part *part)
{
    struct host_names names;
    size_t written = 0;
    if (host_tree_names(part->tree, FOLDER, &names)) {
        for (size_t i = 0; i < names.count; i++) {
            written += dump_unit(part, names.items[i]);
        }
        host_names_free(&names);
    }
    if (written == 0 && (host_tree_exists(part->tree, TABLE) || host_tree_exists(part->tree, TABLE "1"))) {
        dump_missing(part, "remapping units",
                     "Linux shows none in " FOLDER ": start it with intel_iommu=on to have their capabilities too");
    }
}
