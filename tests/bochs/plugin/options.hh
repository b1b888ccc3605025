/* SPDX-License-Identifier: GPL-2.0-only
 * What the environment says about the machine; README.md lists the variables. */
#ifndef BULKHEAD_PLUGIN_OPTIONS_H
#define BULKHEAD_PLUGIN_OPTIONS_H

#include "tests/bochs/plugin/model.hh"

#define OPTIONS_EDUS 6

/* Whether an edu keeps translations (ATS), and how well: it forgets what it is told to, answers without forgetting, or
 * does not answer. */
enum options_ats { OPTIONS_ATS_NONE, OPTIONS_ATS_GOOD, OPTIONS_ATS_DEAF, OPTIONS_ATS_MUTE };

struct options {
    struct platform_sources sources;
    struct platform_options units;
    unsigned edus;
    uint8_t edu[OPTIONS_EDUS]; /* device and function */
    enum options_ats ats[OPTIONS_EDUS];
    bool any_ats;        /* then there is a window for extended configuration space */
    bool machine_checks; /* edu has a register that causes one */
};

/* Read once; a bad variable ends the run. */
const struct options *options_get();

#endif
