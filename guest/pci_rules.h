/* SPDX-License-Identifier: GPL-2.0-only
 * What guests get of an assigned function's configuration space: one table of capabilities (pass, emulate, hide) and,
 * for what they get, one of registers with the bits they may write. What no table names is hidden and takes no write.
 * docs/config-space.md is printed from here. */
#ifndef BULKHEAD_GUEST_PCI_RULES_H
#define BULKHEAD_GUEST_PCI_RULES_H

#include "kernel/lib/types.h"

enum pci_treatment {
    PCI_HIDE,    /* not in the chain, its bytes read 0 */
    PCI_PASS,    /* the bytes it had when the function was given; writes vanish */
    PCI_EMULATE, /* the registers listed; all else in it reads 0 */
};

/* A register of the view. Bits that are neither copied nor set read 0 until the guest writes them. */
struct pci_rule_register {
    const char *name;
    uint16_t offset;         /* from the start of the capability, or of the header */
    uint8_t width;           /* 1, 2 or 4 */
    uint32_t copied;         /* bits that start as the device has them */
    uint32_t set;            /* bits that start as 1 */
    uint32_t writable;       /* bits that the guest changes, in its view alone */
    uint32_t not_in_bridges; /* of `writable`: not in bridges; behind VMD endpoints alone (vmd_rules.h) */
    uint32_t cleared; /* bits that a 1 of the guest clears in the device; behind VMD endpoints alone (vmd_rules.h) */
    uint16_t needs;   /* it is there only if the device's 16 bits at offset 2 of the capability have all of these ... */
    uint16_t lacks;   /* ... and none of these */
};

struct pci_rule {
    uint16_t id;
    uint16_t vendor; /* only for functions of this vendor; 0: for all */
    enum pci_treatment treatment;
    uint16_t size; /* bytes of one that is passed; 0: its third byte says it (vendor-specific ones) */
    const char *name;
    const char *why;
    const struct pci_rule_register *registers; /* of one that is emulated */
    size_t register_count;
};

struct pci_rules {
    const struct pci_rule *rules;
    size_t count;
};

extern const struct pci_rules pci_rules_legacy, pci_rules_extended;

/* Of the header; what the facts know (ids, class) is not in it, nor are BARs and the ROM's register, which
 * guest/pci_bar.h and guest/pci_rom.h have. */
extern const struct pci_rule_register pci_rules_header[];
extern const size_t pci_rules_header_count;

/* The first rule for a capability of a function of that vendor; NULL: unknown, to be hidden. */
const struct pci_rule *pci_rules_find(const struct pci_rules *rules, uint16_t id, uint16_t vendor);

/* Is the register there, in a capability whose 16 bits at offset 2 are `flags`? */
static inline bool pci_rule_applies(const struct pci_rule_register *r, uint16_t flags)
{
    return (flags & r->needs) == r->needs && (flags & r->lacks) == 0;
}

/* Bytes that the capability takes, its first two included; flags: its 16 bits at offset 2. */
unsigned pci_rule_size(const struct pci_rule *rule, uint16_t flags);

#endif
