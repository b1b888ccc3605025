/* SPDX-License-Identifier: GPL-2.0-only
 * Facts that only a configuration decides (the console), and the planner itself. */
#include "tools/bulkhead/planner.h"

#include <stdlib.h>

#include "guest/plan_limits.h"
#include "kernel/core/console_option.h"
#include "plan/plan_order.h"
#include "tools/bulkhead/load_vfs.h"

#define ARENA_FIXED (4 * MIB)
#define ARENA_PER_FUNCTION (8 * KIB)

/* The line of a legacy serial port, as kernel/console_input.c and gsi.c have it. */
static uint32_t console_gsi(const struct madt *madt, uint16_t port)
{
    static const struct {
        uint16_t port;
        uint8_t irq;
    } ports[] = {{0x3f8, 4}, {0x2f8, 3}};
    for (size_t i = 0; i < ARRAY_LENGTH(ports); i++) {
        if (ports[i].port != port) {
            continue;
        }
        for (size_t k = 0; k < madt->override_count; k++) {
            if (madt->overrides[k].irq == ports[i].irq) {
                return madt->overrides[k].gsi;
            }
        }
        return ports[i].irq;
    }
    return PLAN_NO_GSI;
}

static uint16_t console_port(const struct config *config)
{
    const struct config_value *console = &config->system.console;
    struct console_option option = console_option_default();
    if (console->at.line != 0 && console_option_parse(console->text, &option) != STATUS_OK) {
        option = console_option_default();
    }
    return option.port;
}

static void take(struct planner *p, const struct diag_list *from, bool errors_only)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct diag *d = &from->items[i];
        if (!errors_only || d->severity == DIAG_ERROR) {
            diag_add(&p->diags, d->code, d->severity, d->where, d->fix, "%s", d->what);
        }
    }
}

void planner_make(struct planner *p, const struct machine_load *load, const struct config *config, const char *file,
                  const struct diag_list *before)
{
    *p = (struct planner){.facts = load->facts, .status = STATUS_NO_MEMORY};
    size_t size = ARENA_FIXED + ARENA_PER_FUNCTION * load->machine.pci.count;
    p->items = calloc(PLANNER_DIAGS_MAX, sizeof(*p->items));
    p->space = malloc(size);
    if (p->items == NULL || p->space == NULL) {
        return;
    }
    struct arena arena = arena_make(p->space, size);
    p->diags = diag_list_make(p->items, PLANNER_DIAGS_MAX);
    if (load->dmar != STATUS_OK) { /* the hypervisor does not come to the configuration */
        take(p, &load->diags, true);
        p->status = STATUS_UNSUPPORTED;
        return;
    }
    take(p, before, false);
    p->facts.console_port = console_port(config);
    p->facts.console_gsi = console_gsi(&load->machine.madt, p->facts.console_port);
    p->facts.limits = guest_plan_limits();
    p->status = plan_make(&p->facts, config, file, &arena, &p->plan, &p->diags);
    plan_order_diags(&p->diags, 0);
    if (p->status == STATUS_OK && p->diags.errors != 0) {
        p->status = STATUS_UNSUPPORTED;
    }
}

void planner_make_all(struct planner *p, struct machine_load *load, const struct config *config, const char *file,
                      struct diag_list *before)
{
    enum status vfs = load->dmar == STATUS_OK ? load_vfs(load, config, file, before) : STATUS_OK;
    if (vfs == STATUS_OK) {
        planner_make(p, load, config, file, before);
        return;
    }
    *p = (struct planner){.facts = load->facts, .status = vfs};
    p->items = calloc(PLANNER_DIAGS_MAX, sizeof(*p->items));
    p->diags = diag_list_make(p->items, p->items != NULL ? PLANNER_DIAGS_MAX : 0);
    take(p, before, false);
    plan_order_diags(&p->diags, 0);
}

void planner_free(struct planner *p)
{
    free(p->items);
    free(p->space);
}
