/* SPDX-License-Identifier: GPL-2.0-only
 * The device's side of ATS. */
#include "tests/model/ats_model.h"

#include <string.h>

#define PAGE UINT64_C(4096)

void ats_model_reset(struct ats_model *a, struct vtd_model *unit, uint16_t sid, unsigned depth)
{
    memset(a, 0, sizeof(*a));
    a->unit = unit;
    a->sid = sid;
    a->depth = depth;
}

void ats_model_enable(struct ats_model *a, bool on)
{
    if (a->on && !on && !a->rogue) {
        memset(a->entry, 0, sizeof(a->entry));
    }
    a->on = on;
}

static struct ats_model_entry *find(struct ats_model *a, uint64_t page)
{
    for (size_t i = 0; i < ATS_MODEL_ENTRIES; i++) {
        if (a->entry[i].valid && a->entry[i].page == page) {
            return &a->entry[i];
        }
    }
    return NULL;
}

/* A translation request; what cannot be read or written is not kept (PCIe 6.0 10.2.3). */
static const struct ats_model_entry *ask(struct ats_model *a, uint64_t page)
{
    struct ats_model_entry e = {.valid = true, .page = page};
    a->requests++;
    if (!vtd_model_ats_translate(a->unit, a->sid, page, &e.host, &e.write)) {
        return NULL;
    }
    struct ats_model_entry *known = find(a, page);
    known = known != NULL ? known : &a->entry[a->turn++ % ATS_MODEL_ENTRIES];
    *known = e;
    return known;
}

static void note_use(struct ats_model *a, const struct ats_model_entry *e, bool write)
{
    uint64_t host = 0;
    bool may = vtd_model_may(a->unit, a->sid, e->page, write, &host);
    a->translated++;
    a->stale += !may || host != e->host;
}

static bool use_kept(struct ats_model *a, uint64_t address, bool write, uint64_t *host, bool *passed)
{
    const struct ats_model_entry *e = find(a, address & ~(PAGE - 1));
    if (e == NULL || (write && !e->write)) {
        e = a->on ? ask(a, address & ~(PAGE - 1)) : NULL;
    }
    if (e == NULL || (write && !e->write)) {
        return false;
    }
    *host = e->host | address % PAGE;
    *passed = vtd_model_ats_access(a->unit, a->sid, *host);
    if (*passed) {
        note_use(a, e, write);
    }
    return true;
}

bool ats_model_access(struct ats_model *a, uint64_t address, bool write, uint64_t *host)
{
    bool passed = false;
    if (a->direct) {
        *host = address;
        return vtd_model_ats_access(a->unit, a->sid, address);
    }
    if ((a->on || a->rogue) && use_kept(a, address, write, host, &passed)) {
        return passed;
    }
    return vtd_model_translate(a->unit, a->sid, address, write, host) == VTD_MODEL_PASSED;
}

bool ats_model_invalidate(struct ats_model *a, uint64_t address, uint64_t bytes, unsigned max_pending)
{
    a->invalidations++;
    a->crowded += (max_pending == 0 ? 32 : max_pending) > a->depth;
    if (a->mute || !a->on) {
        return false; /* off: an unsupported request, which is no answer (PCIe 6.0 10.3.1) */
    }
    for (size_t i = 0; i < ATS_MODEL_ENTRIES && !a->deaf; i++) {
        struct ats_model_entry *e = &a->entry[i];
        if (e->valid && e->page - address < bytes) {
            uint64_t page = e->page;
            e->valid = false;
            a->forgotten++;
            if (a->eager) {
                (void)ask(a, page);
            }
        }
    }
    return true;
}
