/* SPDX-License-Identifier: GPL-2.0-only
 * plan/vf_wishes.c: which PFs get how many VFs. */
#include "plan/vf_wishes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/drivers/sriov_rig.h"

#define GUEST "version = 1\n[guest.one]\ncpus = [0]\nkernel = \"k\"\nmemory = \"64MiB\"\n"

static struct config config;
static struct vf_wishes wishes;

static enum status read_text(const char *text)
{
    rig.arena = arena_make(rig.memory, sizeof(rig.memory));
    rig_read();
    assert_int_equal(config_parse(text, strlen(text), "g.toml", &config, &rig.diags), STATUS_OK);
    return vf_wishes_read(&config, "g.toml", &rig.pci, &sriov_view_live, &wishes, &rig.diags);
}

static void expect_error(const char *text, enum vf_wishes_diag code, const char *where, const char *what,
                         const char *fix)
{
    assert_int_equal(read_text(text), STATUS_UNSUPPORTED);
    assert_int_equal(rig.diags.count, 1);
    assert_int_equal(rig.items[0].code, code);
    assert_string_equal(rig.items[0].where, where);
    assert_string_equal(rig.items[0].what, what);
    assert_string_equal(rig.items[0].fix, fix);
    rig.diags.count = rig.diags.errors = 0;
}

static void by_address_and_by_id(void **state)
{
    (void)state;
    assert_int_equal(read_text(GUEST), STATUS_OK);
    assert_int_equal(wishes.count, 0);
    assert_int_equal(read_text(GUEST "[device.\"0000:01:00.0\"]\nvfs = 3\n"), STATUS_OK);
    assert_int_equal(wishes.count, 1);
    assert_int_equal(wishes.items[0].pf, 1);
    assert_int_equal(wishes.items[0].num, 3);
    assert_int_equal(wishes.items[0].at.line, 7);
    assert_int_equal(read_text(GUEST "[device.\"8086:1521\"]\nvfs = 4\n"), STATUS_OK);
    assert_int_equal(wishes.items[0].num, 4);
    /* The address's table counts, none included; an id that is not there waits for a machine that has it. */
    assert_int_equal(read_text(GUEST "[device.\"8086:1521\"]\nvfs = 4\n[device.\"0000:01:00.0\"]\nvfs = 0\n"
                                     "[device.\"8086:37c8\"]\nvfs = 16\n"),
                     STATUS_OK);
    assert_int_equal(wishes.count, 0);
}

static void no_pf(void **state)
{
    (void)state;
    fake_pci_add(sbdf_make(0, 0, 5, 0), 0x8086, 0x10d3, 0x020000);
    expect_error(GUEST "[device.\"0000:00:05.0\"]\nvfs = 3\n", VF_WISHES_NOT_PF, "g.toml:7:7",
                 "0000:00:05.0 (8086:10d3) has no virtual functions (no SR-IOV capability)",
                 "remove vfs; `bulkhead devices` and the inventory (sriov=pf) show who has some");
    expect_error(GUEST "[device.\"8086:10d3\"]\nvfs = 3\n", VF_WISHES_NOT_PF, "g.toml:7:7",
                 "0000:00:05.0 (8086:10d3) has no virtual functions (no SR-IOV capability)",
                 "remove vfs; `bulkhead devices` and the inventory (sriov=pf) show who has some");
    expect_error(GUEST "[device.\"0000:00:06.0\"]\nvfs = 3\n", VF_WISHES_ABSENT, "g.toml:7:7",
                 "0000:00:06.0 is not in this machine", "take an address from the inventory in the log");
}

static void all_or_none(void **state)
{
    (void)state;
    fake_pci_set(rig.pf, PCI_VENDOR, 4, 0x37c88086);
    expect_error(GUEST "[device.\"0000:01:00.0\"]\nvfs = 7\n", VF_WISHES_PART, "g.toml:7:7",
                 "0000:01:00.0 (QAT) takes all of its 8 VFs or none: its rings are divided among all of its VFs when "
                 "they are switched on",
                 "write vfs = 8, or vfs = 0");
    assert_int_equal(read_text(GUEST "[device.\"0000:01:00.0\"]\nvfs = 8\n"), STATUS_OK);
    assert_int_equal(wishes.count, 1);
    assert_int_equal(read_text(GUEST "[device.\"0000:01:00.0\"]\nvfs = 0\n"), STATUS_OK);
    assert_int_equal(wishes.count, 0);
}

static void what_cannot_be_trusted(void **state)
{
    (void)state;
    assert_int_equal(read_text(GUEST "[device.\"0000:01:00.0\"]\nvfs = 3\n"), STATUS_OK);
    rig.pci.functions[1].blocked = PCI_BLOCKED_BRIDGE_PATH;
    assert_int_equal(vf_wishes_read(&config, "g.toml", &rig.pci, &sriov_view_live, &wishes, &rig.diags),
                     STATUS_UNSUPPORTED);
    assert_int_equal(rig.items[0].code, VF_WISHES_BLOCKED);
    rig.pci.functions[1].blocked = 0;
    rig.pci.functions[1].is_vmd_child = true;
    assert_int_equal(vf_wishes_read(&config, "g.toml", &rig.pci, &sriov_view_live, &wishes, &rig.diags),
                     STATUS_UNSUPPORTED);
    assert_int_equal(rig.items[1].code, VF_WISHES_BLOCKED);
    assert_non_null(strstr(rig.items[1].fix, "turn VMD off"));
}

static void more_than_there_is_room_for(void **state)
{
    static struct pci_function functions[SRIOV_PFS_MAX + 1];
    const struct pci_facts pci = {.functions = functions, .count = SRIOV_PFS_MAX + 1};
    (void)state;
    for (unsigned i = 0; i <= SRIOV_PFS_MAX; i++) {
        functions[i] = (struct pci_function){
            .at = sbdf_make(0, 2, i / 8, i % 8), .vendor = 0x8086, .device = 0x1521, .cap = {.sriov = 0x160}};
    }
    assert_int_equal(read_text(GUEST "[device.\"8086:1521\"]\nvfs = 1\n"), STATUS_OK);
    assert_int_equal(vf_wishes_read(&config, "g.toml", &pci, &sriov_view_live, &wishes, &rig.diags),
                     STATUS_UNSUPPORTED);
    assert_int_equal(rig.diags.errors, 1);
    assert_int_equal(rig.items[0].code, VF_WISHES_MANY);
    assert_int_equal(wishes.count, SRIOV_PFS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(by_address_and_by_id, rig_setup),
        cmocka_unit_test_setup(no_pf, rig_setup),
        cmocka_unit_test_setup(all_or_none, rig_setup),
        cmocka_unit_test_setup(more_than_there_is_room_for, rig_setup),
        cmocka_unit_test_setup(what_cannot_be_trusted, rig_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
