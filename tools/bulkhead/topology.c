/* SPDX-License-Identifier: GPL-2.0-only
 * From left to right: remapping units, bridges, devices. Groups of more than one function are boxes around them; who
 * gets a function is its colour. */
#include "tools/bulkhead/topology.h"

#include <string.h>

#define NAME_SIZE 64
#define NAME_SHOWN 44

/* Light enough for black text; more guests begin anew. */
static const char *const guest_colours[] = {"#8dd3c7", "#fdb462", "#bebada", "#b3de69", "#fccde5",
                                            "#80b1d3", "#ffed6f", "#fb8072", "#ccebc5", "#e5c494"};
#define COLOUR_BRIDGE "#e8e8e8"
#define COLOUR_FREE "#ffffff"
#define COLOUR_KEPT "#d0d0d0"

static const char *guest_colour(size_t guest)
{
    return guest_colours[guest % ARRAY_LENGTH(guest_colours)];
}

/* Inside of a quoted string. */
static void put_escaped(const char *text, FILE *out)
{
    for (; *text != 0; text++) {
        if (*text == '"' || *text == '\\') {
            fputc('\\', out);
        }
        fputc(*text, out);
    }
}

static bool has_owner(const struct topology *t, uint32_t i)
{
    return t->plan != NULL && t->plan->owner[i] != PLAN_NO_GUEST;
}

static const char *colour_of(const struct topology *t, uint32_t i)
{
    const struct device_row *row = &t->rows[i];
    if (!device_list_counts(row)) {
        return COLOUR_BRIDGE;
    }
    if (has_owner(t, i)) {
        return guest_colour(t->plan->owner[i]);
    }
    return row->is_free ? COLOUR_FREE : COLOUR_KEPT;
}

static void put_name(const struct topology *t, const struct pci_function *f, FILE *out)
{
    char name[2 * NAME_SIZE];
    pci_ids_name(t->ids, f->vendor, f->device, f->class_code, name, sizeof(name));
    if (strlen(name) > NAME_SHOWN) {
        snprintf(name + NAME_SHOWN - 3, 4, "...");
    }
    if (name[0] != 0) {
        fputs("\\n", out);
        put_escaped(name, out);
    }
}

static void put_function(const struct topology *t, uint32_t i, const char *indent, FILE *out)
{
    const struct device_row *row = &t->rows[i];
    const struct pci_function *f = row->function;
    char at[SBDF_TEXT_SIZE];
    fprintf(out, "%sf%u [label=\"%s  %04x:%04x", indent, i, sbdf_text(f->at, at), f->vendor, f->device);
    put_name(t, f, out);
    if (f->bridge) {
        fprintf(out, "\\nbus %02x-%02x", f->secondary, f->subordinate);
    } else if (!f->is_vmd_child) {
        fprintf(out, "\\nreset %s%s%s", pci_reset_text(row->reset), row->reserved ? ", RMRR" : "",
                row->vmd != NULL ? ", VMD" : "");
        if (row->vf_total != 0) {
            fprintf(out, ", SR-IOV %u", row->vf_total);
        }
    }
    if (has_owner(t, i)) {
        fputs("\\nguest ", out);
        put_escaped(t->config->guests[t->plan->owner[i]].name.text, out);
    }
    fprintf(out, "\", fillcolor=\"%s\"%s];\n", colour_of(t, i), f->bridge ? ", style=\"filled,rounded\"" : "");
}

/* The domain behind a VMD endpoint: a box inside the group's. */
static void put_domain(const struct topology *t, uint32_t endpoint, FILE *out)
{
    const struct vmd_domain *d = t->rows[endpoint].vmd;
    if (t->rows[endpoint].behind == 0) {
        return;
    }
    fprintf(out,
            "    subgraph cluster_vmd%u {\n      label=\"domain %05x behind VMD\"; style=rounded; color=\"#707070\"; "
            "fontcolor=\"#404040\";\n",
            endpoint, d->segment - SBDF_VMD_FIRST + SBDF_VMD_LINUX);
    for (uint32_t i = 0; i < t->load->machine.pci.count; i++) {
        const struct pci_function *f = t->rows[i].function;
        if (f->is_vmd_child && f->vmd == endpoint) {
            put_function(t, i, "      ", out);
        }
    }
    fputs("    }\n", out);
}

static void put_group(const struct topology *t, uint32_t group, FILE *out)
{
    const struct groups *groups = &t->load->machine.groups;
    uint32_t first = groups->first[group];
    uint32_t end = groups->first[group + 1];
    if (end - first == 1) {
        put_function(t, groups->members[first], "  ", out);
        return;
    }
    fprintf(out,
            "  subgraph cluster_%u {\n    label=\"group %u\"; style=\"rounded,dashed\"; color=\"#b03030\"; "
            "fontcolor=\"#b03030\";\n",
            group, group);
    for (uint32_t k = first; k < end; k++) {
        if (!t->rows[groups->members[k]].function->is_vmd_child) {
            put_function(t, groups->members[k], "    ", out);
        }
    }
    for (uint32_t k = first; k < end; k++) {
        if (t->rows[groups->members[k]].vmd != NULL) {
            put_domain(t, groups->members[k], out);
        }
    }
    fputs("  }\n", out);
}

static void put_units(const struct topology *t, FILE *out)
{
    const struct dmar *dmar = &t->load->machine.dmar;
    for (size_t i = 0; t->load->machine.has_dmar && i < dmar->unit_count; i++) {
        if (dmar->units[i].same_as == i) {
            fprintf(
                out,
                "  u%zu [label=\"unit %zu\\n0x%llx\\nsegment %04x\", style=\"filled,bold\", fillcolor=\"#c6dbef\"];\n",
                i, i, (unsigned long long)dmar->units[i].base.v, dmar->units[i].segment);
        }
    }
}

static void put_edges(const struct topology *t, FILE *out)
{
    for (uint32_t i = 0; i < t->load->machine.pci.count; i++) {
        const struct device_row *row = &t->rows[i];
        const struct device_row *above = row->function->parent != PCI_NO_INDEX ? &t->rows[row->function->parent] : NULL;
        if (above != NULL) {
            fprintf(out, "  f%u -> f%u;\n", row->function->parent, i);
        }
        if (row->function->is_vmd_child) { /* with its endpoint's unit */
            if (above == NULL) {
                fprintf(out, "  f%u -> f%u [style=dashed];\n", row->function->vmd, i);
            }
            continue;
        }
        /* A function below a bridge that goes to the same unit is drawn at the bridge alone. */
        if (row->has_unit && (above == NULL || !above->has_unit || above->unit != row->unit)) {
            fprintf(out, "  u%zu -> f%u [color=\"#3070b0\"%s];\n", row->unit, i,
                    above != NULL ? ", style=dashed, constraint=false" : "");
        }
    }
}

/* Which colour is whose. */
static void put_legend(const struct topology *t, FILE *out)
{
    fputs("  subgraph cluster_legend {\n    label=\"\"; style=invis; node [shape=box, style=filled];\n", out);
    for (size_t i = 0; t->plan != NULL && i < t->plan->guest_count; i++) {
        fprintf(out, "    g%zu [label=\"guest ", i);
        put_escaped(t->config->guests[i].name.text, out);
        fprintf(out, "\", fillcolor=\"%s\"];\n", guest_colour(i));
    }
    fprintf(out,
            "    free [label=\"%s\", fillcolor=\"" COLOUR_FREE "\"];\n"
            "    kept [label=\"no guest can have it\", fillcolor=\"" COLOUR_KEPT "\"];\n  }\n",
            t->plan != NULL ? "blocked: no guest has it" : "a guest can have it");
}

void topology_print(const struct topology *t, FILE *out)
{
    const struct dump_text *dump = &t->load->dump;
    fputs("digraph machine {\n  rankdir=LR; nodesep=0.12; ranksep=0.6; splines=ortho; compound=true;\n"
          "  fontname=\"sans-serif\"; labelloc=t;\n  label=\"",
          out);
    put_escaped(dump->vendor, out);
    fputc(' ', out);
    put_escaped(dump->product, out);
    fputs("\";\n  node [shape=box, style=filled, fontname=\"sans-serif\", fontsize=10, margin=\"0.1,0.05\"];\n"
          "  edge [arrowhead=none];\n",
          out);
    put_units(t, out);
    for (uint32_t group = 0; group < t->load->machine.groups.count; group++) {
        put_group(t, group, out);
    }
    put_edges(t, out);
    put_legend(t, out);
    fputs("}\n", out);
}
