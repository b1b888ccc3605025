/* SPDX-License-Identifier: GPL-2.0-only
 * A guest with a VMD domain over pretended hardware. */
#include "tests/fake/guest_vmd_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/pci_bars.h"
#include "drivers/pci_caps.h"
#include "drivers/pci_regs.h"
#include "drivers/vmd_bridge.h"
#include "drivers/vmd_ports.h"
#include "guest/memory.h"
#include "guest/vmd_window.h"

static struct diag diags[64];

static void need(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "guest vmd rig: %s\n", what);
        abort();
    }
}

static void add(struct guest_vmd_rig *rig, struct sbdf at, struct diag_list *list)
{
    struct pci_facts *facts = &rig->pci.facts;
    struct pci_reader reader = pci_reader_live(&at);
    struct pci_function f;
    if (pci_function_read(&reader, at, &f, list) == STATUS_OK) {
        need(facts->count < GUEST_VMD_RIG_FUNCTIONS, "too many functions");
        f.vmd = PCI_NO_INDEX;
        facts->functions[facts->count++] = f;
    }
}

static int by_address(const void *a, const void *b)
{
    const struct pci_function *x = a;
    const struct pci_function *y = b;
    return x->at.v < y->at.v ? -1 : x->at.v > y->at.v;
}

/* As the facts half says it of such a model. */
static struct vmd_domain domain_of(const struct guest_vmd_rig *rig, uint32_t endpoint)
{
    const struct vmd_model_config *c = &rig->vmd.model.config;
    bool server = c->device == VMD_MODEL_SERVER;
    uint64_t own = server ? 0x3000 : VMD_MODEL_CHILD_FIRST;
    uint8_t first = vmd_model_first_bus(&rig->vmd.model);
    return (struct vmd_domain){
        .endpoint = endpoint,
        .segment = rig->vmd.segment,
        .first_bus = first,
        .last_bus = (uint8_t)(first + VMD_MODEL_BUSES - 1),
        .config = c->bar[0],
        .memory = {{c->bar[1], VMD_MODEL_MEMBAR1_BYTES}, {c->bar[2] + own, VMD_MODEL_MEMBAR2_BYTES - own}},
        .flags = vmd_ids_flags(VMD_MODEL_VENDOR, c->device),
        .restricts = server,
        .lock_shadow = c->lock_shadow,
        .usable = true};
}

static void find_endpoint(struct guest_vmd_rig *rig, struct diag_list *list)
{
    struct pci_facts *facts = &rig->pci.facts;
    need(facts->count < GUEST_VMD_RIG_FUNCTIONS, "too many functions");
    memcpy(rig->functions, facts->functions, facts->count * sizeof(rig->functions[0]));
    facts->functions = rig->functions;
    add(rig, rig->vmd.endpoint, list);
    qsort(facts->functions, facts->count, sizeof(rig->functions[0]), by_address);
    uint32_t index = pci_find_index(facts, rig->vmd.endpoint);
    need(index != PCI_NO_INDEX, "endpoint");
    pci_bars_size_function(&rig->functions[index], list);
    rig->made = domain_of(rig, index);
    rig->domain = &rig->made;
}

static void find_children(struct guest_vmd_rig *rig, struct diag_list *list)
{
    struct pci_facts *facts = &rig->pci.facts;
    const struct vmd_domain *d = rig->domain;
    rig->window =
        (struct pci_ecam){hpa(d->config - ((uint64_t)d->first_bus << 20)), d->segment, d->first_bus, d->last_bus};
    pci_config_use_vmd(&rig->window, 1);
    pci_config_write16(rig->vmd.endpoint, PCI_COMMAND, PCI_COMMAND_MEMORY);
    size_t first = facts->count;
    for (unsigned bus = d->first_bus; bus < d->first_bus + 4u; bus++) {
        for (unsigned device = 0; device < 4; device++) {
            add(rig, sbdf_make(d->segment, bus, device, 0), list);
        }
    }
    pci_tree_link(facts, list);
    for (size_t i = first; i < facts->count; i++) {
        facts->functions[i].is_vmd_child = true;
        facts->functions[i].vmd = d->endpoint;
        pci_bars_size_function(&facts->functions[i], list);
    }
}

void guest_vmd_rig_start(struct guest_vmd_rig *rig, struct vmd_model_config config, const struct vmd_model_io *io)
{
    struct diag_list list = diag_list_make(diags, ARRAY_LENGTH(diags));
    guest_pci_rig_start(&rig->pci);
    config.numbered = true;
    fake_vmd_add(&rig->vmd, sbdf_make(0, 0, 0x0e, 0), SBDF_VMD_FIRST, &config, io);
    find_endpoint(rig, &list);
    find_children(rig, &list);
    vmd_ports_remember(&rig->made, &rig->pci.facts);
    rig->plan = (struct plan_device){.function = rig->domain->endpoint,
                                     .reset = config.flr ? PCI_RESET_FLR : PCI_RESET_D3,
                                     .gsi = PLAN_NO_GSI,
                                     .sources = {rig->vmd.endpoint},
                                     .message_source = rig->vmd.endpoint,
                                     .source_count = 1};
    rig->device = (struct vm_device){.plan = &rig->plan,
                                     .function = &rig->functions[rig->domain->endpoint],
                                     .unit = &rig->pci.vtd.units[0],
                                     .vmd = rig->domain};
    memset(&rig->vmd.model.counts, 0, sizeof(rig->vmd.model.counts));
    fake_pci_forget_writes();
}

void guest_vmd_rig_attach(struct guest_vmd_rig *rig)
{
    rig->f = guest_pci_rig_attach(&rig->pci, &rig->device);
    need(rig->f->vmd != NULL, "no domain behind it");
}

uint32_t guest_vmd_rig_endpoint_read(struct guest_vmd_rig *rig, uint16_t offset, unsigned width)
{
    return guest_pci_rig_read(&rig->pci, guest_pci_device(rig->f->place), offset, width);
}

void guest_vmd_rig_endpoint_write(struct guest_vmd_rig *rig, uint16_t offset, unsigned width, uint32_t value)
{
    guest_pci_rig_write(&rig->pci, guest_pci_device(rig->f->place), offset, width, value);
}

/* Trapped bytes by the guest's bus, all others as the nested tables say. */
static bool translate(struct guest_vmd_rig *rig, uint64_t at, uint64_t *host)
{
    struct radix_mapping mapping;
    bool mapped = radix_lookup(&rig->pci.nested, at, &mapping) == STATUS_OK;
    *host = mapped ? mapping.to.v : 0;
    return mapped;
}

static unsigned model_bar(const struct guest_vmd_rig *rig, uint64_t host, uint64_t *offset)
{
    static const uint64_t bytes[] = {VMD_MODEL_CFGBAR_BYTES, VMD_MODEL_MEMBAR1_BYTES, VMD_MODEL_MEMBAR2_BYTES};
    for (unsigned i = 0; i < 3; i++) {
        *offset = host - rig->vmd.model.config.bar[i];
        if (*offset < bytes[i]) {
            return 2 * i;
        }
    }
    need(false, "a page of the guest's BAR leads elsewhere");
    return 0;
}

uint64_t guest_vmd_rig_read(struct guest_vmd_rig *rig, unsigned bar, uint64_t offset, unsigned width)
{
    uint64_t host = 0;
    uint64_t at = rig->f->bars[bar].address + offset;
    if (!translate(rig, at, &host)) {
        return bus_read(&rig->pci.mmio, at, width, 0);
    }
    unsigned of = model_bar(rig, host, &offset);
    return vmd_model_read(&rig->vmd.model, of, offset, width);
}

void guest_vmd_rig_write(struct guest_vmd_rig *rig, unsigned bar, uint64_t offset, unsigned width, uint64_t value)
{
    uint64_t host = 0;
    uint64_t at = rig->f->bars[bar].address + offset;
    if (!translate(rig, at, &host)) {
        bus_write(&rig->pci.mmio, at, width, value, 0);
        return;
    }
    unsigned of = model_bar(rig, host, &offset);
    vmd_model_write(&rig->vmd.model, of, offset, width, value);
}

uint64_t guest_vmd_rig_child(unsigned bus, unsigned device, unsigned offset)
{
    return (uint64_t)bus << 20 | (uint64_t)device << 15 | offset;
}

uint32_t guest_vmd_rig_child_read(struct guest_vmd_rig *rig, unsigned bus, unsigned device, unsigned offset,
                                  unsigned width)
{
    return (uint32_t)guest_vmd_rig_read(rig, VMD_CFGBAR, guest_vmd_rig_child(bus, device, offset), width);
}

void guest_vmd_rig_child_write(struct guest_vmd_rig *rig, unsigned bus, unsigned device, unsigned offset,
                               unsigned width, uint32_t value)
{
    guest_vmd_rig_write(rig, VMD_CFGBAR, guest_vmd_rig_child(bus, device, offset), width, value);
}

static const char *port_wrong(const struct guest_vmd_rig *rig, const struct vmd_model_port *p)
{
    const struct vmd_bridge_windows w = {pci_model_read(&p->space, VMD_BRIDGE_MEMORY, 4),
                                         pci_model_read(&p->space, VMD_BRIDGE_PREFETCH, 4),
                                         pci_model_read(&p->space, VMD_BRIDGE_PREFETCH_BASE, 4),
                                         pci_model_read(&p->space, VMD_BRIDGE_PREFETCH_LIMIT, 4)};
    if (!guest_vmd_windows_inside(rig->domain, &w, true)) {
        return "a window is open outside the MEMBARs";
    }
    uint64_t bar = pci_model_bar_address(&p->nvme.space, 0);
    if (p->present && pci_model_decodes(&p->nvme.space) && !guest_vmd_bar_inside(rig->domain, bar, NVME_MODEL_WINDOW)) {
        return "a BAR decodes outside the MEMBARs";
    }
    return NULL;
}

const char *guest_vmd_rig_wrong(const struct guest_vmd_rig *rig)
{
    const struct vmd_model *m = &rig->vmd.model;
    const struct vmd_model_counts *c = &m->counts;
    for (unsigned i = 0; i < VMD_MODEL_DISKS; i++) {
        const char *wrong = port_wrong(rig, &m->port[i]);
        if (wrong != NULL) {
            return wrong;
        }
    }
    if ((pci_model_read(&m->space, VMD_MODEL_VMCONFIG, 2) & VMD_CONFIG_BYPASS) != 0 || c->bypassed != 0) {
        return "messages bypass the endpoint";
    }
    return c->strays != 0       ? "a window strayed"
           : c->conflicts != 0  ? "two ports claimed one address"
           : c->concurrent != 0 ? "CFGBAR was accessed by two at once"
           : c->unread != 0     ? "a write was not read back"
                                : NULL;
}
