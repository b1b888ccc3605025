/* SPDX-License-Identifier: GPL-2.0-only
 * bulkhead plan: what the hypervisor would do with that configuration on a machine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bulkhead/command.h"
#include "tools/bulkhead/config_file.h"
#include "tools/bulkhead/plan_json.h"
#include "tools/bulkhead/planner.h"

static const char help[] =
    "usage: bulkhead plan FILE [--machine DUMP] [--json]\n"
    "\n"
    "Say what the hypervisor would do at boot with the configuration in FILE: who gets what, or everything that it\n"
    "refuses, with the place and the lines to write instead. It is the hypervisor's own code and text.\n"
    "\n"
    "  --machine DUMP  on the machine that bulkhead dump saved there, instead of this one\n"
    "  --json          one JSON object: accepted, guests, diagnostics\n"
    "\n"
    "Exit status: 0 accepted, 1 refused, 2 wrong usage, an unreadable file, or a dump that is not complete.";

#define ONLY_AT_BOOT                                                                                                   \
    "known only at boot: whether the boot loader brings the modules that are named, and what memory it leaves free"

static void put_line(void *context, const char *text)
{
    fprintf(context, "%s\n", text);
}

/* What a dump cannot tell, or tells of a Linux that a boot will not see. */
static void show_doubts(const struct machine_load *load, const char *name)
{
    char text[MACHINE_LOAD_TEXT_SIZE];
    if (load->units_assumed) {
        printf("%s: that all units remap interrupts is only what firmware says; start Linux with intel_iommu=on to "
               "know\n",
               name);
    }
    if (!load->dump.knows_mp) {
        printf("%s: the dump has no MP table: the hypervisor may know interrupt lines (gsi) that are not known here\n",
               name);
    }
    if (machine_load_left_out(load, text, sizeof(text))) {
        printf("%s: %s\n", name, text);
    }
}

static int show(struct machine_load *load, const struct config_file *file, struct diag_list *parsed, bool json)
{
    struct planner p = {.status = file->status, .diags = *parsed};
    bool planned = file->parsed;
    if (planned) {
        planner_make_all(&p, load, &file->config, file->name, parsed);
    }
    struct diag_source source = config_file_source(file);
    struct plan_writer out = {put_line, stdout};
    if (json) {
        plan_json_print(&p, &file->config, stdout);
    } else {
        diag_show(&p.diags, &source, stdout);
        if (p.status == STATUS_OK) {
            plan_print(&p.facts, &file->config, &p.plan, &out);
        }
        printf(p.status == STATUS_OK ? "%s: accepted; " ONLY_AT_BOOT "\n" : "%s: refused\n", file->name);
        show_doubts(load, file->name);
    }
    int result = p.status == STATUS_OK ? COMMAND_ACCEPTED : COMMAND_REFUSED;
    if (planned) {
        planner_free(&p);
    }
    return result;
}

static int plan(const char *path, const char *machine, bool json)
{
    struct diag *items = calloc(PLANNER_DIAGS_MAX, sizeof(*items));
    struct machine_load *load = malloc(sizeof(*load));
    struct diag_list parsed = diag_list_make(items, items != NULL ? PLANNER_DIAGS_MAX : 0);
    struct config_file *file = NULL;
    int result = COMMAND_USAGE;
    if (load != NULL && config_file_read(path, &file, &parsed) && machine_load(load, machine)) {
        if (load->incomplete != NULL) {
            command_usage_error("%s: no plan can be made: %s", machine != NULL ? machine : "this machine",
                                load->incomplete);
        } else {
            result = show(load, file, &parsed, json);
        }
        machine_load_free(load);
    }
    config_file_free(file);
    free(load);
    free(items);
    return result;
}

int command_plan(int argc, char **argv)
{
    const char *path = NULL;
    const char *machine = NULL;
    bool json = false;
    const struct command_option options[] = {{"--machine", NULL, &machine}, {"--json", &json, NULL}};
    enum command_exit early = COMMAND_ACCEPTED;
    if (!command_parse(argc, argv, help, options, ARRAY_LENGTH(options), &path, &early)) {
        return (int)early;
    }
    return path != NULL ? plan(path, machine, json)
                        : command_usage_error("plan: no file given; see bulkhead plan --help");
}
