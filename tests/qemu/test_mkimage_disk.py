# SPDX-License-Identifier: GPL-2.0-only
"""What tools/mkimage writes, used as docs/quickstart-hardware.md says: copied to a disk as it is. Each kind of image starts
by UEFI from a USB stick and by BIOS from a disk, and the guest of the configuration in it runs."""
import os
import subprocess

import guestrun
import ovmf
import pytest
import testbed

OWN_LOADER = "boot: Bulkhead, started by Bulkhead's EFI loader"
GRUB = "boot: Bulkhead, started by GRUB"


@pytest.fixture(scope="module", params=["grub", "efi"])
def image(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    config = guestrun.config(folder, guestrun.guest("once", [0], "loader"))
    words = "exit" + testbed.kernel_words(testbed.choose_accelerator(testbed.kvm_supported_cpuid())[0])
    subprocess.run([testbed.ROOT / "tools/mkimage", config.path, "-o", folder / "stick.img", "--loader", request.param,
                    "--kernel", testbed.BUILD / "bulkhead.elf", "--efi", testbed.BUILD / "bulkhead.efi", "--timeout", "0",
                    "--tool", os.environ.get("BULKHEAD_TOOL", testbed.BUILD / "host/bulkhead"),
                    f"--image=loader={guestrun.image('loader')}", f"--cmdline={words}"], check=True, timeout=60)
    return request.param, folder / "stick.img"


def assert_the_guest_runs(medium, by):
    accelerator, _ = testbed.choose_accelerator(testbed.kvm_supported_cpuid())
    run = testbed.run_qemu([*testbed.machine_arguments(cpus=1, memory="512M", accelerator=accelerator), *medium], 120)
    print(run.text)
    assert len(run.having(by)) == 1 and run.ended and not run.timed_out
    guestrun.assert_passed(guestrun.guest_lines(run.lines, "once"))
    assert guestrun.end_of(run, "once") == "powered-off"


@pytest.mark.xdist_group("mkimage-disk")
def test_a_stick_under_uefi(image, tmp_path):
    loader, path = image
    assert_the_guest_runs([*ovmf.usb_sticks(path), *ovmf.arguments(tmp_path)], OWN_LOADER if loader == "efi" else GRUB)


@pytest.mark.xdist_group("mkimage-disk")
def test_a_disk_under_bios(image):
    _, path = image
    assert_the_guest_runs(["-drive", f"file={path},if=none,id=disk,format=raw,snapshot=on", "-device",
                           "ide-hd,drive=disk,bus=ide.0"], GRUB)
