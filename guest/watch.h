/* SPDX-License-Identifier: GPL-2.0-only
 * The integrity watch: ranges of a guest's RAM that neither its vCPUs nor its devices may write while it is armed
 * (docs/integrity.md). Their leaves are read-only in the nested tables and in the second level. Every attempt is told
 * (watch_report.h); it is blocked, or, where the rules allow it, the page is opened for a while.
 * Tables are changed with the guest's lock held, by its first vCPU's CPU or by the CPU of the vCPU that wrote. */
#ifndef BULKHEAD_GUEST_WATCH_H
#define BULKHEAD_GUEST_WATCH_H

#include "guest/memory.h"
#include "guest/watch_report.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

#define WATCH_RANGES_MAX 16
#define WATCH_OPEN_MAX 16                /* pages open at a time; one more closes all others */
#define WATCH_ASKED_MAX 8                /* pages that devices wrote and that wait to be opened */
#define WATCH_OPEN_NS UINT64_C(10000000) /* a page stays open for so long */
#define WATCH_NEVER UINT64_MAX

struct vm;
struct vtd_domain;

struct watch_range {
    uint64_t start, size; /* guest-physical, whole pages, RAM, apart */
};

struct watch_rules {
    struct watch_range ranges[WATCH_RANGES_MAX];
    size_t count;
    bool allow;        /* open a page that is written; else the write is lost */
    bool armed;        /* after each start, when after_ns have passed */
    uint64_t after_ns; /* 0: before its first instruction */
};

enum watch_wanted { WATCH_WANTED_NOTHING, WATCH_WANTED_ON, WATCH_WANTED_OFF };

struct watch {
    struct vm *vm;
    struct vtd_domain *domain; /* NULL: the guest has no devices */
    struct watch_rules rules;
    bool armed;               /* atomic */
    enum watch_wanted wanted; /* atomic: an order that is not carried out yet */
    uint64_t arm_at;          /* guest time; WATCH_NEVER */
    struct {
        uint64_t page, until; /* guest time */
    } open[WATCH_OPEN_MAX];
    size_t open_count;
    uint64_t asked[WATCH_ASKED_MAX]; /* atomic: a page's address and 1; 0: none */
    bool look;                       /* atomic: there may be something to do before due */
    uint64_t due;                    /* guest time; the first vCPU's own */
    struct watch_report report;
};

/* Before the guest runs. domain may be NULL. Tables are split as far as they ever have to be. STATUS_NOT_FOUND: not all
 * of it is mapped; STATUS_NO_MEMORY. */
MUST_CHECK enum status watch_init(struct watch *w, struct vm *vm, struct vtd_domain *domain,
                                  const struct watch_rules *rules);

/* The guest is about to start (anew), its images are in place: armed as the rules say, whatever was ordered before.
 * Not STATUS_OK: it must not start. */
MUST_CHECK enum status watch_start(struct watch *w);

/* The guest stopped: what is owed is told. */
void watch_end(struct watch *w);

/* Is any byte of at..at+bytes in a range? And is the watch armed? Any CPU. */
bool watch_covers(const struct watch *w, uint64_t at, uint64_t bytes);
bool watch_is_armed(const struct watch *w);

/* May what is emulated for the guest write there? False: tell it by watch_emulated_write(), and write nothing. */
bool watch_denies(const struct watch *w, uint64_t at, uint64_t bytes);

/* The hypervisor was about to write there on the guest's order (a virtqueue, a string instruction): told; true: it
 * may. No lock needed. */
bool watch_emulated_write(struct watch *w, uint64_t at, uint64_t bytes);

/* Is a page that is covered read-only now? With the guest's lock. */
bool watch_is_closed(const struct watch *w, uint64_t at);

/* Open a page that is covered, if the watch is armed and it is not open. With the guest's lock. */
void watch_open(struct watch *w, uint64_t at);

/* Tell of a write; the rest is for the first vCPU to tell. Any CPU, interrupt handlers too. */
void watch_tell(struct watch *w, const struct watch_record *record);

/* A device's write was blocked at this address. False: not for being watched. Any CPU, interrupt handlers too. */
bool watch_device_write(struct watch *w, struct watch_device_write write);

/* Arm or disarm, from any CPU; carried out by the first vCPU. */
void watch_order(struct watch *w, bool on);

/* What is due or was asked for: on the first vCPU's CPU, without the guest's lock. Returns when (guest time) there is
 * more to do. */
uint64_t watch_advance(struct watch *w, uint64_t now);

#endif
