# SPDX-License-Identifier: GPL-2.0-only
"""Machines that cannot be served: one clear line with the fix, and every device left blocked."""
import re

import dmar_table
import faultline
import machine_view
import pytest
import testbed

REFUSAL = re.compile(r"^bulkhead: refused: (?P<what>.+); fix: (?P<fix>.+)$")
GOOD = dmar_table.dmar(dmar_table.unit())
IN_BIOS_SETUP = r'turn on "VT-d" \(Intel Virtualization Technology for Directed I/O\) in the firmware\'s setup'
UPDATE = "update the firmware"


def assert_refused(boot, what, fix, functions=9, **how):
    """Boot, expect that one refusal, and see with the emulator's eyes that no function masters the bus."""
    registers = {}
    run = boot(cmdline=how.pop("cmdline", ""), stop_when=lambda line: "no guest was started" in line or
               "bulkhead: ready" in line,
               at_end=lambda monitor: registers.update(machine_view.command_registers(monitor)), **how)
    assert not run.timed_out
    refusals = [text for text in map(faultline.body, run.lines) if text and text.startswith("bulkhead: refused")]
    assert len(refusals) == 1
    match = REFUSAL.match(refusals[0])
    assert match and re.search(what, match["what"]) and re.fullmatch(fix, match["fix"]), refusals[0]
    assert faultline.body(run.lines[-1]) == "bulkhead: all devices are blocked, no guest was started"
    assert not run.having("panic:") and not run.having("bulkhead: ready")
    assert len(registers) == functions
    assert machine_view.bus_masters(registers) == []
    return run


@pytest.fixture
def demo_devices(disk):
    return testbed.demo_devices(disk)


@pytest.fixture
def own_dmar(tmp_path):
    """own_dmar(bytes): what boot() needs so that GRUB puts this table in the place of firmware's."""

    def arguments(table):
        path = tmp_path / "dmar.aml"
        path.write_bytes(table)
        return {"modules": [testbed.Module(path, None)], "grub_before": ["acpi --exclude=DMAR -2 /boot/dmar.aml"]}

    return arguments


def test_no_dmar(boot, demo_devices):
    assert_refused(boot, "^DMAR: there is no DMAR table: this machine has no VT-d, or it is off$", IN_BIOS_SETUP,
                   devices=demo_devices, machine={"iommu": None})


def test_own_good_table_is_read(boot, demo_devices, own_dmar):
    """Else the refusals of damaged ones would show nothing."""
    run = boot(devices=demo_devices, **own_dmar(GOOD))
    assert run.having("dmar: unit=0xfed90000 segment=0 window-kib=4 include-all=yes")
    assert run.having("bulkhead: ready") and not run.having("refused")


DAMAGED = r"^DMAR: the DMAR table is damaged: its length or checksum is wrong$"
DISTRUSTED = r"^DMAR: the DMAR table cannot be trusted$"
READ_ABOVE = "update the firmware; the errors above say what is wrong"


@pytest.mark.parametrize("table, what, fix", [
    (dmar_table.wrong_checksum(GOOD), DAMAGED, UPDATE),
    (dmar_table.cut(GOOD, 5), DISTRUSTED, READ_ABOVE),
    (dmar_table.cut(GOOD, 20), DISTRUSTED, READ_ABOVE),
    (dmar_table.dmar(dmar_table.unit(length=0)), DISTRUSTED, READ_ABOVE),
    (dmar_table.dmar(dmar_table.unit(length=0xFFFF)), DISTRUSTED, READ_ABOVE),
    (dmar_table.dmar(), "^DMAR: ", ".+"),
    (dmar_table.dmar(dmar_table.unit(base=0)), "^DMAR", UPDATE + ".*"),
    (dmar_table.dmar(dmar_table.unit(base=0x1000000)), "^DMAR: the registers of the unit at 0x1000000 lie in", UPDATE),
    (dmar_table.dmar(dmar_table.unit(base=0xFED91000)), "^DMAR: the remapping unit at 0xfed91000 cannot be used: ",
     "update the firmware, or turn VT-d off and on again in its setup"),
], ids=["checksum", "cut-5", "cut-20", "length-0", "length-huge", "no-unit", "base-0", "unit-in-ram", "unit-dead"])
def test_bad_dmar(boot, demo_devices, own_dmar, table, what, fix):
    assert_refused(boot, what, fix, devices=demo_devices, **own_dmar(table))


def test_firmware_denies_remapping(boot, demo_devices, own_dmar):
    """The unit could; it is left off, as Linux leaves it. tests/qemu/test_unremapped.py has what then follows."""
    run = boot(devices=demo_devices, **own_dmar(dmar_table.dmar(dmar_table.unit(), flags=0)))
    assert run.having("vtd: unit=0 translation on, interrupt remapping absent")
    assert run.having("warning[BH0382]") and run.having("bulkhead: ready") and not run.having("refused")


def test_two_dmars(boot, demo_devices, tmp_path):
    path = tmp_path / "second.aml"
    path.write_bytes(GOOD)
    assert_refused(boot, "^DMAR: there are two DMAR tables; which one is true cannot be known$",
                   "update the firmware, or load one table by GRUB's acpi command",
                   devices=[*demo_devices, "-acpitable", f"file={path}"])


def test_more_cpus_than_supported(boot, demo_devices):
    run = assert_refused(boot, "^starting all CPUs: ", "start with a smaller max-cpus=, at most 64, or .*",
                         devices=demo_devices, machine={"cpus": 65})
    assert run.having("error[BH0402] MADT: this machine has 65 CPUs, Bulkhead drives at most 64; fix: start with max-cpus=64")
    assert run.having("error smp: this machine has 65 CPUs, Bulkhead drives at most 64; start with max-cpus=64")


def test_max_cpus_is_the_way_out(boot, demo_devices):
    run = boot(cmdline="exit max-cpus=2", devices=demo_devices, machine={"cpus": 65})
    assert run.having("smp: 2 CPUs online") and run.having("bulkhead: ready")


def test_x2apic_asked_for_but_absent(boot, demo_devices):
    assert_refused(boot, "^x2APIC mode: not supported$", "turn on x2APIC in the firmware's setup, or start without the "
                   "word x2apic", cmdline="x2apic", devices=demo_devices)


MEMORY = "give the machine more memory, or load fewer and smaller modules"


def test_not_enough_memory(boot, demo_devices):
    """GRUB takes memory out of the map that it hands over, so that 1 MiB of facts does not fit any more."""
    assert_refused(boot, "^the firmware's tables: out of memory$", MEMORY, devices=demo_devices,
                   machine={"memory": "512M"}, grub_before=["cutmem 3M 4095M"])


@pytest.mark.parametrize("option", ["com9", "com1,123456", "0x3f", "com1,", ","])
def test_wrong_console(boot, option):
    run = boot(cmdline=f"exit console={option}", machine={"cpus": 1})
    assert faultline.body(run.lines[0]).startswith(f"boot: console={option}: ")
    assert faultline.body(run.lines[0]).endswith("; fix: write console=com1,115200 or console=0x3f8,115200")
    assert run.having("bulkhead: ready")


def test_wrong_number_of_cpus(boot):
    run = boot(cmdline="exit max-cpus=two", machine={"cpus": 2})
    assert run.having("error boot: max-cpus=two: not a number; fix: write max-cpus=4")
    assert run.having("smp: 2 CPUs online")
