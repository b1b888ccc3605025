/* SPDX-License-Identifier: GPL-2.0-only
 * Cached translations of guests: VPIDs, the EPT pointer, and which INVEPT and INVVPID to use (SDM 3C 29.4). */
#ifndef BULKHEAD_VMX_INVALIDATE_H
#define BULKHEAD_VMX_INVALIDATE_H

#include "kernel/lib/types.h"
#include "vmx/capability.h"

/* Operand types of the instructions (SDM 3C chapter 31). */
enum vmx_invept_type {
    VMX_INVEPT_NONE = 0, /* the CPU has none */
    VMX_INVEPT_SINGLE = 1,
    VMX_INVEPT_ALL = 2,
};

enum vmx_invvpid_type {
    VMX_INVVPID_ADDRESS = 0,
    VMX_INVVPID_SINGLE = 1,
    VMX_INVVPID_ALL = 2,
    VMX_INVVPID_KEEP_GLOBALS = 3,
};

/* The narrowest type that drops all translations that come from one EPT pointer. Pure. */
enum vmx_invept_type vmx_invalidate_ept_type(const struct vmx_capability *c);

/* EPT pointer for a 4-level table at root: walked write-back, A/D flags when the CPU has them (SDM 3C 25.6.11). */
uint64_t vmx_eptp(const struct vmx_capability *c, struct hpa root);

/* VPIDs, a pool a CPU. A vCPU that must forget its linear translations gets a new number instead of a flush; when the
 * numbers run out, all are invalidated once and counting starts anew. Number 0 is the host's. */
struct vmx_vpid_pool {
    uint32_t next; /* to hand out; VMX_VPID_COUNT: none left */
    uint64_t generation;
    bool flush; /* the next entry must invalidate all */
};

enum { VMX_VPID_COUNT = 0x10000 };

struct vmx_vpid {
    uint16_t number;
    uint64_t generation; /* 0: none yet */
};

/* Everything that other software left is invalidated by the first entry. */
struct vmx_vpid_pool vmx_vpid_pool_make(void);

/* Make vpid valid for an entry now; renew: it must not see its old translations. True: invalidate all VPIDs before
 * the entry (vmx_invalidate_all). Pure. */
bool vmx_vpid_prepare(struct vmx_vpid_pool *pool, struct vmx_vpid *vpid, bool renew);

/* On this CPU, in VMX operation: drop everything that came from one EPT pointer, guest-physical and combined. Needed
 * whenever an entry of the table lost rights or was changed, before the page is given to someone else. */
void vmx_invalidate_ept(const struct vmx_capability *c, uint64_t eptp);
/* On this CPU: drop everything of every VPID and EPT pointer. After VMXON, and when vmx_vpid_prepare() says so. */
void vmx_invalidate_all(const struct vmx_capability *c);

#endif
