/* SPDX-License-Identifier: GPL-2.0-only
 * Domain ids: never 0, never beyond what the unit has, never twice, quarantined ones never again. */
#include "vtd/domain_ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void few(void **state)
{
    (void)state;
    struct vtd_domain_ids ids;
    uint16_t id = 0;
    bool seen[16] = {false};
    vtd_domain_ids_init(&ids, 16);
    for (unsigned i = 0; i < 15; i++) {
        assert_int_equal(vtd_domain_ids_take(&ids, &id), STATUS_OK);
        assert_true(id >= 1 && id < 16 && !seen[id]);
        seen[id] = true;
    }
    assert_int_equal(vtd_domain_ids_take(&ids, &id), STATUS_NO_MEMORY);
    vtd_domain_ids_quarantine(&ids, 3);
    assert_int_equal(vtd_domain_ids_take(&ids, &id), STATUS_NO_MEMORY);
    vtd_domain_ids_give_back(&ids, 9);
    assert_int_equal(vtd_domain_ids_take(&ids, &id), STATUS_OK);
    assert_int_equal(id, 9);
    assert_int_equal(ids.quarantined, 1);
}

/* A published driver masked ids to 6 bits. */
static void many(void **state)
{
    (void)state;
    struct vtd_domain_ids ids;
    uint16_t id = 0;
    vtd_domain_ids_init(&ids, 65536);
    for (unsigned i = 1; i < VTD_DOMAIN_IDS_MAX; i++) {
        assert_int_equal(vtd_domain_ids_take(&ids, &id), STATUS_OK);
        assert_int_equal(id, i);
    }
    assert_int_equal(vtd_domain_ids_take(&ids, &id), STATUS_NO_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few),
        cmocka_unit_test(many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
