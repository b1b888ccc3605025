/* SPDX-License-Identifier: GPL-2.0-only
 * Intel's VMD with two NVMe controllers behind it (tests/model/vmd_model.h), when BULKHEAD_VMD asks for one. */
#ifndef BULKHEAD_PLUGIN_VMD_H
#define BULKHEAD_PLUGIN_VMD_H

/* Once, at start, before the firmware looks for devices. */
void vmd_init();
void vmd_reset();

/* Says on the log what it counted. */
void vmd_summary();

#endif
