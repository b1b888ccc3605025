/* SPDX-License-Identifier: GPL-2.0-only
 * bulkhead-ctl: what its commands share. */
#ifndef BULKHEAD_AGENT_CTL_H
#define BULKHEAD_AGENT_CTL_H

#include "tools/bulkheadd/jtree.h"
#include "tools/bulkheadd/line_reader.h"

/* Exit statuses. */
enum ctl_exit {
    CTL_DONE = 0,
    CTL_REFUSED = 1,  /* the hypervisor or the agent said no; why and what to do is printed */
    CTL_USAGE = 2,    /* bad arguments */
    CTL_NO_AGENT = 3, /* bulkheadd is not there, or does not answer */
};

struct ctl {
    const char *socket; /* path */
    const char *ports;  /* folder, for console */
    bool json;
    bool colour;
    int fd; /* -1: not connected */
    uint64_t next_id;
    struct line_reader in;
};

/* "bulkhead-ctl: text" on stderr; returns CTL_USAGE. */
int ctl_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "bulkhead-ctl: error: what", and "fix: ..." where fix is not NULL. Control characters are escaped. */
void ctl_error(const char *what, const char *fix);

/* Each command: argv[0] is its name. Returns an enum ctl_exit. */
int ctl_status(struct ctl *c, int argc, char **argv);
int ctl_list(struct ctl *c, int argc, char **argv); /* guests, devices, networks, faults */
int ctl_events(struct ctl *c, int argc, char **argv);
int ctl_last_boot(struct ctl *c, int argc, char **argv);
int ctl_order(struct ctl *c, int argc, char **argv); /* all that change something */
int ctl_shutdown(struct ctl *c, int argc, char **argv);
int ctl_console(struct ctl *c, int argc, char **argv);
int ctl_top(struct ctl *c, int argc, char **argv);

/* Ask the agent; members: ,"key":value after the id. CTL_DONE: *answer is to be freed; it says ok. Else nothing to free
 * and, unless quiet, why is said on stderr (or as JSON with --json). */
enum ctl_exit ctl_ask(struct ctl *c, const char *members, struct jtree *answer, bool quiet);
/* As ctl_ask for one command without members. */
enum ctl_exit ctl_ask_command(struct ctl *c, const char *command, struct jtree *answer);
/* As ctl_ask for a command whose list, of that name, may come in parts: *answer has all of it. */
enum ctl_exit ctl_ask_list(struct ctl *c, const char *command, const char *rows, struct jtree *answer, bool quiet);
/* The next line that the agent sends, waiting ms (-1: for ever); NULL: time is over or it went. */
const char *ctl_line(struct ctl *c, int ms, size_t *length);
void ctl_end(struct ctl *c);

/* {"ok":...} as one line of JSON without the id. */
void ctl_print_json(const struct jtree_node *answer);

/* No arguments allowed but those taken; false: said so. */
bool ctl_no_more(int argc, char **argv, int taken);

#endif
