/* SPDX-License-Identifier: GPL-2.0-only
 * What devices do although their registers do not say so, as far as groups depend on it: one table, each row with the
 * name that Linux has for it (drivers/pci/quirks.c). */
#ifndef BULKHEAD_PLAN_GROUP_QUIRKS_H
#define BULKHEAD_PLAN_GROUP_QUIRKS_H

#include "drivers/pci.h"

/* Which functions with a row's ids it is about. */
enum group_quirk_where {
    GROUP_QUIRK_ANYWHERE,
    GROUP_QUIRK_ROOT_PORT,
    GROUP_QUIRK_OLD_CHIPSET,   /* a port that pci_acs_can_emulate() knows */
    GROUP_QUIRK_DWORD_CHIPSET, /* a port that pci_acs_has_dwords() knows */
    GROUP_QUIRK_PORT,          /* a root port or a switch's downstream port */
    GROUP_QUIRK_RC_ENDPOINT,   /* an endpoint that is part of the root complex */
    GROUP_QUIRK_SOUTHBRIDGE,   /* one function of several of a device on a root bus */
    GROUP_QUIRK_PCI_BRIDGE,    /* a bridge without a PCI Express capability, right below a PCI Express port */
    GROUP_QUIRK_OTHER_BRIDGE   /* class 0680: not the ports of the same chip */
};

enum group_quirk_effect {
    GROUP_QUIRK_ISOLATES,       /* as if it had ACS and all of it on */
    GROUP_QUIRK_LEAKS,          /* as if it had no ACS */
    GROUP_QUIRK_EMULATES,       /* isolates when pci_function.acs_emulated says so (drivers/pci_acs.h) */
    GROUP_QUIRK_DWORD,          /* its ACS registers are dwords; the facts have them right, lspci does not */
    GROUP_QUIRK_ALIAS_FUNCTION, /* sends with the id of that function of its own device: `value` */
    GROUP_QUIRK_ALIAS_DEVFN,    /* sends with the id of that devfn of its bus: `value` */
    GROUP_QUIRK_ALIAS_BUS,      /* may send with every id of its bus */
    GROUP_QUIRK_TAKES_OVER,     /* sends for those below as a PCIe-to-PCI bridge does: with its secondary bus, 00.0 */
};

struct group_quirk {
    uint16_t vendor;
    uint16_t first, last; /* device ids, both included */
    enum group_quirk_where where;
    enum group_quirk_effect effect;
    uint16_t value;
    uint16_t subsystem; /* counts for that one alone, whose vendor is the function's; 0: any */
    const char *name;   /* Linux's function or table, for reports */
};

/* The whole table, for documents. */
const struct group_quirk *group_quirk_table(size_t *count);

/* The row that decides about that function's ACS, or NULL. */
const struct group_quirk *group_quirk_acs(const struct pci_facts *facts, uint32_t function);

/* The next row about ids that f sends with, after `previous` (NULL: the first), or NULL. */
const struct group_quirk *group_quirk_alias(const struct pci_facts *facts, uint32_t function,
                                            const struct group_quirk *previous);

/* The row that makes that bridge take ids over, or NULL. */
const struct group_quirk *group_quirk_takes_over(const struct pci_facts *facts, uint32_t function);

#endif
