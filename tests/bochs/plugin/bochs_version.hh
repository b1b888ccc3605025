/* SPDX-License-Identifier: GPL-2.0-only
 * Is the running binary the one whose layouts bochs_api.h declares? */
#ifndef BULKHEAD_PLUGIN_BOCHS_VERSION_H
#define BULKHEAD_PLUGIN_BOCHS_VERSION_H

/* NULL, or in what the binary differs. */
const char *bochs_version_mismatch();

#endif
