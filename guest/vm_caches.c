/* SPDX-License-Identifier: GPL-2.0-only
 * WBINVD, where it matters. */
#include "guest/vm_caches.h"

#include "kernel/hw/cpu.h"

void vm_caches_write_back(const struct vm *vm)
{
    if (vm->real_wbinvd) {
        cpu_wbinvd();
    }
}
