/* SPDX-License-Identifier: GPL-2.0-only
 * How each device is reset before it is given away and when it comes back. */
#ifndef BULKHEAD_PLAN_PLAN_RESET_H
#define BULKHEAD_PLAN_PLAN_RESET_H

#include "plan/plan_work.h"

#define PLAN_RESET_SEVERAL PLAN_NO_GUEST       /* not one owner's alone, or nobody's */
#define PLAN_RESET_NOTHING (PLAN_NO_GUEST - 1) /* only bridges */

/* Whose a function is that is no bridge: any number below those two, or PLAN_RESET_SEVERAL. */
typedef uint32_t plan_reset_owner(const void *context, uint32_t function);

/* behind[i]: whose all functions behind bridge i are. */
void plan_reset_sum_up(const struct pci_facts *pci, plan_reset_owner *owner, const void *context, uint32_t *behind);

/* Are all functions behind the bridge above that owner's, so that a reset of its bus hurts nobody else? False on a root
 * bus. */
bool plan_reset_bus_alone(const struct pci_facts *pci, const uint32_t *behind, uint32_t function, uint32_t owner);

/* The reset that is taken when the file says nothing. */
enum pci_reset_kind plan_reset_usual(const struct pci_function *f, bool bus_alone);

/* Choose for every claim; refuse what the file asks for and the device cannot. STATUS_NO_MEMORY: arena full. */
MUST_CHECK enum status plan_reset_choose(struct plan_work *w);

#endif
