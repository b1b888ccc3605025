/* SPDX-License-Identifier: GPL-2.0-only
 * Physical memory is mapped one to one in the lower half of the address space; stacks live in the upper half and have
 * no address of their own to give away. phys_view() is in kernel/core/paging.c, which knows the memory map. */
#include "kernel/hw/phys.h"

#include "kernel/lib/bits.h"

#define LOWER_HALF_END BIT64(47)

void *phys_to_virt(struct hpa at)
{
    if (at.v >= LOWER_HALF_END) {
        __builtin_trap();
    }
    return (void *)at.v;
}

struct hpa virt_to_phys(const void *at)
{
    /* A pointer to a variable on a stack must never reach hardware: the fault names the caller. */
    if ((uint64_t)at >= LOWER_HALF_END) {
        __builtin_trap();
    }
    return hpa((uint64_t)at);
}
