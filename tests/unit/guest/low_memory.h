/* SPDX-License-Identifier: GPL-2.0-only
 * A guest's first 2 MiB, with something in every byte, for tests of the tables and code that are put there. */
#ifndef BULKHEAD_UNIT_GUEST_LOW_MEMORY_H
#define BULKHEAD_UNIT_GUEST_LOW_MEMORY_H

#include <string.h>

#include "guest/memory.h"
#include "tests/fake/memory.h"

#define LOW_MEMORY_BACKING UINT64_C(0x40000000)

static struct guest_memory memory;

/* A setup function of cmocka. */
static inline int setup(void **state)
{
    (void)state;
    fake_memory_reset(LOW_MEMORY_BACKING, 2 * MIB);
    memset(fake_memory_at(LOW_MEMORY_BACKING, 2 * MIB), 0xcc, 2 * MIB);
    memory = (struct guest_memory){.count = 1, .slots = {{gpa(0), 2 * MIB, hpa(LOW_MEMORY_BACKING)}}};
    return 0;
}

#endif
