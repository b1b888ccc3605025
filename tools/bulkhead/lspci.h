/* SPDX-License-Identifier: GPL-2.0-only
 * The text of `lspci -vvv`, with or without -D, -n, -nn and -x, as the facts that groups are made of. */
#ifndef BULKHEAD_TOOLS_LSPCI_H
#define BULKHEAD_TOOLS_LSPCI_H

#include "drivers/pci.h"
#include "tools/bulkhead/pci_ids.h"

#define LSPCI_FUNCTIONS_MAX 8192
#define LSPCI_NO_GROUP UINT32_MAX

/* What a text tells of one function besides its facts. */
struct lspci_function {
    uint32_t linux_group; /* "IOMMU group", or LSPCI_NO_GROUP */
    uint32_t line;        /* from 1 */
    bool denied;          /* capabilities were not readable: lspci ran without root */
    bool unreadable;      /* switched off: all its registers read ones */
    bool acs_assumed;     /* its ACS control is where lspci does not look: taken as Linux sets it */
    uint16_t vfs;         /* enabled virtual functions, and where they are */
    uint16_t vf_offset, vf_stride;
};

struct lspci {
    struct pci_facts facts;
    struct lspci_function *functions; /* by index in facts */
    bool has_groups;                  /* some function has a Linux group: ACS is as that Linux left it */
};

/* Bytes of arena that lspci_parse takes at most for a text of that length. */
size_t lspci_arena_bytes(size_t length);

/* ids may be NULL; then a text without -n or -nn has functions of vendor 0. Without Linux's groups in the text, ACS is
 * taken to be on wherever there is any, as the hypervisor would switch it (pci_acs_predict).
 * STATUS_NOT_FOUND: no function in it. STATUS_UNSUPPORTED: more than LSPCI_FUNCTIONS_MAX. STATUS_NO_MEMORY.
 * What is odd in the bridges' numbers goes to diags. */
MUST_CHECK enum status lspci_parse(const char *text, size_t length, const struct pci_ids *ids, struct arena *arena,
                                   struct lspci *out, struct diag_list *diags);

#endif
