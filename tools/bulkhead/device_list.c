/* SPDX-License-Identifier: GPL-2.0-only
 * The facts of each function, put together. */
#include "tools/bulkhead/device_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/pci_caps.h"
#include "drivers/pci_regs.h"
#include "plan/plan_function.h"

static struct sbdf sbdf_of(struct dump_address at)
{
    return sbdf_from_rid(at.domain, at.rid);
}

static unsigned total_vfs(const struct machine_load *load, uint32_t index)
{
    const struct pci_function *f = &load->machine.pci.functions[index];
    if (f->cap.sriov == 0) {
        return 0;
    }
    const struct dump_function *saved = &load->dump.functions[load->dump_of[index]];
    struct pci_image image = {saved->config, saved->length};
    struct pci_reader reader = pci_reader_image(&image);
    return pci_reader_u16(&reader, (uint16_t)(f->cap.sriov + PCI_SRIOV_TOTAL));
}

/* What Linux made. */
static void count_hidden(const struct machine_load *load, struct device_row *rows)
{
    for (size_t i = 0; i < load->dump.function_count; i++) {
        const struct dump_function *f = &load->dump.functions[i];
        uint32_t pf = f->is_vf ? pci_find_index(&load->machine.pci, sbdf_of(f->pf)) : PCI_NO_INDEX;
        if (pf != PCI_NO_INDEX && f->pf.domain <= UINT16_MAX) {
            rows[pf].vf_now++;
        }
    }
}

static void count_behind(const struct machine *m, struct device_row *rows)
{
    for (size_t i = 0; i < m->vmd.count; i++) {
        rows[m->vmd.domains[i].endpoint].vmd = &m->vmd.domains[i];
    }
    for (size_t i = 0; i < m->pci.count; i++) {
        if (m->pci.functions[i].is_vmd_child) {
            rows[m->pci.functions[i].vmd].behind++;
        }
    }
}

static void fill_row(const struct machine_load *load, const struct plan_survey *survey, uint32_t i,
                     struct device_row *row)
{
    const struct machine *m = &load->machine;
    char text[DEVICE_LIST_WHY_SIZE];
    row->function = &m->pci.functions[i];
    row->group = m->groups.of[i].group;
    row->has_unit = plan_survey_unit(survey, i, &row->unit);
    row->reset = device_list_counts(row) ? plan_survey_reset(survey, i) : PCI_RESET_NONE;
    row->reserved = device_list_counts(row) && survey->reserved[i];
    row->vf_total = total_vfs(load, i);
    const char *why = plan_survey_why_not(survey, i, text, sizeof(text));
    row->is_free = why == NULL;
    snprintf(row->why, sizeof(row->why), "%s", why != NULL ? why : "");
}

bool device_list_counts(const struct device_row *row)
{
    return !plan_function_is_free(row->function);
}

bool device_list_survey(const struct machine_load *load, struct plan_survey *out, void **space)
{
    size_t bytes = plan_survey_bytes(&load->facts);
    *space = malloc(bytes);
    struct arena arena = arena_make(*space, *space != NULL ? bytes : 0);
    if (plan_survey_make(&load->facts, &arena, out) == STATUS_OK) {
        return true;
    }
    free(*space);
    *space = NULL;
    return false;
}

struct device_row *device_list_make(const struct machine_load *load)
{
    const struct machine *m = &load->machine;
    struct plan_survey survey;
    void *space = NULL;
    struct device_row *rows = calloc(m->pci.count != 0 ? m->pci.count : 1, sizeof(*rows));
    if (rows == NULL || !device_list_survey(load, &survey, &space)) {
        free(rows);
        return NULL;
    }
    for (uint32_t i = 0; i < m->pci.count; i++) {
        fill_row(load, &survey, i, &rows[i]);
    }
    count_hidden(load, rows);
    count_behind(m, rows);
    free(space);
    return rows;
}
