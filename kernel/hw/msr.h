/* SPDX-License-Identifier: GPL-2.0-only
 * Model-specific registers. Reading one that does not exist is #GP and so a panic: check CPUID first. */
#ifndef BULKHEAD_HW_MSR_H
#define BULKHEAD_HW_MSR_H

#include "kernel/lib/types.h"

uint64_t msr_read(uint32_t msr);
void msr_write(uint32_t msr, uint64_t value);

#endif
