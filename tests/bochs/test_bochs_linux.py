# SPDX-License-Identifier: GPL-2.0-only
"""Debian's kernel on VMX under Bochs: two vCPUs with an assigned network card; two guests at once beside a rogue."""
import re

import bochs
import faultline
import guestrun
import pytest
import testbed

CONSOLE = "console=ttyS0 quiet rodata=off"  # rodata=off: without two walks over all page tables
CARD, CARD_GSI = "0000:00:04.0", 19  # tools/demo/bochs.toml
EDU = "0000:00:10.0"
NOBODY, UNIT, OWN = 0x7000000000, bochs.UNIT_BASE, 0x200000
VICTIM, HYPERVISOR = 0x1A000000, 0x1FF80000  # of a machine with 512 MiB; a test checks whose they are


def modules(config, *names):
    return [config, *(testbed.Module(guestrun.linux(name), name) for name in names)]


def said(run, name):
    return [line.split("demo: ", 1)[1] for line in guestrun.guest_lines(run.lines, name) if "demo: " in line]


def assert_ended(run, *names):
    assert run.ended and run.status == 0 and run.having("bulkhead: done") and run.having("cpu: backend=vmx")
    assert not run.having("panic:") and not [line for line in run.lines if " error " in line]
    assert {name: guestrun.end_of(run, name) for name in names} == {name: "powered-off" for name in names}


def test_two_vcpus_with_an_assigned_card(bochs_boot, tmp_path):
    """DMA through the guest's tables, the wired interrupt through an entry of the unit's."""
    table = f'[device."{CARD}"]\ngsi = {CARD_GSI}\n'
    config = guestrun.config(
        tmp_path, table,
        guestrun.guest("net", [0, 1], "vmlinux", "128MiB", initrd="net.img", devices=[CARD],
                       cmdline=f"{CONSOLE} address=192.168.10.15 gateway=192.168.10.1"))
    run = bochs_boot(modules=modules(config, "vmlinux", "net.img"), model="corei7_haswell_4770", network=True,
                     ips=bochs.LINUX_IPS, timeout=900)
    assert_ended(run, "net")
    lines = said(run, "net")
    assert "link carrier 1 address 52:54:00:b0:1c:01" in lines
    assert "ping 3 packets transmitted, 3 packets received, 0% packet loss" in lines
    assert [line for line in lines if line.startswith("net interrupts 1 IO-APIC")], lines
    assert lines[-1] == "net done" and not faultline.faults(run.lines)
    card = re.search(r"plugin: sid=0x0020 reads=(\d+) writes=(\d+) .*translated=(\d+) messages=0 blocked=0", run.emulator)
    assert card and int(card[1]) > 6 and int(card[2]) > 6 and int(card[3]) >= int(card[1]) + int(card[2])


@pytest.fixture(scope="module")
def beside_a_rogue(bochs_boot, tmp_path_factory):
    targets = ",".join(f"{at:#x}" for at in (VICTIM, HYPERVISOR, UNIT, NOBODY, OWN))
    config = guestrun.config(
        tmp_path_factory.mktemp("linux"),
        guestrun.guest("one", [0], "vmlinux", "128MiB", initrd="memory.img", cmdline=CONSOLE),
        guestrun.guest("two", [1], "vmlinux", "96MiB", initrd="memory.img", cmdline=CONSOLE),
        guestrun.guest("rogue", [2], "rogue", "16MiB", cmdline=f"targets={targets}", devices=[EDU]))
    wanted = [*modules(config, "vmlinux", "memory.img"), testbed.Module(guestrun.image("rogue"), "rogue")]
    return bochs_boot(modules=wanted, model="corei7_sandy_bridge_2600k", cpus=3, ips=bochs.LINUX_IPS, timeout=900)


@pytest.mark.xdist_group("bochs-linux")
def test_two_guests_at_once(beside_a_rogue):
    assert_ended(beside_a_rogue, "one", "two", "rogue")
    for name, mebibytes in (("one", 128), ("two", 96)):
        lines = said(beside_a_rogue, name)
        (total,) = [int(line.split()[2]) for line in lines if line.startswith("memory MemTotal:")]
        assert 0.4 * mebibytes * 1024 < total < mebibytes * 1024
        assert "cpus 1" in lines and lines[-1] == "memory done"


@pytest.mark.xdist_group("bochs-linux")
def test_the_targets_are_whose_they_are_meant_to_be(beside_a_rogue):
    ranges = re.findall(r"guest: name=(\S+) memory guest=\S+ host=(0x[0-9a-f]+) mib=(\d+)", beside_a_rogue.text)
    owners = {at: [name for name, host, mib in ranges if int(host, 16) <= at < int(host, 16) + (int(mib) << 20)]
              for at in (VICTIM, HYPERVISOR, OWN)}
    assert owners == {VICTIM: ["one"], HYPERVISOR: [], OWN: []}


@pytest.mark.xdist_group("bochs-linux")
def test_the_rogue_is_blocked_and_named(beside_a_rogue):
    """Each access once, in order; and forged interrupts blocked and recorded, which QEMU's unit does not show."""
    found = faultline.faults(beside_a_rogue.lines)
    assert {(fault.guest, fault.sid, fault.unit) for fault in found} == {("rogue", EDU, 0)}
    dma = [(fault.access, fault.addr) for fault in found if fault.access in ("read", "write")]
    assert dma == [(access, at) for at in (VICTIM, HYPERVISOR, UNIT, NOBODY) for access in ("read", "write")]
    forged = [fault.reason for fault in found if fault.access == "interrupt"]  # more of them: test_bochs_interrupts.py
    assert forged[:4] == [0x25] * 4 and len(forged) >= 5


@pytest.mark.xdist_group("bochs-linux")
def test_the_rogue_got_and_changed_nothing(beside_a_rogue):
    guestrun.assert_passed(guestrun.guest_lines(beside_a_rogue.lines, "rogue"), 20)
