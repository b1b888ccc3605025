# SPDX-License-Identifier: GPL-2.0-only
"""UEFI for the emulated machine: Debian's OVMF, each run with variables of its own."""
import contextlib
import pathlib
import shutil
import time

import testbed

FIRMWARE = pathlib.Path("/usr/share/OVMF")


def arguments(folder, variables=FIRMWARE / "OVMF_VARS_4M.fd"):
    """QEMU's, for firmware that starts with a copy of these variables."""
    copy = pathlib.Path(folder) / "variables.fd"
    shutil.copy(variables, copy)
    return ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={FIRMWARE / 'OVMF_CODE_4M.fd'}",
            "-drive", f"if=pflash,format=raw,unit=1,file={copy}"]


def usb_sticks(*images):
    """Tried in this order; the first is read from a USB stick, the others from disks."""
    out = ["-device", "qemu-xhci,addr=8.0"]
    for number, image in enumerate(images):
        device = "usb-storage" if number == 0 else f"ide-hd,bus=ide.{number}"
        out += ["-drive", f"file={image},if=none,id=stick{number},format=raw,snapshot=on",
                "-device", f"{device},drive=stick{number},bootindex={number}"]
    return out


def cd(image):
    return ["-drive", f"file={image},media=cdrom,if=none,id=cd0,readonly=on", "-device", "ide-cd,drive=cd0,bus=ide.0,bootindex=0"]


def network(folder, boot_file="EFI/BOOT/BOOTX64.EFI"):
    """A network card that the firmware itself boots from (romfile=: without iPXE); QEMU serves folder by DHCP and TFTP."""
    return ["-netdev", f"user,id=boot,restrict=on,tftp={folder},bootfile={boot_file}",
            "-device", "virtio-net-pci,netdev=boot,romfile=,addr=8.0,bootindex=0"]


@contextlib.contextmanager
def tpm(folder):
    """QEMU's words for an emulated TPM 2.0 that lives as long as this context."""
    state = pathlib.Path(folder) / "tpm"
    state.mkdir()
    command = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}", "--ctrl", f"type=unixio,path={state}/socket",
               "--terminate"]
    with testbed.start(command) as process:
        try:
            deadline = time.monotonic() + 10
            while not (state / "socket").exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            yield ["-chardev", f"socket,id=tpm,path={state}/socket", "-tpmdev", "emulator,id=tpm0,chardev=tpm",
                   "-device", "tpm-crb,tpmdev=tpm0"]
        finally:
            process.kill()
