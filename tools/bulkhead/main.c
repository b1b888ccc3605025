/* SPDX-License-Identifier: GPL-2.0-only
 * bulkhead: asks on a host what the hypervisor would make of tables and configurations, with its own code. */
#include <stdio.h>
#include <string.h>

#include "kernel/lib/types.h"
#include "tools/bulkhead/command.h"

struct command {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
    {"check", "say what is wrong with a configuration", command_check},
    {"dump", "save this machine's facts into one file", command_dump},
    {"devices", "list a machine's devices, and which a guest can have", command_devices},
    {"plan", "say what the hypervisor would do with a configuration", command_plan},
    {"suggest", "print a configuration to start from", command_suggest},
    {"topology", "draw a machine, its groups and guests", command_topology},
    {"audit", "read the isolation audit of a console log", command_audit},
    {"attest", "boot a hostile guest and report what it could do", command_attest},
    {"dmar", "decode and check a DMAR table", command_dmar},
    {"groups", "groups of an lspci -vvv text, and why", command_groups},
};

static void print_help(void)
{
    puts("usage: bulkhead COMMAND ...\n\ncommands:");
    for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
        printf("  %-10s %s\n", commands[i].name, commands[i].summary);
    }
    puts("\nbulkhead COMMAND --help says more; bulkhead --version says which version this is.\n"
         "Exit status: 0 accepted (warnings allowed), 1 refused, 2 wrong usage or unreadable file.");
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        return command_usage_error("no command given; see bulkhead --help");
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help();
        return COMMAND_ACCEPTED;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("bulkhead " BULKHEAD_VERSION);
        return COMMAND_ACCEPTED;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    return command_usage_error("no command \"%s\"; see bulkhead --help", argv[1]);
}
