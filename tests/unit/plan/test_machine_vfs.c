/* SPDX-License-Identifier: GPL-2.0-only
 * plan/machine_vfs.c: the VFs of a configuration as part of the machine. */
#include "plan/machine_vfs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/drivers/sriov_rig.h"

#define GUEST "version = 1\n[guest.one]\ncpus = [0]\nkernel = \"k\"\nmemory = \"64MiB\"\n"

static struct config config;
static struct machine machine;
static struct memory_map memory;
static struct dmar_unit units[2];
static struct dmar_scope scope;
static struct dmar_hop hops[2];
static unsigned stopped;

static enum status enable(void *context, const struct sriov_place *place, uint32_t pf, unsigned num, struct sriov *out,
                          struct diag_list *diags)
{
    (void)context;
    return sriov_enable(place, pf, num, out, diags);
}

static void stop(void *context, const struct sriov *s)
{
    (void)context;
    stopped++;
    sriov_stop(s);
}

static const struct machine_vfs_way way = {.view = &sriov_view_live, .enable = enable, .stop = stop};

/* Unit 0 names the PF alone, unit 1 has the rest. */
static int start(void **state)
{
    rig_setup(state);
    stopped = 0;
    memory = (struct memory_map){.count = 1, .ranges = {{0, 0x8000000, MEMORY_RAM}}};
    hops[0] = (struct dmar_hop){1, 0};
    hops[1] = (struct dmar_hop){0, 0};
    scope = (struct dmar_scope){.type = DMAR_SCOPE_ENDPOINT, .hops = hops, .hop_count = 2};
    units[0] = (struct dmar_unit){.base = {0xfed90000}, .window = PAGE_SIZE, .scopes = {&scope, 1}};
    units[1] = (struct dmar_unit){.base = {0xfed91000}, .window = PAGE_SIZE, .include_all = true, .same_as = 1};
    return 0;
}

static enum status run(const char *text)
{
    rig.arena = arena_make(rig.memory, sizeof(rig.memory));
    rig_read();
    machine = (struct machine){.madt = {.lapic_base = {0xfee00000}},
                               .pci = rig.pci,
                               .has_dmar = true,
                               .dmar = {.units = units, .unit_count = 2},
                               .memory = &memory};
    assert_int_equal(config_parse(text, strlen(text), "g.toml", &config, &rig.diags), STATUS_OK);
    return machine_vfs_enable(&machine, &config, "g.toml", &way, &rig.arena, &rig.diags);
}

static void on_and_listed(void **state)
{
    size_t unit = 9;
    (void)state;
    fake_sriov_make_vfs(&rig.device, 8, 1, 1);
    fake_pci_add(sbdf_make(0, 1, 3, 0), 0x8086, 0x201d, 0x010400); /* behind the VFs */
    fake_pci_add_ext_cap(fake_pci_find(sbdf_make(0, 1, 3, 0)), PCI_EXT_ARI, 8);
    fake_pci_add_express(fake_pci_find(sbdf_make(0, 1, 3, 0)), PCI_EXPRESS_ENDPOINT, false);
    assert_int_equal(run(GUEST "[device.\"0000:01:00.0\"]\nvfs = 8\n"), STATUS_OK);
    assert_int_equal(machine.sriov.count, 1);
    assert_int_equal(machine.pci.count, 3);
    assert_true(machine_vfs_bytes(&machine) >= 11 * sizeof(struct pci_function));
    machine.vmd.count = 1; /* behind the VFs, as an endpoint would be */
    machine.vmd.domains[0].endpoint = 2;
    assert_int_equal(machine_vfs_list(&machine, &sriov_view_live, &rig.arena, &rig.diags), STATUS_OK);
    assert_int_equal(machine.pci.count, 11);
    assert_int_equal(machine.vmd.domains[0].endpoint, 10);
    /* In the unit that names the PF, though nobody names the VF. */
    assert_int_equal(machine_unit_of(&machine, sbdf_make(0, 1, 0, 5), &unit), STATUS_OK);
    assert_int_equal(unit, 0);
    assert_int_equal(machine_unit_of(&machine, sbdf_make(0, 0, 1, 0), &unit), STATUS_OK);
    assert_int_equal(unit, 1);
    assert_int_equal(machine_read_groups(&machine, &rig.arena), STATUS_OK);
}

static void nothing_asked_for(void **state)
{
    (void)state;
    assert_int_equal(run(GUEST), STATUS_OK);
    assert_int_equal(machine.sriov.count, 0);
    assert_int_equal(machine_vfs_bytes(&machine), 0);
    assert_int_equal(machine_vfs_list(&machine, &sriov_view_live, &rig.arena, &rig.diags), STATUS_OK);
    assert_int_equal(machine.pci.count, 2);
    size_t writes = 1;
    (void)fake_pci_writes(&writes);
    assert_int_equal(writes, 0);
}

/* The second PF cannot: then the first one's VFs go off again. */
static void all_or_nothing(void **state)
{
    static struct fake_sriov second;
    (void)state;
    struct fake_pci_function *pf = fake_pci_add(sbdf_make(0, 1, 0, 1), 0x8086, 0x1521, 0x020000);
    fake_pci_add_express(pf, PCI_EXPRESS_ENDPOINT, true);
    fake_pci_add_ext_cap(pf, PCI_EXT_ARI, 8);
    fake_sriov_add(&second, pf, 4, 0x1520, 0x10, 1);
    rig.device.offset = 2;
    fake_sriov_make_vfs(&rig.device, 4, 2, 1);
    assert_int_equal(run(GUEST "[device.\"8086:1521\"]\nvfs = 4\n[device.\"0000:01:00.1\"]\nvfs = 5\n"),
                     STATUS_UNSUPPORTED);
    rig_expect(SRIOV_DIAG_TOO_MANY, "5 VFs are asked for, and it has 4", "vfs = 4");
    assert_int_equal(stopped, 1);
    assert_int_equal(machine.sriov.count, 0);
    assert_int_equal(rig.device.enables, 1);
    assert_int_equal(rig.device.disables, 1);
}

/* Firmware's windows do not make RAM, the LAPIC or a remapping unit a place for BARs. */
static void not_over_memory_or_the_platform(void **state)
{
    (void)state;
    fake_sriov_make_vfs(&rig.device, 8, 1, 1);
    fake_pci_set(rig.port, PCI_BRIDGE_MEMORY, 4, 0xfee0fed0); /* fed00000-feefffff: the unit, then the LAPIC */
    fake_pci_set(rig.pf, PCI_BAR0, 4, 0xfed00000);
    assert_int_equal(run(GUEST "[device.\"0000:01:00.0\"]\nvfs = 8\n"), STATUS_OK);
    assert_int_equal(machine.sriov.pfs[0].bars[0].address, 0xfed04000);
    sriov_stop(&machine.sriov.pfs[0]);
    units[0].base.v = 0xfed04000;
    assert_int_equal(run(GUEST "[device.\"0000:01:00.0\"]\nvfs = 8\n"), STATUS_OK);
    assert_int_equal(machine.sriov.pfs[0].bars[0].address, 0xfed08000);
    sriov_stop(&machine.sriov.pfs[0]);
    memory =
        (struct memory_map){.count = 2, .ranges = {{0, 0x8000000, MEMORY_RAM}, {0xfed00000, 0xfee00000, MEMORY_RAM}}};
    fake_pci_set(rig.pf, rig_register(PCI_SRIOV_BAR0), 4, 0x4);
    rig.device.bars[0] = 4;
    assert_int_equal(run(GUEST "[device.\"0000:01:00.0\"]\nvfs = 8\n"), STATUS_UNSUPPORTED);
    rig_expect(SRIOV_DIAG_NO_ROOM, "VF BAR 0", "mem-reserve");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(on_and_listed, start),
        cmocka_unit_test_setup(nothing_asked_for, start),
        cmocka_unit_test_setup(all_or_nothing, start),
        cmocka_unit_test_setup(not_over_memory_or_the_platform, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
