/* SPDX-License-Identifier: GPL-2.0-only
 * guest/vm_destroy.c: guests that are made, and guests whose making ran out of memory at any point, give everything
 * back, and nothing when a unit does not say that it let go. */
#include "guest/vm_destroy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/core/pages.h"
#include "tests/fake/log.h"
#include "tests/fake/made_guests.h"

#define POOL_PAGES ((MADE_WEB - MADE_POOL) / PAGE_SIZE)
#define WEB_DEVICE 0x0100u
#define MOST 400u

static struct made_guests made;
static struct hpa held[POOL_PAGES];
static size_t held_count;
static const struct made_guests_kind kinds[] = {
    {"own tables", vtd_model_qemu, &radix_npt, 2, false},
    {"a reserved region", vtd_model_full, &radix_ept, 1, true},
    {"shared tables", vtd_model_server, &radix_ept, 2, false},
};

/* All but so many of the free pages, which lie side by side, are somebody else's. */
static void hold_all_but(size_t pages)
{
    held_count = 0;
    while (held_count < POOL_PAGES && pages_alloc(&held[held_count]) == STATUS_OK) {
        held_count++;
    }
    while (pages-- > 0 && held_count != 0) {
        pages_free(held[--held_count], PAGE_SIZE);
    }
}

static void let_go(void)
{
    while (held_count != 0) {
        pages_free(held[--held_count], PAGE_SIZE);
    }
}

static struct vm_request request_of(unsigned guest)
{
    struct vm_request request = made.guests[guest].request;
    request.memory = &made.memory[guest];
    return request;
}

static void what_was_made_is_given_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        char why[VM_WHY_SIZE];
        uint64_t host = 0;
        made_guests_make(&made, &kinds[i]);
        struct vm_owned *web = &made.guests[MADE_OWNER_WEB];
        const struct vm_request request = request_of(MADE_OWNER_WEB);
        made_guests_use_devices(&made);
        uint64_t on = pages_taken().now;
        assert_true(vm_destroy(web));
        uint64_t off = pages_taken().now;
        assert_true(off < on);
        assert_false(vtd_model_may_now(&made.vtd.mc.units[0].model, WEB_DEVICE, 0x1000, true, &host));
        for (unsigned k = 0; k < 5; k++) {
            assert_int_equal(made_guests_create(web, &request, why), STATUS_OK);
            assert_int_equal(pages_taken().now, on);
            assert_true(vm_destroy(web));
            assert_int_equal(pages_taken().now, off);
        }
        assert_null(vtd_model_violation(&made.vtd.mc.units[0].model));
    }
}

static void no_memory_at_any_point_leaves_nothing_behind(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        char why[VM_WHY_SIZE];
        enum status status = STATUS_NO_MEMORY;
        size_t pages = 0;
        made_guests_make(&made, &kinds[i]);
        struct vm_owned *store = &made.guests[MADE_OWNER_STORE];
        const struct vm_request request = request_of(MADE_OWNER_STORE);
        assert_true(vm_destroy(store));
        for (; status != STATUS_OK && pages < MOST; pages++) {
            hold_all_but(pages);
            uint64_t before = pages_taken().now;
            status = made_guests_create(store, &request, why);
            assert_true(status == STATUS_OK || (status == STATUS_NO_MEMORY && why[0] != 0));
            assert_true(status == STATUS_OK || pages_taken().now == before);
            let_go();
        }
        assert_in_range(pages, 10, MOST - 1);
        assert_null(vtd_model_violation(&made.vtd.mc.units[0].model));
    }
}

static void nothing_is_given_back_while_a_unit_may_hold_it(void **state)
{
    (void)state;
    made_guests_make(&made, &kinds[0]);
    made_guests_use_devices(&made);
    struct vtd_model *model = &made.vtd.mc.units[0].model;
    model->knobs.stuck_waits = true;
    uint64_t on = pages_taken().now;
    assert_false(vm_destroy(&made.guests[MADE_OWNER_WEB]));
    assert_true(made.guests[MADE_OWNER_WEB].lost);
    assert_int_equal(fake_log_count("not used again until the machine is reset"), 1);
    assert_in_range(pages_taken().now, on - 16 * PAGE_SIZE, on); /* a copy of registers may go, tables and RAM do not */
    assert_true(made.guests[MADE_OWNER_WEB].vm.nested.table_pages != 0);
    assert_true(made.guests[MADE_OWNER_WEB].domain.tables.table_pages != 0);
    model->knobs.stuck_waits = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_made_is_given_back),
        cmocka_unit_test(no_memory_at_any_point_leaves_nothing_behind),
        cmocka_unit_test(nothing_is_given_back_while_a_unit_may_hold_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
