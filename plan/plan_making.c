/* SPDX-License-Identifier: GPL-2.0-only
 * The order of guests. */
#include "plan/plan_making.h"

#include "kernel/lib/bits.h"

_Static_assert(CONFIG_GUESTS_MAX <= 64, "a bit a guest");

/* Has it VFs of a PF whose owner is another guest that is not made yet? */
static bool waits(const struct pci_facts *pci, const struct plan *plan, size_t guest, uint64_t made)
{
    for (size_t i = 0; i < plan->guests[guest].device_count; i++) {
        const struct pci_function *f = &pci->functions[plan->guests[guest].devices[i].function];
        uint32_t owner = f->is_vf ? plan->owner[f->pf] : PLAN_NO_GUEST;
        if (owner != PLAN_NO_GUEST && owner != guest && (made & BIT64(owner)) == 0) {
            return true;
        }
    }
    return false;
}

size_t plan_making_next(const struct pci_facts *pci, const struct plan *plan, uint64_t made)
{
    size_t first = plan->guest_count;
    for (size_t i = plan->guest_count; i-- > 0;) {
        if ((made & BIT64(i)) == 0) {
            first = i;
        }
    }
    for (size_t i = first; i < plan->guest_count; i++) {
        if ((made & BIT64(i)) == 0 && !waits(pci, plan, i, made)) {
            return i;
        }
    }
    return first;
}
