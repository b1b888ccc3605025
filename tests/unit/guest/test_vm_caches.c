/* SPDX-License-Identifier: GPL-2.0-only
 * guest/vm_caches.c: what a guest's WBINVD does. */
#include "guest/vm_caches.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/fake/cpu.h"

/* DMA that does not snoop sees memory, not caches: then the guest's flush must be one. */
static void wbinvd_is_real_where_devices_do_not_snoop(void **state)
{
    (void)state;
    static struct vm vm;
    unsigned before = fake_cpu_wbinvds();
    vm_caches_write_back(&vm);
    assert_int_equal(fake_cpu_wbinvds(), before);
    vm.real_wbinvd = true;
    vm_caches_write_back(&vm);
    assert_int_equal(fake_cpu_wbinvds(), before + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wbinvd_is_real_where_devices_do_not_snoop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
