/* SPDX-License-Identifier: GPL-2.0-only
 * CR2 and DR6 of a pretended CPU. */
#ifndef BULKHEAD_TESTS_FAKE_REGISTERS_H
#define BULKHEAD_TESTS_FAKE_REGISTERS_H

#include "kernel/lib/types.h"

struct fake_registers {
    uint64_t cr2, dr6;
};
extern struct fake_registers fake_registers;

#endif
