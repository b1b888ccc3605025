# SPDX-License-Identifier: GPL-2.0-only
"""Bulkhead itself under Bochs: CPUs, inventory, and the self-tests on a remapping unit that also blocks, and records,
what QEMU's lets pass (compatibility-format interrupts, bad handles)."""
import re

import bochs
import faultline
import pytest
import testbed

EDU = "0000:00:10.0"
CASES = re.findall(r'\{"([a-z ]+)", selftest_', (testbed.ROOT / "tests/selftest/selftest.c").read_text())


def assert_up(run, cpus):
    assert run.ended and run.status == 0 and not run.timed_out
    assert run.having(f"smp: {cpus} CPUs online")
    assert run.having("vtd: unit=0 translation on, interrupt remapping on, compatibility format blocked")
    assert run.having("bulkhead: ready") and run.having("bulkhead: done")
    assert [line for line in run.lines if " error " in line and "APIC id 200" not in line] == []  # that one is a test


@pytest.fixture(scope="session")
def selftest(bochs_boot):
    return bochs_boot(image="bulkhead-selftest.elf", cpus=2, network=True)


@pytest.mark.xdist_group("bochs-selftest")
def test_selftest(selftest):
    assert_up(selftest, 2)
    assert len(CASES) >= 15
    assert [case for case in CASES if not selftest.having(f"selftest: {case}: pass")] == []
    assert not selftest.having("DMA is not tested")


@pytest.mark.xdist_group("bochs-selftest")
@pytest.mark.parametrize("words", [
    ["pci: 0000:00:00.0 8086:1237 class=060000", "type=pci", "unit=0"],
    ["pci: 0000:00:04.0 8086:100e class=020000", "type=pci", "bar0=mem32:", "unit=0"],
    [f"pci: {EDU} 1234:11e8 class=00ff00", "type=pci", "caps=msi ", "unit=0"],
    ["ioapic: id=2 base=0xfec00000 gsi=0"],
    ["dmar: unit=0xfed90000 segment=0 window-kib=4 include-all=yes"],
    ["dmar: unit=0xfed90000 scope=ioapic path=f0:1f.0 id=2"],
    ["time: TSC runs at ", "measured by the ACPI PM timer"],
], ids=lambda words: words[0][:40])
def test_inventory(selftest, words):
    assert len(selftest.having(*words)) == 1


@pytest.mark.xdist_group("bochs-selftest")
def test_the_clock_is_measured(selftest):
    """CPUID.15h of this model claims 3.5 GHz, its TSC counts Bochs' instructions."""
    (khz,) = re.findall(r"time: TSC runs at (\d+) kHz", selftest.text)
    assert abs(int(khz) * 1000 / bochs.IPS - 1) < 0.01


# The targets of tests/selftest/dma_cases.c; each written, then read.
ROGUE = [0x200000, 0xFED90000, 0x7000000000, 0x10001000]


@pytest.mark.xdist_group("bochs-selftest")
def test_each_rogue_access_is_one_line(selftest):
    found = faultline.faults(selftest.lines)
    dma = [fault for fault in found if fault.access in ("read", "write")]
    wanted = [(access, addr) for addr in [dma[0].addr, *ROGUE] for access in ("write", "read")]
    assert [(fault.access, fault.addr) for fault in dma] == [*wanted, ("write", 0x10000000)]
    assert {(fault.unit, fault.sid, fault.guest) for fault in found} == {(0, EDU, "-")}
    assert {(fault.access, fault.reason) for fault in dma} == {("write", 0x5), ("read", 0x6)}


@pytest.mark.xdist_group("bochs-selftest")
def test_interrupts_of_nobody_are_recorded(selftest):
    """A freed entry, a handle that was never given, one beyond the table, another function's, reserved bits, and the
    compatibility format: blocked, and told with the device's own id."""
    found = [fault for fault in faultline.faults(selftest.lines) if fault.access == "interrupt"]
    others = found[3].index
    assert [(fault.index, fault.reason) for fault in found] == [
        (0, 0x22), (0x123, 0x22), (0x1000, 0x21), (others, 0x26), (others, 0x20), (0, 0x25)]
    assert "another device" in found[3].text and "compatibility-format" in found[5].text
    assert {(fault.unit, fault.sid, fault.guest) for fault in found} == {(0, EDU, "-")}
    assert selftest.having("selftest: forged interrupts reached no handler, cfis=0 spurious=0")


@pytest.mark.xdist_group("bochs-selftest")
def test_interrupts_arrive_remapped(selftest):
    assert re.search(r"selftest: msi handle=\d+ arrived remapped on cpu=1 vector=0x", selftest.text)
    assert re.search(r"selftest: ioapic id=2 gsi=2 handle=\d+ arrived remapped on cpu=1 vector=0x", selftest.text)


@pytest.mark.parametrize("model, cpus, words, mode", [
    (bochs.MODELS[0], 4, "", "xAPIC"),
    (bochs.MODEL, 2, " xapic", "xAPIC"),
    (bochs.MODELS[-1], 1, " x2apic", "x2APIC"),
    (bochs.MODELS[-1], 2, " x2apic", "x2APIC"),
])
def test_other_machines(bochs_boot, model, cpus, words, mode):
    """With x2APIC mode come APIC ids of 32 bits in the table of interrupts (EIM); it is used where the CPU has it."""
    run = bochs_boot(image="bulkhead-selftest.elf", cmdline="exit" + words, model=model, cpus=cpus)
    assert_up(run, cpus)
    assert run.having(f"lapic: {mode} mode") and run.having(f"ioapic: id={cpus} ")
    assert [case for case in CASES if not run.having(f"selftest: {case}: pass")] == []


def test_an_nmi_in_a_guest_is_the_hosts(bochs_boot):
    run = bochs_boot(image="bulkhead-selftest.elf", cmdline="exit panic=reset panic-test=guestnmi", cpus=2)
    (line,) = run.having("panic: CPU ")
    assert re.search("panic: CPU 1: non-maskable interrupt", line)
    assert run.having("panic: rip ", "vector 2 ") and run.ended


def test_without_our_plugin_there_is_no_vtd(bochs_boot):
    run = bochs_boot(vtd=False, cpus=1, stop_when=lambda line: "bulkhead: done" in line)
    assert run.having("error[BH0403]", "this machine has no VT-d")
    assert run.having("bulkhead: all devices are blocked, no guest was started")
