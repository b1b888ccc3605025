/* SPDX-License-Identifier: GPL-2.0-only
 * Single lines of lspci's text. Each is a string without its line end, at most LSPCI_LINE_SIZE - 1 bytes of it. */
#ifndef BULKHEAD_TOOLS_LSPCI_LINE_H
#define BULKHEAD_TOOLS_LSPCI_LINE_H

#include "drivers/pci_caps.h"
#include "tools/bulkhead/lspci.h"

#define LSPCI_LINE_SIZE 512

/* Configuration space as -x, -xxx and -xxxx show it: the first `length` bytes, without a gap. */
struct lspci_registers {
    uint8_t bytes[PCI_CONFIG_BYTES_EXT];
    size_t length;
};

/* "00:1c.0 ..." or "0000:00:1c.0 ...": the rest of the line after the address; else NULL. */
const char *lspci_line_address(const char *line, struct sbdf *at);

/* That rest, "PCI bridge [0604]: Intel Corporation ... [8086:1901] (rev 07)": sets all of *f. */
void lspci_line_header(const char *rest, struct sbdf at, const struct pci_ids *ids, struct pci_function *f);

/* "40: 01 10 ...": true when the line is one of these, whether it fits or not. */
bool lspci_line_registers(const char *line, struct lspci_registers *out);

/* Any other line below a function's first. */
void lspci_line_detail(const char *line, struct pci_function *f, struct lspci_function *more);

#endif
