/* SPDX-License-Identifier: GPL-2.0-only
 * Names of vendors, devices and classes from the file pci.ids, as Debian's package of that name has it. */
#ifndef BULKHEAD_TOOLS_PCI_IDS_H
#define BULKHEAD_TOOLS_PCI_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCI_IDS_FILE "/usr/share/misc/pci.ids"
#define PCI_IDS_NONE SIZE_MAX

struct pci_ids {
    char *text;            /* NULL: no file, all is unknown */
    size_t vendors[65536]; /* where each one's lines begin; PCI_IDS_NONE */
    size_t classes[256];
};

/* About 512 KiB: to be freed. path NULL: PCI_IDS_FILE, which may be missing. NULL: said why on stderr. */
struct pci_ids *pci_ids_open(const char *path);
void pci_ids_free(struct pci_ids *ids);

/* "Intel Corporation 82574L ..." in ASCII; the vendor alone, or the class's name, where no more is known; else "".
 * class_code: 24 bits. */
char *pci_ids_name(const struct pci_ids *ids, uint16_t vendor, uint16_t device, uint32_t class_code, char *out,
                   size_t size);

#endif
