/* SPDX-License-Identifier: GPL-2.0-only
 * Rules about ATS (VT-d 4.1 8.5, 8.8; what Linux demands: drivers/iommu/intel/iommu.c, dmar_ats_supported). */
#include "plan/plan_ats.h"

#include "kernel/lib/format.h"
#include "plan/plan_units.h"

#define LEAVE_OUT "leave ats out"
#define VENDOR_INTEL 0x8086

/* Devices whose ATS is known to be broken (Linux, drivers/pci/quirks.c). */
struct broken {
    uint16_t device, mask;
    uint8_t fixed; /* from this revision on it is not */
    const char *why;
};

static const struct broken all_broken[] = {
    {0x1450, 0xfff0, 0x20, "is an IPU E2000 before stepping C0, which reads invalidations with the wrong byte order"},
};

static const struct pci_function *function_of(const struct plan_work *w, const struct plan_claim *c)
{
    return &w->pci->functions[c->function];
}

bool plan_ats_is_twice(const struct pci_function *f)
{
    return f->vendor == VENDOR_INTEL && (f->device & 0xfffc) == 0x4940; /* QAT 4xxx */
}

static const char *why_broken(const struct pci_function *f)
{
    for (size_t i = 0; f->vendor == VENDOR_INTEL && i < ARRAY_LENGTH(all_broken); i++) {
        const struct broken *b = &all_broken[i];
        if ((f->device & b->mask) == b->device && f->revision < b->fixed) {
            return b->why;
        }
    }
    return NULL;
}

/* SoC devices of a SATC are fit for it without an ATSR; in legacy mode hardware itself switches it on where they do not
 * work without. */
static const struct dmar_satc *satc_of(const struct plan_work *w, const struct pci_function *f)
{
    struct scope_bus_view view = machine_bus_view(w->m);
    for (size_t i = 0; i < w->m->dmar.satc_count; i++) {
        const struct dmar_satc *satc = &w->m->dmar.satcs[i];
        if (satc->segment == sbdf_segment(f->at) && scope_names(&satc->scopes, satc->segment, &view, f->at)) {
            return satc;
        }
    }
    return NULL;
}

static bool is_port_listed(const struct plan_work *w, const struct pci_function *port)
{
    struct scope_bus_view view = machine_bus_view(w->m);
    for (size_t i = 0; i < w->m->dmar.atsr_count; i++) {
        const struct dmar_atsr *atsr = &w->m->dmar.atsrs[i];
        if (atsr->segment != sbdf_segment(port->at)) {
            continue;
        }
        if ((atsr->flags & DMAR_ATSR_ALL_PORTS) != 0 || scope_names(&atsr->scopes, atsr->segment, &view, port->at)) {
            return true;
        }
    }
    return false;
}

/* The root port above f, or the bridge that is none and is no PCI Express either; NULL: it is on a root bus. */
static const struct pci_function *port_above(const struct plan_work *w, const struct pci_function *f)
{
    const struct pci_function *port = pci_parent(w->pci, f);
    while (port != NULL && (port->express == PCI_EXPRESS_UPSTREAM || port->express == PCI_EXPRESS_DOWNSTREAM)) {
        port = pci_parent(w->pci, port);
    }
    return port;
}

static void refuse(struct plan_work *w, const struct plan_claim *c, enum plan_devices_diag code, const char *fix,
                   const char *what)
{
    const struct config_device *table = c->own != NULL && c->own->ats.at.line != 0 ? c->own : c->id;
    plan_work_refuse_at(w, c, table != NULL && table->ats.at.line != 0 ? table->ats.at : c->at, code, fix,
                        "cannot have ATS: %s", what);
}

static bool check_way(struct plan_work *w, const struct plan_claim *c)
{
    char what[DIAG_TEXT_SIZE], text[SBDF_TEXT_SIZE];
    const struct pci_function *f = function_of(w, c);
    const struct pci_function *port = port_above(w, f);
    const struct dmar_satc *satc = satc_of(w, f);
    if (satc != NULL && (satc->flags & DMAR_SATC_ATC_REQUIRED) != 0) {
        refuse(w, c, PLAN_DEVICES_ATS_SOC, LEAVE_OUT,
               "the DMAR table says (SATC) that its hardware sees to it by itself");
        return false;
    }
    if (satc != NULL || port == NULL) {
        return true; /* integrated: no port is on the way */
    }
    sbdf_text(port->at, text);
    if (port->express != PCI_EXPRESS_ROOT_PORT) {
        format_text(what, sizeof(what), "the bridge %s above it is not PCI Express", text);
        refuse(w, c, PLAN_DEVICES_ATS_PORT, LEAVE_OUT ", or put it into a PCI Express slot", what);
        return false;
    }
    if (!is_port_listed(w, port)) {
        format_text(what, sizeof(what), "no ATSR of the DMAR table names its root port %s", text);
        refuse(w, c, PLAN_DEVICES_ATS_PORT, LEAVE_OUT ", or put it behind a root port that has ATS", what);
        return false;
    }
    return true;
}

static bool check_device(struct plan_work *w, const struct plan_claim *c)
{
    struct sbdf sources[GROUP_SOURCES_MAX];
    const struct pci_function *f = function_of(w, c);
    const char *broken = why_broken(f);
    if (f->is_vf) {
        refuse(w, c, PLAN_DEVICES_ATS_NONE, LEAVE_OUT,
               "it is a virtual function: how small its translations are is its PF's to say");
    } else if (f->cap.ats == 0) {
        refuse(w, c, PLAN_DEVICES_ATS_NONE, LEAVE_OUT, "it has no ATS capability");
    } else if (broken != NULL) {
        refuse(w, c, PLAN_DEVICES_ATS_NONE, LEAVE_OUT, broken);
    } else if (group_sources(w->pci, c->function, sources) != 1) {
        refuse(w, c, PLAN_DEVICES_ATS_SOURCES, LEAVE_OUT, "its requests have several requester ids");
    } else {
        return true;
    }
    return false;
}

static bool check_unit(struct plan_work *w, const struct plan_claim *c)
{
    char what[DIAG_TEXT_SIZE];
    uint32_t unit = w->unit_of[c->function];
    if (unit == PLAN_NO_UNIT || (w->facts->device_tlbs != NULL && w->facts->device_tlbs[unit])) {
        return true; /* without a unit it is refused anyway */
    }
    format_text(what, sizeof(what), "its remapping unit at 0x%llx serves no devices' TLBs (ECAP.DT is 0)",
                (unsigned long long)w->m->dmar.units[unit].base.v);
    refuse(w, c, PLAN_DEVICES_ATS_UNIT, LEAVE_OUT " (QEMU: intel-iommu,device-iotlb=on)", what);
    return false;
}

static bool check_trust(struct plan_work *w, const struct plan_claim *c)
{
    char fix[DIAG_TEXT_SIZE], text[SBDF_TEXT_SIZE];
    const struct pci_function *f = function_of(w, c);
    if (config_device_is_trusted(w->config, w->pci, f)) {
        return true;
    }
    format_text(fix, sizeof(fix), "write trusted = true beside it, in [device.\"%s\"], or leave ats out",
                sbdf_text(f->at, text));
    refuse(w, c, PLAN_DEVICES_ATS_UNTRUSTED, fix,
           "its translated requests are believed, so that it must be trusted to reach what it was told alone");
    return false;
}

void plan_ats_check(struct plan_work *w)
{
    for (size_t i = 0; i < w->claim_count; i++) {
        struct plan_claim *c = &w->claims[i];
        c->ats = !c->gone && config_device_uses_ats(w->config, function_of(w, c)) && check_trust(w, c) &&
                 check_device(w, c) && check_unit(w, c) && check_way(w, c);
    }
}
