/* SPDX-License-Identifier: GPL-2.0-only
 * The memory half of the plan: which RAM of the machine is whose. Pure. */
#ifndef BULKHEAD_PLAN_PLAN_MEMORY_H
#define BULKHEAD_PLAN_PLAN_MEMORY_H

#include "kernel/lib/memory_map.h"
#include "plan/plan.h"

/* Codes of the range BH0700 to BH0799. */
enum plan_memory_diag {
    PLAN_MEMORY_STEP = 704,   /* not a multiple of 2 MiB */
    PLAN_MEMORY_SHORT = 718,  /* all guests together want more than is free */
    PLAN_MEMORY_PIECES = 719, /* what is free lies in too many pieces */
    PLAN_MEMORY_MOST = 720,   /* more than a guest can have */
};

#define PLAN_MEMORY_ALIGN (2 * MIB) /* of every block, in the machine and in the guest */

/* Give every guest its blocks (out->guests[i].memory): whole blocks of 1 GiB first where the guest and the machine both
 * have them aligned, in few pieces, from the top of memory. Where the bottom of it lies, the hypervisor keeps what it
 * needs itself. Larger guests choose first, so that the order of tables decides nothing.
 * STATUS_UNSUPPORTED: refused, why is in diags; STATUS_NO_MEMORY: arena full. */
MUST_CHECK enum status plan_memory(const struct plan_facts *facts, const struct config *config, const char *file,
                                   struct arena *arena, struct plan *out, struct diag_list *diags);

/* With how many leaves page tables can show the blocks to a guest, as large as they may be. */
struct plan_leaves {
    uint64_t gib, mib, kib; /* of 1 GiB, 2 MiB and 4 KiB */
};
struct plan_leaves plan_memory_leaves(const struct plan_limits *limits, const struct plan_guest *guest);

/* RAM of a memory map that guests may have, as plan_facts.free: whole pages from 1 MiB on. Returns how many blocks were
 * written to out, at most `most`. */
size_t plan_memory_free(const struct memory_map *map, struct plan_block *out, size_t most);

#endif
