/* SPDX-License-Identifier: GPL-2.0-only
 * CR2 and DR6 as two variables. */
#include "tests/fake/registers.h"

#include "kernel/hw/cpu.h"
#include "kernel/hw/xstate.h"

struct fake_registers fake_registers;

uint64_t cpu_read_cr2(void)
{
    return fake_registers.cr2;
}

void cpu_write_cr2(uint64_t value)
{
    fake_registers.cr2 = value;
}

uint64_t xstate_read_dr6(void)
{
    return fake_registers.dr6;
}

void xstate_write_dr6(uint64_t value)
{
    fake_registers.dr6 = value;
}
