/* SPDX-License-Identifier: GPL-2.0-only
 * The tool's commands, one file each, and how they end. */
#ifndef BULKHEAD_TOOLS_COMMAND_H
#define BULKHEAD_TOOLS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "kernel/lib/version.h"

/* Exit statuses of every command. */
enum command_exit {
    COMMAND_ACCEPTED = 0, /* warnings allowed */
    COMMAND_REFUSED = 1,  /* what was asked about has errors; they are printed */
    COMMAND_USAGE = 2,    /* bad arguments, or a file that cannot be read; one line on stderr */
};

/* One option: --name alone sets *flag; with a value, *value. The other is NULL. */
struct command_option {
    const char *name;
    bool *flag;
    const char **value;
};

/* Read the arguments of a command (argv[0]): options, and at most one word that is none, into *file (NULL: it takes
 * none). False: return *result, all is said: --help was given, or something that cannot be understood. */
bool command_parse(int argc, char **argv, const char *help, const struct command_option *options, size_t count,
                   const char **file, enum command_exit *result);

/* argv[0] is the command's name. Returns an enum command_exit. */
int command_attest(int argc, char **argv);
int command_audit(int argc, char **argv);
int command_check(int argc, char **argv);
int command_devices(int argc, char **argv);
int command_dmar(int argc, char **argv);
int command_dump(int argc, char **argv);
int command_plan(int argc, char **argv);
int command_suggest(int argc, char **argv);
int command_topology(int argc, char **argv);
int command_groups(int argc, char **argv);

/* "bulkhead: text" on stderr; returns COMMAND_USAGE. */
int command_usage_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
