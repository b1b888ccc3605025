/* SPDX-License-Identifier: GPL-2.0-only
 * Random machines: trees of ports, switches, bridges and endpoints as firmware could have numbered them. */
#include "tests/fake/random_machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/pci_acs.h"
#include "guest/memory.h"
#include "kernel/lib/bits.h"

#define SPACE_BYTES ((size_t)64 * MIB)
#define BAR_FIRST (UINT64_C(1) << 40)
#define RESERVED_FIRST (UINT64_C(0x78000000))
#define UNIT_FIRST UINT64_C(0xfed80000)
#define ACS_FULL 0x7f
#define BUS_LAST 250

uint64_t random_next(uint64_t *state)
{
    *state = *state == 0 ? 1 : *state;
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

unsigned random_below(uint64_t *state, unsigned below)
{
    return below == 0 ? 0 : (unsigned)((random_next(state) >> 20) % below);
}

/* What is being built: functions are put down in any order and sorted at the end. */
struct builder {
    const struct random_shape *shape;
    struct random_machine *m;
    uint64_t random;
    uint64_t bar;
    struct pci_function *functions;
    size_t count;
    unsigned segment;
    unsigned bus; /* the last one in use on this segment */
    struct sbdf unit_scopes[512];
    size_t unit_scope_count;
};

static bool chance(struct builder *b, unsigned percent)
{
    return random_below(&b->random, 100) < percent;
}

static void *must(void *p)
{
    if (p == NULL) {
        fputs("random machine: no memory\n", stderr);
        abort();
    }
    return p;
}

static struct pci_function *put(struct builder *b, unsigned bus, unsigned device, unsigned function)
{
    if (b->count == b->shape->functions) {
        return NULL;
    }
    struct pci_function *f = &b->functions[b->count++];
    *f = (struct pci_function){.at = sbdf_make(b->segment, bus, device, function),
                               .vendor = 0x1af4,
                               .device = (uint16_t)(0x1000 + random_below(&b->random, 8)),
                               .express = PCI_EXPRESS_NONE,
                               .parent = PCI_NO_INDEX,
                               .pf = PCI_NO_INDEX,
                               .vmd = PCI_NO_INDEX};
    return f;
}

static void give_acs(struct builder *b, struct pci_function *f)
{
    if (b->shape->tidy || chance(b, 60)) {
        f->cap.acs = 0x140;
        f->acs_cap = b->shape->tidy || chance(b, 70) ? ACS_FULL : (uint16_t)random_below(&b->random, ACS_FULL);
    }
}

static void give_bars(struct builder *b, struct pci_function *f)
{
    bool small = !b->shape->tidy && chance(b, 10);
    uint64_t size = small ? 256 : PAGE_SIZE << random_below(&b->random, 6);
    b->bar = align_up(b->bar, small ? size : PAGE_SIZE);
    b->bar = align_up(b->bar, size);
    f->bars[0] = (struct pci_bar){.kind = PCI_BAR_MEM64, .assigned = true, .address = b->bar, .size = size};
    f->bars[1].kind = PCI_BAR_UPPER;
    if (!b->shape->tidy && chance(b, 3)) {
        f->bars[0].assigned = false;
        f->bars[0].address = 0;
    }
    b->bar += size;
}

static void put_endpoints(struct builder *b, unsigned bus, unsigned device, enum pci_express_type express)
{
    unsigned functions = chance(b, 30) ? 2 + random_below(&b->random, 5) : 1;
    for (unsigned i = 0; i < functions; i++) {
        struct pci_function *f = put(b, bus, device, i);
        if (f == NULL) {
            return;
        }
        f->class_code = chance(b, 50) ? 0x010802 : 0x020000;
        f->express = express;
        f->multifunction = functions > 1;
        f->has_flr = b->shape->tidy || chance(b, 70);
        f->interrupt_pin = (uint8_t)(1 + i % 4);
        f->cap.express = express == PCI_EXPRESS_NONE ? 0 : 0x60;
        f->cap.msix = 0xb0;
        f->msix_count = 8;
        if (functions > 1 && express != PCI_EXPRESS_NONE && (b->shape->tidy || chance(b, 40))) {
            give_acs(b, f);
        }
        give_bars(b, f);
    }
}

static struct pci_function *put_bridge(struct builder *b, unsigned bus, unsigned device, unsigned function,
                                       enum pci_express_type express)
{
    struct pci_function *f = b->bus < BUS_LAST ? put(b, bus, device, function) : NULL;
    if (f == NULL) {
        return NULL;
    }
    f->class_code = 0x060400;
    f->header = 1;
    f->bridge = true;
    f->express = express;
    f->primary = (uint8_t)bus;
    f->secondary = f->subordinate = (uint8_t)++b->bus;
    if (express != PCI_EXPRESS_NONE && express != PCI_EXPRESS_TO_PCI) {
        give_acs(b, f);
    }
    return f;
}

static void put_conventional(struct builder *b, struct pci_function *bridge)
{
    unsigned devices = 1 + random_below(&b->random, 3);
    for (unsigned i = 0; bridge != NULL && i < devices; i++) {
        put_endpoints(b, bridge->secondary, i, PCI_EXPRESS_NONE);
    }
}

static void put_switch(struct builder *b, struct pci_function *port)
{
    struct pci_function *up = put_bridge(b, port->secondary, 0, 0, PCI_EXPRESS_UPSTREAM);
    bool slots = chance(b, 60);
    unsigned ports = 1 + random_below(&b->random, 4);
    for (unsigned i = 0; up != NULL && i < ports; i++) {
        struct pci_function *down = put_bridge(b, up->secondary, slots ? i : 0, slots ? 0 : i, PCI_EXPRESS_DOWNSTREAM);
        if (down == NULL) {
            break;
        }
        down->multifunction = !slots && ports > 1;
        put_endpoints(b, down->secondary, 0, PCI_EXPRESS_ENDPOINT);
        up->subordinate = (uint8_t)b->bus;
    }
    port->subordinate = (uint8_t)b->bus;
}

static void put_below(struct builder *b, struct pci_function *port)
{
    unsigned kind = random_below(&b->random, 10);
    if (kind < 6) {
        put_endpoints(b, port->secondary, 0, PCI_EXPRESS_ENDPOINT);
    } else if (kind < 8 || b->shape->tidy) {
        put_switch(b, port);
    } else {
        put_conventional(b, put_bridge(b, port->secondary, 0, 0, PCI_EXPRESS_TO_PCI));
        port->subordinate = (uint8_t)b->bus;
    }
}

static void put_ports(struct builder *b, unsigned device)
{
    unsigned functions = chance(b, 40) ? 2 + random_below(&b->random, 3) : 1;
    for (unsigned i = 0; i < functions; i++) {
        struct pci_function *port = put_bridge(b, 0, device, i, PCI_EXPRESS_ROOT_PORT);
        if (port == NULL) {
            return;
        }
        port->multifunction = functions > 1;
        if (b->unit_scope_count < ARRAY_LENGTH(b->unit_scopes) && chance(b, 50)) {
            b->unit_scopes[b->unit_scope_count++] = port->at;
        }
        put_below(b, port);
    }
}

static void put_root_bus(struct builder *b)
{
    struct pci_function *host = put(b, 0, 0, 0);
    b->bus = 0;
    if (host != NULL) {
        host->class_code = 0x060000;
    }
    for (unsigned device = 1; device < 32; device++) {
        unsigned kind = random_below(&b->random, 10);
        if (kind < 6) {
            put_ports(b, device);
        } else if (kind < 8) {
            put_endpoints(b, 0, device, PCI_EXPRESS_RC_ENDPOINT);
        } else if (!b->shape->tidy && kind == 8) {
            put_conventional(b, put_bridge(b, 0, device, 0, PCI_EXPRESS_NONE));
        }
    }
}

static int by_address(const void *a, const void *b)
{
    uint32_t x = ((const struct pci_function *)a)->at.v, y = ((const struct pci_function *)b)->at.v;
    return (x > y) - (x < y);
}

static struct dmar_scopes bridge_scope(struct arena *arena, const struct sbdf *ats, size_t count,
                                       enum dmar_scope_type type)
{
    struct dmar_scope *items = must(arena_array(arena, count, sizeof(*items)));
    for (size_t i = 0; i < count; i++) {
        struct dmar_hop *hop = must(arena_array(arena, 1, sizeof(*hop)));
        *hop = (struct dmar_hop){sbdf_device(ats[i]), sbdf_function(ats[i])};
        items[i] = (struct dmar_scope){.type = (uint8_t)type, .bus = sbdf_bus(ats[i]), .hops = hop, .hop_count = 1};
    }
    return (struct dmar_scopes){items, count};
}

/* Fisher and Yates, by the seed of the order alone. */
static void shuffle(uint64_t *random, void *items, size_t count, size_t size)
{
    uint8_t *bytes = items, held[512];
    for (size_t i = count; i > 1; i--) {
        size_t k = random_below(random, (unsigned)i);
        memcpy(held, bytes + (i - 1) * size, size);
        memcpy(bytes + (i - 1) * size, bytes + k * size, size);
        memcpy(bytes + k * size, held, size);
    }
}

static void make_units(struct builder *b, uint64_t *order)
{
    struct dmar *dmar = &b->m->machine.dmar;
    dmar->units = must(arena_array(&b->m->arena, b->shape->units + b->shape->segments, sizeof(*dmar->units)));
    for (size_t i = 0; i < b->shape->units && i < b->unit_scope_count; i++) {
        dmar->units[dmar->unit_count++] =
            (struct dmar_unit){.segment = sbdf_segment(b->unit_scopes[i]),
                               .base = hpa(UNIT_FIRST + i * PAGE_SIZE),
                               .window = PAGE_SIZE,
                               .scopes = bridge_scope(&b->m->arena, &b->unit_scopes[i], 1, DMAR_SCOPE_BRIDGE)};
    }
    for (unsigned s = 0; s < b->shape->segments; s++) {
        if (b->shape->tidy || chance(b, 90)) {
            dmar->units[dmar->unit_count++] = (struct dmar_unit){.segment = (uint16_t)s,
                                                                 .base = hpa(UNIT_FIRST + (0x200 + s) * PAGE_SIZE),
                                                                 .window = PAGE_SIZE,
                                                                 .include_all = true};
        }
    }
    shuffle(order, dmar->units, dmar->unit_count, sizeof(*dmar->units));
    for (size_t i = 0; i < dmar->unit_count; i++) {
        dmar->units[i].same_as = i;
    }
}

static void make_reserved(struct builder *b, uint64_t *order)
{
    struct dmar *dmar = &b->m->machine.dmar;
    dmar->rmrrs = must(arena_array(&b->m->arena, b->shape->reserved + 1, sizeof(*dmar->rmrrs)));
    for (unsigned i = 0; i < b->shape->reserved; i++) {
        struct sbdf at[2];
        size_t count = 0;
        for (unsigned k = 0; k < 1 + random_below(&b->random, 2); k++) {
            const struct pci_function *f = &b->functions[random_below(&b->random, (unsigned)b->count)];
            if (!f->bridge && (count == 0 || sbdf_segment(f->at) == sbdf_segment(at[0])) && sbdf_bus(f->at) == 0) {
                at[count++] = f->at;
            }
        }
        uint64_t base = RESERVED_FIRST + (uint64_t)i * MIB, size = PAGE_SIZE << random_below(&b->random, 4);
        if (count != 0) {
            dmar->rmrrs[dmar->rmrr_count++] =
                (struct dmar_rmrr){.segment = sbdf_segment(at[0]),
                                   .base = base,
                                   .limit = base + size - 1,
                                   .start = base,
                                   .size = size,
                                   .scopes = bridge_scope(&b->m->arena, at, count, DMAR_SCOPE_ENDPOINT)};
        }
    }
    shuffle(order, dmar->rmrrs, dmar->rmrr_count, sizeof(*dmar->rmrrs));
}

static void make_memory(struct random_machine *m, uint64_t *random)
{
    static const struct {
        uint64_t start, size;
        enum memory_kind kind;
    } ranges[] = {{0, 0x9f000, MEMORY_RAM},
                  {0xf0000, 0x10000, MEMORY_RESERVED},
                  {MIB, 64 * MIB, MEMORY_HYPERVISOR},
                  {65 * MIB, 0x70000000, MEMORY_RAM},
                  {RESERVED_FIRST, 128 * MIB, MEMORY_RESERVED},
                  {4 * GIB, 256 * GIB, MEMORY_RAM}};
    for (size_t i = 0; i < ARRAY_LENGTH(ranges); i++) {
        if (memory_map_add(&m->memory, ranges[i].start, ranges[i].size, ranges[i].kind) != STATUS_OK) {
            abort();
        }
    }
    uint64_t cut = GIB + (uint64_t)random_below(random, 64) * 3 * MIB;
    m->free[0] = (struct plan_block){66 * MIB, 0x60000000};
    m->free[1] = (struct plan_block){4 * GIB + cut, 100 * GIB};
    m->free[2] = (struct plan_block){4 * GIB + cut + 101 * GIB, 100 * GIB + PAGE_SIZE};
}

static void make_facts(struct random_machine *m, const struct random_shape *shape, uint64_t *random)
{
    make_memory(m, random);
    m->cpus = must(arena_array(&m->arena, shape->cpu_count, sizeof(*m->cpus)));
    for (unsigned i = 0; i < shape->cpu_count; i++) {
        m->cpus[i] = (struct plan_cpu){.apic_id = i, .core = i / 2};
    }
    struct madt_ioapic *ioapic = must(arena_array(&m->arena, 1, sizeof(*ioapic)));
    *ioapic = (struct madt_ioapic){.id = 1, .base = hpa(0xfec00000)};
    m->machine.madt.ioapics = ioapic;
    m->machine.madt.ioapic_count = 1;
    m->machine.memory = &m->memory;
    m->machine.has_dmar = true;
    m->machine.dmar.address_bits = 46;
    m->machine.dmar.interrupt_remapping = true;
    m->facts = (struct plan_facts){.machine = &m->machine,
                                   .cpus = m->cpus,
                                   .cpu_count = shape->cpu_count,
                                   .free = m->free,
                                   .free_count = 3,
                                   .remapping = true,
                                   .console_gsi = PLAN_NO_GSI};
}

struct random_machine *random_machine_make(const struct random_shape *shape)
{
    struct random_machine *m = must(calloc(1, sizeof(*m)));
    m->space = must(malloc(SPACE_BYTES));
    m->arena = arena_make(m->space, SPACE_BYTES);
    struct builder *b = must(calloc(1, sizeof(*b)));
    uint64_t order = shape->order * 2 + 1;
    *b = (struct builder){.shape = shape, .m = m, .random = shape->seed * 2 + 1, .bar = BAR_FIRST};
    b->functions = must(arena_array(&m->arena, shape->functions, sizeof(*b->functions)));
    for (b->segment = 0; b->segment < shape->segments; b->segment++) {
        put_root_bus(b);
    }
    make_units(b, &order);
    make_reserved(b, &order);
    shuffle(&order, b->functions, b->count, sizeof(*b->functions));
    qsort(b->functions, b->count, sizeof(*b->functions), by_address);
    m->machine.pci = (struct pci_facts){.functions = b->functions, .count = b->count};
    struct diag items[4];
    struct diag_list diags = diag_list_make(items, ARRAY_LENGTH(items));
    pci_tree_link(&m->machine.pci, &diags);
    pci_acs_predict(&m->machine.pci);
    if (diags.count != 0 || machine_read_groups(&m->machine, &m->arena) != STATUS_OK) {
        fprintf(stderr, "random machine: %s\n", diags.count == 0 ? "no groups" : items[0].what);
        abort();
    }
    make_facts(m, shape, &b->random);
    free(b);
    return m;
}

void random_machine_free(struct random_machine *m)
{
    free(m->space);
    free(m);
}

struct text {
    char *at;
    size_t size, used;
};

static void add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *t, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(t->at + t->used, t->size - t->used, fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n >= t->size - t->used) {
        fputs("random machine: the configuration's text is too long\n", stderr);
        abort();
    }
    t->used += (size_t)n;
}

static void add_devices(const struct random_machine *m, struct text *t, uint64_t *random, unsigned percent,
                        uint8_t *taken)
{
    const struct groups *groups = &m->machine.groups;
    unsigned most = random_below(random, 6), count = 0;
    uint32_t named[6];
    for (unsigned i = 0; i < most; i++) {
        const struct pci_function *f = &m->machine.pci.functions[random_below(random, (unsigned)m->machine.pci.count)];
        bool again = false;
        for (unsigned k = 0; k < count; k++) {
            again = again || named[k] == f->at.v;
        }
        uint32_t group = groups->of[f - m->machine.pci.functions].group;
        bool whole = random_below(random, 100) < percent;
        char at[SBDF_TEXT_SIZE];
        if (again || f->bridge || f->class_code >> 16 == 6 || (whole && taken[group] != 0)) {
            continue;
        }
        taken[group] = 1;
        add(t, "%s\"%s%s\"", count == 0 ? "" : ", ", whole ? "group:" : "", sbdf_text(f->at, at));
        named[count++] = f->at.v;
    }
}

size_t random_config(const struct random_machine *m, uint64_t seed, unsigned guests, unsigned order_percent, char *text,
                     size_t size)
{
    struct text t = {text, size, 0};
    uint64_t random = seed * 2 + 1;
    uint8_t *taken = must(calloc(m->machine.groups.count + 1, 1));
    add(&t, "version = 1\n");
    if (random_below(&random, 4) == 0) {
        add(&t, "[system]\nunassigned = \"g%u\"\n", random_below(&random, guests));
    }
    for (unsigned i = 0; i < guests; i++) {
        add(&t, "[guest.g%u]\ncpus = [%u]\nmemory = \"%uMiB\"\nkernel = \"k\"\n", i, 2 * i,
            2 * (1 + random_below(&random, 1024)));
        add(&t, "rmrr = \"%s\"\ndevices = [", random_below(&random, 2) == 0 ? "map" : "refuse");
        add_devices(m, &t, &random, order_percent, taken);
        add(&t, "]\n");
    }
    free(taken);
    return t.used;
}
