/* SPDX-License-Identifier: GPL-2.0-only
 * The bounded collection of diagnostics. */
#include "kernel/lib/diag.h"

#include "kernel/lib/format.h"

struct diag_list diag_list_make(struct diag *items, size_t capacity)
{
    return (struct diag_list){.items = items, .capacity = capacity};
}

void diag_add(struct diag_list *list, uint16_t code, enum diag_severity severity, const char *where, const char *fix,
              const char *what, ...)
{
    list->errors += severity == DIAG_ERROR;
    if (list->count >= list->capacity) {
        list->dropped++;
        return;
    }
    struct diag *d = &list->items[list->count++];
    d->code = code;
    d->severity = severity;
    format_text(d->where, sizeof(d->where), "%s", where);
    format_text(d->fix, sizeof(d->fix), "%s", fix);
    va_list args;
    va_start(args, what);
    format_text_v(d->what, sizeof(d->what), what, args);
    va_end(args);
}

const char *diag_severity_text(enum diag_severity severity)
{
    switch (severity) {
    case DIAG_NOTE:
        return "note";
    case DIAG_WARNING:
        return "warning";
    case DIAG_ERROR:
        return "error";
    }
    return "unknown";
}

size_t diag_line(const struct diag *d, char *out, size_t size)
{
    return format_text(out, size, "%s[BH%04u] %s%s%s%s%s", diag_severity_text(d->severity), d->code, d->where,
                       d->where[0] != 0 ? ": " : "", d->what, d->fix[0] != 0 ? "; fix: " : "", d->fix);
}
