/* SPDX-License-Identifier: GPL-2.0-only
 * plan/plan_making.c: the order in which guests are made. */
#include "plan/plan_making.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define GUESTS 4

static struct pci_function functions[GUESTS + 1];
static struct plan_device devices[GUESTS];
static uint32_t owner[GUESTS + 1];
static struct plan plan;
static struct pci_facts pci;

/* Guest i has function i, an ordinary one. */
static int setup(void **state)
{
    (void)state;
    memset(functions, 0, sizeof(functions));
    memset(&plan, 0, sizeof(plan));
    for (uint32_t i = 0; i < GUESTS; i++) {
        functions[i].at = sbdf_make(0, 1, 0, i);
        devices[i] = (struct plan_device){.function = i, .guest = i};
        plan.guests[i] = (struct plan_guest){.devices = &devices[i], .device_count = 1};
        owner[i] = i;
    }
    owner[GUESTS] = PLAN_NO_GUEST;
    plan.owner = owner;
    plan.guest_count = GUESTS;
    pci = (struct pci_facts){.functions = functions, .count = GUESTS + 1};
    return 0;
}

static void make_vf(uint32_t vf, uint32_t pf)
{
    functions[vf].is_vf = true;
    functions[vf].pf = pf;
}

/* All of them, as a number: 0x0123 is the order of the file. */
static uint32_t order(void)
{
    uint32_t order = 0;
    uint64_t made = 0;
    for (unsigned n = 0; n < GUESTS; n++) {
        size_t i = plan_making_next(&pci, &plan, made);
        assert_true(i < GUESTS && (made >> i & 1) == 0);
        made |= UINT64_C(1) << i;
        order = order << 4 | (uint32_t)i;
    }
    return order;
}

static void the_file_s_order(void **state)
{
    (void)state;
    assert_int_equal(order(), 0x0123);
    make_vf(3, 0); /* its PF's owner comes first anyway */
    assert_int_equal(order(), 0x0123);
}

static void owners_of_pfs_first(void **state)
{
    (void)state;
    make_vf(0, 2);
    assert_int_equal(order(), 0x1203);
    make_vf(2, 3); /* and theirs */
    assert_int_equal(order(), 0x1320);
}

static void nobody_waits_for_itself_or_for_nobody(void **state)
{
    (void)state;
    make_vf(0, GUESTS); /* no guest has the PF */
    make_vf(1, 1);
    assert_int_equal(order(), 0x0123);
}

static void a_circle_is_made_too(void **state)
{
    (void)state;
    make_vf(1, 2);
    make_vf(2, 1);
    assert_int_equal(order(), 0x0312);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_file_s_order, setup),
        cmocka_unit_test_setup(owners_of_pfs_first, setup),
        cmocka_unit_test_setup(nobody_waits_for_itself_or_for_nobody, setup),
        cmocka_unit_test_setup(a_circle_is_made_too, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
