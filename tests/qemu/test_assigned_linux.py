# SPDX-License-Identifier: GPL-2.0-only
"""Assigned devices as Debian's Linux finds them in a guest: resets, ROMs, BARs that move, 32 functions, groups behind a
conventional bridge, reserved memory, no interrupt remapping. QEMU's trace says what really happened to the devices."""
import hashlib
import re
import struct

import dmar_table
import faultline
import guestrun
import native
import pytest
import testbed
import topologies

CONSOLE = "console=ttyS0 quiet"
ENDED = "bulkhead: all guests have ended"


@pytest.fixture(scope="session")
def linux_modules(tmp_path_factory):
    """The boot modules of Linux guests: the kernel, and the initramfs that uses every device."""
    initrd = native.image(tmp_path_factory.mktemp("linux") / "devices.img", "devices", native.MODULES)
    return [testbed.Module(guestrun.linux("vmlinux"), "vmlinux"), testbed.Module(initrd, "devices.img")]


def bare(name):
    return testbed.Module(guestrun.image(name), name)


def linux(name, cpus, devices, words="", memory="256MiB", **more):
    return guestrun.guest(name, cpus, "vmlinux", memory, initrd="devices.img", cmdline=f"{CONSOLE} {words}".strip(),
                          devices=devices, **more)


def device(name, **keys):
    """A [device."NAME"] table."""
    return "\n".join([f'[device."{name}"]', *(f"{key} = {guestrun.toml(value)}" for key, value in keys.items()), ""])


def is_over(line):
    return ENDED in line or "no guest was started" in line


def said(run, name):
    return [line.split("demo: ", 1)[1] for line in guestrun.guest_lines(run.lines, name) if "demo: " in line]


def sha256(path, offset=0, size=4096):
    with open(path, "rb") as file:
        file.seek(offset)
        return hashlib.sha256(file.read(size)).hexdigest()


def drive(disk, number=0, more="snapshot=on"):
    return ["-drive", f"file={disk},if=none,id=disk{number},format=raw,{more}"]


def assert_good(run, *names):
    assert not run.timed_out, "some guest hangs"
    assert not run.having("refused") and not run.having("panic:")
    assert not faultline.faults(run.lines)
    for name in names:
        assert guestrun.end_of(run, name) == "powered-off"


# --- resets

FLR, BUS, D3 = "0000:01:00.0", "0000:02:00.0", "0000:05:00.0"
EDU_BUS, FORCED, EDU_NONE = "0000:03:00.0", "0000:04:00.0", "0000:00:09.0"


@pytest.fixture(scope="module")
def resets(boot, disk, linux_modules, tmp_path_factory):
    """A Linux that resets itself once, with one device of each kind, beside a guest whose devices have their resets named;
    (run, what QEMU's devices saw)."""
    folder = tmp_path_factory.mktemp("resets")
    devices = [
        *topologies.words(topologies.port("a", 3), topologies.port("b", 4), topologies.port("c", 5),
                          topologies.port("d", 6), topologies.port("e", 7)),
        *drive(disk), "-device", "nvme,drive=disk0,serial=a,bus=a",
        "-netdev", "user,id=net0,restrict=on", "-device", "e1000e,netdev=net0,bus=b",
        *topologies.words("edu,bus=c", "nvme,serial=d,bus=d", "e1000e,bus=e", "edu,addr=9.0"),
        "-trace", "pci_cfg_write", "-trace", "pci_nvme_pci_reset", "-trace", "e1000e_cb_qdev_reset",
        "-D", str(folder / "trace"),
    ]
    config = guestrun.config(folder, linux("again", [1], [FLR, BUS, EDU_BUS], "disks=1 resets=1"),
                             guestrun.guest("named", [0], "loader", devices=[FORCED, D3, EDU_NONE]),
                             device(FORCED, reset="bus"), device(D3, reset="d3d0"))
    run = boot(cmdline="", modules=[config, *linux_modules, bare("loader")], devices=devices, stop_when=is_over,
               timeout=150)
    return run, (folder / "trace").read_text().splitlines()


def count_resets(run, at, kind):
    return len(run.having(f"pci: {at}: reset ({kind})"))


def config_writes(trace, name, offset):
    """The values written to one register of one function, "02:00.0"."""
    found = (re.match(r"pci_cfg_write \S+ (\S+) @0x([0-9a-f]+) <- 0x([0-9a-f]+)$", line) for line in trace)
    return [int(match[3], 16) for match in found if match and match[1] == name and int(match[2], 16) == offset]


@pytest.mark.xdist_group("resets")
def test_guests_go_on_after_their_resets(resets, disk):
    run, _ = resets
    assert_good(run, "again", "named")
    lines = said(run, "again")
    assert [line for line in lines if line.startswith("resets")] == ["resets before 0", "resets before 1"]
    assert [line for line in lines if line.startswith("disk")] == [f"disk 0000:00:01.0 nvme0n1 sha256 {sha256(disk)}"] * 2
    assert len([line for line in lines if "3 packets received, 0% packet loss" in line]) == 2
    assert run.having("guest: name=again starts anew, reset 1")


@pytest.mark.xdist_group("resets")
@pytest.mark.parametrize("at, kind, times", [(FLR, "flr", 3), (BUS, "bus", 3), (EDU_BUS, "bus", 3), (FORCED, "bus", 2),
                                             (D3, "d3d0", 2)])
def test_each_device_is_reset_before_anew_and_at_the_end(resets, at, kind, times):
    run, _ = resets
    assert count_resets(run, at, kind) == times == len(run.having(f"pci: {at}: reset ("))


@pytest.mark.xdist_group("resets")
def test_the_nvme_saw_its_function_level_resets(resets):
    """The first line is QEMU's own reset at power-on, one for each NVMe; a bus reset shows as one more for the other."""
    _, trace = resets
    control = [value for offset in (0x78, 0x88) for value in config_writes(trace, "01:00.0", offset)]
    assert len([value for value in control if value & 0x8000]) == 3, "writes of the FLR bit"
    assert len([line for line in trace if line.startswith("pci_nvme_pci_reset")]) == 3 + 2 + 2


@pytest.mark.xdist_group("resets")
@pytest.mark.parametrize("port, times", [("00:03.0", 0), ("00:04.0", 3), ("00:05.0", 3), ("00:06.0", 2), ("00:07.0", 0)])
def test_the_bridges_saw_their_bus_resets(resets, port, times):
    """Bit 6 of Bridge Control, set and cleared."""
    _, trace = resets
    values = config_writes(trace, port, 0x3E)
    rising = [new for old, new in zip([0, *values], values) if new & 0x40 and not old & 0x40]
    assert len(rising) == times and not (values or [0])[-1] & 0x40


@pytest.mark.xdist_group("resets")
def test_d3hot_that_loses_nothing_is_named(resets):
    """QEMU's e1000e says that D3hot loses its state, and keeps it."""
    run, _ = resets
    assert len(run.having(f"pci: {D3}: kept its state in D3hot although it says otherwise: that was no reset")) == 2


@pytest.mark.xdist_group("resets")
def test_no_reset_is_a_warning(resets):
    run, _ = resets
    assert run.having("BH0632", EDU_NONE) and not run.having(f"pci: {EDU_NONE}: reset (")


# --- option ROMs

def rom_image(fill, size=2048):
    """An option ROM for no machine that runs it (PCI Firmware 3.3 5.1): SeaBIOS leaves it alone."""
    head = struct.pack("<HB21xH2x", 0xAA55, size // 512, 0x1C)
    data = struct.pack("<4sHHHHB3sHHBBH", b"PCIR", 0x8086, 0x10D3, 0, 24, 0, b"\0\0\2", size // 512, 0, 3, 0x80, 0)
    return (head + data).ljust(size, bytes([fill]))


@pytest.fixture(scope="module")
def roms(boot, linux_modules, tmp_path_factory):
    """Two guests, each with a card that has a ROM of its own; (run, the ROMs)."""
    folder = tmp_path_factory.mktemp("roms")
    images = [rom_image(0x5A), rom_image(0xA5)]
    devices = []
    for number, image in enumerate(images):
        (folder / f"{number}.rom").write_bytes(image)
        devices += topologies.words(topologies.port(f"p{number}", 3 + number),
                                    f"e1000e,bus=p{number},romfile={folder}/{number}.rom")
    config = guestrun.config(folder, linux("seen", [0], ["0000:01:00.0"]), linux("masked", [1], ["0000:02:00.0"]),
                             device("0000:02:00.0", rom=False))
    run = boot(cmdline="", modules=[config, *linux_modules], devices=devices, stop_when=is_over, timeout=120)
    assert_good(run, "seen", "masked")
    return run, images


@pytest.mark.xdist_group("roms")
def test_a_rom_is_read_by_its_guest(roms):
    run, images = roms
    assert f"rom 0000:00:01.0 bytes 2048 sha256 {hashlib.sha256(images[0]).hexdigest()}" in said(run, "seen")


@pytest.mark.xdist_group("roms")
def test_a_masked_rom_is_not_there(roms):
    run, _ = roms
    assert "rom 0000:00:01.0 none, register 00000000" in said(run, "masked")


# --- BARs that the guest moves

@pytest.mark.xdist_group("bars")
def test_a_guest_moves_its_bars(boot, disk, linux_modules, tmp_path):
    """By hand into every window of its machine and back, then by Linux, which finds the device anew; its disk reads right."""
    config = guestrun.config(tmp_path, linux("moves", [0], ["0000:01:00.0"], "disks=1 move=1"))
    devices = [*topologies.words(topologies.port("a", 3)), *drive(disk), "-device", "nvme,drive=disk0,serial=a,bus=a"]
    run = boot(cmdline="", modules=[config, *linux_modules], devices=devices, stop_when=is_over, timeout=120)
    assert_good(run, "moves")
    lines = said(run, "moves")
    windows = [int(line.split()[1], 16) for line in lines if line.startswith("window")]
    assert len(windows) == 2 and windows[0] < 1 << 32 <= windows[1]
    for window in windows:
        to = f"{window + 0x900000:#x}"
        (there,) = (line for line in lines if re.match(rf"moved 0000:00:01.0 from 0x[0-9a-f]+ to {to} ", line))
        assert re.search(r" version there 0x00010400 before 0xffffffff$", there, re.IGNORECASE), there
    back = [line for line in lines if line.startswith("moved 0000:00:01.0 back to")]
    assert len(back) == 2 and all(re.search("version there 0x00010400 before 0xffffffff$", line, re.IGNORECASE) for line in back)
    assert any(line.startswith("rescanned 0000:00:01.0") for line in lines)
    assert lines.count(f"disk 0000:00:01.0 nvme0n1 sha256 {sha256(disk)}") == 2


# --- many devices

@pytest.mark.xdist_group("many")
def test_32_functions_in_one_guest(boot, disk, linux_modules, tmp_path):
    """Four groups of eight functions, each with a piece of the disk of its own."""
    devices = []
    for slot in range(4):
        devices += topologies.words(topologies.port(f"p{slot}", 3 + slot))
        for function in range(8):
            number = 8 * slot + function
            devices += drive(disk, number, f"readonly=on,file.locking=off,offset={number << 20},size=1M")
            devices += ["-device", f"nvme,drive=disk{number},serial=s{number},bus=p{slot},addr=0.{function}"
                        + (topologies.MULTI if function == 0 else "")]
    groups = [f"group:0000:{bus:02x}:00.0" for bus in range(1, 5)]
    config = guestrun.config(tmp_path, linux("many", [0, 1], groups, "disks=32"))
    run = boot(cmdline="", modules=[config, *linux_modules], devices=devices, stop_when=is_over, timeout=180)
    assert_good(run, "many")
    assert run.having("guest: name=many cpus=2 memory-mib=256 devices=32 made from")
    found = sorted(line.rsplit(" ", 1)[1] for line in said(run, "many") if line.startswith("disk "))
    assert found == sorted(sha256(disk, number << 20) for number in range(32))


# --- a group behind a conventional bridge

@pytest.mark.xdist_group("conventional")
def test_a_group_behind_a_conventional_bridge(boot, disk, linux_modules, tmp_path):
    """Its requests and messages have the bridge's id: reads and interrupts arrive all the same."""
    devices = [*topologies.words(topologies.port("a", 3), "pcie-pci-bridge,id=old,bus=a"), *drive(disk),
               "-device", "virtio-blk-pci,drive=disk0,bus=old,addr=1.0,disable-legacy=on,iommu_platform=on",
               *topologies.words("edu,bus=old,addr=2.0")]
    config = guestrun.config(tmp_path, linux("old", [0], ["group:0000:02:01.0"], "disks=1"))
    run = boot(cmdline="", modules=[config, *linux_modules], devices=devices, stop_when=is_over, timeout=120)
    assert_good(run, "old")
    lines = said(run, "old")
    assert len([line for line in lines if re.match(r"function \S+ (1af4:1042|1234:11e8) ", line)]) == 2
    assert any(re.fullmatch(rf"disk \S+ vda sha256 {sha256(disk)}", line) for line in lines), lines
    assert any(re.match(r"interrupts .*PCI-MSI", line) for line in lines), lines
    assert count_resets(run, "0000:02:01.0", "bus") == 2, "once for both, at the start and at the end"
    assert run.having("plan: guest=old device=0000:02:01.0 sources=0000:02:01.0,0000:02:00.0")


IMAGE, FREE = 0x2000000, 0x30000000  # memory of the hypervisor, or of nobody: beyond what the guest has


@pytest.fixture(scope="module")
def bridged(boot, tmp_path_factory):
    """Two edus behind a PCIe-PCI bridge in one guest, each of them sent where it must not go; (run, memory there at the
    end)."""
    folder = tmp_path_factory.mktemp("bridged")
    devices = topologies.words(topologies.port("a", 3), "pcie-pci-bridge,id=old,bus=a",
                               *(f"edu,bus=old,addr={slot}.0,dma_mask=0xffffffffffffffff" for slot in (1, 2)))
    targets = f"{IMAGE:#x},{FREE:#x}"
    config = guestrun.config(folder, guestrun.guest("rogue", [0], "rogue", devices=["group:0000:02:01.0"],
                                                    cmdline=f"edus=2 forge=0 targets={targets}"),
                             guestrun.guest("other", [1], "loader"))
    found = {}

    def look(monitor):
        for at in (IMAGE, FREE):
            found[at] = read_physical(monitor, at, 64)

    run = boot(cmdline="", modules=[config, bare("rogue"), bare("loader")], devices=devices, stop_when=is_over,
               at_end=look, machine={"cpus": 2, "memory": "1024M"}, timeout=120)
    return run, found


@pytest.mark.xdist_group("bridged")
def test_each_member_of_a_bridged_group_reaches_its_guest_alone(bridged):
    """DMA to the guest's own RAM works from both; nothing outside was read or written by either."""
    run, found = bridged
    lines = guestrun.guest_lines(run.lines, "rogue")
    guestrun.assert_passed(lines, 20)
    assert len([line for line in lines if line.startswith("ROGUE: edu at")]) == 2
    assert all(EVIL not in memory for memory in found.values())
    assert guestrun.end_of(run, "rogue") == guestrun.end_of(run, "other") == "powered-off"
    assert run.having("plan: guest=rogue device=0000:02:01.0 sources=0000:02:01.0,0000:02:00.0")


@pytest.mark.xdist_group("bridged")
def test_what_a_bridged_member_tries_is_blocked_and_attributed(bridged):
    """The unit sees the bridge's id for both (the bridge replaces requester ids), which is this group's and so this
    guest's."""
    run, _ = bridged
    faults = faultline.faults(run.lines)
    assert {(fault.sid, fault.guest) for fault in faults} == {("0000:02:00.0", "rogue")}
    tried = {(at, way) for at in (IMAGE, FREE) for way in ("read", "write")}
    assert {(fault.addr, fault.access) for fault in faults} == tried
    assert len(faults) == 2 * len(tried), "both members tried each"


# --- what nobody names

@pytest.mark.xdist_group("unassigned")
def test_unassigned_goes_to_the_guest_that_asks(boot, disk, linux_modules, tmp_path):
    devices = [*topologies.words(topologies.port("a", 3), topologies.port("b", 4)), *drive(disk),
               "-device", "nvme,drive=disk0,serial=a,bus=a", "-netdev", "user,id=net0,restrict=on",
               "-device", "e1000e,netdev=net0,bus=b", *topologies.words("edu,addr=9.0")]
    config = guestrun.config(tmp_path, '[system]\nunassigned = "rest"\n', linux("one", [0], ["0000:01:00.0"], "disks=1"),
                             linux("rest", [1], []))
    run = boot(cmdline="", modules=[config, *linux_modules], devices=devices, stop_when=is_over, timeout=120)
    assert_good(run, "one", "rest")
    assert any(line.startswith("disk ") and line.endswith(sha256(disk)) for line in said(run, "one"))
    lines = said(run, "rest")
    found = [line.split()[2] for line in lines if line.startswith("function ")]
    assert "8086:10d3" in found and "1234:11e8" in found and "1b36:0010" not in found
    assert any("3 packets received, 0% packet loss" in line for line in lines), lines


# --- reserved memory

REGION = 0x10000000  # taken out of the memory map by GRUB
REGION_SIZE = 0x10000
EDU = "0000:00:05.0"
EVIL = b"ROGUE WAS HERE! "


def reserved_memory(boot, tmp_path, rmrr):
    """edu with an RMRR, and a guest whose edu goes there, to its end, and beside it; (run, memory there at the end)."""
    table = dmar_table.dmar(dmar_table.unit(), dmar_table.reserved(REGION, REGION + REGION_SIZE - 1,
                                                                   dmar_table.endpoint(0, 5, 0)))
    (tmp_path / "dmar.aml").write_bytes(table)
    targets = ",".join(f"{at:#x}" for at in targets_of_rogue())
    more = {} if rmrr is None else {"rmrr": rmrr}
    config = guestrun.config(tmp_path, guestrun.guest("rogue", [0], "rogue", cmdline=f"forge=0 targets={targets}",
                                                      devices=[EDU], **more))
    found = {}

    def look(monitor):
        for at in targets_of_rogue():
            found[at] = read_physical(monitor, at, 16)

    run = boot(cmdline="", modules=[config, bare("rogue"), testbed.Module(tmp_path / "dmar.aml", None)],
               devices=topologies.words("edu,addr=5.0,dma_mask=0xffffffffffffffff"), stop_when=is_over, at_end=look,
               machine={"cpus": 1, "memory": "1024M"}, timeout=90,
               grub_before=[f"cutmem {REGION:#x} {REGION + REGION_SIZE:#x}", "acpi --exclude=DMAR -2 /boot/dmar.aml"])
    return run, found


def targets_of_rogue():
    """Inside: the first and the last bytes; outside: just before, just behind."""
    return [REGION, REGION + REGION_SIZE - 64, REGION - 64, REGION + REGION_SIZE]


def read_physical(monitor, at, size):
    text = monitor.human(f"xp /{size}xb {at:#x}")
    return bytes(int(byte, 16) for line in text.splitlines() for byte in line.split(":")[1].split())


@pytest.mark.xdist_group("reserved")
def test_reserved_memory_is_refused_by_default(boot, tmp_path):
    run, found = reserved_memory(boot, tmp_path, None)
    assert run.having("error[BH0609]", EDU, 'rmrr = "map"')
    assert run.having("no guest was started") and EVIL not in found.values()


@pytest.mark.xdist_group("reserved")
def test_reserved_memory_is_mapped_one_to_one(boot, tmp_path):
    run, found = reserved_memory(boot, tmp_path, "map")
    assert not run.timed_out and not run.having("refused")
    inside, outside = targets_of_rogue()[:2], targets_of_rogue()[2:]
    assert [found[at] for at in inside] == [EVIL, EVIL]
    assert EVIL not in [found[at] for at in outside]
    faults = faultline.faults(run.lines)
    pages = {at & ~0xFFF for at in outside}
    assert {(fault.addr, fault.access) for fault in faults} == {(at, way) for at in pages for way in ("read", "write")}
    assert all(fault.sid == EDU and fault.guest == "rogue" for fault in faults)
    assert guestrun.end_of(run, "rogue") == "powered-off"
