/* SPDX-License-Identifier: GPL-2.0-only
 * bulkhead topology: a machine, and who gets what of it, as a picture. */
#include <stdio.h>
#include <stdlib.h>

#include "tools/bulkhead/command.h"
#include "tools/bulkhead/config_file.h"
#include "tools/bulkhead/graphviz.h"
#include "tools/bulkhead/topology.h"

static const char help[] =
    "usage: bulkhead topology --dot | --svg [--machine DUMP] [--pci-ids FILE] [FILE]\n"
    "\n"
    "Draw a machine: its remapping units, bridges, devices and groups; with a configuration FILE also which guest "
    "gets\n"
    "what.\n"
    "\n"
    "  --dot           the graph in Graphviz's language\n"
    "  --svg           the picture, drawn by Graphviz's dot\n"
    "  --machine DUMP  of the machine that bulkhead dump saved there, instead of this one\n"
    "  --pci-ids FILE  names from there instead of " PCI_IDS_FILE "\n"
    "\n"
    "Exit status: 0, 1 when the configuration is refused, 2 wrong usage, an unreadable file, or no dot.";

static int draw(const struct topology *t, bool svg)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = svg ? open_memstream(&text, &length) : stdout;
    if (out == NULL) {
        return command_usage_error("topology: no memory");
    }
    topology_print(t, out);
    if (!svg) {
        return COMMAND_ACCEPTED;
    }
    bool drawn = fclose(out) == 0 && graphviz_svg(text, length);
    free(text);
    return drawn ? COMMAND_ACCEPTED : COMMAND_USAGE;
}

/* With the guests of a configuration, once the planner accepts it. */
static int draw_guests(struct topology *t, struct machine_load *load, const char *path, bool svg)
{
    static struct diag items[PLANNER_DIAGS_MAX];
    struct diag_list diags = diag_list_make(items, PLANNER_DIAGS_MAX);
    struct config_file *file = NULL;
    if (!config_file_read(path, &file, &diags)) {
        return COMMAND_USAGE;
    }
    struct diag_source source = config_file_source(file);
    int result = COMMAND_REFUSED;
    if (!file->parsed) {
        diag_show(&diags, &source, stderr);
    } else {
        struct planner p;
        planner_make_all(&p, load, &file->config, file->name, &diags);
        struct device_row *rows = device_list_make(load); /* VFs are new */
        diag_show(&p.diags, &source, stderr);
        t->config = &file->config;
        t->plan = &p.plan;
        t->rows = rows;
        result = p.status == STATUS_OK && rows != NULL ? draw(t, svg) : COMMAND_REFUSED;
        t->plan = NULL;
        t->rows = NULL;
        free(rows);
        planner_free(&p);
    }
    config_file_free(file);
    return result;
}

static int run(const char *path, const char *machine, const char *ids_path, bool svg)
{
    struct machine_load *load = malloc(sizeof(*load));
    struct pci_ids *ids = pci_ids_open(ids_path);
    int result = COMMAND_USAGE;
    if (load != NULL && ids != NULL && machine_load(load, machine)) {
        struct device_row *rows = device_list_make(load);
        struct topology t = {.load = load, .rows = rows, .ids = ids};
        if (rows != NULL) {
            result = path != NULL ? draw_guests(&t, load, path, svg) : draw(&t, svg);
        }
        free(rows);
        machine_load_free(load);
    }
    pci_ids_free(ids);
    free(load);
    return result;
}

int command_topology(int argc, char **argv)
{
    const char *path = NULL;
    const char *machine = NULL;
    const char *ids = NULL;
    bool dot = false;
    bool svg = false;
    const struct command_option options[] = {
        {"--machine", NULL, &machine}, {"--pci-ids", NULL, &ids}, {"--dot", &dot, NULL}, {"--svg", &svg, NULL}};
    enum command_exit early = COMMAND_ACCEPTED;
    if (!command_parse(argc, argv, help, options, ARRAY_LENGTH(options), &path, &early)) {
        return (int)early;
    }
    if (dot == svg) {
        return command_usage_error("topology: give --dot or --svg; see bulkhead topology --help");
    }
    return run(path, machine, ids, svg);
}
