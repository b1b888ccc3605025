/* SPDX-License-Identifier: GPL-2.0-only
 * Where events go besides bulkhead-ctl: standard output, the journal, syslog. */
#ifndef BULKHEAD_AGENT_FORWARD_H
#define BULKHEAD_AGENT_FORWARD_H

#include "tools/bulkheadd/jtree.h"

#define FORWARD_JOURNAL "/run/systemd/journal/socket"
#define FORWARD_SYSLOG "/dev/log"

struct forward {
    bool to_stdout;
    const char *journal; /* path of the socket; NULL: not there */
    const char *syslog;
    int fd;          /* datagrams to journal or syslog are sent by; -1 before the first */
    uint64_t lost;   /* could not be given away: nobody there, or it is too slow */
    struct text out; /* for standard output, not written yet */
};

struct forward forward_make(void);

/* Give it to all. Never waits: what cannot be taken now is counted in lost. */
void forward_event(struct forward *f, const struct jtree_node *event, const char *line);

/* Write what standard output did not take before. */
void forward_flush(struct forward *f);
void forward_free(struct forward *f);

/* The journal's native form of an event (systemd, "Native Journal Protocol"): FIELD=value lines. */
void forward_journal_entry(struct text *out, const struct jtree_node *event, const char *line);
/* A datagram of syslog (RFC 3164): <priority>bulkheadd: text. */
void forward_syslog_entry(struct text *out, const struct jtree_node *event);

#endif
