/* SPDX-License-Identifier: GPL-2.0-only
 * A machine as a graph in Graphviz's language: units, bridges, functions, groups, guests. */
#ifndef BULKHEAD_TOOLS_TOPOLOGY_H
#define BULKHEAD_TOOLS_TOPOLOGY_H

#include <stdio.h>

#include "tools/bulkhead/device_list.h"
#include "tools/bulkhead/pci_ids.h"
#include "tools/bulkhead/planner.h"

struct topology {
    const struct machine_load *load;
    const struct device_row *rows;
    const struct pci_ids *ids;
    const struct config *config; /* NULL: no guests */
    const struct plan *plan;     /* of it */
};

void topology_print(const struct topology *t, FILE *out);

#endif
