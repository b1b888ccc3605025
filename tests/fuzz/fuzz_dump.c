/* SPDX-License-Identifier: GPL-2.0-only
 * Any bytes as a dump: the loader ends, reads nothing outside them, and its facts point where they say. Then all that
 * commands make of them: the inventory, a suggestion, and the planner's answer to that. */
#include <stdlib.h>
#include <string.h>

#include "plan/inventory.h"
#include "tools/bulkhead/planner.h"
#include "tools/bulkhead/suggestion.h"
#include "tools/bulkhead/topology.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void check_functions(const struct machine_load *load)
{
    const struct pci_facts *pci = &load->machine.pci;
    for (size_t i = 0; i < pci->count; i++) {
        const struct pci_function *f = &pci->functions[i];
        require(i == 0 || pci->functions[i - 1].at.v < f->at.v);
        require(f->parent == PCI_NO_INDEX || f->parent < i);
        require(load->dump_of[i] < load->dump.function_count);
        for (unsigned b = 0; b < PCI_BARS; b++) {
            require((f->bars[b].size & (f->bars[b].size - 1)) == 0);
        }
    }
}

static void check_facts(const struct machine_load *load)
{
    const struct plan_facts *facts = &load->facts;
    require(facts->machine == &load->machine && (load->machine.has_dmar || !facts->remapping));
    for (size_t i = 0; i < facts->cpu_count; i++) {
        require(facts->cpus[i].core <= facts->cpus[i].apic_id);
    }
    for (size_t i = 0; i < facts->free_count; i++) {
        const struct plan_block *b = &facts->free[i];
        require(b->size != 0 && b->start % PAGE_SIZE == 0 && b->size % PAGE_SIZE == 0);
        require(memory_map_covers(load->machine.memory, b->start, b->size));
        require(i == 0 || facts->free[i - 1].start + facts->free[i - 1].size <= b->start);
    }
}

/* No guest gets what belongs to a group of another's, whatever the dump says. */
static void check_plan(const struct planner *p)
{
    const struct machine *m = p->facts.machine;
    for (uint32_t i = 0; i < m->pci.count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            bool both = p->plan.owner[i] != PLAN_NO_GUEST && p->plan.owner[k] != PLAN_NO_GUEST;
            require(!both || m->groups.of[i].group != m->groups.of[k].group || p->plan.owner[i] == p->plan.owner[k]);
        }
    }
}

/* As many VFs as the first PF could have, or 4. */
static void ask_for_vfs(const struct machine_load *load, const struct device_row *rows, FILE *out)
{
    for (size_t i = 0; i < load->machine.pci.count; i++) {
        char at[SBDF_TEXT_SIZE];
        if (rows[i].vf_total != 0) {
            fprintf(out, "[device.\"%s\"]\nvfs = %u\n", sbdf_text(rows[i].function->at, at),
                    rows[i].vf_total <= CONFIG_VFS_MAX ? rows[i].vf_total : 4);
            return;
        }
    }
}

/* VFs are sorted in; each is behind its PF. */
static void check_vfs(const struct machine_load *load)
{
    const struct pci_facts *pci = &load->machine.pci;
    for (size_t i = 0; i < pci->count; i++) {
        const struct pci_function *f = &pci->functions[i];
        require(i == 0 || pci->functions[i - 1].at.v < f->at.v);
        require(f->parent == PCI_NO_INDEX || f->parent < i);
        require(!f->is_vf || (f->pf < i && pci->functions[f->pf].cap.sriov != 0));
    }
}

static void ask_planner(struct machine_load *load, const char *text, size_t length)
{
    static struct config config;
    static struct diag items[64];
    struct diag_list diags = diag_list_make(items, ARRAY_LENGTH(items));
    struct planner p;
    if (config_parse(text, length, "fuzz.toml", &config, &diags) != STATUS_OK) {
        return; /* a machine without memory or CPUs */
    }
    planner_make_all(&p, load, &config, "fuzz.toml", &diags);
    check_vfs(load);
    require((p.status == STATUS_OK) == (p.diags.errors == 0) || p.status == STATUS_NO_MEMORY);
    if (p.status == STATUS_OK) {
        check_plan(&p);
    }
    planner_free(&p);
}

static void make_all(struct machine_load *load)
{
    static struct pci_ids *ids;
    ids = ids != NULL ? ids : pci_ids_open("/dev/null");
    struct device_row *rows = device_list_make(load);
    char *text = NULL;
    size_t length = 0;
    char line[INVENTORY_LINE_SIZE];
    struct plan_survey survey;
    void *space = NULL;
    require(device_list_survey(load, &survey, &space));
    for (uint32_t i = 0; i < load->machine.pci.count; i++) {
        inventory_line(&survey, i, line, sizeof(line));
    }
    free(space);
    FILE *out = open_memstream(&text, &length);
    require(rows != NULL && ids != NULL && out != NULL);
    struct suggestion suggestion = suggestion_make(load, rows, ids);
    suggestion_print(&suggestion, out);
    ask_for_vfs(load, rows, out);
    fclose(out);
    ask_planner(load, text, length);
    free(text);
    free(rows);
    rows = device_list_make(load); /* VFs are new */
    require(rows != NULL);
    out = open_memstream(&text, &length);
    topology_print(&(struct topology){.load = load, .rows = rows, .ids = ids}, out);
    fclose(out);
    free(text);
    free(rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[DUMP_TEXT_WHY_SIZE] = "";
    struct machine_load load;
    if (!machine_load_text(&load, (const char *)data, size, why)) {
        require(why[0] != 0 && strlen(why) < sizeof(why));
        return 0;
    }
    check_functions(&load);
    check_facts(&load);
    if (load.machine.pci.count < 64) {
        make_all(&load);
    }
    machine_load_free(&load);
    return 0;
}
