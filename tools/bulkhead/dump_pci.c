/* SPDX-License-Identifier: GPL-2.0-only
 * Every PCI function of /sys/bus/pci/devices: configuration space, sizes, and what Linux found out about it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/pci_caps.h"
#include "kernel/lib/types.h"
#include "tools/bulkhead/dump_parts.h"

#define FOLDER "/sys/bus/pci/devices"
#define HEADER_BYTES 64 /* what everybody may read */
#define HEADER_OFFSET 0x0e
#define PIN_OFFSET 0x3d
#define ROM_LINE PCI_BARS
#define IRQ_MAX 1023 /* as the configuration's gsi */

struct place {
    struct dump_part *part;
    const char *name;
};

static void path_of(const struct place *at, const char *file, char out[HOST_TREE_PATH_SIZE])
{
    snprintf(out, HOST_TREE_PATH_SIZE, FOLDER "/%.64s%s%s", at->name, file[0] != 0 ? "/" : "", file);
}

/* "10000:e1:00.0": hex digits, each part short enough, nothing else. */
static bool is_address(const char *text)
{
    unsigned domain = 0, bus = 0, device = 0, function = 0;
    int end = 0;
    return sscanf(text, "%8x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &end) == 4 && text[end] == 0 &&
           text[0] != ' ' && bus <= 0xff && device <= 0x1f && function <= 7;
}

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Does that link end in an address, or a driver's name? Then " KEY NAME". */
static void write_link(const struct place *at, const char *file, const char *key, bool address)
{
    char path[HOST_TREE_PATH_SIZE];
    char target[HOST_TREE_PATH_SIZE];
    path_of(at, file, path);
    if (!host_tree_link(at->part->tree, path, target, sizeof(target))) {
        return;
    }
    const char *name = last_name(target);
    bool plain = name[0] != 0 && name[strspn(name, "0123456789abcdefghijklmnopqrstuvwxyz"
                                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ_-.:")] == 0;
    if (plain && (!address || is_address(name))) {
        fprintf(at->part->out, " %s %s\n", key, name);
    }
}

/* Behind an Intel VMD endpoint the path is .../0000:00:0e.0/pci10000:e0/10000:e0:06.0. */
static void write_endpoint(const struct place *at)
{
    char path[HOST_TREE_PATH_SIZE];
    char target[HOST_TREE_PATH_SIZE];
    path_of(at, "", path);
    if (!host_tree_link(at->part->tree, path, target, sizeof(target))) {
        return;
    }
    const char *above = NULL;
    char *state = NULL;
    for (char *name = strtok_r(target, "/", &state); name != NULL; name = strtok_r(NULL, "/", &state)) {
        if (above != NULL && is_address(above) && strncmp(name, "pci", 3) == 0) {
            fprintf(at->part->out, " behind %s\n", above);
            return;
        }
        above = name;
    }
}

/* A line a BAR, "start end flags"; the seventh is the ROM, then, but for bridges, the BARs of all VFs together. Sizes
 * are known even where no address is given. */
static void write_sizes(const struct place *at, bool device)
{
    char path[HOST_TREE_PATH_SIZE];
    size_t length = 0;
    path_of(at, "resource", path);
    uint8_t *bytes = host_tree_read(at->part->tree, path, &length);
    const char *line = (const char *)bytes;
    unsigned lines = device ? ROM_LINE + 1 + PCI_BARS : ROM_LINE + 1;
    for (unsigned i = 0; i < lines && line != NULL && *line != 0; i++) {
        unsigned long long start = 0, end = 0, flags = 0;
        if (sscanf(line, "%llx %llx %llx", &start, &end, &flags) != 3) {
            break;
        }
        if (flags != 0 && end >= start && end - start != UINT64_MAX) {
            char key[16];
            snprintf(key, sizeof(key),
                     i == ROM_LINE  ? "rom"
                     : i > ROM_LINE ? "vf-bar %u"
                                    : "bar %u",
                     i > ROM_LINE ? i - ROM_LINE - 1 : i);
            fprintf(at->part->out, " %s 0x%llx\n", key, end - start + 1);
        }
        const char *next = strchr(line, '\n');
        line = next != NULL ? next + 1 : NULL;
    }
    free(bytes);
}

/* Of use only when it is the line's own: a driver switched the device on, and it is not in MSI mode. */
static void write_line_hint(const struct place *at, const uint8_t *config, size_t length)
{
    char path[HOST_TREE_PATH_SIZE];
    uint64_t enabled = 0;
    uint64_t irq = 0;
    bool has_pin = length > PIN_OFFSET && config[PIN_OFFSET] >= 1 && config[PIN_OFFSET] <= 4;
    path_of(at, "msi_irqs", path);
    if (!has_pin || host_tree_exists(at->part->tree, path)) {
        return;
    }
    path_of(at, "enable", path);
    if (!host_tree_number(at->part->tree, path, &enabled) || enabled == 0) {
        return;
    }
    path_of(at, "irq", path);
    if (host_tree_number(at->part->tree, path, &irq) && irq != 0 && irq <= IRQ_MAX) {
        fprintf(at->part->out, " irq %llu\n", (unsigned long long)irq);
    }
}

static size_t config_bytes(size_t length)
{
    return length >= PCI_CONFIG_BYTES_EXT ? PCI_CONFIG_BYTES_EXT
           : length >= PCI_CONFIG_BYTES   ? PCI_CONFIG_BYTES
                                          : HEADER_BYTES;
}

/* Returns how many bytes of its configuration space could be read; 0: nothing is known of it. */
static size_t dump_function(struct dump_part *part, const char *name)
{
    struct place at = {part, name};
    char path[HOST_TREE_PATH_SIZE];
    size_t length = 0;
    path_of(&at, "config", path);
    uint8_t *config = host_tree_read(part->tree, path, &length);
    if (config == NULL || length < HEADER_BYTES) {
        char what[96];
        snprintf(what, sizeof(what), "PCI function %.32s", name);
        dump_missing(part, what, "%s", config == NULL ? strerror(errno) : "too short a configuration space");
        free(config);
        return 0;
    }
    length = config_bytes(length);
    fprintf(part->out, "pci %s %zu\n", name, length);
    dump_bytes(part, config, length);
    write_sizes(&at, (config[HEADER_OFFSET] & 0x7f) == 0);
    write_link(&at, "iommu_group", "group", false);
    write_link(&at, "physfn", "physfn", true);
    write_link(&at, "driver", "driver", false);
    write_line_hint(&at, config, length);
    write_endpoint(&at);
    free(config);
    return length;
}

void dump_pci(struct dump_part *part)
{
    struct host_names names;
    size_t functions = 0;
    size_t cut = 0;
    if (!host_tree_names(part->tree, FOLDER, &names)) {
        dump_missing(part, "PCI functions", "%s", strerror(errno));
        return;
    }
    for (size_t i = 0; i < names.count; i++) {
        size_t got = is_address(names.items[i]) ? dump_function(part, names.items[i]) : 0;
        functions += got != 0;
        cut += got == HEADER_BYTES;
    }
    host_names_free(&names);
    if (cut != 0) {
        dump_missing(part, "configuration space",
                     "only root may read more than %u bytes of %zu functions: capabilities are not known", HEADER_BYTES,
                     cut);
    }
    if (functions == 0) {
        dump_missing(part, "PCI functions", FOLDER " has none");
    }
}
