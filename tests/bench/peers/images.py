# SPDX-License-Identifier: GPL-2.0-only
"""What the peers are made of, from Debian's packages alone: nothing of theirs is in this tree."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent.parent / "tools"))
import guest_images  # noqa: E402
import testbed  # noqa: E402

OUT = testbed.BUILD / "peers"
GUEST_IMAGES = testbed.BUILD / "guest"
# What the program is in, then its libraries.
QEMU = ["qemu-system-x86", "libaio1", "libblkid1", "libbpf1", "libc6", "libcapstone4", "libdaxctl1", "libelf1",
        "libfdt1", "libffi8", "libfuse3-3", "libgcc-s1", "libglib2.0-0", "libgmp10", "libgnutls30", "libhogweed6",
        "libibverbs1", "libidn2-0", "libjpeg62-turbo", "libkmod2", "liblzma5", "libmount1", "libndctl6", "libnettle8",
        "libnl-3-200", "libnl-route-3-200", "libnuma1", "libp11-kit0", "libpcre2-8-0", "libpixman-1-0", "libpmem1",
        "libpng16-16", "librdmacm1", "libsasl2-2", "libseccomp2", "libselinux1", "libslirp0", "libssl3", "libtasn1-6",
        "libudev1", "libunistring2", "liburing2", "libuuid1", "libvdeplug2", "libzstd1", "zlib1g"]
FIRMWARE = {"seabios": ["usr/share/seabios/bios-256k.bin"],
            "qemu-system-data": [f"usr/share/qemu/{name}" for name in ("pvh.bin", "multiboot_dma.bin", "multiboot.bin",
                                                                       "linuxboot_dma.bin", "kvmvapic.bin")]}
HOST_MODULES = ["ahci", "sr_mod", "isofs", "kvm_amd", "vfio_iommu_type1", "vfio_pci"]
GRUB_MODULES = "linux multiboot multiboot2 normal echo serial iso9660 biosdisk"


def linux_package():
    return guest_images.unpack(guest_images.kernel_package())


def initramfs(script, modules, programs=None):
    busybox = (guest_images.unpack("busybox-static") / "bin" / "busybox").read_bytes()
    found = guest_images.module_order(linux_package() / "lib" / "modules", modules)
    return guest_images.initramfs(busybox, found, HERE / script, programs)


def linux_images():
    """(bzImage as Debian ships it, vmlinux, the guest's initramfs)"""
    OUT.mkdir(parents=True, exist_ok=True)
    if not (GUEST_IMAGES / "vmlinux").exists():
        guest_images.make(GUEST_IMAGES)
    guest = OUT / "guest.img"
    reads = (guest_images.SCRIPTS / "bench").read_bytes()
    guest.write_bytes(initramfs("guest.sh", ["nvme"], {"bin/bench-disk": reads}))
    return GUEST_IMAGES / "vmlinuz", GUEST_IMAGES / "vmlinux", guest


def qemu_files():
    """{path on the CD: bytes} of a QEMU that needs nothing else of its system."""
    files = guest_images.debian_program("usr/bin/qemu-system-x86_64", QEMU)
    for name, paths in FIRMWARE.items():
        folder = guest_images.unpack(name)
        files |= {f"firmware/{pathlib.Path(path).name}": (folder / path).resolve().read_bytes() for path in paths}
    return {f"qemu/{name}": data for name, data in files.items()}


def make_cd(out, commands, files):
    """A CD that GRUB boots by these lines; files: {path: bytes or a pathlib.Path}."""
    with tempfile.TemporaryDirectory(prefix="bulkhead-") as folder:
        lines = ["set timeout=0", "serial --unit=0 --speed=115200", "terminal_output serial", *commands, "boot"]
        for name, data in {**files, "boot/grub/grub.cfg": ("\n".join(lines) + "\n").encode()}.items():
            at = pathlib.Path(folder) / name
            at.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(data, bytes):
                at.write_bytes(data)
            else:
                shutil.copy(data, at)
            at.chmod(0o755)
        command = ["grub-mkrescue", "-d", "/usr/lib/grub/i386-pc", "--locales=", "--themes=", "--fonts=",
                   f"--install-modules={GRUB_MODULES}", "-o", str(out), folder]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"grub-mkrescue failed: {done.stderr}")
    return out


def versions(names):
    """"name version" of those of the packages that are cached."""
    found = []
    for name in names:
        for path in sorted(guest_images.CACHE.glob(f"{name}_*.deb"))[-1:]:
            done = subprocess.run(["dpkg-deb", "-f", str(path), "Version"], capture_output=True, text=True, check=True)
            found.append(f"{name} {done.stdout.strip()}")
    return found
