/* SPDX-License-Identifier: GPL-2.0-only
 * Pretended clock. */
#include "tests/fake/time.h"

#include "kernel/core/time.h"
#include "kernel/core/time_calibrate.h"

static struct {
    uint64_t now_ns, step_ns, waited_us;
    fake_time_hook *hook;
    void *context;
} fake = {.step_ns = 100};

void fake_time_reset(void)
{
    fake.now_ns = 0;
    fake.step_ns = 100;
    fake.waited_us = 0;
    fake.hook = NULL;
}

void fake_time_advance_ns(uint64_t ns)
{
    fake.now_ns += ns;
}

void fake_time_step_ns(uint64_t ns)
{
    fake.step_ns = ns;
}

void fake_time_on_look(fake_time_hook *hook, void *context)
{
    fake.hook = hook;
    fake.context = context;
}

uint64_t time_now_ns(void)
{
    if (fake.hook != NULL) {
        fake.hook(fake.context);
    }
    fake.now_ns += fake.step_ns;
    return fake.now_ns;
}

void time_wait_us(uint64_t us)
{
    fake.now_ns += us * 1000;
    fake.waited_us += us;
}

uint64_t time_waited_us(void)
{
    return fake.waited_us;
}

uint64_t time_tsc_hz(void)
{
    return UINT64_C(1000000000);
}
