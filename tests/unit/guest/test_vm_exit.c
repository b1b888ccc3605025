/* SPDX-License-Identifier: GPL-2.0-only
 * guest/vm_exit.c: what a guest's WBINVD does. */
#include "guest/vm_exit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/fake/cpu.h"

static struct vm vm;
static struct vm_cpu cpu;

static void exits(void)
{
    const struct vcpu_exit exit = {.kind = VCPU_EXIT_WBINVD, .length = 2};
    cpu = (struct vm_cpu){.vm = &vm};
    cpu.vcpu.rip = 0x1000;
    vm_exit_handle(&cpu, &exit);
    assert_int_equal(cpu.vcpu.rip, 0x1002);
}

/* DMA that does not snoop sees memory, not caches: then the guest's flush must be one. */
static void wbinvd_is_real_where_devices_do_not_snoop(void **state)
{
    (void)state;
    unsigned before = fake_cpu_wbinvds();
    vm.real_wbinvd = false;
    exits();
    assert_int_equal(fake_cpu_wbinvds(), before);
    vm.real_wbinvd = true;
    exits();
    assert_int_equal(fake_cpu_wbinvds(), before + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wbinvd_is_real_where_devices_do_not_snoop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
