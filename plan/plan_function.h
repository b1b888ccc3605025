/* SPDX-License-Identifier: GPL-2.0-only
 * What speaks against giving a function to any guest, as far as the function by itself goes. */
#ifndef BULKHEAD_PLAN_PLAN_FUNCTION_H
#define BULKHEAD_PLAN_PLAN_FUNCTION_H

#include "plan/plan.h"
#include "plan/plan_devices.h"

#define PLAN_FAULTS_MAX 6

struct plan_fault {
    enum plan_devices_diag code;
    const char *what; /* a sentence's end: "is a bridge" */
    const char *fix;
};

/* All of them; none: 0. has_unit: a remapping unit translates for it. */
size_t plan_function_faults(const struct plan_facts *facts, uint32_t function, bool has_unit,
                            struct plan_fault out[PLAN_FAULTS_MAX]);

/* True for what a guest need not have of a group: bridges by their header, which stay with the hypervisor, and
 * functions behind a VMD endpoint, which go with that. */
bool plan_function_is_free(const struct pci_function *f);

/* Has it MSI or MSI-X? */
bool plan_function_has_messages(const struct pci_function *f);

#endif
