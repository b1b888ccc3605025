/* SPDX-License-Identifier: GPL-2.0-only
 * Which PFs get how many virtual functions: what the configuration asks for, against what the machine has. Pure. */
#ifndef BULKHEAD_PLAN_VF_WISHES_H
#define BULKHEAD_PLAN_VF_WISHES_H

#include "drivers/sriov_plan.h"
#include "kernel/lib/diag.h"
#include "kernel/lib/status.h"
#include "plan/config.h"

/* Codes BH0660 to BH0664, and BH0667. */
enum vf_wishes_diag {
    VF_WISHES_ABSENT = 660,  /* vfs of a device that is not in the machine */
    VF_WISHES_NOT_PF = 661,  /* vfs of a device without SR-IOV */
    VF_WISHES_PART = 662,    /* fewer VFs than all, of a device that wants all or none */
    VF_WISHES_MANY = 663,    /* VFs of more PFs than there is room for */
    VF_WISHES_UNSIZED = 667, /* VF BARs of which a dump does not say how large they are (`bulkhead plan`) */
    VF_WISHES_BLOCKED = 664, /* VFs of a function that cannot be trusted, or behind a VMD endpoint */
};

struct vf_wish {
    uint32_t pf; /* index in pci's functions */
    uint16_t num;
    struct config_position at; /* of the number */
};

struct vf_wishes {
    struct vf_wish items[SRIOV_PFS_MAX]; /* by pf, each once */
    size_t count;
};

/* By the table of a PF's address, or, where that does not say, of its id; vfs = 0 is none. STATUS_UNSUPPORTED: why is
 * in diags, at the places of the numbers; file is the configuration's name. */
MUST_CHECK enum status vf_wishes_read(const struct config *config, const char *file, const struct pci_facts *pci,
                                      const struct sriov_view *view, struct vf_wishes *out, struct diag_list *diags);

#endif
