/* SPDX-License-Identifier: GPL-2.0-only
 * The tool's commands, one file each, and how they end. */
#ifndef BULKHEAD_TOOLS_COMMAND_H
#define BULKHEAD_TOOLS_COMMAND_H

#define BULKHEAD_VERSION "0.1"

/* Exit statuses of every command. */
enum command_exit {
    COMMAND_ACCEPTED = 0, /* warnings allowed */
    COMMAND_REFUSED = 1,  /* what was asked about has errors; they are printed */
    COMMAND_USAGE = 2,    /* bad arguments, or a file that cannot be read; one line on stderr */
};

/* argv[0] is the command's name. Returns an enum command_exit. */
int command_dmar(int argc, char **argv);
int command_dump(int argc, char **argv);

/* "bulkhead: text" on stderr; returns COMMAND_USAGE. */
int command_usage_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
