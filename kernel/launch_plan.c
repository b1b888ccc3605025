/* SPDX-License-Identifier: GPL-2.0-only
 * Facts, configuration, plan. */
#include "kernel/launch_plan.h"

#include "drivers/sriov_enable.h"
#include "kernel/core/cmdline.h"
#include "kernel/core/console_option.h"
#include "kernel/core/log.h"
#include "kernel/core/pages.h"
#include "kernel/core/serial.h"
#include "kernel/hw/phys.h"
#include "kernel/launch.h"
#include "kernel/lib/bits.h"
#include "kernel/plan_facts.h"
#include "plan/features.h"
#include "plan/inventory.h"
#include "plan/machine_vfs.h"
#include "plan/plan_order.h"

#define ARENA_BYTES MIB
#define ARENA_FUNCTION_BYTES (4 * KIB) /* of a PCI function: lists of the planner, each a few dozen bytes long */

static void refuse(const struct launch_plan *l, struct diag_list *diags, enum launch_diag code,
                   struct config_position at, const char *fix, const char *what)
{
    char where[CONFIG_WHERE_SIZE];
    diag_add(diags, (uint16_t)code, DIAG_ERROR, config_where(l->file, at, where), fix, "%s", what);
}

/* The console of the configuration, from here on; console= on the command line wins, as it did until now. */
static void use_console(const struct launch_plan *l, const struct boot_info *boot, struct diag_list *diags)
{
    const struct config_value *console = &l->config.system.console;
    char text[LAUNCH_NAME_SIZE];
    struct console_option option;
    if (console->at.line == 0 || cmdline_value(boot->cmdline, "console", text, sizeof(text))) {
        return;
    }
    if (console_option_parse(console->text, &option) == STATUS_OK) {
        serial_init(option);
    } else {
        refuse(l, diags, LAUNCH_DIAG_CONSOLE, console->at, "write console = \"com1,115200\" or \"0x3f8,115200\"",
               "this names no serial port and speed");
    }
}

static void check_keys(struct launch_plan *l, const struct boot_info *boot, struct diag_list *diags)
{
    use_console(l, boot, diags);
    l->without = features_without(&l->config.system.without, l->file, diags);
}

void launch_plan_read(const struct boot_info *boot, struct launch_plan *out)
{
    launch_modules_config(boot, out->file);
    const struct boot_module *module = launch_modules_find(boot, out->file);
    out->found = diag_list_make(out->found_items, LAUNCH_PLAN_DIAGS_MAX);
    out->read = STATUS_NOT_FOUND;
    if (module == NULL) {
        return;
    }
    uint8_t digest[SHA256_BYTES];
    sha256_of(phys_to_virt(module->start), module->size, digest);
    sha256_text(digest, out->sha256);
    out->read = config_parse(phys_to_virt(module->start), module->size, out->file, &out->config, &out->found);
}

static enum status enable(void *context, const struct sriov_place *place, uint32_t pf, unsigned num, struct sriov *out,
                          struct diag_list *diags)
{
    char text[SBDF_TEXT_SIZE], first[SBDF_TEXT_SIZE];
    (void)context;
    enum status status = sriov_enable(place, pf, num, out, diags);
    if (status == STATUS_OK) {
        log_info("sriov: pf=%s vfs=%u first=%s stride=%u ari=%s", sbdf_text(out->at, text), out->num,
                 sbdf_text(sriov_vf(out, 0), first), out->stride, out->ari ? "yes" : "no");
    }
    return status;
}

static void stop(void *context, const struct sriov *s)
{
    (void)context;
    sriov_stop(s);
}

/* The functions may be many: memory of their own. */
static enum status list_vfs(struct machine *machine, struct diag_list *diags)
{
    struct hpa at;
    uint64_t bytes = align_up(machine_vfs_bytes(machine), PAGE_SIZE);
    if (bytes == 0) {
        return STATUS_OK;
    }
    enum status status = pages_alloc_block(bytes, PAGE_SIZE, UINT64_MAX, &at);
    if (status != STATUS_OK) {
        return status;
    }
    struct arena arena = arena_make(phys_to_virt(at), bytes);
    return machine_vfs_list(machine, &sriov_view_live, &arena, diags);
}

void launch_plan_enable_vfs(struct launch_plan *plan, struct machine *machine, struct arena *arena)
{
    static const struct machine_vfs_way way = {.view = &sriov_view_live, .enable = enable, .stop = stop};
    if (plan->read != STATUS_OK) {
        return;
    }
    plan->read = machine_vfs_enable(machine, &plan->config, plan->file, &way, arena, &plan->found);
    if (plan->read != STATUS_OK) {
        return;
    }
    plan->read = list_vfs(machine, &plan->found);
    for (size_t i = 0; plan->read != STATUS_OK && i < machine->sriov.count; i++) {
        sriov_stop(&machine->sriov.pfs[i]);
    }
    machine->sriov.count = plan->read == STATUS_OK ? machine->sriov.count : 0;
}

/* What was found early, in the list of what is refused. */
static void take_found(const struct launch_plan *l, struct diag_list *diags)
{
    for (size_t i = 0; i < l->found.count; i++) {
        const struct diag *d = &l->found.items[i];
        diag_add(diags, d->code, d->severity, d->where, d->fix, "%s", d->what);
    }
    diags->dropped += l->found.dropped;
}

static enum status make_arena(const struct machine *machine, struct arena *out)
{
    struct hpa at;
    uint64_t bytes = align_up(ARENA_BYTES + machine->pci.count * ARENA_FUNCTION_BYTES, PAGE_SIZE);
    enum status status = pages_alloc_block(bytes, PAGE_SIZE, UINT64_MAX, &at);
    if (status == STATUS_OK) {
        *out = arena_make(phys_to_virt(at), bytes);
    }
    return status;
}

static void log_inventory(const struct launch_plan *l)
{
    struct arena scratch = l->arena;
    struct plan_survey survey;
    if (l->config.system.inventory.number == 0) {
        return;
    }
    if (plan_survey_make(&l->facts, &scratch, &survey) != STATUS_OK) {
        log_warn("inventory: no memory for it");
        return;
    }
    for (uint32_t i = 0; i < l->facts.machine->pci.count; i++) {
        char line[INVENTORY_LINE_SIZE];
        inventory_line(&survey, i, line, sizeof(line));
        log_info("inventory: %s", line);
    }
}

static void log_plan_line(void *context, const char *text)
{
    (void)context;
    log_info("plan: %s", text);
}

enum status launch_plan_make(const struct boot_info *boot, const struct machine *machine, const struct isolate *isolate,
                             struct launch_plan *out, struct diag_list *diags)
{
    size_t errors = diags->errors, first = diags->count;
    log_info("configuration: file=%s sha256=%s", out->file, out->sha256);
    take_found(out, diags);
    if (out->read != STATUS_OK) {
        return out->read == STATUS_NO_MEMORY ? STATUS_NO_MEMORY : STATUS_UNSUPPORTED;
    }
    check_keys(out, boot, diags);
    launch_modules_check(boot, &out->config, out->file, diags);
    enum status status = make_arena(machine, &out->arena);
    status = status == STATUS_OK ? plan_facts_read(machine, isolate, &out->arena, &out->facts) : status;
    if (status != STATUS_OK) {
        return status;
    }
    log_inventory(out);
    status = plan_make(&out->facts, &out->config, out->file, &out->arena, &out->plan, diags);
    plan_order_diags(diags, first);
    if (status != STATUS_OK || diags->errors != errors) {
        return status == STATUS_OK ? STATUS_UNSUPPORTED : status;
    }
    const struct plan_writer writer = {.line = log_plan_line};
    plan_print(&out->facts, &out->config, &out->plan, &writer);
    return STATUS_OK;
}
