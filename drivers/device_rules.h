/* SPDX-License-Identifier: GPL-2.0-only
 * What is special about some devices that can be given away, as data: their makers' documents and what Linux's drivers
 * do about it. */
#ifndef BULKHEAD_DRIVERS_DEVICE_RULES_H
#define BULKHEAD_DRIVERS_DEVICE_RULES_H

#include "kernel/lib/types.h"

struct pci_function;

enum device_rule {
    DEVICE_RULE_ALL_VFS = 1 << 0,     /* all VFs are switched on, or none */
    DEVICE_RULE_TRUSTED = 1 << 1,     /* for trusted guests alone: `trusted = true` */
    DEVICE_RULE_KEEP_MASTER = 1 << 2, /* its bus mastering is not cleared while it has requests under way */
    DEVICE_RULE_OWNER = 1 << 3,       /* its VFs do nothing until a driver of the PF serves them */
    DEVICE_RULE_OWNER_RESET = 1 << 4, /* a VF without FLR is reset by that driver, when the VF's asks it to */
    DEVICE_RULE_SILENT_FLR = 1 << 5,  /* VFs have FLR although they do not say so */
};

struct device_rules {
    const char *name;        /* "QAT" */
    uint32_t flags;          /* enum device_rule */
    uint32_t aer_mask;       /* bits to set in the PF's AER Uncorrectable Error Mask */
    const char *why_all;     /* as the end of a sentence; NULL without ALL_VFS */
    const char *why_trusted; /* likewise */
    const char *owner;       /* what the PF's driver does for VFs, likewise */
};

/* Of a PF, a VF or another device, by its ids or its class; without any flag for most. */
const struct device_rules *device_rules_of(uint16_t vendor, uint16_t device, uint32_t class_code);
const struct device_rules *device_rules_of_function(const struct pci_function *f);

/* Does that flag hold for f? */
bool device_rules_has(const struct pci_function *f, enum device_rule flag);

#endif
