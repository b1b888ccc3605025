/* SPDX-License-Identifier: GPL-2.0-only
 * Groups as computed against those that Linux wrote into the text, and why they differ. */
#ifndef BULKHEAD_TOOLS_GROUPS_COMPARE_H
#define BULKHEAD_TOOLS_GROUPS_COMPARE_H

#include "plan/groups.h"
#include "tools/bulkhead/lspci.h"

/* Why a pair of functions is together here and apart in Linux, or the other way round. */
enum groups_cause {
    GROUPS_SAFE_RULE,   /* the rule that Linux lacks */
    GROUPS_QUIRK,       /* a row of plan/group_quirks.c that counts on one side alone */
    GROUPS_ACS_CHANGED, /* ACS bits read off now that Linux switches on: its groups are older than the text */
    GROUPS_UNREADABLE,  /* a function's registers were not readable */
    GROUPS_NO_ID,       /* its device id is not in the text, nor known by its name: a quirk may be about it */
    GROUPS_LEFT_OUT,    /* the text lacks the bridge above */
    GROUPS_UNEXPLAINED,
};

struct groups_difference {
    uint32_t a, b;      /* indices of functions, a < b */
    bool together_here; /* and apart in Linux; else the other way round */
    enum groups_cause cause;
    uint32_t witness;  /* the function whose quirk, ACS or absence it is */
    const char *quirk; /* of GROUPS_QUIRK */
};

struct groups_comparison {
    struct groups_difference *items;
    size_t count;
    size_t compared;    /* functions that have a group in Linux */
    size_t unexplained; /* of items */
};

/* One difference for each part of a group that Linux has apart, and for each part of Linux's group that is apart here.
 * `ours` is groups_make()'s, `linux_rules` groups_make_as_linux()'s. STATUS_NO_MEMORY. */
MUST_CHECK enum status groups_compare(const struct lspci *l, const struct groups *ours,
                                      const struct groups *linux_rules, struct arena *arena,
                                      struct groups_comparison *out);

/* "safe-rule", "quirk", "acs-changed", "unreadable", "no-id", "left-out", "unexplained". */
const char *groups_cause_text(enum groups_cause cause);

/* A sentence's end: "02:00.0 is a port of the same switch ...", into out; returns out. */
char *groups_difference_say(const struct lspci *l, const struct groups *ours, const struct groups_difference *d,
                            char *out, size_t size);

#endif
