/* SPDX-License-Identifier: GPL-2.0-only
 * Words and numbers of severities. */
#include "tools/bulkheadd/severity.h"

#include <string.h>
#include <syslog.h>

static const struct {
    const char *word;
    int number;
} severities[SEVERITY_COUNT] = {
    [SEVERITY_INFO] = {"info", LOG_INFO},
    [SEVERITY_WARNING] = {"warning", LOG_WARNING},
    [SEVERITY_ERROR] = {"error", LOG_ERR},
    [SEVERITY_CRITICAL] = {"critical", LOG_CRIT},
};

const char *severity_text(enum severity severity)
{
    return severities[severity].word;
}

bool severity_parse(const char *word, enum severity *out)
{
    for (int i = 0; word != NULL && i < SEVERITY_COUNT; i++) {
        if (strcmp(severities[i].word, word) == 0) {
            *out = (enum severity)i;
            return true;
        }
    }
    return false;
}

int severity_syslog(enum severity severity)
{
    return severities[severity].number;
}
