/* SPDX-License-Identifier: GPL-2.0-only
 * Leases, and the order of guests. */
#include "kernel/launch_sriov.h"

#include "kernel/lib/bits.h"

_Static_assert(CONFIG_GUESTS_MAX <= 64, "a bit a guest");

enum status launch_sriov_make(const struct machine *machine, struct arena *arena, struct pf_lease **out)
{
    const struct sriov_facts *facts = &machine->sriov;
    *out = arena_array(arena, facts->count + 1, sizeof(**out));
    if (*out == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < facts->count; i++) {
        (*out)[i] = (struct pf_lease){.sriov = &facts->pfs[i]};
    }
    return STATUS_OK;
}

struct pf_lease *launch_sriov_lease(const struct machine *machine, struct pf_lease *leases, uint32_t function)
{
    const struct sriov *s = sriov_of(&machine->sriov, &machine->pci, function);
    return s == NULL ? NULL : &leases[s - machine->sriov.pfs];
}

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

size_t launch_sriov_next(const struct pci_facts *pci, const struct plan *plan, uint64_t made)
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
