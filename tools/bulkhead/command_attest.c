/* SPDX-License-Identifier: GPL-2.0-only
 * bulkhead attest: hands over to tools/attest/attest, a script, for it boots emulators and makes images
 * (docs/attest.md). */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/bulkhead/command.h"

#define INSTALLED "/usr/lib/bulkhead/attest/attest"
#define IN_THE_TREE "/../../tools/attest/attest" /* from build/host */

static const char help[] =
    "usage: bulkhead attest CONFIG [--machine DUMP] --emulator qemu|bochs\n"
    "       bulkhead attest CONFIG --machine DUMP --image OUT.iso\n"
    "       bulkhead attest --ticket OUT.iso.ticket --report LOG\n"
    "\n"
    "Boot a hostile guest in the place of every guest of a configuration, which tries every port, MSR, page,\n"
    "configuration register, interrupt message and DMA target within its reach, and report what it could do, tied to\n"
    "the hashes of the configuration, the dump, the hypervisor and the attacker.\n"
    "\n"
    "  --emulator NAME     boot under QEMU or Bochs and report at once\n"
    "  --image FILE        write a bootable image for the machine of the dump, and FILE.ticket\n"
    "  --ticket FILE, --report LOG  read the console's log of that image's run\n"
    "  --machine DUMP      the machine, as `bulkhead dump` saved it\n"
    "  --depth quick|full  seconds, or everything (hours under an emulator)\n"
    "  --budget-ms N       time for each class of attempts instead of the depth's; 0: no limit\n"
    "  --seed N            another order of attempts\n"
    "  --timeout S         with --emulator: seconds until it is ended\n"
    "  --report-json FILE  write the report as JSON too (docs/attest.schema.json)\n"
    "  --save-log FILE     with --emulator: keep the console's log, and FILE.ticket\n"
    "\n"
    "The script is looked for in BULKHEAD_ATTEST, beside the build folder of this program, and at\n" INSTALLED ".\n"
    "\n"
    "Exit status: 0 no escape and nothing missing, 1 an escape or an incomplete report, 2 wrong usage or unreadable "
    "file.";

/* This program's own path; false when /proc does not tell. */
static bool own_path(char out[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", out, PATH_MAX - 1);
    out[length < 0 ? 0 : length] = 0;
    return length > 0;
}

/* The script; false: there is none. */
static bool find_script(const char *self, char out[PATH_MAX + sizeof(IN_THE_TREE)])
{
    const char *named = getenv("BULKHEAD_ATTEST");
    if (named != NULL) {
        snprintf(out, PATH_MAX, "%s", named);
        return true;
    }
    const char *slash = strrchr(self, '/');
    snprintf(out, PATH_MAX + sizeof(IN_THE_TREE), "%.*s%s", slash == NULL ? 0 : (int)(slash - self), self, IN_THE_TREE);
    if (access(out, X_OK) != 0) {
        snprintf(out, PATH_MAX, "%s", INSTALLED);
    }
    return access(out, X_OK) == 0;
}

int command_attest(int argc, char **argv)
{
    char self[PATH_MAX], script[PATH_MAX + sizeof(IN_THE_TREE)];
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            puts(help);
            return COMMAND_ACCEPTED;
        }
    }
    if (!own_path(self) || !find_script(self, script)) {
        return command_usage_error("attest: its script is not there: set BULKHEAD_ATTEST to tools/attest/attest of the "
                                   "sources");
    }
    setenv("BULKHEAD_TOOL", self, 1);
    argv[0] = script;
    execv(script, argv);
    return command_usage_error("attest: %s: %s", script, strerror(errno));
}
