/* SPDX-License-Identifier: GPL-2.0-only
 * How often one access of a guest to its PCI makes its CPU wait for the remapping unit, with the unit's lock held: a
 * few times, whatever it writes where; and once for all accesses when the unit is dead. */
#include "guest/pci.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/pci_regs.h"
#include "guest/platform.h"
#include "kernel/core/time.h"
#include "tests/fake/guest_pci_rig.h"

#define ACCESSES 20000
#define WAITS_MAX 5u /* of one access */
#define DEVICES 3
#define SECOND UINT64_C(1000000000)

static struct guest_pci_rig rig;
static bool shared;
static uint64_t seed;

static struct seen {
    unsigned most;            /* waits of one access */
    unsigned waited, held_up; /* accesses that waited at all; and for longer than anything alive takes */
    uint64_t longest_ns;
} seen;

static int setup(void **state)
{
    (void)state;
    (shared ? guest_pci_rig_start_shared : guest_pci_rig_start)(&rig);
    guest_pci_rig_attach(&rig, &rig.nvme_device);
    guest_pci_rig_attach(&rig, &rig.plain_device);
    guest_pci_rig_attach(&rig, &rig.small_device);
    seed = 1;
    seen = (struct seen){0};
    return 0;
}

static int setup_shared(void **state)
{
    shared = true;
    int failed = setup(state);
    shared = false;
    return failed;
}

static uint32_t random_below(uint32_t limit)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % limit;
}

/* One access of the guest; waits as the unit's queue counts its wait descriptors. */
static void count(uint64_t at, unsigned width, uint32_t value)
{
    uint32_t before = rig.vtd.units[0].queue.sequence;
    uint64_t since = time_now_ns();
    bus_write(&rig.mmio, at, width, value, 0);
    uint32_t waits = rig.vtd.units[0].queue.sequence - before;
    uint64_t took = time_now_ns() - since;
    seen.most = waits > seen.most ? waits : seen.most;
    seen.waited += waits != 0;
    seen.longest_ns = took > seen.longest_ns ? took : seen.longest_ns;
    seen.held_up += took > SECOND / 2;
}

static void put(unsigned device, uint16_t offset, unsigned width, uint32_t value)
{
    count(GUEST_ECAM_START + ((uint64_t)device << 15) + offset, width, value);
}

static const struct guest_pci_function *any_function(unsigned *device)
{
    *device = 1 + random_below(DEVICES);
    const struct guest_pci_function *f = guest_pci_at(&rig.pci, *device);
    assert_non_null(f);
    return f;
}

/* A BAR that decodes moves to another place in the window. */
static void move_bar(void)
{
    unsigned device;
    (void)any_function(&device);
    put(device, PCI_COMMAND, 2, 6);
    put(device, PCI_BAR0, 4, (uint32_t)rig.pci.config.windows.low_start + 0x10000 * random_below(64));
}

/* MSI or MSI-X on or off, and the one message that the former has. */
static void change_msi(void)
{
    unsigned device;
    const struct guest_pci_function *f = any_function(&device);
    uint16_t at = f->view.msix != 0 ? f->view.msix : f->view.msi;
    put(device, at + 2, 2, random_below(4) == 0 ? 0 : (f->view.msix != 0 ? 0x8000 : 1));
    if (f->view.msi != 0) {
        put(device, f->view.msi + 4, 4, 0xfee00000 | random_below(RIG_CPUS) << 12);
        put(device, f->view.msi + 12, 2, 0x40 + random_below(64));
    }
}

static void change_table(void)
{
    uint64_t bars[] = {rig.pci.functions[1]->bars[0].address + RIG_TABLE,
                       rig.pci.functions[3]->bars[1].address + RIG_MESSAGES_TABLE};
    uint64_t entry = bars[random_below(2)] + 16 * random_below(RIG_VECTORS);
    const uint32_t values[] = {0xfee00000 | random_below(RIG_CPUS) << 12, 0, 0x40 + random_below(64), random_below(2)};
    unsigned word = random_below(4);
    struct radix_mapping m;
    if (radix_lookup(&rig.nested, entry, &m) != STATUS_OK) {
        count(entry + 4 * word, 4, values[word]);
    }
}

static void write_anything(void)
{
    unsigned device, width = 1u << random_below(3);
    (void)any_function(&device);
    put(device, (uint16_t)(random_below(4096) & ~(width - 1)), width, random_below(UINT32_MAX));
}

static void access_some(void)
{
    static void (*const ways[])(void) = {move_bar, change_msi, change_table, write_anything};
    ways[random_below(ARRAY_LENGTH(ways))]();
}

static void an_access_waits_a_few_times(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ACCESSES; i++) {
        access_some();
    }
    assert_true(seen.waited > ACCESSES / 10);
    assert_in_range(seen.most, 2, WAITS_MAX);
}

/* By one deadline. Whoever asks the unit later is not held up, nor holds its lock. */
static void a_dead_unit_holds_up_one_access(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        access_some();
    }
    seen = (struct seen){0};
    rig.model->knobs.stuck_waits = true;
    for (unsigned i = 0; i < ACCESSES / 10; i++) {
        access_some();
    }
    assert_in_range(seen.longest_ns, SECOND, 2 * SECOND);
    assert_int_equal(seen.held_up, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_access_waits_a_few_times, setup),
        cmocka_unit_test_setup(a_dead_unit_holds_up_one_access, setup),
        cmocka_unit_test_setup(an_access_waits_a_few_times, setup_shared),
        cmocka_unit_test_setup(a_dead_unit_holds_up_one_access, setup_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
