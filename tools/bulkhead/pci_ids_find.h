/* SPDX-License-Identifier: GPL-2.0-only
 * From names back to numbers, by the same file: what lspci prints without -n. */
#ifndef BULKHEAD_TOOLS_PCI_IDS_FIND_H
#define BULKHEAD_TOOLS_PCI_IDS_FIND_H

#include "tools/bulkhead/pci_ids.h"

/* "Intel Corporation 82574L Gigabit Network Connection", or "Intel Corporation Device 1bbd", or "Device 8086:1bbd":
 * false when the vendor is not known. A device whose name is not known gets 0, which no device has. Of several devices
 * with one name the first one counts. ids may be NULL. */
bool pci_ids_find_device(const struct pci_ids *ids, const char *text, uint16_t *vendor, uint16_t *device);

/* "PCI bridge": base class and sub-class, 0x0604; false when no class has that name. */
bool pci_ids_find_class(const struct pci_ids *ids, const char *text, uint16_t *class_code);

#endif
