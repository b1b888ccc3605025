/* SPDX-License-Identifier: GPL-2.0-only
 * Faults on the console: one stable key=value line each, rate-limited for each source.
 *
 *     fault: unit=0 sid=0000:00:04.0 device=- guest=- access=write addr=0x1234000 reason=0x5 text="no write permission"
 *     fault: unit=0 sid=0000:00:04.0 device=- guest=disk access=interrupt index=0x12 reason=0x22 text="..."
 *     fault: unit=0 overflow=1 text="the unit lost faults: its records were full"
 *
 * The order and the names of the keys are stable; new keys come before text=, which stays last and in quotes.
 * "-" means unknown or nobody's. suppressed=N counts lines of this source left out before this one; what="...",
 * before="..." and cause="..." are what is known about the address. All of these stand before text=. */
#ifndef BULKHEAD_VTD_FAULT_LOG_H
#define BULKHEAD_VTD_FAULT_LOG_H

#include "kernel/lib/sbdf.h"
#include "kernel/lib/types.h"
#include "vtd/fault.h"

#define VTD_FAULT_LOG_SOURCES 256u
#define VTD_FAULT_LOG_LINE_SIZE 640u

/* Whose device that is; NULL where nobody knows. The strings live on. */
struct vtd_fault_owner {
    const char *device; /* name from the configuration or "8086:10d3" */
    const char *guest;
};
typedef struct vtd_fault_owner vtd_fault_lookup(void *context, struct sbdf source);

/* What the address is, what was there, and the likely cause; NULL or empty: left out. No quotes in them. */
struct vtd_fault_notes {
    const char *what, *before, *cause;
};

/* A token bucket: burst lines at once, one more every period. */
struct vtd_fault_limit {
    uint32_t burst;
    uint64_t period_ns;
};

struct vtd_fault_bucket {
    struct sbdf source;
    bool taken;
    uint32_t tokens;
    uint64_t refilled_ns; /* when the tokens were last counted */
    uint64_t suppressed;  /* lines left out since the last one printed */
};

struct vtd_fault_log {
    struct vtd_fault_limit limit;
    vtd_fault_lookup *lookup; /* NULL: nothing is known */
    void *context;
    struct vtd_fault_bucket buckets[VTD_FAULT_LOG_SOURCES];
    struct vtd_fault_bucket shared; /* for sources beyond the table */
};

/* Zero and set up. */
void vtd_fault_log_init(struct vtd_fault_log *log, struct vtd_fault_limit limit, vtd_fault_lookup *lookup,
                        void *context);

/* May a line of source be printed now? Then *suppressed says how many were left out before it. */
bool vtd_fault_log_admit(struct vtd_fault_log *log, struct sbdf source, uint64_t now_ns, uint64_t *suppressed);

/* A line of source was left out for another reason: the next one counts it too. */
void vtd_fault_log_leave_out(struct vtd_fault_log *log, struct sbdf source, uint64_t now_ns);

/* The line, NUL-terminated, without newline; returns its full length. Pure. */
size_t vtd_fault_log_line(const struct vtd_fault *fault, struct vtd_fault_owner owner, uint64_t suppressed,
                          struct vtd_fault_notes notes, char *out, size_t size);

/* A vtd_fault_sink (context: struct vtd_fault_log): looks the owner up and prints at LOG_WARN, within the limit.
 * Calls on one log are serialised by the caller. */
void vtd_fault_log_sink(void *log, const struct vtd_fault *fault);

/* After a drain that reported an overflow. */
void vtd_fault_log_overflow(unsigned unit);

/* After so many faults that the unit is not heard for a while. */
void vtd_fault_log_storm(unsigned unit);

#endif
