/* SPDX-License-Identifier: GPL-2.0-only
 * BULKHEAD_VMD: KEY=VALUE,... with id=28c0|201d, lock=0|1, busmode=0..2, flr=0|1, numbered=0|1, at=DEVICE.FUNCTION and
 * disks=FILE[+FILE], which are read and written. Not set or empty: no VMD. */
#ifndef BULKHEAD_PLUGIN_VMD_OPTIONS_H
#define BULKHEAD_PLUGIN_VMD_OPTIONS_H

#include "tests/bochs/plugin/model.hh"

struct vmd_options {
    bool wanted;
    uint8_t devfunc;
    struct vmd_model_config config; /* disk sizes are those of the files */
    int disk[VMD_MODEL_DISKS];      /* open files */
};

/* A bad variable ends the run. */
struct vmd_options vmd_options_read();

#endif
