/* SPDX-License-Identifier: GPL-2.0-only
 * Frame pointer walk: [rbp] is the caller's rbp, [rbp+8] the return address (System V ABI 3.2.2). */
#include "kernel/core/backtrace.h"

#include "kernel/lib/bits.h"

size_t backtrace_collect(uint64_t rbp, backtrace_readable *readable, uint64_t *out, size_t max)
{
    size_t count = 0;
    uint64_t last = 0;
    while (count < max && rbp > last && is_aligned(rbp, 8) && readable(rbp)) {
        const uint64_t *frame = (const uint64_t *)rbp;
        if (frame[1] == 0) {
            break;
        }
        out[count++] = frame[1];
        last = rbp;
        rbp = frame[0];
    }
    return count;
}
