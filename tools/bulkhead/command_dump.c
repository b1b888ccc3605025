/* SPDX-License-Identifier: GPL-2.0-only
 * bulkhead dump: this machine's facts into one file. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tools/bulkhead/command.h"
#include "tools/bulkhead/dump.h"

static const char help[] =
    "usage: bulkhead dump [-o FILE] [--root DIR]\n"
    "\n"
    "Save this machine's facts as Linux shows them in /sys and /proc: ACPI tables, PCI configuration space and sizes,\n"
    "memory map, CPUs, remapping units, groups. The other commands read the file with --machine FILE, on any machine.\n"
    "It needs no driver and changes nothing. Run it as root: what others may not read is named, and missing then.\n"
    "A dump tells the machine's hardware in detail, serial numbers of devices among it.\n"
    "\n"
    "  -o FILE     write there instead of standard output\n"
    "  --root DIR  take DIR/sys and DIR/proc instead of /sys and /proc\n"
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
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            puts(help);
            return COMMAND_ACCEPTED;
        }
        if (strcmp(argv[i], "-o") == 0 && more) {
            path = argv[++i];
        } else if (strcmp(argv[i], "--root") == 0 && more) {
            tree.root = argv[++i];
        } else {
            return command_usage_error("dump: %s \"%s\"; see bulkhead dump --help",
                                       more || argv[i][0] != '-' ? "no argument" : "unknown or incomplete option",
                                       argv[i]);
        }
    }
    return dump(&tree, path);
}
