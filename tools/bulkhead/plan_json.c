/* SPDX-License-Identifier: GPL-2.0-only
 * A plan as JSON: the facts of plan_print(), by name. */
#include "tools/bulkhead/plan_json.h"

#include "plan/plan_vmd.h"
#include "tools/bulkhead/json_file.h"

/* What a VMD endpoint brings along; nothing for others. */
static void print_behind(struct json_file *j, const struct planner *p, const struct plan_device *d)
{
    const struct pci_facts *pci = &p->facts.machine->pci;
    if (vmd_of(&p->facts.machine->vmd, d->function) == NULL) {
        return;
    }
    json_file_open_list(j, "behind");
    for (uint32_t i = plan_vmd_next(pci, d->function, 0); i != PCI_NO_INDEX;
         i = plan_vmd_next(pci, d->function, i + 1)) {
        char at[SBDF_TEXT_SIZE];
        json_file_text(j, NULL, sbdf_text(pci->functions[i].at, at));
    }
    json_file_close_list(j);
}

static void print_device(struct json_file *j, const struct planner *p, const struct plan_device *d)
{
    const struct pci_function *f = &p->facts.machine->pci.functions[d->function];
    char at[SBDF_TEXT_SIZE];
    json_file_open_object(j, NULL);
    json_file_text(j, "address", sbdf_text(f->at, at));
    json_file_format(j, "id", "%04x:%04x", f->vendor, f->device);
    if (f->is_vf) {
        json_file_text(j, "vf_of", sbdf_text(p->facts.machine->pci.functions[f->pf].at, at));
    }
    json_file_number(j, "group", d->group);
    json_file_number(j, "unit", d->unit);
    json_file_text(j, "reset", pci_reset_text(d->reset));
    json_file_bool(j, "rom", d->rom);
    if (d->gsi != PLAN_NO_GSI) {
        json_file_number(j, "gsi", d->gsi);
    }
    json_file_bool(j, "unsafe_interrupts", d->unsafe_interrupts);
    json_file_open_list(j, "sources");
    for (size_t i = 0; i < d->source_count; i++) {
        json_file_text(j, NULL, sbdf_text(d->sources[i], at));
    }
    json_file_close_list(j);
    print_behind(j, p, d);
    json_file_close_object(j);
}

static void print_guest(struct json_file *j, const struct planner *p, const struct config_guest *c,
                        const struct plan_guest *g)
{
    json_file_open_object(j, NULL);
    json_file_text(j, "name", c->name.text);
    json_file_open_list(j, "cpus");
    for (size_t i = 0; i < c->cpus.count; i++) {
        json_file_number(j, NULL, c->cpus.items[i].number);
    }
    json_file_close_list(j);
    json_file_number(j, "memory", c->memory.number);
    json_file_number(j, "memory_blocks", g->block_count);
    json_file_open_list(j, "devices");
    for (size_t i = 0; i < g->device_count; i++) {
        print_device(j, p, &g->devices[i]);
    }
    json_file_close_list(j);
    json_file_open_list(j, "reserved");
    for (size_t i = 0; i < g->reserved_count; i++) {
        const struct dmar_rmrr *r = &p->facts.machine->dmar.rmrrs[g->reserved[i].rmrr];
        json_file_open_object(j, NULL);
        json_file_format(j, "start", "0x%llx", (unsigned long long)r->start);
        json_file_number(j, "bytes", r->size);
        json_file_close_object(j);
    }
    json_file_close_list(j);
    json_file_close_object(j);
}

void plan_json_print(const struct planner *p, const struct config *config, FILE *out)
{
    struct json_file j = json_file_make(out);
    json_file_open_object(&j, NULL);
    json_file_bool(&j, "accepted", p->status == STATUS_OK);
    if (p->status == STATUS_OK) {
        json_file_open_list(&j, "guests");
        for (size_t i = 0; i < p->plan.guest_count; i++) {
            print_guest(&j, p, &config->guests[i], &p->plan.guests[i]);
        }
        json_file_close_list(&j);
    }
    json_file_diagnostics(&j, &p->diags);
    json_file_close_object(&j);
}
