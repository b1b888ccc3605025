/* SPDX-License-Identifier: GPL-2.0-only
 * Turns on a shared CPU. */
#ifndef BULKHEAD_TESTS_BENCH_SLICES_H
#define BULKHEAD_TESTS_BENCH_SLICES_H

#include "kernel/lib/types.h"

/* Print the mean turn and the mean gap, in ticks of the TSC. gap: the shortest step of the TSC that is no exit of its
 * own but another guest's turn. */
void slices_measure(uint64_t gap);

#endif
