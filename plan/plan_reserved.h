/* SPDX-License-Identifier: GPL-2.0-only
 * Memory that firmware reserves for devices (RMRR, VT-d 4.1 8.4): who may have it, and where it meets a guest's. */
#ifndef BULKHEAD_PLAN_PLAN_RESERVED_H
#define BULKHEAD_PLAN_PLAN_RESERVED_H

#include "plan/plan_work.h"

/* A function, no bridge, that a region names, also by a bridge above it. */
struct plan_reserved_use {
    uint32_t function;
    uint32_t rmrr;
};

struct plan_reserved_region {
    uint32_t first_use;  /* in by_region ... */
    uint32_t use_count;  /* ... and how many */
    uint32_t guest;      /* that gets it, or PLAN_NO_GUEST */
    const char *why_bad; /* it may be mapped for nobody; NULL: it may */
};

struct plan_reserved_uses {
    struct plan_reserved_use *by_function; /* sorted by function, then region */
    struct plan_reserved_use *by_region;   /* sorted by region, then function */
    size_t count;
    struct plan_reserved_region *regions; /* as machine->dmar.rmrrs */
};

/* Follow all scopes. STATUS_NO_MEMORY: arena full. */
MUST_CHECK enum status plan_reserved_make(struct plan_work *w);

/* Which regions are mapped for whom, and every claim that cannot be granted for a region's sake. */
void plan_reserved_check(struct plan_work *w);

/* After it: guests with regions in more places than limits.reserved_max. */
void plan_reserved_check_count(struct plan_work *w);

#endif
