/* SPDX-License-Identifier: GPL-2.0-only
 * A starting configuration for a machine, as text. */
#ifndef BULKHEAD_TOOLS_SUGGESTION_H
#define BULKHEAD_TOOLS_SUGGESTION_H

#include <stdio.h>

#include "tools/bulkhead/device_list.h"
#include "tools/bulkhead/pci_ids.h"

#define SUGGESTION_DEVICES_MAX 2

struct suggestion {
    const struct machine_load *load;
    const struct device_row *rows;
    const struct pci_ids *ids;
    uint32_t chosen[SUGGESTION_DEVICES_MAX]; /* functions whose groups the second guest gets */
    size_t chosen_count;
};

/* The first groups of interest that a guest can have: an NVMe disk, then a network card. */
struct suggestion suggestion_make(const struct machine_load *load, const struct device_row *rows,
                                  const struct pci_ids *ids);

/* The text: a guest with little, one with most of the rest and the chosen groups; all other functions as comments. */
void suggestion_print(const struct suggestion *s, FILE *out);

#endif
