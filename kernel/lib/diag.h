/* SPDX-License-Identifier: GPL-2.0-only
 * Diagnostics: everything wrong with a machine or a configuration, collected, not only the first.
 * Each has a stable code (BH0123), where it is, what is wrong and what to do about it. */
#ifndef BULKHEAD_LIB_DIAG_H
#define BULKHEAD_LIB_DIAG_H

#include "kernel/lib/types.h"

#define DIAG_WHERE_SIZE 64
#define DIAG_TEXT_SIZE 256

enum diag_severity {
    DIAG_NOTE,    /* odd, handled, nothing to do */
    DIAG_WARNING, /* works, but less than it could */
    DIAG_ERROR,   /* refused until it is mended */
};

/* Numbers are stable: never reuse one. 1xx ACPI and DMAR, 2xx PCI, 3xx VT-d, 4xx CPU and memory,
 * 5xx configuration text, 6xx planning, 7xx images. The lists live in the headers of the code that emits them. */
struct diag {
    uint16_t code; /* printed BH%04u */
    enum diag_severity severity;
    char where[DIAG_WHERE_SIZE]; /* "DMAR offset 0x30", "0000:00:02.0", "guests.toml:12:9" */
    char what[DIAG_TEXT_SIZE];   /* one sentence: what is wrong */
    char fix[DIAG_TEXT_SIZE];    /* what to do or write instead; empty for notes that need nothing */
};

/* A bounded collection. Beyond capacity, further ones are counted in dropped, never lost silently. */
struct diag_list {
    struct diag *items;
    size_t capacity;
    size_t count;
    size_t dropped;
    size_t errors; /* DIAG_ERROR ones, dropped ones included */
};

struct diag_list diag_list_make(struct diag *items, size_t capacity);

/* Append one. `what` is a printf format for the arguments that follow; fix is copied as it stands. */
void diag_add(struct diag_list *list, uint16_t code, enum diag_severity severity, const char *where, const char *fix,
              const char *what, ...) __attribute__((format(printf, 6, 7)));

/* "note", "warning", "error". */
const char *diag_severity_text(enum diag_severity severity);

/* Write one line "error[BH0104] DMAR offset 0x30: what; fix: fix" into out; returns the full length. */
size_t diag_line(const struct diag *d, char *out, size_t size);

#endif
