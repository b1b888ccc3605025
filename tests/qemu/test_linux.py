# SPDX-License-Identifier: GPL-2.0-only
"""Debian's own kernels as guests, each with its own device, beside a hostile one."""
import re

import faultline
import guestrun
import pytest
import testbed

pytestmark = pytest.mark.xdist_group("linux")  # the boots are shared, and large

DISK_BYTES = 16 << 20
TARGETS = (0x130000000, 0x13FF80000, 0xFED90000, 0x7000000000)  # storage's RAM, Bulkhead's, the unit, nothing
OWN_TARGET = 0x200000  # Bulkhead's image to the machine; to the rogue's device, the rogue's own RAM
EVIL = b"ROGUE WAS HERE! "


def linux_modules(*names):
    return [testbed.Module(guestrun.linux(name), name) for name in names]


def said(run, name):
    """What the guest's script printed: the lines behind "demo: "."""
    return [line.split("demo: ", 1)[1] for line in guestrun.guest_lines(run.lines, name) if "demo: " in line]


def read_physical(monitor, at, size):
    """Bytes of the machine's memory, as the emulator sees them."""
    text = monitor.human(f"xp /{size}xb {at:#x}")
    return bytes(int(byte, 16) for line in text.splitlines() for byte in line.split(":")[1].split())


@pytest.fixture(scope="module")
def together(boot, disk, tmp_path_factory):
    """Storage (bzImage, 2 vCPUs), net (vmlinux, PVH) and the rogue side by side; (run, memory at the targets after)."""
    console = "console=ttyS0 quiet"
    targets = ",".join(f"{at:#x}" for at in (*TARGETS, OWN_TARGET))
    config = guestrun.config(
        tmp_path_factory.mktemp("together"),
        guestrun.guest("storage", [0, 1], "vmlinuz", "512MiB", initrd="storage.img", cmdline=f"{console} rounds=3",
                       devices=["0000:01:00.0"]),
        guestrun.guest("net", [2], "vmlinux", "256MiB", initrd="net.img", cmdline=f"{console} pings=5",
                       devices=["0000:02:00.0"]),
        guestrun.guest("rogue", [3], "rogue", "16MiB", cmdline=f"targets={targets}", devices=["0000:00:05.0"]))
    modules = [config, *linux_modules("vmlinuz", "vmlinux", "storage.img", "net.img"),
               testbed.Module(guestrun.image("rogue"), "rogue")]
    found = {}

    def look(monitor):
        for at in (TARGETS[0], TARGETS[1], OWN_TARGET):
            found[at] = read_physical(monitor, at, 64)

    run = boot(cmdline="", modules=modules, devices=testbed.demo_devices(disk), timeout=240,
               stop_when=lambda line: "all guests have ended" in line or "bulkhead: refused" in line, at_end=look)
    assert not run.timed_out, "some guest hangs"
    return run, found


def test_storage_reads_its_disk(together, disk):
    run, _ = together
    lines = said(run, "storage")
    sums = [line for line in lines if "sha256" in line]
    expected = testbed.sha256_of(disk, DISK_BYTES)
    assert len(sums) == 4 and all(line.endswith(f"sha256 {expected}") for line in sums), sums
    assert any(re.match(r"nvme interrupts [3-9] vectors, type \d+ PCI-MSI", line) for line in lines), lines
    assert any(re.fullmatch(r"functions +1 0x010802, 1 0x060000, ?", line) for line in lines), lines
    assert lines[-1] == "storage done" and guestrun.end_of(run, "storage") == "powered-off"


def test_net_reaches_the_gateway(together):
    run, _ = together
    lines = said(run, "net")
    assert "link carrier 1 address 52:54:00:b0:1c:01" in lines
    assert "ping 5 packets transmitted, 5 packets received, 0% packet loss" in lines
    assert lines[-1] == "net done" and guestrun.end_of(run, "net") == "powered-off"


@pytest.fixture(scope="module")
def lines_of_two_cards(boot, tmp_path_factory):
    """Two Linux guests, each with an e1000, which has INTx# and nothing else; on q35 slot 6 ends at GSI 22, 7 at 23."""
    console = "console=ttyS0 quiet pings=10"
    folder = tmp_path_factory.mktemp("intx")
    config = guestrun.config(
        folder,
        guestrun.guest("left", [1, 2], "vmlinux", "256MiB", initrd="net.img", cmdline=console, devices=["0000:00:06.0"]),
        guestrun.guest("right", [3], "vmlinux", "256MiB", initrd="net.img", cmdline=console, devices=["0000:00:07.0"]))
    config.path.write_text(config.path.read_text() +
                           '[device."0000:00:06.0"]\ngsi = 22\n[device."0000:00:07.0"]\ngsi = 23\n')
    devices = []
    for slot in (6, 7):
        devices += ["-netdev", f"user,id=net{slot},restrict=on",
                    "-device", f"e1000,netdev=net{slot},addr={slot}.0,mac=52:54:00:b0:1c:0{slot}"]
    run = boot(cmdline="", modules=[config, *linux_modules("vmlinux", "net.img")], devices=devices, timeout=240,
               stop_when=lambda line: "all guests have ended" in line or "bulkhead: refused" in line)
    assert not run.timed_out, "some guest hangs"
    return run


@pytest.mark.parametrize("name", ["left", "right"])
def test_a_card_without_msi_interrupts_by_its_line(lines_of_two_cards, name):
    lines = said(lines_of_two_cards, name)
    assert "ping 10 packets transmitted, 10 packets received, 0% packet loss" in lines
    assert any(re.fullmatch(r"net interrupts 1 IO-APIC 1[67]-fasteoi", line) for line in lines), lines
    assert guestrun.end_of(lines_of_two_cards, name) == "powered-off"
    assert not faultline.faults(lines_of_two_cards.lines)


def test_kernels_of_both_formats_start(together):
    run, _ = together
    assert run.having("guest: name=storage cpus=2 memory-mib=512 devices=1 made from a bzImage")
    assert run.having("guest: name=net cpus=1 memory-mib=256 devices=1 made from a PVH ELF")


@pytest.mark.parametrize("target", TARGETS, ids=hex)
@pytest.mark.parametrize("access", ["read", "write"])
def test_rogue_is_blocked_and_named(together, target, access):
    run, _ = together
    found = [f for f in faultline.faults(run.lines) if f.addr == target and f.access == access]
    assert found and all(f.guest == "rogue" and f.sid == "0000:00:05.0" and f.unit == 0 for f in found)


def test_faults_are_the_rogues_alone(together):
    """None for its own RAM, none of the other guests."""
    run, _ = together
    found = [f for f in faultline.faults(run.lines) if f.guest != "-"]
    assert {f.guest for f in found} == {"rogue"}
    assert not [f for f in found if f.addr is not None and f.addr < 16 << 20]


def test_rogue_changed_nothing(together):
    """The first target is storage's memory by Bulkhead's own account, the second nobody's but Bulkhead's."""
    run, found = together
    ranges = re.findall(r"guest: name=(\S+) memory guest=\S+ host=(0x[0-9a-f]+) mib=(\d+)", run.text)
    owners = {at: [name for name, host, mib in ranges if int(host, 16) <= at < int(host, 16) + (int(mib) << 20)]
              for at in found}
    assert owners == {TARGETS[0]: ["storage"], TARGETS[1]: [], OWN_TARGET: []}
    for at, data in found.items():
        assert EVIL[:8] not in data, hex(at)
    lines = guestrun.guest_lines(run.lines, "rogue")
    assert re.fullmatch(r"SUMMARY: \d+ passed, 0 failed", lines[-1]), lines[-3:]
    assert guestrun.end_of(run, "rogue") == "powered-off"


def test_same_kernel_twice_one_large(boot, tmp_path):
    """Two guests from one bzImage module; the first with more than 2 GiB and two vCPUs."""
    config = guestrun.config(
        tmp_path,
        guestrun.guest("large", [0, 1], "vmlinux", "2200MiB", initrd="memory.img", cmdline="console=ttyS0 quiet"),
        guestrun.guest("small", [2], "vmlinux", "128MiB", initrd="memory.img", cmdline="console=ttyS0 quiet"))
    run = boot(modules=[config, *linux_modules("vmlinux", "memory.img")], machine={"cpus": 3}, timeout=150)
    for name, mebibytes, cpus in (("large", 2200, 2), ("small", 128, 1)):
        assert_memory(said(run, name), mebibytes, cpus, at_least=0.9 if mebibytes > 1000 else 0.4)
        assert guestrun.end_of(run, name) == "powered-off"


def test_memory_above_4_gib(boot, tmp_path):
    """5 GiB: 3 GiB below the hole, 2 GiB above 4 GiB; by the bzImage's 64-bit entry."""
    config = guestrun.config(tmp_path, guestrun.guest("big", [0], "vmlinuz", "5GiB", initrd="memory.img",
                                                      cmdline="console=ttyS0"))
    run = boot(modules=[config, *linux_modules("vmlinuz", "memory.img")], machine={"cpus": 1, "memory": "7168M"},
               timeout=150)
    assert any("BIOS-e820: [mem 0x0000000100000000-0x000000017fffffff] usable" in line
               for line in guestrun.guest_lines(run.lines, "big"))
    assert_memory(said(run, "big"), 5120, 1, at_least=0.9)
    assert guestrun.end_of(run, "big") == "powered-off"


def test_without_acpi(boot, tmp_path):
    """The MP table alone tells of both CPUs and the I/O APIC; without any APIC there are the 8259s and the PIT."""
    config = guestrun.config(
        tmp_path,
        guestrun.guest("mp", [0, 1], "vmlinux", "256MiB", initrd="memory.img", cmdline="console=ttyS0 acpi=off"),
        guestrun.guest("old", [2], "vmlinux", "256MiB", initrd="memory.img",
                       cmdline="console=ttyS0 acpi=off noapic nolapic"))
    halted = set()  # without ACPI nobody knows how to switch the power off

    def both_halted(line):
        halted.update(name for name in ("mp", "old") if line.startswith(name) and "System halted" in line)
        return len(halted) == 2

    run = boot(modules=[config, *linux_modules("vmlinux", "memory.img")], machine={"cpus": 3}, timeout=150,
               stop_when=both_halted)
    assert len(halted) == 2
    for name, cpus, controller in (("mp", 2, "IO-APIC"), ("old", 1, "XT-PIC")):
        assert_memory(said(run, name), 256, cpus, at_least=0.4)
        assert f"console interrupts by {controller}" in said(run, name)
    assert any("found SMP MP-table at [mem 0x000fe000-0x000fe00f]" in line for line in guestrun.guest_lines(run.lines, "mp"))


def assert_memory(lines, mebibytes, cpus, at_least):
    total = [int(match[1]) for match in (re.search(r"memory MemTotal: (\d+) kB", line) for line in lines) if match]
    assert len(total) == 1 and at_least * mebibytes * 1024 < total[0] < mebibytes * 1024, lines
    assert f"cpus {cpus}" in lines and lines[-1] == "memory done"
