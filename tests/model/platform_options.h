/* SPDX-License-Identifier: GPL-2.0-only
 * The text that describes the remapping units of an emulated machine:
 *
 *   UNIT[,UNIT...]    UNIT = BASE[:preset=NAME][:scope=SOURCE[+SOURCE...]][:latency=TICKS]
 *
 * BASE is hexadecimal. SOURCE is DEVICE.FUNCTION on bus 0 (hexadecimal), 0xRRRR (a whole requester id), "ioapic" or
 * "hpet". A unit without a scope takes every source that no other unit names, as INCLUDE_PCI_ALL does. */
#ifndef BULKHEAD_MODEL_PLATFORM_OPTIONS_H
#define BULKHEAD_MODEL_PLATFORM_OPTIONS_H

#include "tests/model/vtd_model.h"

#define PLATFORM_UNITS 4
#define PLATFORM_SCOPES 16

/* Requester ids of what is no PCI device. */
struct platform_sources {
    uint16_t ioapic, hpet;
};

struct platform_unit {
    uint64_t base;
    struct vtd_model_config config;
    unsigned latency;
    bool rest; /* takes what nobody names */
    unsigned scopes;
    uint16_t scope[PLATFORM_SCOPES];
};

struct platform_options {
    unsigned units;
    struct platform_unit unit[PLATFORM_UNITS];
};

/* NULL, or what is wrong with the text; an empty text means no units. */
const char *platform_options_parse(struct platform_options *out, const char *text, struct platform_sources sources);

/* A requester id alone, as in a scope. False: it is none. */
bool platform_options_source(const char *text, struct platform_sources sources, uint16_t *out);

/* The unit that covers a requester, or -1. */
int platform_options_unit_of(const struct platform_options *o, uint16_t sid);

#endif
