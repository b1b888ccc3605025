/* SPDX-License-Identifier: GPL-2.0-only
 * Whether and where the VFs of a PF fit: decisions over what registers say, without touching any (PCIe 6.0 9.2.1, 9.3).
 * Each refusal is one diagnostic (drivers/sriov_diag.h) and STATUS_UNSUPPORTED. */
#ifndef BULKHEAD_DRIVERS_SRIOV_PLAN_H
#define BULKHEAD_DRIVERS_SRIOV_PLAN_H

#include "drivers/pci_caps.h"
#include "drivers/sriov.h"

/* Registers of other functions: of the hardware, or of saved bytes. */
struct sriov_view {
    /* False: not known. *at outlives the reader. */
    bool (*open)(const void *context, const struct sbdf *at, struct pci_reader *out);
    const void *context;
};
extern const struct sriov_view sriov_view_live;

/* What VFs have to fit into. */
struct sriov_place {
    const struct pci_facts *pci;      /* without VFs */
    const struct sriov_facts *others; /* whose VFs are on, or planned, already */
    const struct sriov_view *view;
    /* Where memory or a window of the platform that start..start+size-1 overlaps ends; 0: it overlaps none. NULL: not
     * asked. */
    uint64_t (*taken)(const void *context, uint64_t start, uint64_t size);
    const void *context;
};

/* What num VFs (1 at least) need of the capability. Sets num, page and ari. */
MUST_CHECK enum status sriov_plan_count(const struct sriov_place *place, struct sriov *s, unsigned num,
                                        struct diag_list *diag);

/* Kinds and sizes of the VF BARs from the values that they had and from what reads back after all ones were written,
 * by register, while VFs were off. The addresses stay what the values say. */
MUST_CHECK enum status sriov_plan_bars(struct sriov *s, const uint32_t values[PCI_BARS], const uint32_t masks[PCI_BARS],
                                       struct diag_list *diag);

/* Requester ids, from offset and stride as they are after NumVFs was written: all different, nobody else's, on buses
 * that the bridge above leads to, beyond function 7 only with ARI. */
MUST_CHECK enum status sriov_plan_ids(const struct sriov_place *place, const struct sriov *s, struct diag_list *diag);

/* All of it for a machine that is not at hand: s is as sriov_read() found it, sizes are of one VF by the register a BAR
 * starts at (0: none). Offset and stride are taken to stay what they are. The room is found as sriov_room_find() does.
 */
MUST_CHECK enum status sriov_plan_saved(const struct sriov_place *place, struct sriov *s, unsigned num,
                                        const uint64_t sizes[PCI_BARS], struct diag_list *diag);

#endif
