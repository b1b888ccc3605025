/* SPDX-License-Identifier: GPL-2.0-only
 * Configuration space as memory (ECAM, PCIe 6.0 7.2.2), which i440fx has not: bus 0, for machines with a device that
 * has extended registers. tools/bochs.py makes the MCFG for it. */
#ifndef BULKHEAD_PLUGIN_ECAM_H
#define BULKHEAD_PLUGIN_ECAM_H

/* Once, at start: claim the window, if any device needs it. */
void ecam_init();

#endif
