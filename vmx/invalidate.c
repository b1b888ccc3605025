/* SPDX-License-Identifier: GPL-2.0-only
 * VPIDs, the EPT pointer, INVEPT and INVVPID. */
#include "vmx/invalidate.h"

#include "kernel/core/panic.h"
#include "kernel/lib/bits.h"
#include "vmx/instructions.h"

enum {
    EPTP_WRITE_BACK = 6,  /* bits 2:0 */
    EPTP_WALK_4 = 3 << 3, /* bits 5:3: levels - 1 */
    EPTP_ACCESSED_DIRTY = 1 << 6,
};

enum vmx_invept_type vmx_invalidate_ept_type(const struct vmx_capability *c)
{
    if (c->invept_single) {
        return VMX_INVEPT_SINGLE;
    }
    return c->invept_all ? VMX_INVEPT_ALL : VMX_INVEPT_NONE;
}

uint64_t vmx_eptp(const struct vmx_capability *c, struct hpa root)
{
    bulkhead_assert(c->ept && is_aligned(root.v, PAGE_SIZE));
    return root.v | EPTP_WRITE_BACK | EPTP_WALK_4 | (c->ept_ad ? EPTP_ACCESSED_DIRTY : 0);
}

struct vmx_vpid_pool vmx_vpid_pool_make(void)
{
    return (struct vmx_vpid_pool){.next = 1, .generation = 1, .flush = true};
}

bool vmx_vpid_prepare(struct vmx_vpid_pool *pool, struct vmx_vpid *vpid, bool renew)
{
    if (renew || vpid->generation != pool->generation) {
        if (pool->next == VMX_VPID_COUNT) {
            pool->next = 1;
            pool->generation++;
            pool->flush = true;
        }
        *vpid = (struct vmx_vpid){.number = (uint16_t)pool->next++, .generation = pool->generation};
    }
    bool flush = pool->flush;
    pool->flush = false;
    return flush;
}

void vmx_invalidate_ept(const struct vmx_capability *c, uint64_t eptp)
{
    enum vmx_invept_type type = vmx_invalidate_ept_type(c);
    bulkhead_assert(type != VMX_INVEPT_NONE); /* vmx_capability_refusal() */
    vmx_invept(type, eptp);
}

void vmx_invalidate_all(const struct vmx_capability *c)
{
    if (c->invept_all) {
        vmx_invept(VMX_INVEPT_ALL, 0);
    }
    if (c->invvpid_all) {
        vmx_invvpid(VMX_INVVPID_ALL, 0, 0);
    }
}
