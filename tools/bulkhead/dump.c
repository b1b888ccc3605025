/* SPDX-License-Identifier: GPL-2.0-only
 * A dump, part by part. */
#include "tools/bulkhead/dump.h"

#include <stdarg.h>

#include "kernel/lib/types.h"
#include "tools/bulkhead/command.h"
#include "tools/bulkhead/dump_parts.h"

#define ROW_BYTES 32

void dump_missing(struct dump_part *part, const char *what, const char *fmt, ...)
{
    char why[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(why, sizeof(why), fmt, args);
    va_end(args);
    fprintf(part->out, "missing %s: %s\n", what, why);
    if (part->complaints != NULL) {
        fprintf(part->complaints, "bulkhead: cannot read %s: %s\n", what, why);
    }
    part->missing++;
}

static bool is_zero(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

void dump_bytes(struct dump_part *part, const uint8_t *bytes, size_t length)
{
    for (size_t at = 0; at < length; at += ROW_BYTES) {
        size_t row = length - at < ROW_BYTES ? length - at : ROW_BYTES;
        if (is_zero(bytes + at, row)) {
            continue;
        }
        fprintf(part->out, " %03zx:", at);
        for (size_t i = 0; i < row; i++) {
            fprintf(part->out, " %02x", bytes[at + i]);
        }
        fputc('\n', part->out);
    }
}

/* One word or text a file; what cannot be printed becomes '?'. */
static void write_text(struct dump_part *part, const char *key, const char *path)
{
    char text[128];
    if (!host_tree_line(part->tree, path, text, sizeof(text)) || text[0] == 0) {
        return;
    }
    for (char *c = text; *c != 0; c++) {
        *c = *c >= ' ' && *c <= '~' ? *c : '?';
    }
    fprintf(part->out, "%s %s\n", key, text);
}

size_t dump_write(const struct host_tree *tree, FILE *out, FILE *complaints)
{
    struct dump_part part = {.tree = tree, .out = out, .complaints = complaints};
    fputs("bulkhead-machine 1\ntool " BULKHEAD_VERSION "\n", out);
    write_text(&part, "linux", "/proc/sys/kernel/osrelease");
    write_text(&part, "vendor", "/sys/class/dmi/id/sys_vendor");
    write_text(&part, "product", "/sys/class/dmi/id/product_name");
    write_text(&part, "board", "/sys/class/dmi/id/board_name");
    write_text(&part, "firmware", "/sys/class/dmi/id/bios_version");
    dump_memory(&part);
    dump_mtrrs(&part);
    dump_cpus(&part);
    dump_units(&part);
    dump_acpi(&part);
    dump_mp_table(&part);
    dump_pci(&part);
    fputs("end\n", out);
    return part.missing;
}
