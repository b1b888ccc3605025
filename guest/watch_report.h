/* SPDX-License-Identifier: GPL-2.0-only
 * Telling of writes to watched memory: a line in the log and an event `integrity` for each, within a limit; what is
 * beyond it is counted and told later. */
#ifndef BULKHEAD_GUEST_WATCH_REPORT_H
#define BULKHEAD_GUEST_WATCH_REPORT_H

#include "kernel/core/lock.h"
#include "kernel/lib/rate.h"
#include "kernel/lib/sbdf.h"
#include "kernel/lib/types.h"

enum watch_writer {
    WATCH_BY_CPU,
    WATCH_BY_DEVICE,
    WATCH_BY_HYPERVISOR, /* on the guest's order: a buffer of a virtqueue, a string instruction with a device */
    WATCH_WRITERS,
};

struct watch_device_write {
    uint64_t address;
    struct sbdf source; /* requester id */
    unsigned unit;
};

/* One write. */
struct watch_record {
    enum watch_writer by;
    uint64_t address; /* guest-physical */
    bool allowed;
    bool ends_guest; /* it cannot go on, and ends */
    /* Of a CPU. */
    unsigned vcpu;
    uint64_t rip;
    bool page_walk; /* the CPU itself wrote, into page tables of the guest's */
    unsigned bytes; /* that the instruction writes at a time; 0: not known */
    /* Of a device. */
    struct sbdf source;
    unsigned unit;
};

struct watch_report {
    const char *guest;
    struct lock lock;
    struct {
        struct rate_window window;
        struct watch_record last;
        uint64_t pending; /* not told yet, the last one included */
    } writers[WATCH_WRITERS];
    uint64_t total; /* atomic */
};

/* Any CPU, interrupt handlers too. True: it was not told at once, the first of some: watch_report_catch_up() will. */
bool watch_report_put(struct watch_report *r, const struct watch_record *record);

/* Tell what is owed and due, or all; returns when (host time) something will be due, UINT64_MAX: never. */
uint64_t watch_report_catch_up(struct watch_report *r, bool all);

#endif
