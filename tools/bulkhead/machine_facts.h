/* SPDX-License-Identifier: GPL-2.0-only
 * What plans need of a dump beside struct machine: CPUs, free memory, interrupt lines, what the units can do. */
#ifndef BULKHEAD_TOOLS_MACHINE_FACTS_H
#define BULKHEAD_TOOLS_MACHINE_FACTS_H

#include "tools/bulkhead/machine_load.h"
#include "vtd/quirks.h"

/* Fill load->facts, after load->machine. STATUS_NO_MEMORY. */
MUST_CHECK enum status machine_facts_make(struct machine_load *load, const struct vtd_quirks *quirks,
                                          struct arena *arena);

#endif
