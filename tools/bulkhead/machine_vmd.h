/* SPDX-License-Identifier: GPL-2.0-only
 * The domains behind VMD endpoints of a dump, as the hypervisor would find them at boot. */
#ifndef BULKHEAD_TOOLS_MACHINE_VMD_H
#define BULKHEAD_TOOLS_MACHINE_VMD_H

#include "tools/bulkhead/machine_load.h"

/* After all other functions were read, linked and checked: what each endpoint says, and the functions that Linux's vmd
 * driver showed behind it, with the hypervisor's numbers of their domains. Counts what stays out of sight. */
void machine_vmd_load(struct machine_load *load);

#endif
