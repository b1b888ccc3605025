/* SPDX-License-Identifier: GPL-2.0-only
 * The driver on the pretended machine: firmware's memory (tests/fake/vtd_raw.h), the hypervisor's (all of it free
 * pages), guest memory, and up to VTD_MACHINE_UNITS units at RAW_REGISTERS, +0x10000, ... */
#ifndef BULKHEAD_FAKE_VTD_RIG_H
#define BULKHEAD_FAKE_VTD_RIG_H

#include "tests/fake/vtd_raw.h"
#include "vtd/bringup.h"
#include "vtd/domain.h"
#include "vtd/vtd.h"

enum vtd_rig_place {
    RIG_HYPERVISOR = 0x1100000,
    RIG_GUEST = 0x1300000, /* also the end of the hypervisor's memory */
    RIG_END = 0x1400000,
    RIG_ROGUE = 0x0100, /* 01:00.0: never attached to anything */
    RIG_VECTOR = 0x50,
};

struct vtd_rig {
    struct vtd_machine mc;
    struct vtd_unit units[VTD_MACHINE_UNITS];
    struct vtd vtd;

    /* Filled by vtd_rig_watch(): true once a watched device could write hypervisor memory. */
    bool exposed;
    uint64_t checks;
    uint16_t watched[4];
    unsigned watched_count;
};

/* Power-on: machine, pages, models; the driver has not run. Ends what an earlier start left. */
void vtd_rig_power(struct vtd_rig *rig, const struct vtd_model_config *configs, unsigned count);
/* The driver probes every unit and vtd_make(). */
enum status vtd_rig_probe(struct vtd_rig *rig);
enum status vtd_rig_bringup(struct vtd_rig *rig);
/* All three for one unit; fails the test (aborts) when one of them does not succeed. */
struct vtd_model *vtd_rig_start(struct vtd_rig *rig, const struct vtd_model_config *config);

/* Could sid write hypervisor memory through that unit now, tables and caches taken together? */
bool vtd_rig_exposes(struct vtd_rig *rig, unsigned unit, uint16_t sid);
/* From now on ask that after every register write and every line written back, for these devices, on every unit. */
void vtd_rig_watch(struct vtd_rig *rig, const uint16_t *sids, unsigned count);

#endif
