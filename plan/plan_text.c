/* SPDX-License-Identifier: GPL-2.0-only
 * The plan as text. A line is short enough for the hypervisor's log (kernel/core/log_ring.h), with room for its head:
 * what may grow is spread over several. */
#include "kernel/lib/format.h"
#include "plan/network.h"
#include "plan/plan.h"
#include "plan/plan_memory.h"
#include "plan/plan_vmd.h"

#define LINE_SIZE 512
#define ADDRESSES_MAX 8 /* in a line */

struct text {
    const struct plan_facts *facts;
    const struct config *config;
    const struct plan *plan;
    const struct plan_writer *out;
    struct format_line line; /* of LINE_SIZE bytes */
};

static void end_line(struct text *t)
{
    t->out->line(t->out->context, t->line.out);
    t->line.length = 0;
}

static void put_guest(struct text *t, size_t guest)
{
    format_line_put(&t->line, "guest=%s", t->config->guests[guest].name.text);
}

static void put_memory(struct text *t, size_t guest)
{
    const struct plan_guest *g = &t->plan->guests[guest];
    struct plan_leaves leaves = plan_memory_leaves(&t->facts->limits, g);
    put_guest(t, guest);
    format_line_put(&t->line, " memory-mib=%llu blocks=%zu",
                    (unsigned long long)(t->config->guests[guest].memory.number / MIB), g->block_count);
    format_line_put(&t->line, " leaves-1gib=%llu leaves-2mib=%llu leaves-4kib=%llu devices=%zu reserved=%zu",
                    (unsigned long long)leaves.gib, (unsigned long long)leaves.mib, (unsigned long long)leaves.kib,
                    g->device_count, g->reserved_count);
    end_line(t);
}

static void put_cpus(struct text *t, size_t guest)
{
    const struct config_list *cpus = &t->config->guests[guest].cpus;
    put_guest(t, guest);
    for (size_t i = 0; i < cpus->count; i++) {
        format_line_put(&t->line, "%s%llu", i == 0 ? " cpus=" : ",", (unsigned long long)cpus->items[i].number);
    }
    end_line(t);
}

static const struct pci_function *function_of(const struct text *t, uint32_t index)
{
    return &t->facts->machine->pci.functions[index];
}

static void begin_device(struct text *t, size_t guest, const struct plan_device *d)
{
    char at[SBDF_TEXT_SIZE];
    put_guest(t, guest);
    format_line_put(&t->line, " device=%s", sbdf_text(function_of(t, d->function)->at, at));
}

/* Requester ids, when there are others than its own. */
static void put_sources(struct text *t, size_t guest, const struct plan_device *d)
{
    for (size_t i = 0; d->source_count > 1 && i < d->source_count; i++) {
        char at[SBDF_TEXT_SIZE];
        bool first = i % ADDRESSES_MAX == 0;
        if (first) {
            begin_device(t, guest, d);
        }
        format_line_put(&t->line, "%s%s", first ? " sources=" : ",", sbdf_text(d->sources[i], at));
        if (i + 1 == d->source_count || (i + 1) % ADDRESSES_MAX == 0) {
            end_line(t);
        }
    }
}

/* A line for each function that a VMD endpoint brings along. */
static void put_behind(struct text *t, size_t guest, const struct plan_device *d)
{
    const struct pci_facts *pci = &t->facts->machine->pci;
    for (uint32_t i = plan_vmd_next(pci, d->function, 0); i != PCI_NO_INDEX;
         i = plan_vmd_next(pci, d->function, i + 1)) {
        const struct pci_function *f = &pci->functions[i];
        char at[SBDF_TEXT_SIZE];
        begin_device(t, guest, d);
        format_line_put(&t->line, " behind=%s id=%04x:%04x class=%06x", sbdf_text(f->at, at), f->vendor, f->device,
                        f->class_code);
        end_line(t);
    }
}

static void put_device(struct text *t, size_t guest, const struct plan_device *d)
{
    const struct pci_function *f = function_of(t, d->function);
    char pf[SBDF_TEXT_SIZE];
    begin_device(t, guest, d);
    format_line_put(&t->line, " id=%04x:%04x class=%06x group=%u unit=%zu", f->vendor, f->device, f->class_code,
                    d->group, d->unit);
    if (f->is_vf) {
        format_line_put(&t->line, " vf-of=%s", sbdf_text(function_of(t, f->pf)->at, pf));
    }
    format_line_put(&t->line, " reset=%s rom=%s", pci_reset_text(d->reset), d->rom ? "yes" : "no");
    if (d->gsi == PLAN_NO_GSI) {
        format_line_put(&t->line, " gsi=none");
    } else {
        format_line_put(&t->line, " gsi=%u", d->gsi);
    }
    if (d->bus_interrupts) {
        format_line_put(&t->line, " interrupt-buses=%02x-%02x", d->first_bus, d->last_bus);
    }
    if (d->ats) {
        format_line_put(&t->line, " ats=yes");
    }
    if (d->unsafe_interrupts) {
        format_line_put(&t->line, " unsafe-interrupts=yes");
    }
    end_line(t);
    put_sources(t, guest, d);
    put_behind(t, guest, d);
}

static void put_reserved(struct text *t, size_t guest, const struct plan_reserved *r)
{
    const struct dmar_rmrr *region = &t->facts->machine->dmar.rmrrs[r->rmrr];
    put_guest(t, guest);
    format_line_put(&t->line, " reserved=0x%llx bytes=0x%llx", (unsigned long long)region->base,
                    (unsigned long long)region->size);
    end_line(t);
}

static void put_whole_guest(struct text *t, size_t guest)
{
    const struct plan_guest *g = &t->plan->guests[guest];
    put_memory(t, guest);
    put_cpus(t, guest);
    for (size_t i = 0; i < g->device_count; i++) {
        put_device(t, guest, &g->devices[i]);
    }
    for (size_t i = 0; i < g->reserved_count; i++) {
        put_reserved(t, guest, &g->reserved[i]);
    }
}

/* A line for the network, and one for each guest on it. */
static void put_network(struct text *t, const struct config_network *n)
{
    format_line_put(&t->line, "network=%s mtu=%u guests=%zu filter=%s", n->name.text, network_mtu(n), n->guests.count,
                    n->filter.number != 0 ? "yes" : "no");
    end_line(t);
    for (size_t i = 0; i < n->guests.count; i++) {
        char mac[NETWORK_MAC_TEXT_SIZE];
        format_line_put(&t->line, "network=%s guest=%s mac=%s", n->name.text, n->guests.items[i].text,
                        network_mac_text(network_mac(n, i), mac));
        end_line(t);
    }
}

static bool is_blocked(const struct text *t, uint32_t function)
{
    return t->plan->owner[function] == PLAN_NO_GUEST && !function_of(t, function)->bridge;
}

/* What no guest has: how many bridges, which others. */
static void put_rest(struct text *t)
{
    size_t blocked = 0, bridges = 0, count = t->facts->machine->pci.count;
    for (uint32_t i = 0; i < count; i++) {
        blocked += is_blocked(t, i);
        bridges += function_of(t, i)->bridge;
    }
    format_line_put(&t->line, "hypervisor bridges=%zu blocked=%zu", bridges, blocked);
    end_line(t);
    size_t told = 0;
    for (uint32_t i = 0; i < count; i++) {
        char at[SBDF_TEXT_SIZE];
        if (!is_blocked(t, i)) {
            continue;
        }
        format_line_put(&t->line, "%s%s", told % ADDRESSES_MAX == 0 ? "blocked=" : ",",
                        sbdf_text(function_of(t, i)->at, at));
        if (++told == blocked || told % ADDRESSES_MAX == 0) {
            end_line(t);
        }
    }
}

void plan_print(const struct plan_facts *facts, const struct config *config, const struct plan *plan,
                const struct plan_writer *out)
{
    char line[LINE_SIZE];
    struct text t = {.facts = facts, .config = config, .plan = plan, .out = out, .line = {line, sizeof(line), 0}};
    for (size_t i = 0; i < plan->guest_count; i++) {
        put_whole_guest(&t, i);
    }
    for (size_t i = 0; i < config->network_count; i++) {
        put_network(&t, &config->networks[i]);
    }
    put_rest(&t);
}
