/* SPDX-License-Identifier: GPL-2.0-only
 * The pretended FPU. */
#ifndef BULKHEAD_FAKE_XSTATE_H
#define BULKHEAD_FAKE_XSTATE_H

#include "kernel/lib/types.h"

struct fake_x87 {
    uint8_t registers[160]; /* as the first bytes of an XSAVE area */
    unsigned loads;         /* how often XRSTOR loaded them */
};

struct fake_x87 *fake_x87(void);

#endif
