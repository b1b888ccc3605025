/* SPDX-License-Identifier: GPL-2.0-only
 * bulkhead suggest: a configuration to start from. */
#include <stdio.h>
#include <stdlib.h>

#include "tools/bulkhead/command.h"
#include "tools/bulkhead/config_file.h"
#include "tools/bulkhead/planner.h"
#include "tools/bulkhead/suggestion.h"

static const char help[] =
    "usage: bulkhead suggest [--machine DUMP] [--pci-ids FILE]\n"
    "\n"
    "Print a configuration to start from, with comments: a small guest, and one with the first disk and network card\n"
    "that a guest can have. bulkhead plan accepts it. All other devices are listed, with why a guest cannot have "
    "them.\n"
    "\n"
    "  --machine DUMP  for the machine that bulkhead dump saved there, instead of this one\n"
    "  --pci-ids FILE  names from there instead of " PCI_IDS_FILE "\n"
    "\n"
    "Exit status: 0, 1 when the hypervisor would refuse this machine, 2 wrong usage, an unreadable file, or a dump "
    "that\n"
    "is not complete.";

/* The text, to be freed. */
static char *make_text(const struct suggestion *s, size_t *length)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, length);
    if (out == NULL) {
        return NULL;
    }
    suggestion_print(s, out);
    return fclose(out) == 0 ? text : NULL;
}

/* Asks the planner; with show, prints what it says. */
static bool is_accepted(const struct machine_load *load, const char *text, size_t length, bool show)
{
    static struct diag items[PLANNER_DIAGS_MAX];
    struct config *config = calloc(1, sizeof(*config));
    struct diag_list diags = diag_list_make(items, PLANNER_DIAGS_MAX);
    const struct diag_source source = {"suggestion", text, length};
    bool accepted = false;
    if (config != NULL && config_parse(text, length, source.name, config, &diags) == STATUS_OK) {
        struct planner p;
        planner_make(&p, load, config, source.name, &diags);
        accepted = p.status == STATUS_OK;
        if (show) {
            diag_show(&p.diags, &source, stderr);
        }
        planner_free(&p);
    } else if (show) {
        diag_show(&diags, &source, stderr);
    }
    free(config);
    return accepted;
}

/* With fewer devices until the planner is content: a rule between devices may stand against one. */
static int suggest(const struct machine_load *load, const struct device_row *rows, const struct pci_ids *ids)
{
    struct suggestion s = suggestion_make(load, rows, ids);
    for (;;) {
        size_t length = 0;
        char *text = make_text(&s, &length);
        if (text == NULL) {
            return command_usage_error("suggest: no memory");
        }
        bool accepted = is_accepted(load, text, length, s.chosen_count == 0);
        if (accepted) {
            fputs(text, stdout);
        }
        free(text);
        if (accepted || s.chosen_count == 0) {
            return accepted ? COMMAND_ACCEPTED : COMMAND_REFUSED;
        }
        s.chosen_count--;
    }
}

static int run(const char *machine, const char *ids_path)
{
    struct machine_load *load = malloc(sizeof(*load));
    struct pci_ids *ids = pci_ids_open(ids_path);
    int result = COMMAND_USAGE;
    if (load != NULL && ids != NULL && machine_load(load, machine)) {
        struct device_row *rows = device_list_make(load);
        if (load->incomplete != NULL) {
            command_usage_error("%s: no plan can be made: %s", machine != NULL ? machine : "this machine",
                                load->incomplete);
        } else if (rows != NULL) {
            result = suggest(load, rows, ids);
        }
        free(rows);
        machine_load_free(load);
    }
    pci_ids_free(ids);
    free(load);
    return result;
}

int command_suggest(int argc, char **argv)
{
    const char *machine = NULL;
    const char *ids = NULL;
    const struct command_option options[] = {{"--machine", NULL, &machine}, {"--pci-ids", NULL, &ids}};
    enum command_exit early = COMMAND_ACCEPTED;
    if (!command_parse(argc, argv, help, options, ARRAY_LENGTH(options), NULL, &early)) {
        return (int)early;
    }
    return run(machine, ids);
}
