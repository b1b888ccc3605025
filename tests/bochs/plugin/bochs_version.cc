/* SPDX-License-Identifier: GPL-2.0-only
 * Two marks: the release's own line, and the sizes of objects, which the options of the build decide. */
#include "tests/bochs/plugin/bochs_version.hh"

#include <link.h>
#include <string.h>

#include "tests/bochs/plugin/bochs_api.hh"
#include "tests/bochs/plugin/libraries.hh"

static const char release[] = "Built from SVN snapshot on August  1, 2021"; /* 2.7 */

static const struct {
    const char *symbol;
    unsigned bytes;
} objects[] = {
    {"bx_devices", sizeof(bx_devices_c)}, {"bx_pc_system", sizeof(bx_pc_system_c)}, {"bx_mem", 240},
    {"_ZTV13bx_devmodel_c", 72}, /* table of virtual functions */
    {"_ZTV15bx_pci_device_c", 96},
};

/* The program comes first, and only its read-only data can hold the line. */
static int find_release(struct dl_phdr_info *info, size_t, void *found)
{
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) &p = info->dlpi_phdr[i];
        if (p.p_type == PT_LOAD && (p.p_flags & PF_W) == 0) {
            const void *start = reinterpret_cast<const void *>(info->dlpi_addr + p.p_vaddr);
            *static_cast<bool *>(found) |= memmem(start, p.p_filesz, release, sizeof(release)) != NULL;
        }
    }
    return 1;
}

const char *bochs_version_mismatch()
{
    bool found = false;
    dl_iterate_phdr(find_release, &found);
    if (!found) {
        return "another release";
    }
    for (const auto &object : objects) {
        if (libraries_size_of(object.symbol) != object.bytes) {
            return object.symbol;
        }
    }
    return NULL;
}
