# SPDX-License-Identifier: GPL-2.0-only
"""What a dom0 with Debian's Xen tools is made of, as the folder xen/ of a CD; xen-host.sh links it to the paths that
libxl and Debian's QEMU for Xen were built with."""
import gzip

import images
from images import guest_images

HYPERVISOR, UTILITIES, QEMU_PACKAGE = PACKAGES = ["xen-hypervisor-4.17-amd64", "xen-utils-4.17", "qemu-system-xen"]
TOOLS_FOLDER = "usr/lib/xen-4.17"
TOOLS = ["xl", "xenstored", "xenconsoled", "xen-init-dom0"]
QEMU = "usr/libexec/xen-qemu-system-i386"
LIBRARIES = ["libxenmisc4.17", "libxencall1", "libxendevicemodel1", "libxenevtchn1", "libxenforeignmemory1",
             "libxengnttab1", "libxenhypfs1", "libxenstore4", "libxentoolcore1", "libxentoollog1", "libyajl2",
             "libuuid1", "libext2fs2", "libcom-err2", "liblzma5", "liblzo2-2", "libbz2-1.0", "libzstd1", "zlib1g", "libc6"]
QEMU_LIBRARIES = ["libspice-server1", "libjpeg62-turbo", "libpixman-1-0", "libusb-1.0-0", "libfdt1", "libglib2.0-0",
                  "libgcc-s1", "libpcre2-8-0", "libgstreamer1.0-0", "libgstreamer-plugins-base1.0-0", "libopus0",
                  "liborc-0.4-0", "libsasl2-2", "libssl3", "libstdc++6", "libudev1", "libffi8", "libunwind8", "libdw1",
                  "libelf1", "liblz4-1", "libcap2", "libmount1", "libselinux1", "libblkid1"]
SHARED = {"seabios": ["seabios/bios-256k.bin"],
          "qemu-system-data": [f"qemu/{name}" for name in (
              "pvh.bin", "multiboot.bin", "multiboot_dma.bin", "linuxboot.bin", "linuxboot_dma.bin", "kvmvapic.bin",
              "keymaps/en-us")]}
HOST_MODULES = ["ahci", "sr_mod", "isofs", "xen_evtchn", "xen_gntdev", "xen_privcmd", "xenfs", "xen_pciback"]


def hypervisor():
    packed = next((guest_images.unpack(HYPERVISOR) / "boot").glob("xen-*.gz"))
    return gzip.decompress(packed.read_bytes())


def tools():
    """{path on the CD: bytes}"""
    packages = [UTILITIES, *LIBRARIES]
    files = {}
    for name in TOOLS:
        program = guest_images.debian_program(f"{TOOLS_FOLDER}/bin/{name}", packages)
        files[f"tools/bin/{name}"] = program.pop(f"bin/{name}")
        files |= program
    qemu = guest_images.debian_program(QEMU, [QEMU_PACKAGE, *LIBRARIES, *QEMU_LIBRARIES])
    files["libexec/xen-qemu-system-i386"] = qemu.pop("bin/xen-qemu-system-i386")
    loader = guest_images.unpack(packages[0]) / TOOLS_FOLDER / "boot" / "hvmloader"
    files |= {**qemu, "tools/boot/hvmloader": loader.read_bytes()}
    for package, names in SHARED.items():
        share = guest_images.unpack(package) / "usr" / "share"
        files |= {f"share/{name}": (share / name).resolve().read_bytes() for name in names}
    return {f"xen/{name}": data for name, data in files.items()}


def host():
    """dom0's initramfs."""
    return images.initramfs("xen-host.sh", HOST_MODULES)
