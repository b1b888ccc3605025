/* SPDX-License-Identifier: GPL-2.0-only
 * A vCPU of one page. */
#include "tests/selftest/vmx_rig.h"

#include "kernel/core/pages.h"
#include "kernel/core/percpu.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/string.h"
#include "vmx/vmx.h"

#define TOP_PAGE UINT64_C(0xfffff000)
#define RESET_VECTOR 0xff0 /* in it */

enum status vmx_rig_build(struct vmx_rig *rig, const uint8_t *code, size_t bytes)
{
    enum status status = pages_alloc(&rig->page);
    if (status == STATUS_OK) {
        memcpy((uint8_t *)phys_to_virt(rig->page) + RESET_VECTOR, code, bytes);
        status = radix_init(&rig->nested, &radix_ept, 4, 1, false);
    }
    if (status == STATUS_OK) {
        status = radix_map(&rig->nested, TOP_PAGE, rig->page, PAGE_SIZE, RADIX_READ | RADIX_EXECUTE);
    }
    return status == STATUS_OK ? vmx_backend.vcpu_init(&rig->vcpu, cpu_index(), &rig->nested) : status;
}

void vmx_rig_tear_down(struct vmx_rig *rig)
{
    vmx_backend.vcpu_free(&rig->vcpu);
    radix_free(&rig->nested);
    pages_free(rig->page, PAGE_SIZE);
}
