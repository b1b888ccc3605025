/* SPDX-License-Identifier: GPL-2.0-only
 * Runs the self-tests and says how each went. */
#include "kernel/selftest.h"

#include "kernel/core/cmdline.h"
#include "kernel/core/last_boot.h"
#include "kernel/lib/string.h"
#include "kernel/lib/types.h"
#include "tests/selftest/cases.h"

#define NAME_SIZE 32

static const struct {
    const char *name;
    enum status (*run)(const struct selftest *test);
} cases[] = {
    {"smp calls", selftest_smp_calls},
    {"smp crossing calls", selftest_smp_crossing_calls},
    {"smp work", selftest_smp_work},
    {"smp absent cpu", selftest_smp_absent_cpu},
    {"timer deadlines", selftest_timer_deadlines},
    {"timer periodic", selftest_timer_periodic},
    {"irq vectors", selftest_irq_vectors},
    {"paging rights", selftest_paging_rights},
    {"paging views", selftest_paging_views},
    {"dma translated", selftest_dma_translated},
    {"dma blocked", selftest_dma_blocked},
    {"irq msi", selftest_irq_msi},
    {"irq posted", selftest_irq_posted},
    {"irq forged", selftest_irq_forged},
    {"dma flood", selftest_dma_flood},
    {"dma withdrawn", selftest_dma_withdrawn},
    {"irq ioapic", selftest_irq_ioapic},
    {"vmx entry", selftest_vmx_entry},
    {"exit registers", selftest_exit_registers},
};

enum status selftest_run(const struct selftest *test)
{
    char name[NAME_SIZE];
    bool once = cmdline_has(test->cmdline, "panic-once"); /* then the next boot goes on */
    if (once && strcmp(last_boot_facts().end, "panic") == 0) {
        return STATUS_OK;
    }
    if (cmdline_value(test->cmdline, "panic-test", name, sizeof(name))) {
        selftest_panic(name);
        log_error("selftest: panic-test=%s did not panic", name);
        return STATUS_CONFLICT;
    }
    if (cmdline_value(test->cmdline, "corrupt", name, sizeof(name)) ||
        cmdline_value(test->cmdline, "orders", name, sizeof(name)) || cmdline_has(test->cmdline, "echo-port")) {
        return STATUS_OK; /* that comes when guests are made */
    }
    enum status worst = STATUS_OK;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        enum status status = cases[i].run(test);
        log_info("selftest: %s: %s", cases[i].name, status == STATUS_OK ? "pass" : "FAIL");
        worst = status != STATUS_OK ? status : worst;
    }
    return worst;
}
