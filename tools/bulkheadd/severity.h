/* SPDX-License-Identifier: GPL-2.0-only
 * How bad an event is. */
#ifndef BULKHEAD_AGENT_SEVERITY_H
#define BULKHEAD_AGENT_SEVERITY_H

#include <stdbool.h>

enum severity {
    SEVERITY_INFO,
    SEVERITY_WARNING,
    SEVERITY_ERROR,
    SEVERITY_CRITICAL,
    SEVERITY_COUNT,
};

const char *severity_text(enum severity severity);
/* False: no such word (NULL allowed). */
bool severity_parse(const char *word, enum severity *out);
/* syslog(3)'s number. */
int severity_syslog(enum severity severity);

#endif
