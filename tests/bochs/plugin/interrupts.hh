/* SPDX-License-Identifier: GPL-2.0-only
 * Interrupt messages on their way to the local APICs. */
#ifndef BULKHEAD_PLUGIN_INTERRUPTS_H
#define BULKHEAD_PLUGIN_INTERRUPTS_H

#include "tests/bochs/plugin/model.hh"

/* A requester's message (0xFEExxxxx, data), through its unit when there is one. False: the unit blocked it. `out` tells
 * what was delivered. */
bool interrupts_request(uint16_t sid, uint32_t address, uint32_t data, struct vtd_model_message *out);

/* A unit's own event: never remapped; the upper half of the address holds bits 31:8 of a 32-bit destination
 * (VT-d 4.1 11.4.7.6). */
void interrupts_of_unit(uint64_t address, uint32_t data);

#endif
