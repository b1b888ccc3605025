/* SPDX-License-Identifier: GPL-2.0-only
 * Where on PCI bus 0 a device is, asked of the configuration space as software does. */
#ifndef BULKHEAD_PLUGIN_PCI_PLACES_H
#define BULKHEAD_PLUGIN_PCI_PLACES_H

#include <stdint.h>

struct pci_places_kind {
    uint32_t class_code, class_mask; /* 23:16 base class, 15:8 sub-class, 7:0 interface */
    uint16_t vendor;                 /* 0: any */
};

/* How many functions are of that kind; the device and function of the first in *devfunc. */
unsigned pci_places_find(const struct pci_places_kind *kind, uint8_t *devfunc);

/* Command register, bit 2. */
bool pci_places_may_master(uint8_t devfunc);

#endif
