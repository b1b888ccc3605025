/* SPDX-License-Identifier: GPL-2.0-only
 * A vCPU of one page. */
#include "tests/selftest/vcpu_rig.h"

#include "kernel/core/pages.h"
#include "kernel/core/percpu.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/string.h"

#define TOP_PAGE UINT64_C(0xfffff000)
#define RESET_VECTOR 0xff0 /* in it */

enum status vcpu_rig_build(struct vcpu_rig *rig, const struct cpu_backend *backend, const uint8_t *code, size_t bytes)
{
    rig->backend = backend;
    enum status status = pages_alloc(&rig->host);
    if (status == STATUS_OK) {
        status = pages_alloc(&rig->page);
    }
    if (status == STATUS_OK) {
        memcpy((uint8_t *)phys_to_virt(rig->page) + RESET_VECTOR, code, bytes);
        status = radix_init(&rig->nested, backend->nested_format, 4, 1, false);
    }
    if (status == STATUS_OK) {
        status = radix_map(&rig->nested, TOP_PAGE, rig->page, PAGE_SIZE, RADIX_READ | RADIX_EXECUTE);
    }
    return status == STATUS_OK ? backend->vcpu_init(&rig->vcpu, cpu_index(), &rig->nested) : status;
}

void vcpu_rig_tear_down(struct vcpu_rig *rig)
{
    rig->backend->vcpu_free(&rig->vcpu);
    radix_free(&rig->nested);
    pages_free(rig->page, PAGE_SIZE);
    pages_free(rig->host, PAGE_SIZE);
}
