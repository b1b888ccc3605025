/* SPDX-License-Identifier: GPL-2.0-only
 * Wishes for VFs. */
#include "plan/vf_wishes.h"

#include "drivers/device_rules.h"
#include "kernel/lib/format.h"

#define UNUSABLE ((uint32_t)PCI_BLOCKED_BRIDGE_PATH | PCI_BLOCKED_HEADER)

struct work {
    const struct config *config;
    const char *file;
    const struct pci_facts *pci;
    const struct sriov_view *view;
    struct vf_wishes *out;
    struct diag_list *diags;
};

static void refuse(struct work *w, struct config_position at, enum vf_wishes_diag code, const char *fix,
                   const char *what)
{
    char where[CONFIG_WHERE_SIZE];
    diag_add(w->diags, (uint16_t)code, DIAG_ERROR, config_where(w->file, at, where), fix, "%s", what);
}

/* InitialVFs, or 0 when its registers are not known. */
static unsigned total_of(struct work *w, uint32_t index)
{
    struct pci_reader reader;
    struct sriov s;
    const struct pci_function *f = &w->pci->functions[index];
    bool known =
        w->view->open(w->view->context, &f->at, &reader) && sriov_read(&reader, w->pci, index, &s) == STATUS_OK;
    return known ? s.total : 0;
}

static bool check_all_or_none(struct work *w, uint32_t index, const struct config_value *vfs)
{
    const struct pci_function *f = &w->pci->functions[index];
    const struct device_rules *rules = device_rules_of_function(f);
    unsigned total = total_of(w, index);
    char what[DIAG_TEXT_SIZE], fix[DIAG_TEXT_SIZE], text[SBDF_TEXT_SIZE];
    if ((rules->flags & DEVICE_RULE_ALL_VFS) == 0 || total == 0 || vfs->number == total) {
        return true;
    }
    format_text(what, sizeof(what), "%s (%s) takes all of its %u VFs or none: %s", sbdf_text(f->at, text), rules->name,
                total, rules->why_all);
    format_text(fix, sizeof(fix), "write vfs = %u, or vfs = 0", total);
    refuse(w, vfs->at, VF_WISHES_PART, fix, what);
    return false;
}

static bool is_usable(struct work *w, const struct pci_function *f, const struct config_value *vfs)
{
    char what[DIAG_TEXT_SIZE], text[SBDF_TEXT_SIZE];
    sbdf_text(f->at, text);
    if (f->cap.sriov == 0 || f->bridge) {
        format_text(what, sizeof(what), "%s (%04x:%04x) has no virtual functions (no SR-IOV capability)", text,
                    f->vendor, f->device);
        refuse(w, vfs->at, VF_WISHES_NOT_PF,
               "remove vfs; `bulkhead devices` and the inventory (sriov=pf) show who has some", what);
        return false;
    }
    if (f->is_vmd_child || (f->blocked & UNUSABLE) != 0) {
        format_text(what, sizeof(what), "%s can have no virtual functions: %s", text,
                    f->is_vmd_child ? "it is behind a VMD endpoint"
                                    : "what it or the bridges above say about themselves cannot be trusted");
        refuse(w, vfs->at, VF_WISHES_BLOCKED,
               f->is_vmd_child ? "remove vfs, or turn VMD off for its port in the firmware's setup"
                               : "remove vfs; update the firmware: a note above says why",
               what);
        return false;
    }
    return true;
}

static void wish(struct work *w, uint32_t index, const struct config_value *vfs)
{
    if (!is_usable(w, &w->pci->functions[index], vfs) || vfs->number == 0 || !check_all_or_none(w, index, vfs)) {
        return;
    }
    if (w->out->count == SRIOV_PFS_MAX) {
        char what[DIAG_TEXT_SIZE];
        format_text(what, sizeof(what), "VFs are asked of more than %u devices", SRIOV_PFS_MAX);
        refuse(w, vfs->at, VF_WISHES_MANY, "remove vfs from some", what);
        return;
    }
    w->out->items[w->out->count++] = (struct vf_wish){.pf = index, .num = (uint16_t)vfs->number, .at = vfs->at};
}

/* Tables of addresses where nothing is. */
static void check_present(struct work *w)
{
    for (size_t i = 0; i < w->config->device_count; i++) {
        const struct config_device *table = &w->config->devices[i];
        const struct sbdf at = {(uint32_t)table->address.number};
        if (table->by_id || table->vfs.at.line == 0 || pci_find(w->pci, at) != NULL) {
            continue;
        }
        char what[DIAG_TEXT_SIZE], text[SBDF_TEXT_SIZE];
        format_text(what, sizeof(what), "%s is not in this machine", sbdf_text(at, text));
        refuse(w, table->vfs.at, VF_WISHES_ABSENT, "take an address from the inventory in the log", what);
    }
}

enum status vf_wishes_read(const struct config *config, const char *file, const struct pci_facts *pci,
                           const struct sriov_view *view, struct vf_wishes *out, struct diag_list *diags)
{
    struct work w = {config, file, pci, view, out, diags};
    size_t errors = diags->errors;
    out->count = 0;
    check_present(&w);
    for (uint32_t i = 0; i < pci->count && config->device_count != 0; i++) {
        const struct pci_function *f = &pci->functions[i];
        struct config_device table = config_device_of(config, f->at, f->vendor, f->device);
        if (table.vfs.at.line != 0) {
            wish(&w, i, &table.vfs);
        }
    }
    return diags->errors == errors ? STATUS_OK : STATUS_UNSUPPORTED;
}
