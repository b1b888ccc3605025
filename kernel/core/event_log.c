/* SPDX-License-Identifier: GPL-2.0-only
 * Log lines as events. */
#include "kernel/core/event_log.h"

#include "kernel/core/event.h"
#include "kernel/core/log_level.h"

static struct {
    int level;
} event_log = {.level = LOG_WARN};

void event_log_set_level(int level)
{
    __atomic_store_n(&event_log.level, level, __ATOMIC_RELAXED);
}

int event_log_level(void)
{
    return __atomic_load_n(&event_log.level, __ATOMIC_RELAXED);
}

void event_log_put(enum log_level level, const char *text)
{
    static const enum event_severity severities[LOG_LEVELS] = {
        [LOG_ERROR] = EVENT_ERROR,
        [LOG_WARN] = EVENT_WARNING,
        [LOG_INFO] = EVENT_INFO,
        [LOG_DEBUG] = EVENT_INFO,
    };
    if ((int)level > event_log_level()) {
        return;
    }
    struct event e;
    event_begin(&e, severities[level], "log");
    json_text(&e.json, "level", log_level_text(level));
    json_text(&e.json, "text", text);
    event_end(&e);
}
