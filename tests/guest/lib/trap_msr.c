/* SPDX-License-Identifier: GPL-2.0-only
 * MSRs under trap_try(). */
#include "tests/guest/lib/trap_msr.h"

#include "kernel/hw/msr.h"
#include "tests/guest/lib/trap.h"

struct access {
    uint32_t msr;
    uint64_t value;
};

static void do_read(void *argument)
{
    struct access *a = argument;
    a->value = msr_read(a->msr);
}

static void do_write(void *argument)
{
    const struct access *a = argument;
    msr_write(a->msr, a->value);
}

static bool faults(void (*fn)(void *argument), struct access *a)
{
    struct trap_frame caught = {0};
    return trap_try(fn, a, &caught) && caught.vector == TRAP_GP && caught.error == 0;
}

bool trap_msr_read_faults(uint32_t msr, uint64_t *value)
{
    struct access a = {msr, 0};
    bool refused = faults(do_read, &a);
    *value = a.value;
    return refused;
}

bool trap_msr_write_faults(uint32_t msr, uint64_t value)
{
    struct access a = {msr, value};
    return faults(do_write, &a);
}
