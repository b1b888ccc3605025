# SPDX-License-Identifier: GPL-2.0-only
"""A machine whose unit does not remap interrupts: DMA is confined as ever, devices go to guests that say
unsafe-interrupts alone, and their MSI, MSI-X and lines arrive."""
import re

import faultline
import guestrun
import native
import pytest
import testbed
import topologies

NO_REMAPPING = {"cpus": 6, "memory": "1536M", "iommu": "intel-iommu,intremap=off,caching-mode=on"}
NVME, LINE, MSI, ROGUE = "0000:01:00.0", "0000:00:06.0", "0000:00:05.0", "0000:00:09.0"
ABSENT = "vtd: unit=0 translation on, interrupt remapping absent"
WARNING = ("warning[BH0382] VT-d: interrupts are not remapped: a device could send any interrupt to any CPU, so that only "
           "guests with unsafe-interrupts = true may have devices")
REFUSAL = "cannot be given away: interrupts are not remapped, so it could send any interrupt to any CPU"
FIX = "turn on interrupt remapping in the firmware's setup, or write unsafe-interrupts = true in [guest.two]"
TARGET = 0x20000000  # not the rogue's


def is_over(line):
    return "all guests have ended" in line or "no guest was started" in line


def bare(name):
    return testbed.Module(guestrun.image(name), name)


def test_devices_are_refused_by_default(boot, disk, tmp_path):
    """And the warning is one line, the units are on."""
    config = guestrun.config(tmp_path, guestrun.guest("one", [0], "cpuid"),
                             guestrun.guest("two", [1], "cpuid", devices=["0000:01:00.0"]))
    run = boot(cmdline="exit", modules=[config, bare("cpuid")], devices=testbed.demo_devices(disk),
               machine={**NO_REMAPPING, "cpus": 2})
    assert not run.timed_out and len(run.having(WARNING)) == 1 and run.having(ABSENT) and run.having("bulkhead: ready")
    assert len(run.having("error[BH")) == 2 and run.having(f"error[BH0607] bulkhead.toml:12:12: {NVME} {REFUSAL}")
    assert run.having(f"error[BH0607] fix: {FIX}")
    assert run.having("no guest was started")


def test_guests_without_devices_need_no_remapping(boot, disk, tmp_path):
    config = guestrun.config(tmp_path, guestrun.guest("one", [0], "cpuid"))
    run = boot(cmdline="exit", modules=[config, bare("cpuid")], devices=testbed.demo_devices(disk),
               machine={**NO_REMAPPING, "cpus": 1})
    assert not run.timed_out and len(run.having(WARNING)) == 1
    guestrun.assert_passed(guestrun.guest_lines(run.lines, "one"))


@pytest.fixture(scope="module")
def unsafe(boot, disk, tmp_path_factory):
    """A Linux with MSI-X and a line, a guest that moves its MSI about, one whose device reaches for others' memory."""
    folder = tmp_path_factory.mktemp("unsafe")
    initrd = native.image(folder / "devices.img", "devices", native.MODULES)
    more = {"unsafe-interrupts": True}
    config = guestrun.config(
        folder,
        guestrun.guest("linux", [1, 2], "vmlinux", "256MiB", initrd="devices.img", cmdline="console=ttyS0 quiet disks=1",
                       devices=[NVME, LINE], **more),
        guestrun.guest("msi", [3, 4], "msi", cmdline="cpus=2", devices=[MSI], **more),
        guestrun.guest("rogue", [5], "rogue", cmdline=f"forge=0 targets={TARGET:#x}", devices=[ROGUE], **more),
        f'[device."{LINE}"]\ngsi = 22\n')
    devices = [*topologies.words(topologies.port("a", 3)),
               "-drive", f"file={disk},if=none,id=disk0,format=raw,snapshot=on",
               "-device", "nvme,drive=disk0,serial=a,bus=a", "-netdev", "user,id=net0,restrict=on",
               "-device", "e1000,netdev=net0,addr=6.0", *topologies.words("edu,addr=5.0,dma_mask=0xffffffffffffffff"),
               *topologies.words("edu,addr=9.0,dma_mask=0xffffffffffffffff")]
    modules = [config, testbed.Module(guestrun.linux("vmlinux"), "vmlinux"), testbed.Module(initrd, "devices.img"),
               bare("msi"), bare("rogue")]
    run = boot(cmdline="", modules=modules, devices=devices, stop_when=is_over, machine=NO_REMAPPING, timeout=150)
    assert not run.timed_out, "some guest hangs"
    return run


@pytest.mark.xdist_group("unsafe")
def test_each_guest_is_warned_of(unsafe):
    for device, name in ((NVME, "linux"), (MSI, "msi"), (ROGUE, "rogue")):
        assert len(unsafe.having("warning[BH0630]", f"{device} is given away", f"guest '{name}' can send any")) == 1
    assert len(unsafe.having("warning[BH0630] bulkhead.toml:")) == 3 and unsafe.having(ABSENT)


@pytest.mark.xdist_group("unsafe")
def test_linux_has_its_interrupts(unsafe, disk):
    lines = [line.split("demo: ", 1)[1] for line in guestrun.guest_lines(unsafe.lines, "linux") if "demo: " in line]
    expected = testbed.sha256_of(disk, 4096)
    assert any(line.startswith("disk ") and line.endswith(f"sha256 {expected}") for line in lines), lines
    assert any("3 packets received, 0% packet loss" in line for line in lines), lines
    (interrupts,) = (line for line in lines if line.startswith("interrupts "))
    assert "PCI-MSI" in interrupts and "IO-APIC" in interrupts, interrupts
    assert guestrun.end_of(unsafe, "linux") == "powered-off"


@pytest.mark.xdist_group("unsafe")
def test_a_message_goes_where_its_guest_says(unsafe):
    guestrun.assert_passed(guestrun.guest_lines(unsafe.lines, "msi"), 16)
    assert guestrun.end_of(unsafe, "msi") == "powered-off"


@pytest.mark.xdist_group("unsafe")
def test_dma_is_confined_and_told(unsafe):
    """The unit's own interrupt goes past remapping anyway."""
    found = faultline.faults(unsafe.lines)
    assert {(fault.sid, fault.guest, fault.addr, fault.access) for fault in found} == {
        (ROGUE, "rogue", TARGET, access) for access in ("read", "write")}
    assert guestrun.end_of(unsafe, "rogue") == "powered-off"


@pytest.mark.xdist_group("unsafe")
def test_the_plan_and_the_audit_say_so(unsafe):
    assert len(unsafe.having("unsafe-interrupts=yes")) == 4
    assert unsafe.having("audit: ") and not unsafe.having("audit: finding")
    assert not re.search(r"panic:|refused", unsafe.text)
