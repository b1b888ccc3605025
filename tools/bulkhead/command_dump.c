/* SPDX-License-Identifier: GPL-2.0-only
 * bulkhead dump: this machine's facts into one file. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/lib/types.h"
#include "tools/bulkhead/command.h"
#include "tools/bulkhead/dump.h"

static const char help[] =
    "usage: bulkhead dump [-o FILE] [--root DIR]\n"
    "\n"
    "Save this machine's facts as Linux shows them in /sys and /proc: ACPI tables, PCI configuration space and sizes,\n"
    "memory map, MTRRs, CPUs, remapping units, groups; and firmware's MP table from /dev/mem. The other commands read "
    "the file with --machine FILE, on any machine.\n"
    "It needs no driver and changes nothing. Run it as root: what others may not read is named, and missing then.\n"
    "A dump tells the machine's hardware in detail, serial numbers of devices among it.\n"
    "\n"
    "  -o FILE     write there instead of standard output\n"
    "  --root DIR  take DIR/sys, DIR/proc and DIR/dev instead of /sys, /proc and /dev\n"
    "\n"
    "Exit status: 0 complete, 1 something could not be read (what could is written), 2 wrong usage or unwritable file.";

static int dump(const struct host_tree *tree, const char *path)
{
    FILE *out = path != NULL ? fopen(path, "wb") : stdout;
    if (out == NULL) {
        return command_usage_error("%s: %s", path, strerror(errno));
    }
    size_t missing = dump_write(tree, out, stderr);
    bool failed = fflush(out) != 0 || ferror(out) != 0;
    int why = errno;
    if (path != NULL) {
        failed = fclose(out) != 0 || failed;
    }
    if (failed) {
        return command_usage_error("%s: %s", path != NULL ? path : "standard output", strerror(why));
    }
    return missing == 0 ? COMMAND_ACCEPTED : COMMAND_REFUSED;
}

int command_dump(int argc, char **argv)
{
    struct host_tree tree = {""};
    const char *path = NULL;
    const struct command_option options[] = {{"-o", NULL, &path}, {"--root", NULL, &tree.root}};
    enum command_exit early = COMMAND_ACCEPTED;
    if (!command_parse(argc, argv, help, options, ARRAY_LENGTH(options), NULL, &early)) {
        return (int)early;
    }
    return dump(&tree, path);
}
