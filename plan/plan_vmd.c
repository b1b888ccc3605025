/* SPDX-License-Identifier: GPL-2.0-only
 * VMD endpoints in the plan. */
#include "plan/plan_vmd.h"

#include "kernel/lib/format.h"

#define UNUSABLE "is a VMD endpoint whose domain cannot be used: "

bool plan_vmd_fault(const struct machine *m, uint32_t function, struct plan_fault *out)
{
    static const struct {
        enum plan_devices_diag code;
        const char *what;
    } rows[] = {
        [VMD_FAULT_BARS] = {PLAN_DEVICES_VMD_BARS,
                            UNUSABLE "firmware gave CFGBAR, MEMBAR1 or MEMBAR2 (BAR 0, 2, 4) no address"},
        [VMD_FAULT_CONFIG_SMALL] = {PLAN_DEVICES_VMD_SMALL, UNUSABLE "CFGBAR (BAR 0) is below 1 MiB, one bus"},
        [VMD_FAULT_BUS_MODE] = {PLAN_DEVICES_VMD_MODE, UNUSABLE "VMCONFIG bits 9:8 are 3, which names no first bus"},
        [VMD_FAULT_MSIX] = {PLAN_DEVICES_VMD_UNUSABLE, UNUSABLE "its MSI-X table is not at the start of MEMBAR2"},
        [VMD_FAULT_BYPASS] = {PLAN_DEVICES_VMD_UNUSABLE, UNUSABLE "VMCONFIG bit 1 (MSI bypass) stays set"},
        [VMD_FAULT_SILENT] = {PLAN_DEVICES_VMD_UNUSABLE, UNUSABLE "CFGBAR (BAR 0) cannot be reached"},
        [VMD_FAULT_CROWDED] = {PLAN_DEVICES_VMD_UNUSABLE, UNUSABLE "there is no room for what is behind it"},
    };
    const struct vmd_domain *d = vmd_of(&m->vmd, function);
    enum vmd_fault fault = d != NULL                                      ? d->fault
                           : vmd_is_endpoint(&m->pci.functions[function]) ? VMD_FAULT_CROWDED
                                                                          : VMD_FAULT_NONE;
    if ((size_t)fault >= ARRAY_LENGTH(rows) || rows[fault].what == NULL) {
        return false; /* a blocked function is refused as such */
    }
    *out = (struct plan_fault){rows[fault].code, rows[fault].what, vmd_fault_fix(fault)};
    return true;
}

/* The guest that asks for the function, by itself or with its group; *at: where. PLAN_NO_GUEST: none. */
static uint32_t asker_of(const struct plan_work *w, uint32_t function, struct config_position *at)
{
    for (uint32_t g = 0; g < w->config->guest_count; g++) {
        const struct config_list *devices = &w->config->guests[g].devices;
        for (size_t i = 0; i < devices->count; i++) {
            const struct sbdf asked = {(uint32_t)devices->items[i].number};
            bool whole = (devices->items[i].number & CONFIG_DEVICE_GROUP) != 0;
            uint32_t index = pci_find_index(w->pci, asked);
            if (index != PCI_NO_INDEX &&
                (index == function || (whole && w->groups->of[index].group == w->groups->of[function].group))) {
                *at = devices->items[i].at;
                return g;
            }
        }
    }
    return PLAN_NO_GUEST;
}

static void refuse_shared(struct plan_work *w, const struct plan_claim *asked, const char *endpoint, uint32_t guest,
                          struct config_position at)
{
    char fix[DIAG_TEXT_SIZE], where[CONFIG_WHERE_SIZE];
    format_text(
        fix, sizeof(fix),
        "take it out of devices of [guest.%s], or write devices = [\"%s\"] there and take that out of [guest.%s]",
        plan_work_guest_name(w, asked->guest), endpoint, plan_work_guest_name(w, guest));
    plan_work_refuse(w, asked, PLAN_DEVICES_VMD_SHARED, fix,
                     "is behind VMD endpoint %s, which guest '%s' has, at %s: all behind an endpoint goes to one guest",
                     endpoint, plan_work_guest_name(w, guest), config_where(w->file, at, where));
}

void plan_vmd_refuse_child(struct plan_work *w, const struct plan_claim *asked)
{
    char fix[DIAG_TEXT_SIZE], endpoint[SBDF_TEXT_SIZE] = "?";
    uint32_t vmd = w->pci->functions[asked->function].vmd;
    struct config_position at = {0};
    uint32_t guest = PLAN_NO_GUEST;
    if (vmd < w->pci->count) {
        sbdf_text(w->pci->functions[vmd].at, endpoint);
        guest = asker_of(w, vmd, &at);
    }
    if (guest != PLAN_NO_GUEST && guest != asked->guest) {
        refuse_shared(w, asked, endpoint, guest, at);
        return;
    }
    format_text(fix, sizeof(fix),
                guest == PLAN_NO_GUEST ? "name the endpoint: devices = [\"%s\"]"
                                       : "leave it out: \"%s\" brings it along",
                endpoint);
    plan_work_refuse(w, asked, PLAN_DEVICES_CHILD, fix, "is behind a VMD endpoint, and goes with that");
}

uint64_t plan_vmd_avoid(const struct pci_function *f, unsigned bar)
{
    return bar == VMD_MEMBAR1 && vmd_is_endpoint(f) ? f->bars[bar].address : 0;
}

uint32_t plan_vmd_next(const struct pci_facts *pci, uint32_t endpoint, uint32_t from)
{
    for (uint32_t i = from; i < pci->count; i++) {
        if (pci->functions[i].is_vmd_child && pci->functions[i].vmd == endpoint) {
            return i;
        }
    }
    return PCI_NO_INDEX;
}

static void say_domain(struct plan_work *w, const struct plan_claim *c, const struct vmd_domain *d)
{
    if (d->usable && (d->flags & VMD_NATIVE_SHADOW) != 0 && !d->lock_shadow) {
        plan_work_say(w, c, PLAN_DEVICES_VMD_SHADOW, DIAG_NOTE, "",
                      "is a VMD endpoint whose shadow registers firmware left off (VMLOCK bit 1, in some setups \"VMD "
                      "for direct assign\"): its guest sees them all the same, emulated");
    }
    if (d->usable && !d->hidden && plan_vmd_next(w->pci, c->function, 0) == PCI_NO_INDEX) {
        plan_work_say(w, c, PLAN_DEVICES_VMD_EMPTY, DIAG_WARNING,
                      "look whether drives are plugged in, and whether firmware's setup has VMD on for their ports",
                      "is a VMD endpoint, and nothing answers behind it");
    }
}

/* Drivers want a vCPU for each domain's interrupts: the ESXi guide's rule. Once a guest, at the first one too many. */
static void check_cpus(struct plan_work *w)
{
    size_t counts[CONFIG_GUESTS_MAX] = {0};
    for (size_t i = 0; i < w->claim_count; i++) {
        const struct plan_claim *c = &w->claims[i];
        size_t cpus = w->config->guests[c->guest].cpus.count;
        if (c->gone || vmd_of(&w->m->vmd, c->function) == NULL || ++counts[c->guest] != cpus + 1) {
            continue;
        }
        plan_work_say(w, c, PLAN_DEVICES_VMD_CPUS, DIAG_WARNING, "give the guest more CPUs, or fewer VMD endpoints",
                      "is a VMD endpoint more than guest '%s' has virtual CPUs (%zu): it needs one for each",
                      plan_work_guest_name(w, c->guest), cpus);
    }
}

void plan_vmd_check(struct plan_work *w)
{
    for (size_t i = 0; i < w->claim_count; i++) {
        const struct plan_claim *c = &w->claims[i];
        const struct vmd_domain *d = c->gone ? NULL : vmd_of(&w->m->vmd, c->function);
        if (d == NULL) {
            continue;
        }
        if (!w->facts->remapping) {
            plan_work_refuse(
                w, c, PLAN_DEVICES_VMD_REMAPPING,
                "turn on interrupt remapping in the firmware's setup; unsafe-interrupts does not help here",
                "cannot be given away: interrupts are not remapped, and messages of all that is behind a "
                "VMD endpoint are told from others' only by that");
        }
        say_domain(w, c, d);
    }
    check_cpus(w);
}
