/* SPDX-License-Identifier: GPL-2.0-only
 * Live tables as a mistake of their builders would leave them: corrupt=WORD changes one entry once all guests are made,
 * and the isolation auditor has to find it by its name. The first guest is A, the second B; each has a device for what
 * is about devices. Entries are found by the unit's registers, as the hardware finds them. */
#include "kernel/core/cmdline.h"
#include "kernel/core/log.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"
#include "tests/selftest/cases.h"
#include "vtd/unit.h"

#define NAME_SIZE 32
#define ADDRESS MASK64(51, 12)
#define LARGE BIT64(7) /* a leaf above level 1: EPT, nested page tables and second level alike */
#define ENTRIES 512u

enum register_offset {
    OFFSET_ROOT = 0x20,
    OFFSET_INTERRUPTS = 0xb8,
};

static uint64_t *table_at(uint64_t address)
{
    return phys_to_virt(hpa(address & ADDRESS));
}

static const struct vm_owned *guest(const struct selftest_guests *made, size_t index)
{
    return made->guests[index];
}

/* The first leaf below a root, and its level. */
static uint64_t *first_leaf(uint64_t root, unsigned levels, unsigned *level)
{
    uint64_t *entry = NULL;
    for (*level = levels; *level > 0; (*level)--) {
        uint64_t *table = entry == NULL ? table_at(root) : table_at(*entry);
        unsigned i = 0;
        while (i < ENTRIES - 1 && table[i] == 0) {
            i++;
        }
        entry = &table[i];
        if (*level == 1 || (*entry & LARGE) != 0) {
            break;
        }
    }
    return entry;
}

static void lead(uint64_t *leaf, unsigned level, uint64_t to)
{
    *leaf = (*leaf & ~ADDRESS) | align_down(to, BIT64(12 + 9 * (level - 1)));
}

/* VT-d 4.1 9.1, 9.3: root entries by bus, context entries by device and function; 16 bytes each. */
static uint64_t *context_of(const struct vm_owned *owned)
{
    const struct vm_device *device = &owned->request.devices[0];
    unsigned rid = sbdf_rid(device->plan->sources[0]);
    const uint64_t *root = table_at(vtd_unit_read64(device->unit, OFFSET_ROOT));
    return table_at(root[2 * (rid >> 8)]) + (size_t)2 * (rid & 0xff);
}

/* A's vCPUs reach B's RAM. */
static void nested(const struct selftest_guests *made)
{
    unsigned level = 0;
    uint64_t *leaf = first_leaf(guest(made, 0)->vm.nested.root.v, guest(made, 0)->vm.nested.levels, &level);
    lead(leaf, level, guest(made, 1)->vm.memory.slots[0].backing.v);
}

/* A's device reaches the hypervisor: the very table that keeps it from doing so. */
static void second_level(const struct selftest_guests *made)
{
    unsigned level = 0;
    const uint64_t *entry = context_of(guest(made, 0));
    uint64_t root = entry[0] & ADDRESS;
    uint64_t *leaf = first_leaf(root, (unsigned)bits_get(entry[1], 2, 0) + 2, &level);
    lead(leaf, level, root);
}

/* A's device has B's tables. */
static void context(const struct selftest_guests *made)
{
    uint64_t *own = context_of(guest(made, 0));
    const uint64_t *other = context_of(guest(made, 1));
    own[0] = other[0];
    own[1] = other[1];
}

/* Anybody may use the first interrupt entry that there is: SVT, bits 83:82, says "no validation" (9.10). */
static void irte(const struct selftest_guests *made)
{
    const struct vtd_unit *unit = &made->isolate->vtd.units[0];
    uint64_t *entry = table_at(vtd_unit_read64(unit, OFFSET_INTERRUPTS));
    while ((entry[0] & 1) == 0) {
        entry += 2;
    }
    entry[1] &= ~MASK64(19, 18);
}

/* A's vCPUs walk on in a table of B's. */
static void shared(const struct selftest_guests *made)
{
    uint64_t *own = table_at(guest(made, 0)->vm.nested.root.v);
    own[ENTRIES - 1] = table_at(guest(made, 1)->vm.nested.root.v)[0];
}

static struct {
    struct cpu_backend backend; /* the real one, but for vcpu_init */
    const struct cpu_backend *real;
    const struct radix *nested;
} wrong;

static enum status init_on_others(struct vcpu *vcpu, unsigned cpu, const struct radix *nested)
{
    (void)nested;
    return wrong.real->vcpu_init(vcpu, cpu, wrong.nested);
}

/* A's vCPUs are made on B's tables: all tables are as they have to be. */
static void root(const struct selftest_guests *made)
{
    struct vm *vm = &made->guests[0]->vm;
    wrong.real = vm->backend;
    wrong.nested = &guest(made, 1)->vm.nested;
    wrong.backend = *vm->backend;
    wrong.backend.vcpu_init = init_on_others;
    vm->backend = &wrong.backend;
}

static struct {
    struct selftest_guests made;
    bool (*real)(const struct vm_owned *owned, char *why, size_t size);
} restart;

static bool spoil_and_ask(const struct vm_owned *owned, char *why, size_t size)
{
    nested(&restart.made);
    return restart.real(owned, why, size);
}

/* All is as it has to be until A starts anew. */
static void again(const struct selftest_guests *made)
{
    struct vm_request *request = &made->guests[0]->request;
    restart.made = *made;
    restart.real = request->may_start;
    request->may_start = spoil_and_ask;
}

static const struct {
    const char *name;
    void (*spoil)(const struct selftest_guests *made);
} cases[] = {
    {"nested", nested},   {"second-level", second_level},
    {"context", context}, {"irte", irte},
    {"shared", shared},   {"root", root},
    {"again", again},
};

void selftest_guests_made(const struct selftest_guests *made)
{
    char name[NAME_SIZE];
    selftest_orders(made);
    selftest_echo(made);
    if (!cmdline_value(made->cmdline, "corrupt", name, sizeof(name))) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        if (strcmp(cases[i].name, name) == 0 && made->count == 2) {
            cases[i].spoil(made);
            log_info("selftest: corrupt=%s: done", name);
            return;
        }
    }
    log_error("selftest: corrupt=%s: no such word, or not two guests", name);
}
