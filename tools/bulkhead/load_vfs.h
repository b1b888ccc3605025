/* SPDX-License-Identifier: GPL-2.0-only
 * The virtual functions that a configuration asks for, on a machine that is only a dump: as the hypervisor would have
 * them after it switched them on, as far as saved registers tell. */
#ifndef BULKHEAD_TOOLS_LOAD_VFS_H
#define BULKHEAD_TOOLS_LOAD_VFS_H

#include "tools/bulkhead/machine_load.h"

/* Put them into load's machine, groups and facts; pointers and indices into these are worth nothing afterwards. Once
 * for a load. STATUS_UNSUPPORTED: refused, why is in diags, and load is as it was; so it is after STATUS_NO_MEMORY. */
MUST_CHECK enum status load_vfs(struct machine_load *load, const struct config *config, const char *file,
                                struct diag_list *diags);

#endif
