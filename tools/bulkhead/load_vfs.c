/* SPDX-License-Identifier: GPL-2.0-only
 * VFs over a dump. */
#include "tools/bulkhead/load_vfs.h"

#include <stdlib.h>

#include "drivers/pci_acs.h"
#include "drivers/pci_caps.h"
#include "plan/machine_vfs.h"
#include "plan/vf_wishes.h"

#define SCRATCH_BYTES MIB
#define FUNCTION_BYTES 512u /* of groups and lists, each a few dozen bytes */

/* What is being read; its place must not change while readers are used. */
struct saved {
    const struct machine_load *load;
    struct pci_image images[4]; /* of the last few functions that were asked for */
    unsigned next;
};

static uint32_t dump_index(const struct machine_load *load, struct sbdf at)
{
    for (size_t i = 0; i < load->dump.function_count; i++) {
        const struct dump_address *a = &load->dump.functions[i].at;
        if (a->domain == sbdf_segment(at) && a->rid == sbdf_rid(at)) {
            return (uint32_t)i;
        }
    }
    return UINT32_MAX;
}

/* A VF that Linux had on answers too, if all of its registers were saved. */
static bool open_saved(const void *context, const struct sbdf *at, struct pci_reader *out)
{
    struct saved *saved = *(struct saved *const *)context;
    uint32_t index = dump_index(saved->load, *at);
    if (index == UINT32_MAX || saved->load->dump.functions[index].length < PCI_CONFIG_BYTES) {
        return false;
    }
    const struct dump_function *f = &saved->load->dump.functions[index];
    struct pci_image *image = &saved->images[saved->next++ % ARRAY_LENGTH(saved->images)];
    *image = (struct pci_image){f->config, f->length};
    *out = pci_reader_image(image);
    return true;
}

static void say_unsized(const struct sriov *s, struct diag_list *diags)
{
    char where[SBDF_TEXT_SIZE];
    diag_add(diags, VF_WISHES_UNSIZED, DIAG_NOTE, sbdf_text(s->at, where), "",
             "the dump does not say how large the BARs of its VFs are: whether they fit is known only at boot");
}

/* Linux shows what all TotalVFs take together. */
static enum status predict(void *context, const struct sriov_place *place, uint32_t pf, unsigned num, struct sriov *out,
                           struct diag_list *diags)
{
    struct saved *saved = context;
    const struct pci_function *f = &place->pci->functions[pf];
    const struct dump_function *from = &saved->load->dump.functions[saved->load->dump_of[pf]];
    struct pci_reader reader;
    uint64_t sizes[PCI_BARS] = {0};
    if (!place->view->open(place->view->context, &f->at, &reader) ||
        sriov_read(&reader, place->pci, pf, out) != STATUS_OK) {
        return STATUS_NOT_FOUND;
    }
    bool unsized = false;
    for (unsigned i = 0; i < PCI_BARS; i++) {
        bool there = out->bars[i].kind == PCI_BAR_MEM32 || out->bars[i].kind == PCI_BAR_MEM64;
        sizes[i] = out->total != 0 ? from->vf_sizes[i] / out->total : 0;
        unsized = unsized || (there && sizes[i] == 0);
    }
    if (unsized) {
        say_unsized(out, diags);
    }
    return sriov_plan_saved(place, out, num, sizes, diags);
}

static void keep(void *context, const struct sriov *s)
{
    (void)context;
    (void)s;
}

/* Lists by function's index, for the new order. */
static enum status move_lists(struct machine_load *load, const struct pci_facts *old, struct arena *arena)
{
    const struct pci_facts *pci = &load->machine.pci;
    uint32_t *dump_of = arena_array(arena, pci->count, sizeof(*dump_of));
    uint32_t *hints = arena_array(arena, pci->count, sizeof(*hints));
    uint32_t *gsis = arena_array(arena, pci->count, sizeof(*gsis));
    if (dump_of == NULL || hints == NULL || gsis == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < pci->count; i++) {
        uint32_t before = pci_find_index(old, pci->functions[i].at);
        bool is_new = before == PCI_NO_INDEX;
        dump_of[i] = is_new ? dump_index(load, pci->functions[i].at) : load->dump_of[before];
        hints[i] = is_new ? PLAN_NO_GSI : load->hints[before];
        gsis[i] = is_new || load->facts.gsis == NULL ? PLAN_NO_GSI : load->facts.gsis[before];
    }
    load->dump_of = dump_of;
    load->hints = hints;
    load->facts.hints = hints;
    load->facts.gsis = load->facts.gsis != NULL ? gsis : NULL;
    return STATUS_OK;
}

static enum status take(struct machine_load *load, struct saved *saved, struct diag_list *diags)
{
    struct machine *m = &load->machine;
    const struct sriov_view view = {open_saved, &saved};
    const struct pci_facts old = m->pci;
    size_t functions = machine_vfs_bytes(m);
    size_t bytes = functions + functions / sizeof(struct pci_function) * FUNCTION_BYTES + SCRATCH_BYTES;
    load->vf_space = malloc(bytes);
    struct arena arena = arena_make(load->vf_space, load->vf_space != NULL ? bytes : 0);
    enum status status = machine_vfs_list(m, &view, &arena, diags);
    status = status == STATUS_OK ? move_lists(load, &old, &arena) : status;
    if (status != STATUS_OK) {
        return status;
    }
    pci_acs_predict(&m->pci);
    return machine_read_groups(m, &arena);
}

enum status load_vfs(struct machine_load *load, const struct config *config, const char *file, struct diag_list *diags)
{
    struct saved saved = {.load = load};
    struct saved *place = &saved;
    const struct sriov_view view = {open_saved, &place};
    const struct machine_vfs_way way = {.view = &view, .enable = predict, .stop = keep, .context = &saved};
    void *space = malloc(SCRATCH_BYTES);
    struct arena scratch = arena_make(space, space != NULL ? SCRATCH_BYTES : 0);
    const struct machine before = load->machine;
    enum status status = machine_vfs_enable(&load->machine, config, file, &way, &scratch, diags);
    free(space);
    if (status == STATUS_OK && load->machine.sriov.count != 0) {
        status = take(load, &saved, diags);
    }
    if (status != STATUS_OK) {
        load->machine = before;
    }
    return status;
}
