# SPDX-License-Identifier: GPL-2.0-only
"""The machine started by UEFI (Debian's OVMF): by Bulkhead's own EFI loader from a USB stick, behind firmware that left the
remapping unit on; and by GRUB from a CD that tools/mkimage made. Each with VT-d, a Linux guest that reads its
disk right, and a guest that turns its card on others."""
import json
import os
import re
import shutil
import subprocess

import bootimage
import events
import guestrun
import native
import ovmf
import pytest
import testbed

# OVMF puts 64-bit registers above 4 GiB.
BIG_BAR = ["-device", "pci-testdev,addr=9.0,membar=16M"]
DISK_BYTES = 16 << 20
IMAGES = {"vmlinux": testbed.BUILD / "guest/vmlinux", "storage.img": testbed.BUILD / "guest/storage.img",
          "rogue": testbed.BUILD / "guest-tests/rogue.elf"}


def is_over(line):
    return "bulkhead: all guests have ended" in line or "refused: " in line or "panic:" in line


def demo_config(folder):
    """Debian's Linux with a disk and a card whose registers lie above 4 GiB, and the hostile guest."""
    return guestrun.config(folder,
                           guestrun.guest("storage", [0], "vmlinux", "256MiB", initrd="storage.img",
                                          cmdline="console=ttyS0 quiet", devices=["0000:01:00.0", "0000:00:09.0"]),
                           guestrun.guest("rogue", [1], "rogue", cmdline="targets=0x7000000000,0xfed90000",
                                          devices=["0000:00:05.0"]))


def accelerator():
    return testbed.choose_accelerator(testbed.kvm_supported_cpuid())[0]


def start(folder, disk, medium, timeout=120):
    arguments = [*testbed.machine_arguments(cpus=2, accelerator=accelerator()), *testbed.demo_devices(disk), *BIG_BAR, *medium,
                 *ovmf.arguments(folder), "-trace", "vtd_dmar_enable", "-D", str(folder / "trace")]
    run = testbed.run_qemu(arguments, timeout, stop_when=is_over)
    run.emulator = (folder / "trace").read_text()
    print(run.text)
    return run


@pytest.fixture(scope="module")
def by_loader(tmp_path_factory, disk):
    folder = tmp_path_factory.mktemp("loader")
    config = demo_config(folder)
    modules = [bootimage.BootFile(config.path, config.text), *(bootimage.BootFile(path, name) for name, path in IMAGES.items())]
    wanted = bootimage.BootList(testbed.BUILD / "bulkhead.elf", testbed.kernel_words(accelerator()).strip(), modules)
    bootimage.write_system_partition(folder / "esp", wanted, testbed.BUILD / "bulkhead.efi")
    efi = folder / "esp/EFI/BOOT"
    (efi / "BOOTX64.EFI").rename(efi / "NEXT.EFI")
    shutil.copy(testbed.BUILD / "left_on.efi", efi / "BOOTX64.EFI")
    bootimage.write_fat(folder / "stick.img", folder / "esp")
    return start(folder, disk, ovmf.usb_sticks(folder / "stick.img"))


@pytest.fixture(scope="module")
def by_grub(tmp_path_factory, disk):
    folder = tmp_path_factory.mktemp("grub")
    config = demo_config(folder)
    command = [testbed.ROOT / "tools/mkimage", config.path, "-o", folder / "cd.iso", "--kernel", testbed.BUILD / "bulkhead.elf",
               "--timeout", "0", "--tool", os.environ.get("BULKHEAD_TOOL", testbed.BUILD / "host/bulkhead"),
               f"--cmdline={testbed.kernel_words(accelerator()).strip()}"]
    subprocess.run([*command, *(f"--image={name}={path}" for name, path in IMAGES.items())], check=True, timeout=60)
    return start(folder, disk, ovmf.cd(folder / "cd.iso"))


def assert_demo(run, disk):
    """Everything that the same guests show after a start by BIOS."""
    assert not run.timed_out and not run.having("panic:") and not run.having("refused: ")
    assert run.having("vtd: unit=0 translation on, interrupt remapping on")
    assert run.having("storage| ", f"nvme sha256 {testbed.sha256_of(disk, DISK_BYTES)}")
    guestrun.assert_passed(guestrun.guest_lines(run.lines, "rogue"))
    for access in ("read", "write"):
        assert run.having("fault: ", "sid=0000:00:05.0", "guest=rogue", f"access={access}", "addr=0x7000000000 ")
    (line,) = run.having("pci: 0000:00:09.0 1b36:0005 ")
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
    assert set(hashes) == {"bulkhead.elf", "bulkhead.toml", *IMAGES}


@pytest.mark.xdist_group("uefi-loader")
def test_the_firmware_s_map_is_kept(by_loader):
    """UEFI's own kinds of memory: what stays firmware's, ACPI's, and modules where they were put."""
    kinds = re.findall(r"memory: 0x[0-9a-f]+\.\.0x[0-9a-f]+ (\S+)", by_loader.text)
    assert {"ram", "reserved", "acpi", "acpi-nvs", "loader", "hypervisor"} == set(kinds)
    assert kinds.count("loader") >= 4


@pytest.mark.xdist_group("uefi-loader")
def test_a_unit_that_firmware_left_on(by_loader):
    """Taken over in place, and by QEMU's trace never off since; the guests of the first test then ran behind it."""
    assert re.findall(r"vtd_dmar_enable.*", by_loader.emulator) == ["vtd_dmar_enable enable 1"]
    assert by_loader.having("left_on: translation is on")
    assert by_loader.having("vtd: unit=0 translation was left on by what ran before")


@pytest.mark.xdist_group("uefi-loader")
def test_firmware_s_data_in_the_hypervisor_s_place(by_loader):
    """Was overwritten only when the firmware had been left: the image was whole then, and ran."""
    assert by_loader.having("left_on: 3 MiB are in use") and by_loader.having("leaving firmware; the hypervisor is entered at 0x")
    (image,) = re.findall(r"memory: 0x000000200000\.\.(0x[0-9a-f]+) hypervisor", by_loader.text)
    assert int(image, 16) >= 0x310000


@pytest.mark.xdist_group("uefi-loader")
def test_a_map_that_changes_at_the_last_moment(by_loader):
    """The firmware said no to the first ExitBootServices: the loader took a new map, and what it then says was so."""
    texts = [at for at, line in enumerate(by_loader.lines) if "leaving firmware" in line or "the memory map changes" in line or
             "boot: Bulkhead, started by" in line]
    assert len(texts) == 3 and "leaving" in by_loader.lines[texts[0]] and "changes" in by_loader.lines[texts[1]]


@pytest.mark.xdist_group("uefi-grub")
def test_guests_after_grub(by_grub, disk):
    assert by_grub.having("boot: Bulkhead, started by GRUB")
    assert_demo(by_grub, disk)


@pytest.mark.xdist_group("uefi-last-boot")
def test_a_crash_leaves_its_trace(tmp_path):
    """UEFI and the loader leave the kept log alone when the machine is reset: the next boot shows what came before a panic,
    and goes on; its service guest is told, by events and when it asks."""
    programs = {f"bin/{name}": (testbed.BUILD / "host" / name).read_bytes() for name in ("bulkheadd", "bulkhead-ctl")}
    programs |= {"commands": b"bulkhead-ctl last-boot\n", "rules": b"version = 1\n"}
    initrd = native.image(tmp_path / "service.img", "agent", ["virtio_pci", "virtio_console"], programs)
    config = guestrun.config(tmp_path, '[system]\nservice = "service"\n',
                             guestrun.guest("service", [0], "vmlinux", "256MiB", initrd="service.img",
                                            cmdline="console=ttyS0 quiet"))
    modules = [bootimage.BootFile(config.path, config.text), bootimage.BootFile(IMAGES["vmlinux"], "vmlinux"),
               bootimage.BootFile(initrd, "service.img")]
    words = "exit panic=reset panic-test=assert panic-once" + testbed.kernel_words(accelerator())
    wanted = bootimage.BootList(testbed.BUILD / "bulkhead-selftest.elf", words, modules)
    bootimage.write_system_partition(tmp_path / "esp", wanted, testbed.BUILD / "bulkhead.efi")
    bootimage.write_fat(tmp_path / "stick.img", tmp_path / "esp")
    arguments = [*testbed.machine_arguments(cpus=1, memory="1024M", accelerator=accelerator()),
                 *ovmf.usb_sticks(tmp_path / "stick.img"), *ovmf.arguments(tmp_path)]
    run = testbed.run_qemu(arguments, 150, stop_when=lambda line: "demo: agent done" in line, resets=True)
    print(run.text)
    assert len(run.having("boot: Bulkhead, started by Bulkhead's EFI loader")) >= 2 and not run.timed_out
    assert run.having("last-boot: it ended by a panic")
    assert run.having("last-boot: | ", "error panic: CPU 0: tests/selftest/panic_cases.c:")
    told = guestrun.guest_lines(run.lines, "service")
    assert "ctl 1: The last boot ended by a panic of the hypervisor:" in told
    seen = [json.loads(line.removeprefix("event ")) for line in told if line.startswith('event {"seq"')]
    events.validate_all(seen)
    (last,) = [event for event in seen if event["type"] == "last-boot"]
    assert last["end"] == "panic" and "error panic: CPU 0: tests/selftest/panic_cases.c:" in last["text"]
