/* SPDX-License-Identifier: GPL-2.0-only
 * The remapping units of the machine: the model of the host tests behind register windows of Bochs. */
#ifndef BULKHEAD_PLUGIN_UNITS_H
#define BULKHEAD_PLUGIN_UNITS_H

#include "tests/bochs/plugin/model.hh"

/* Once, at start: make them and claim their windows. */
void units_init();
/* Power-on state. */
void units_reset();

/* The unit that a requester's messages pass; NULL when none covers it. */
struct vtd_model *units_of(uint16_t sid);

/* Tell the log what rules were broken since the last call. After every use of a unit. */
void units_check();

#endif
