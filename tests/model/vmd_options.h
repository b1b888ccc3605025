/* SPDX-License-Identifier: GPL-2.0-only
 * The text that describes a VMD for an emulated machine:
 *
 *   KEY=VALUE,...   id=28c0|201d  lock=0|1  busmode=0..3  flr=0|1  numbered=0|1  at=DEVICE.FUNCTION  disks=FILE[+FILE]
 */
#ifndef BULKHEAD_MODEL_VMD_OPTIONS_H
#define BULKHEAD_MODEL_VMD_OPTIONS_H

#include "tests/model/vmd_model.h"

#define VMD_OPTIONS_PATH 256

struct vmd_options {
    bool wanted;                                  /* the text was not empty */
    uint8_t devfunc;                              /* where it is on bus 0; 11.0 when not said */
    struct vmd_model_config config;               /* disk_bytes by vmd_options_open(); no BARs */
    char disk[VMD_MODEL_DISKS][VMD_OPTIONS_PATH]; /* empty: none */
    int file[VMD_MODEL_DISKS];                    /* by vmd_options_open() */
};

/* NULL, or what is wrong with the text. */
const char *vmd_options_parse(struct vmd_options *out, const char *text);

/* Open the disks for reading and writing; their sizes are the disks'. NULL, or what is wrong. */
const char *vmd_options_open(struct vmd_options *o);

/* What vmd_model_io.disk is to do on those files. */
bool vmd_options_disk(const struct vmd_options *o, unsigned disk, bool write, uint64_t offset, void *data,
                      size_t bytes);

/* What the model counted, in lines, for a log; cut at the end of the text. */
void vmd_options_summary(const struct vmd_model *m, char *text, size_t bytes);

#endif
