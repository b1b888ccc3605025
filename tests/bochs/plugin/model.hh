/* SPDX-License-Identifier: GPL-2.0-only
 * The models that host tests use, for C++. */
#ifndef BULKHEAD_PLUGIN_MODEL_H
#define BULKHEAD_PLUGIN_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern "C" {
#include "tests/model/ats_model.h"
#include "tests/model/edu_model.h"
#include "tests/model/ioapic_model.h"
#include "tests/model/platform_options.h"
#include "tests/model/vmd_model.h"
#include "tests/model/vmd_options.h"
#include "tests/model/vtd_model.h"
}

#endif
