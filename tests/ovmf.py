# SPDX-License-Identifier: GPL-2.0-only
"""UEFI for the emulated machine: Debian's OVMF, each run with variables of its own."""
import pathlib
import shutil

FIRMWARE = pathlib.Path("/usr/share/OVMF")


def arguments(folder, variables=FIRMWARE / "OVMF_VARS_4M.fd"):
    """QEMU's, for firmware that starts with a copy of these variables."""
    copy = pathlib.Path(folder) / "variables.fd"
    shutil.copy(variables, copy)
    return ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={FIRMWARE / 'OVMF_CODE_4M.fd'}",
            "-drive", f"if=pflash,format=raw,unit=1,file={copy}"]


def usb_stick(image):
    return ["-device", "qemu-xhci,addr=8.0", "-drive", f"file={image},if=none,id=stick,format=raw,snapshot=on",
            "-device", "usb-storage,drive=stick,bootindex=0"]


def cd(image):
    return ["-drive", f"file={image},media=cdrom,if=none,id=cd0,readonly=on", "-device", "ide-cd,drive=cd0,bus=ide.0,bootindex=0"]
