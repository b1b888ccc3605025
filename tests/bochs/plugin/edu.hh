/* SPDX-License-Identifier: GPL-2.0-only
 * PCI devices 1234:11e8: QEMU's edu, the tests' rogue. */
#ifndef BULKHEAD_PLUGIN_EDU_H
#define BULKHEAD_PLUGIN_EDU_H

/* Once, at start, before the firmware looks for devices. */
void edu_init();
void edu_reset();

#endif
