/* SPDX-License-Identifier: GPL-2.0-only
 * bulkhead devices: every function of a machine, and whether a guest can have it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/inventory.h"
#include "tools/bulkhead/command.h"
#include "tools/bulkhead/device_list.h"
#include "tools/bulkhead/diag_show.h"
#include "tools/bulkhead/json_file.h"
#include "tools/bulkhead/pci_ids.h"

#define NAME_SIZE 128

static const char help[] = "usage: bulkhead devices [--machine DUMP] [--json] [--pci-ids FILE]\n"
                           "\n"
                           "List every PCI function: address, ids, class, the remapping unit and the group it is in, "
                           "how it can be reset, and\n"
                           "whether a guest can have it, alone or with the rest of its group, or why not.\n"
                           "\n"
                           "  --machine DUMP  of the machine that bulkhead dump saved there, instead of this one\n"
                           "  --json          one JSON object\n"
                           "  --lines         the lines that the hypervisor logs with system.inventory = true\n"
                           "  --pci-ids FILE  names from there instead of " PCI_IDS_FILE "\n"
                           "\n"
                           "Exit status: 0, or 2 for wrong usage or an unreadable file.";

struct listing {
    const struct machine_load *load;
    const struct device_row *rows;
    const struct pci_ids *ids;
};

/* The other members of its group that a guest would get with it, as " 0000:00:1f.2 ...". */
static void list_others(const struct listing *l, size_t index, char *out, size_t size)
{
    const struct groups *groups = &l->load->machine.groups;
    uint32_t group = l->rows[index].group;
    size_t used = 0;
    out[0] = 0;
    for (uint32_t k = groups->first[group]; k < groups->first[group + 1] && used + SBDF_TEXT_SIZE + 1 < size; k++) {
        char at[SBDF_TEXT_SIZE];
        const struct device_row *other = &l->rows[groups->members[k]];
        if (groups->members[k] != index && device_list_counts(other)) {
            used += (size_t)snprintf(out + used, size - used, " %s", sbdf_text(other->function->at, at));
        }
    }
}

static void print_verdict(const struct listing *l, size_t index)
{
    const struct device_row *row = &l->rows[index];
    char others[512];
    list_others(l, index, others, sizeof(others));
    if (!row->is_free) {
        printf("no: %s", row->why);
    } else if (others[0] != 0) {
        printf("yes, together with%s", others);
    } else {
        printf("yes");
    }
    if (row->reserved) {
        printf("; firmware reserves memory for it (rmrr)");
    }
    if (row->vmd != NULL && row->vmd->hidden) {
        printf("; VMD, and what is behind it goes with it: Linux hides that (modprobe vmd shows it)");
    } else if (row->vmd != NULL) {
        printf("; VMD with %zu functions behind it, which go with it", row->behind);
    }
    if (row->vf_total != 0) {
        printf("; SR-IOV, %u virtual functions, %zu in use by this Linux", row->vf_total, row->vf_now);
    }
}

static void print_table(const struct listing *l)
{
    const struct machine *m = &l->load->machine;
    printf("%-13s %-9s %-6s %4s %5s %-6s  %s\n", "address", "id", "class", "unit", "group", "reset", "name");
    for (size_t i = 0; i < m->pci.count; i++) {
        const struct device_row *row = &l->rows[i];
        const struct pci_function *f = row->function;
        char at[SBDF_TEXT_SIZE];
        char name[NAME_SIZE];
        char unit[16] = "-";
        if (row->has_unit) {
            snprintf(unit, sizeof(unit), "%zu", row->unit);
        }
        pci_ids_name(l->ids, f->vendor, f->device, f->class_code, name, sizeof(name));
        printf("%-13s %04x:%04x %06x %4s %5u %-6s  %s\n", sbdf_text(f->at, at), f->vendor, f->device, f->class_code,
               unit, row->group, device_list_counts(row) ? pci_reset_text(row->reset) : "-", name[0] != 0 ? name : "-");
        printf("%-13s to a guest: ", "");
        print_verdict(l, i);
        putchar('\n');
    }
    char left_out[MACHINE_LOAD_TEXT_SIZE];
    if (machine_load_left_out(l->load, left_out, sizeof(left_out))) {
        puts(left_out);
    }
    if (!l->load->machine.has_dmar) { /* the one reason behind every line, and what to do about it */
        const struct diag_source none = {NULL, NULL, 0};
        diag_show(&l->load->diags, &none, stderr);
    }
}

static void print_row_json(struct json_file *j, const struct listing *l, size_t index)
{
    const struct device_row *row = &l->rows[index];
    const struct pci_function *f = row->function;
    char at[SBDF_TEXT_SIZE];
    char name[NAME_SIZE];
    json_file_open_object(j, NULL);
    json_file_text(j, "address", sbdf_text(f->at, at));
    json_file_format(j, "id", "%04x:%04x", f->vendor, f->device);
    json_file_format(j, "class", "%06x", f->class_code);
    json_file_text(j, "name", pci_ids_name(l->ids, f->vendor, f->device, f->class_code, name, sizeof(name)));
    json_file_bool(j, "bridge", f->bridge);
    if (row->has_unit) {
        json_file_number(j, "unit", row->unit);
    }
    json_file_number(j, "group", row->group);
    json_file_text(j, "group_reason", group_reason_text(l->load->machine.groups.of[index].reason));
    if (device_list_counts(row)) {
        json_file_text(j, "reset", pci_reset_text(row->reset));
    }
    json_file_bool(j, "assignable", row->is_free);
    if (!row->is_free) {
        json_file_text(j, "why_not", row->why);
    }
    json_file_bool(j, "rmrr", row->reserved);
    json_file_number(j, "behind_vmd", row->behind);
    if (f->is_vmd_child) {
        json_file_text(j, "vmd", sbdf_text(l->rows[f->vmd].function->at, at));
    }
    if (row->vmd != NULL) {
        json_file_bool(j, "hidden", row->vmd->hidden);
    }
    json_file_number(j, "vfs", row->vf_total);
    json_file_number(j, "vfs_of_linux", row->vf_now);
    json_file_close_object(j);
}

static void print_json(const struct listing *l)
{
    struct json_file j = json_file_make(stdout);
    json_file_open_object(&j, NULL);
    json_file_bool(&j, "vtd", l->load->machine.has_dmar);
    json_file_bool(&j, "interrupt_remapping", l->load->facts.remapping);
    json_file_number(&j, "left_out_vfs", l->load->left_vfs);
    json_file_number(&j, "left_out_behind_vmd", l->load->left_behind);
    json_file_number(&j, "hidden_vmds", l->load->hidden_vmds);
    json_file_open_list(&j, "devices");
    for (size_t i = 0; i < l->load->machine.pci.count; i++) {
        print_row_json(&j, l, i);
    }
    json_file_close_list(&j);
    json_file_diagnostics(&j, &l->load->diags);
    json_file_close_object(&j);
}

static void print_lines(const struct listing *l)
{
    struct plan_survey survey;
    void *space = NULL;
    if (!device_list_survey(l->load, &survey, &space)) {
        command_usage_error("devices: no memory");
        return;
    }
    for (uint32_t i = 0; i < l->load->machine.pci.count; i++) {
        char line[INVENTORY_LINE_SIZE];
        inventory_line(&survey, i, line, sizeof(line));
        puts(line);
    }
    free(space);
}

static int list(const char *machine, const char *ids_path, void (*print)(const struct listing *l))
{
    struct machine_load *load = malloc(sizeof(*load));
    struct pci_ids *ids = pci_ids_open(ids_path);
    int result = COMMAND_USAGE;
    if (load != NULL && ids != NULL && machine_load(load, machine)) {
        struct device_row *rows = device_list_make(load);
        const struct listing listing = {load, rows, ids};
        if (rows == NULL) {
            command_usage_error("devices: no memory");
        } else {
            print(&listing);
            result = COMMAND_ACCEPTED;
        }
        if (load->incomplete != NULL) {
            fprintf(stderr, "bulkhead: this is not all: %s\n", load->incomplete);
        }
        free(rows);
        machine_load_free(load);
    }
    pci_ids_free(ids);
    free(load);
    return result;
}

int command_devices(int argc, char **argv)
{
    const char *machine = NULL;
    const char *ids = NULL;
    bool json = false;
    bool lines = false;
    const struct command_option options[] = {
        {"--machine", NULL, &machine}, {"--json", &json, NULL}, {"--lines", &lines, NULL}, {"--pci-ids", NULL, &ids}};
    enum command_exit early = COMMAND_ACCEPTED;
    if (!command_parse(argc, argv, help, options, ARRAY_LENGTH(options), NULL, &early)) {
        return (int)early;
    }
    return list(machine, ids, json ? print_json : lines ? print_lines : print_table);
}
