/* SPDX-License-Identifier: GPL-2.0-only
 * Watched ranges against a guest's memory. */
#include "plan/plan_watch.h"

#include "kernel/lib/format.h"

#define FOUR_GIB (4 * GIB)
#define TABLE_REACH (2 * MIB)        /* of a table of 4 KiB leaves */
#define TABLES_BYTES (4 * PAGE_SIZE) /* of both kinds, and what is above them */

static bool is_ram(const struct config_range *r, uint64_t memory, uint64_t low_end)
{
    uint64_t low = memory < low_end ? memory : low_end;
    uint64_t end = r->start + r->size;
    return end <= low || (r->start >= FOUR_GIB && end <= FOUR_GIB + (memory - low));
}

void plan_watch(const struct plan_facts *facts, const struct config *config, const char *file, struct diag_list *diags)
{
    for (size_t i = 0; i < config->guest_count; i++) {
        const struct config_guest *g = &config->guests[i];
        for (size_t k = 0; k < g->watch.count; k++) {
            const struct config_range range = config_range_of(&g->watch.items[k]);
            char where[CONFIG_WHERE_SIZE], fix[DIAG_TEXT_SIZE];
            uint64_t low_end = facts->limits.low_ram_end;
            if (is_ram(&range, g->memory.number, low_end)) {
                continue;
            }
            uint64_t low = g->memory.number < low_end ? g->memory.number : low_end;
            format_text(fix, sizeof(fix), "name a range below 0x%llx%s, or give the guest more memory",
                        (unsigned long long)low, g->memory.number > low ? ", or from 0x100000000 on" : "");
            diag_add(diags, PLAN_WATCH_NOT_RAM, DIAG_ERROR, config_where(file, g->watch.items[k].at, where), fix,
                     "guest '%s' has no memory at some of \"%.60s\"", g->name.text, g->watch.items[k].text);
        }
    }
}

uint64_t plan_watch_tables(const struct config_guest *guest)
{
    uint64_t bytes = 0;
    for (size_t k = 0; k < guest->watch.count; k++) {
        bytes += (config_range_of(&guest->watch.items[k]).size / TABLE_REACH + 2) * TABLES_BYTES;
    }
    return bytes;
}
