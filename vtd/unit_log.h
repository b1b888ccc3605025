/* SPDX-License-Identifier: GPL-2.0-only
 * A unit in words. */
#ifndef BULKHEAD_VTD_UNIT_LOG_H
#define BULKHEAD_VTD_UNIT_LOG_H

#include "vtd/unit.h"

/* Capabilities and decisions in two key=value lines. */
void vtd_unit_log(const struct vtd_unit *u);

#endif
