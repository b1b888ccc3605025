/* SPDX-License-Identifier: GPL-2.0-only
 * A device that keeps translations itself (ATS; PCIe 6.0 chapter 10), before a model of a remapping unit: it asks for
 * translations, uses them for translated requests until it is told to forget them, and counts what it did wrong or was
 * told wrongly. */
#ifndef BULKHEAD_MODEL_ATS_MODEL_H
#define BULKHEAD_MODEL_ATS_MODEL_H

#include "tests/model/vtd_model.h"

#define ATS_MODEL_ENTRIES 64

struct ats_model_entry {
    bool valid;
    uint64_t page, host; /* of 4 KiB */
    bool write;          /* else for reads alone */
};

struct ats_model {
    struct vtd_model *unit;
    uint16_t sid;
    unsigned depth; /* invalidations it takes at once: 1 to 32 */
    bool on;        /* ATS is switched on in its configuration space */

    /* What a test can turn. */
    bool mute;   /* it answers no invalidation */
    bool deaf;   /* it answers and forgets nothing: a device that lies */
    bool eager;  /* it asks anew for what it was just told to forget */
    bool rogue;  /* it uses what it keeps although ATS is off */
    bool direct; /* it claims that any address is translated already */

    struct ats_model_entry entry[ATS_MODEL_ENTRIES];
    unsigned turn;

    uint64_t requests, translated, forgotten, stale; /* stale: used after the tables said otherwise */
    unsigned invalidations, crowded;                 /* crowded: told that it takes more at once than it does */
};

/* Nothing kept, ATS off. */
void ats_model_reset(struct ats_model *a, struct vtd_model *unit, uint16_t sid, unsigned depth);

/* Configuration space says on or off; off forgets all, but a rogue. */
void ats_model_enable(struct ats_model *a, bool on);

/* A memory request of the device. True: it reaches *host. */
bool ats_model_access(struct ats_model *a, uint64_t address, bool write, uint64_t *host);

/* An invalidation request arrived (struct vtd_model_io, invalidate): false when it does not answer. */
bool ats_model_invalidate(struct ats_model *a, uint64_t address, uint64_t bytes, unsigned max_pending);

#endif
