/* SPDX-License-Identifier: GPL-2.0-only
 * The driver on the pretended machine. */
#include "tests/fake/vtd_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/core/pages.h"
#include "tests/fake/log.h"
#include "tests/fake/memory.h"
#include "tests/fake/time.h"

#define STEP 0x10000 /* of the look at untranslated addresses */

static uint64_t registers_of(unsigned unit)
{
    return (uint64_t)RAW_REGISTERS + (uint64_t)unit * 0x10000;
}

static void give_pages(void)
{
    struct memory_map map = {.count = 0};
    uint64_t bytes = RIG_GUEST - RIG_HYPERVISOR;
    memset(fake_memory_at(RIG_HYPERVISOR, bytes), 0xff, bytes); /* nothing is zero by chance */
    if (memory_map_add(&map, RIG_HYPERVISOR, bytes, MEMORY_RAM) != STATUS_OK || pages_init(&map) != STATUS_OK) {
        abort();
    }
}

void vtd_rig_power(struct vtd_rig *rig, const struct vtd_model_config *configs, unsigned count)
{
    vtd_machine_end(&rig->mc);
    memset(rig, 0, sizeof(*rig));
    fake_log_reset();
    vtd_machine_start(&rig->mc, RAW_MEMORY, RIG_END - RAW_MEMORY);
    fake_time_step_ns(10000); /* a dead unit costs a test 100,000 looks at the clock */
    for (uint64_t at = RAW_MEMORY; at < RAW_PAGES; at += 8) {
        vtd_machine_store64(&rig->mc, at, 0);
    }
    give_pages();
    for (unsigned i = 0; i < count; i++) {
        vtd_machine_add(&rig->mc, registers_of(i), &configs[i]);
    }
}

enum status vtd_rig_probe(struct vtd_rig *rig)
{
    struct vtd_quirks quirks = {.force_write_buffer_flush = rig->mc.units[0].model.config.hidden_buffer};
    for (unsigned i = 0; i < rig->mc.count; i++) {
        enum status s = vtd_unit_probe(&rig->units[i], i, hpa(registers_of(i)), 0, 0, &quirks);
        if (s != STATUS_OK) {
            return s;
        }
    }
    return vtd_make(rig->units, rig->mc.count, &rig->vtd);
}

enum status vtd_rig_bringup(struct vtd_rig *rig)
{
    struct vtd_bringup_options o = {.fault_vector = RIG_VECTOR};
    for (unsigned i = 0; i < rig->mc.count; i++) {
        o.x2apic = rig->units[i].caps.x2apic;
        enum status s = vtd_unit_bringup(&rig->units[i], &o);
        if (s != STATUS_OK) {
            return s;
        }
    }
    return STATUS_OK;
}

struct vtd_model *vtd_rig_start(struct vtd_rig *rig, const struct vtd_model_config *config)
{
    vtd_rig_power(rig, config, 1);
    if (vtd_rig_probe(rig) != STATUS_OK || vtd_rig_bringup(rig) != STATUS_OK) {
        fprintf(stderr, "rig: the driver refused a healthy unit\n");
        abort();
    }
    return &rig->mc.units[0].model;
}

static bool is_hypervisor(uint64_t host, uint64_t bytes)
{
    return host < RIG_GUEST && host + bytes > RIG_HYPERVISOR;
}

static void note(void *context, uint64_t address, uint64_t host, uint64_t bytes, bool read, bool write)
{
    bool *exposed = context;
    (void)address;
    (void)read;
    *exposed = *exposed || (write && is_hypervisor(host, bytes));
}

static bool reaches_directly(struct vtd_model *m, uint16_t sid)
{
    uint64_t host = 0;
    for (uint64_t at = RIG_HYPERVISOR; at < RIG_GUEST; at += STEP) {
        if (vtd_model_may_now(m, sid, at, true, &host) && is_hypervisor(host, 1)) {
            return true;
        }
    }
    return false;
}

static bool reaches_by_cache(struct vtd_model *m, uint16_t sid)
{
    uint64_t host = 0;
    for (unsigned i = 0; i < VTD_MODEL_IOTLB; i++) {
        if (m->iotlb[i].valid && vtd_model_may_now(m, sid, m->iotlb[i].iova, true, &host) && is_hypervisor(host, 1)) {
            return true;
        }
    }
    return false;
}

bool vtd_rig_exposes(struct vtd_rig *rig, unsigned unit, uint16_t sid)
{
    struct vtd_model *m = &rig->mc.units[unit].model;
    bool exposed = false;
    rig->checks++;
    vtd_model_reach(m, sid, note, &exposed);
    return exposed || reaches_directly(m, sid) || reaches_by_cache(m, sid);
}

static void look(void *context, struct vtd_machine *mc)
{
    struct vtd_rig *rig = context;
    for (unsigned u = 0; u < mc->count; u++) {
        for (unsigned i = 0; i < rig->watched_count && !rig->exposed; i++) {
            rig->exposed = vtd_rig_exposes(rig, u, rig->watched[i]);
        }
    }
}

void vtd_rig_watch(struct vtd_rig *rig, const uint16_t *sids, unsigned count)
{
    rig->watched_count = count;
    for (unsigned i = 0; i < count && i < ARRAY_LENGTH(rig->watched); i++) {
        rig->watched[i] = sids[i];
    }
    vtd_machine_observe(&rig->mc, look, rig);
    look(rig, &rig->mc);
}
