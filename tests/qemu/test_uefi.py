# SPDX-License-Identifier: GPL-2.0-only
"""The machine started by UEFI (Debian's OVMF): by Bulkhead's own EFI loader from a USB stick, and by GRUB from a CD; each
with VT-d, a Linux guest that reads its disk right, and a guest that turns its card on others."""
import re

import bootimage
import guestrun
import ovmf
import pytest
import testbed

BIG_BAR = ["-device", "pci-testdev,addr=9.0,membar=16M"]
DISK_BYTES = 16 << 20


def is_over(line):
    return "bulkhead: all guests have ended" in line or "refused: " in line or "panic:" in line


def demo_list(folder):
    """Two guests: Debian's Linux with a disk and a card whose registers lie above 4 GiB, and the hostile one."""
    config = guestrun.config(folder,
                             guestrun.guest("storage", [0], "vmlinux", "256MiB", initrd="storage.img",
                                            cmdline="console=ttyS0 quiet", devices=["0000:01:00.0", "0000:00:09.0"]),
                             guestrun.guest("rogue", [1], "rogue", cmdline="targets=0x7000000000,0xfed90000",
                                            devices=["0000:00:05.0"]))
    modules = [bootimage.BootFile(config.path, config.text),
               bootimage.BootFile(guestrun.linux("vmlinux"), "vmlinux"),
               bootimage.BootFile(guestrun.linux("storage.img"), "storage.img"),
               bootimage.BootFile(guestrun.image("rogue"), "rogue")]
    return bootimage.BootList(testbed.BUILD / "bulkhead.elf", "", modules)


def start(folder, disk, medium, more=(), stop_when=is_over, timeout=120):
    accelerator, _ = testbed.choose_accelerator(testbed.kvm_supported_cpuid())
    arguments = [*testbed.machine_arguments(cpus=2, accelerator=accelerator), *testbed.demo_devices(disk), *BIG_BAR, *medium,
                 *ovmf.arguments(folder), *more]
    run = testbed.run_qemu(arguments, timeout, stop_when=stop_when)
    print(run.text)
    return run


@pytest.fixture(scope="module")
def by_loader(tmp_path_factory, disk):
    folder = tmp_path_factory.mktemp("loader")
    image = bootimage.write_loader(folder / "stick.img", demo_list(folder), testbed.BUILD / "bulkhead.efi")
    return start(folder, disk, ovmf.usb_stick(image))


@pytest.fixture(scope="module")
def by_grub(tmp_path_factory, disk):
    folder = tmp_path_factory.mktemp("grub")
    return start(folder, disk, ovmf.cd(bootimage.write_grub(folder / "cd.iso", demo_list(folder))))


def assert_demo(run, disk):
    """Everything that the same guests show after a start by BIOS."""
    assert not run.timed_out and not run.having("panic:") and not run.having("refused: ")
    assert run.having("vtd: unit=0 translation on, interrupt remapping on")
    assert run.having("storage| ", f"nvme sha256 {testbed.sha256_of(disk, DISK_BYTES)}")
    guestrun.assert_passed(guestrun.guest_lines(run.lines, "rogue"))
    for access in ("read", "write"):
        assert run.having("fault: ", "sid=0000:00:05.0", "guest=rogue", f"access={access}", "addr=0x7000000000 ")
    (line,) = run.having("pci: 0000:00:09.0 1b36:0005 ")  # UEFI puts 64-bit BARs above 4 GiB
    bar = re.search(r"bar2=mem64p?:([0-9a-f]+)\+1000000 ", line)
    assert bar and int(bar[1], 16) >= 1 << 32, line
    assert guestrun.end_of(run, "storage") == guestrun.end_of(run, "rogue") == "powered-off"


@pytest.mark.xdist_group("uefi-loader")
def test_guests_after_our_loader(by_loader, disk):
    assert by_loader.having("boot: Bulkhead, started by Bulkhead's EFI loader")
    assert_demo(by_loader, disk)


@pytest.mark.xdist_group("uefi-loader")
def test_our_loader_says_what_it_loads(by_loader):
    hashes = dict(re.findall(r"loader: /bulkhead/(\S+) bytes=\d+ sha256=([0-9a-f]{64}) as pinned", by_loader.text))
    assert hashes["vmlinux"] == bootimage.sha256_of(guestrun.linux("vmlinux"))
    assert set(hashes) == {"bulkhead.elf", "bulkhead.toml", "vmlinux", "storage.img", "rogue"}


@pytest.mark.xdist_group("uefi-loader")
def test_the_firmware_s_map_is_kept(by_loader):
    """UEFI's own kinds of memory: what stays firmware's, ACPI's, and modules where they were put."""
    kinds = re.findall(r"memory: 0x[0-9a-f]+\.\.0x[0-9a-f]+ (\S+)", by_loader.text)
    assert {"ram", "reserved", "acpi", "acpi-nvs", "loader", "hypervisor"} == set(kinds)
    assert kinds.count("loader") >= 4


@pytest.mark.xdist_group("uefi-grub")
def test_guests_after_grub(by_grub, disk):
    assert by_grub.having("boot: Bulkhead, started by GRUB")
    assert_demo(by_grub, disk)
