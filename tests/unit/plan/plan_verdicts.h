/* SPDX-License-Identifier: GPL-2.0-only
 * Configurations that a plan accepts or refuses, with all that is said of them. */
#ifndef BULKHEAD_UNIT_PLAN_VERDICTS_H
#define BULKHEAD_UNIT_PLAN_VERDICTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/fake/plan_rig.h"

#define ONE "version = 1\n[guest.one]\ncpus = [0]\nkernel = \"k\"\nmemory = \"64MiB\"\n"
#define TWO "[guest.two]\ncpus = [1]\nkernel = \"k\"\nmemory = \"64MiB\"\n"

/* said: the whole text of all diagnostics, "" for none. */
static inline void accepted(const char *text, const char *said)
{
    enum status status = plan_rig_plan(text);
    assert_string_equal(plan_rig_text(), said);
    assert_int_equal(status, STATUS_OK);
}

static inline void refused(const char *text, const char *said)
{
    enum status status = plan_rig_plan(text);
    assert_string_equal(plan_rig_text(), said);
    assert_int_equal(status, STATUS_UNSUPPORTED);
}

#endif
