/* SPDX-License-Identifier: GPL-2.0-only
 * Levels of log lines as words. */
#include "kernel/core/log_level.h"

#include "kernel/lib/string.h"

static const char *const words[LOG_LEVELS] = {
    [LOG_ERROR] = "error",
    [LOG_WARN] = "warn",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

const char *log_level_text(enum log_level level)
{
    return words[level];
}

bool log_level_parse(const char *word, enum log_level *level)
{
    for (unsigned i = 0; i < LOG_LEVELS; i++) {
        if (strcmp(words[i], word) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}
