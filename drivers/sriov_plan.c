/* SPDX-License-Identifier: GPL-2.0-only
 * How many VFs, with which ids and BARs. */
#include "drivers/sriov_plan.h"

#include "drivers/pci_bars.h"
#include "drivers/pci_regs.h"
#include "drivers/sriov_diag.h"
#include "drivers/sriov_room.h"
#include "kernel/lib/format.h"

#define SUPPORT "turn on \"SR-IOV support\" in the firmware's setup or update the firmware"
#define FUNCTION_HIGH 7

static bool live(const void *context, const struct sbdf *at, struct pci_reader *out)
{
    (void)context;
    *out = pci_reader_live(at);
    return true;
}

const struct sriov_view sriov_view_live = {.open = live};

static enum status refuse(const struct sriov *s, enum sriov_diag_code code, const char *fix, const char *what,
                          struct diag_list *diag)
{
    char where[SBDF_TEXT_SIZE];
    diag_add(diag, (uint16_t)code, DIAG_ERROR, sbdf_text(s->at, where), fix, "%s", what);
    return STATUS_UNSUPPORTED;
}

static bool is_link_port(const struct pci_function *bridge)
{
    return bridge != NULL && (bridge->express == PCI_EXPRESS_ROOT_PORT || bridge->express == PCI_EXPRESS_DOWNSTREAM);
}

/* Can the port above forward by ARI? */
static bool forwards_ari(const struct sriov_place *place, const struct pci_function *bridge)
{
    struct pci_reader reader;
    if (!is_link_port(bridge) || !place->view->open(place->view->context, &bridge->at, &reader)) {
        return false;
    }
    uint16_t flags = pci_reader_u16(&reader, bridge->cap.express + PCI_EXP_FLAGS);
    uint32_t cap = pci_reader_u32(&reader, bridge->cap.express + PCI_EXP_DEVCAP2);
    return flags != UINT16_MAX && bits_get(flags, 3, 0) >= 2 && (cap & PCI_DEVCAP2_ARI) != 0;
}

/* Forwarding by ARI changes what a function number means for all on that link: all of them have to know it. */
static bool knows_ari(const struct pci_facts *pci, const struct pci_function *f)
{
    for (size_t i = 0; i < pci->count; i++) {
        const struct pci_function *other = &pci->functions[i];
        if (other->at.v >> 8 == f->at.v >> 8 && other->cap.ari == 0 && !other->is_vf) {
            return false;
        }
    }
    return true;
}

enum status sriov_plan_count(const struct sriov_place *place, struct sriov *s, unsigned num, struct diag_list *diag)
{
    const struct pci_function *f = &place->pci->functions[s->pf];
    unsigned most = s->initial < s->total ? s->initial : s->total;
    char what[DIAG_TEXT_SIZE], fix[DIAG_TEXT_SIZE];
    if (num > most) {
        format_text(what, sizeof(what), "%u VFs are asked for, and it has %u", num, most);
        format_text(fix, sizeof(fix), most == 0 ? "remove vfs, or " SUPPORT : "write vfs = %u or less", most);
        return refuse(s, SRIOV_DIAG_TOO_MANY, fix, what, diag);
    }
    if ((s->pages & 1) == 0) {
        format_text(what, sizeof(what), "it does not offer pages of 4 KiB for its VFs (supported page sizes: 0x%x)",
                    s->pages);
        return refuse(s, SRIOV_DIAG_PAGES, "remove vfs; update the device's firmware", what, diag);
    }
    s->num = (uint16_t)num;
    s->page = 1;
    s->ari = s->ari_cap != 0 && forwards_ari(place, pci_parent(place->pci, f)) && knows_ari(place->pci, f);
    return STATUS_OK;
}

/* Returns the registers used; 0: malformed. */
static unsigned take_bar(struct sriov *s, unsigned i, const uint32_t values[PCI_BARS], const uint32_t masks[PCI_BARS])
{
    struct pci_bar *bar = &s->bars[i];
    bool wide = bits_get(masks[i], 2, 0) == 4;
    if (wide && i + 1 == PCI_BARS) {
        return 0;
    }
    uint64_t value = values[i] | (wide ? (uint64_t)values[i + 1] << 32 : 0);
    uint64_t mask = masks[i] | (wide ? (uint64_t)masks[i + 1] << 32 : 0);
    if (pci_bar_decode(value, mask, bar) != STATUS_OK || bar->kind == PCI_BAR_IO) {
        return 0;
    }
    if (bar->kind == PCI_BAR_NONE) {
        return 1;
    }
    /* VFs that share a page could not be told apart, and nothing of theirs is smaller than the System Page Size. */
    uint64_t all = 0;
    if (bar->size < PAGE_SIZE || __builtin_mul_overflow(bar->size, (uint64_t)s->total, &all)) {
        return 0;
    }
    if (bar->kind == PCI_BAR_MEM64) {
        s->bars[i + 1] = (struct pci_bar){.kind = PCI_BAR_UPPER};
    }
    return wide ? 2 : 1;
}

enum status sriov_plan_bars(struct sriov *s, const uint32_t values[PCI_BARS], const uint32_t masks[PCI_BARS],
                            struct diag_list *diag)
{
    for (unsigned i = 0; i < PCI_BARS; i++) {
        s->bars[i] = (struct pci_bar){0};
    }
    for (unsigned i = 0; i < PCI_BARS;) {
        unsigned used = take_bar(s, i, values, masks);
        if (used == 0) {
            char what[DIAG_TEXT_SIZE];
            format_text(what, sizeof(what),
                        "VF BAR %u is malformed: of a reserved type, smaller than a page, or its size is no power of "
                        "two (it reads 0x%x)",
                        i, masks[i]);
            return refuse(s, SRIOV_DIAG_BAR, "remove vfs; update the device's firmware", what, diag);
        }
        i += used;
    }
    return STATUS_OK;
}

static bool has_vf(const struct sriov *s, struct sbdf at)
{
    uint32_t first = sriov_vf(s, 0).v;
    if (s->num == 0 || at.v < first) {
        return false;
    }
    return s->stride == 0 ? at.v == first : (at.v - first) % s->stride == 0 && (at.v - first) / s->stride < s->num;
}

/* Who else has that address, or a bus number of it. */
static bool is_somebodys(const struct sriov_place *place, const struct sriov *s, struct sbdf at)
{
    const struct pci_facts *pci = place->pci;
    for (size_t i = 0; i < place->others->count; i++) {
        if (has_vf(&place->others->pfs[i], at)) {
            return true;
        }
    }
    for (size_t i = 0; i < pci->count && sbdf_bus(at) != sbdf_bus(s->at); i++) {
        const struct pci_function *bridge = &pci->functions[i];
        if (bridge->bridge && sbdf_segment(bridge->at) == sbdf_segment(at) && bridge->secondary > sbdf_bus(s->at) &&
            bridge->secondary <= sbdf_bus(at) && bridge->subordinate >= sbdf_bus(at)) {
            return true;
        }
    }
    return pci_find(pci, at) != NULL;
}

static enum status check_id(const struct sriov_place *place, const struct sriov *s, struct sbdf at,
                            struct diag_list *diag)
{
    const struct pci_function *bridge = pci_parent(place->pci, &place->pci->functions[s->pf]);
    unsigned last = bridge != NULL ? bridge->subordinate : sbdf_bus(s->at);
    char what[DIAG_TEXT_SIZE], text[SBDF_TEXT_SIZE];
    sbdf_text(at, text);
    if (sbdf_bus(at) < sbdf_bus(s->at) || sbdf_bus(at) > last) {
        format_text(what, sizeof(what), "its VF %s is on a bus that the bridge above does not lead to (%02x-%02x)",
                    text, sbdf_bus(s->at), last);
        return refuse(s, SRIOV_DIAG_BUSES,
                      SUPPORT " so that it keeps buses for VFs (QEMU: bus-reserve=1 of the pcie-root-port), or write a "
                              "smaller vfs",
                      what, diag);
    }
    if (is_somebodys(place, s, at)) {
        format_text(what, sizeof(what), "its VF %s would have an address that is somebody else's", text);
        return refuse(s, SRIOV_DIAG_IDS, SUPPORT ", or write a smaller vfs", what, diag);
    }
    if (sbdf_bus(at) == sbdf_bus(s->at) && sbdf_devfn(at) > FUNCTION_HIGH && is_link_port(bridge) && !s->ari) {
        format_text(what, sizeof(what),
                    "its VF %s is beyond function 7, and the port above does not forward that (ARI)", text);
        return refuse(s, SRIOV_DIAG_ARI,
                      "turn on \"ARI support\" in the firmware's setup, write a smaller vfs, or put the device behind "
                      "another port",
                      what, diag);
    }
    return STATUS_OK;
}

enum status sriov_plan_ids(const struct sriov_place *place, const struct sriov *s, struct diag_list *diag)
{
    uint64_t last = sbdf_rid(s->at) + s->offset + (uint64_t)s->stride * (s->num - 1u);
    if (s->offset == 0 || (s->stride == 0 && s->num > 1) || last > UINT16_MAX) {
        char what[DIAG_TEXT_SIZE];
        format_text(what, sizeof(what), "the ids of %u VFs make no sense: offset %u, stride %u", s->num, s->offset,
                    s->stride);
        return refuse(s, SRIOV_DIAG_IDS, "write a smaller vfs, or update the device's firmware", what, diag);
    }
    for (unsigned i = 0; i < s->num; i++) {
        enum status status = check_id(place, s, sriov_vf(s, i), diag);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

/* What would read back: ones above the size, and the type bits, which are read-only. */
static void make_masks(const struct sriov *s, const uint64_t sizes[PCI_BARS], uint32_t values[PCI_BARS],
                       uint32_t masks[PCI_BARS])
{
    for (unsigned i = 0; i < PCI_BARS; i++) {
        const struct pci_bar *bar = &s->bars[i];
        if (bar->kind == PCI_BAR_UPPER) {
            continue; /* set together with its lower half */
        }
        values[i] = masks[i] = 0;
        if (bar->kind == PCI_BAR_NONE || sizes[i] == 0) {
            continue;
        }
        uint32_t type = (bar->kind == PCI_BAR_MEM64 ? 4u : 0u) | (bar->prefetchable ? 8u : 0u);
        values[i] = (uint32_t)bar->address | type;
        masks[i] = (uint32_t)(0 - sizes[i]) | type;
        if (bar->kind == PCI_BAR_MEM64) {
            values[i + 1] = (uint32_t)(bar->address >> 32);
            masks[i + 1] = (uint32_t)((0 - sizes[i]) >> 32);
        }
    }
}

enum status sriov_plan_saved(const struct sriov_place *place, struct sriov *s, unsigned num,
                             const uint64_t sizes[PCI_BARS], struct diag_list *diag)
{
    uint32_t values[PCI_BARS] = {0}, masks[PCI_BARS] = {0};
    make_masks(s, sizes, values, masks);
    enum status status = sriov_plan_count(place, s, num, diag);
    status = status == STATUS_OK ? sriov_plan_bars(s, values, masks, diag) : status;
    status = status == STATUS_OK ? sriov_room_find(place, s, diag) : status;
    return status == STATUS_OK ? sriov_plan_ids(place, s, diag) : status;
}
