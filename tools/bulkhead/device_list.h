/* SPDX-License-Identifier: GPL-2.0-only
 * What there is to say of each function of a machine, for tables, suggestions and pictures. */
#ifndef BULKHEAD_TOOLS_DEVICE_LIST_H
#define BULKHEAD_TOOLS_DEVICE_LIST_H

#include "drivers/pci_reset.h"
#include "plan/plan_survey.h"
#include "tools/bulkhead/machine_load.h"

#define DEVICE_LIST_WHY_SIZE 256

struct device_row {
    const struct pci_function *function;
    uint32_t group;
    bool has_unit;
    size_t unit; /* index in dmar.units */
    enum pci_reset_kind reset;
    bool is_free;                   /* the whole group can go to one guest */
    bool reserved;                  /* an RMRR names it */
    const struct vmd_domain *vmd;   /* of a VMD endpoint: the domain behind it, or NULL ... */
    size_t behind;                  /* ... with so many functions */
    unsigned vf_total;              /* that it could have */
    size_t vf_now;                  /* that Linux made */
    char why[DEVICE_LIST_WHY_SIZE]; /* a sentence's end: why not, where it is not free */
};

/* A row a function of load->machine.pci, by index; to be freed. NULL: no memory. */
struct device_row *device_list_make(const struct machine_load *load);

/* What inventory_line() wants; to be freed by free(*space). False: no memory. */
bool device_list_survey(const struct machine_load *load, struct plan_survey *out, void **space);

/* Of its group, those that a guest would get: no bridges. */
bool device_list_counts(const struct device_row *row);

#endif
