/* SPDX-License-Identifier: GPL-2.0-only
 * How long a guest's turns on a shared CPU are, and the gaps between them, by the TSC alone. Of two guests that share a
 * CPU, one's gap is the other's turn and two switches. */
#include "tests/bench/guest/slices.h"

#include "kernel/hw/cpu.h"
#include "tests/guest/lib/report.h"

#define WARM_UP 10 /* turns */
#define COUNTED 15 /* turns: the others have not ended by then, which takes part of a gap */

void slices_measure(uint64_t gap)
{
    cpu_irq_enable(); /* as they nearly always are: off, Bochs has a quirk (vmx/quirks.c) that costs */
    uint64_t start = cpu_tsc(), last = start, seen = 0, turns = 0, gaps = 0, count = 0;
    const uint64_t end = start + 200 * gap;
    while (last < end) {
        uint64_t now = cpu_tsc(), step = now - last;
        if (step >= gap) {
            seen++;
            bool counts = seen > WARM_UP && count < COUNTED;
            turns += counts ? last - start : 0;
            gaps += counts ? step : 0;
            count += counts;
            start = now;
        }
        last = now;
    }
    if (check(count != 0, "others had the CPU too")) {
        say("bench: slice-turn=%llu", (unsigned long long)(turns / count));
        say("bench: slice-gap=%llu", (unsigned long long)(gaps / count));
    }
}
