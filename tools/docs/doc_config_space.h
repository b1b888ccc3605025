/* SPDX-License-Identifier: GPL-2.0-only
 * docs/config-space.md, from the tables of guest/pci_rules.h. */
#ifndef BULKHEAD_TOOLS_DOCS_DOC_CONFIG_SPACE_H
#define BULKHEAD_TOOLS_DOCS_DOC_CONFIG_SPACE_H

void doc_config_space(void);

#endif
