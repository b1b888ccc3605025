/* SPDX-License-Identifier: GPL-2.0-only
 * The virtual functions that a configuration asks for, as part of the machine: by switching them on, or, over a dump,
 * by saying what would come of it. Before groups are made and remapping units are probed: indices change. */
#ifndef BULKHEAD_PLAN_MACHINE_VFS_H
#define BULKHEAD_PLAN_MACHINE_VFS_H

#include "drivers/sriov_plan.h"
#include "kernel/lib/arena.h"
#include "kernel/lib/diag.h"
#include "kernel/lib/status.h"
#include "plan/config.h"
#include "plan/machine.h"

/* How they come about. */
struct machine_vfs_way {
    const struct sriov_view *view; /* PFs, bridges and, once they are on, VFs */
    enum status (*enable)(void *context, const struct sriov_place *place, uint32_t pf, unsigned num, struct sriov *out,
                          struct diag_list *diags);
    void (*stop)(void *context, const struct sriov *s);
    void *context;
};

/* All that the configuration asks for, or none: STATUS_UNSUPPORTED and why in diags (places of file, or the device).
 * STATUS_NO_MEMORY. Fills m->sriov; the facts have no VFs yet. arena only holds what is needed meanwhile. */
MUST_CHECK enum status machine_vfs_enable(struct machine *m, const struct config *config, const char *file,
                                          const struct machine_vfs_way *way, const struct arena *arena,
                                          struct diag_list *diags);

/* Bytes that machine_vfs_list() takes of its arena; 0 without VFs. */
size_t machine_vfs_bytes(const struct machine *m);

/* Put those VFs into m->pci (drivers/sriov_functions.h). */
MUST_CHECK enum status machine_vfs_list(struct machine *m, const struct sriov_view *view, struct arena *arena,
                                        struct diag_list *diags);

#endif
