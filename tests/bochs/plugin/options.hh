/* SPDX-License-Identifier: GPL-2.0-only
 * What the environment says about the machine; README.md lists the variables. */
#ifndef BULKHEAD_PLUGIN_OPTIONS_H
#define BULKHEAD_PLUGIN_OPTIONS_H

#include "tests/bochs/plugin/model.hh"

#define OPTIONS_EDUS 4

struct options {
    struct platform_sources sources;
    struct platform_options units;
    unsigned edus;
    uint8_t edu[OPTIONS_EDUS]; /* device and function */
};

/* Read once; a bad variable ends the run. */
const struct options *options_get();

#endif
