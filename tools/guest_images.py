#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Make the demo's guest images from Debian's own packages: the kernel as shipped (bzImage), the ELF vmlinux inside it,
and one small initramfs a guest (busybox-static, the modules it needs, a script). Nothing is installed.

usage: tools/guest_images.py [--out build/guest]   downloads are cached in build/download"""
import argparse
import lzma
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import testbed

CACHE = testbed.BUILD / "download"
SCRIPTS = testbed.ROOT / "tools" / "guest-scripts"
# guest script -> modules its devices need (dependencies are found in the modules themselves)
GUESTS = {"storage": ["nvme"], "bench": ["nvme"], "net": ["e1000e", "e1000"], "memory": [], "clock": [],
          "shell": ["nvme", "e1000e"], "ports": ["virtio_pci", "virtio_console"],
          "watchdog": ["i6300esb"], "service": ["virtio_pci", "virtio_console", "virtio_net", "e1000e"],
          "demo": ["virtio_pci", "virtio_console", "virtio_net", "e1000e", "bridge"],
          "user": ["virtio_pci", "virtio_console", "virtio_net", "nvme"],
          "vmd": ["vmd", "nvme"],
          "sriov": ["virtio_pci", "virtio_console", "nvme"], "vfdisk": ["virtio_pci", "virtio_console", "nvme"]}
# guest script -> programs of ours beside busybox (tools/bulkheadd.mk builds them)
PROGRAMS = {"service": ["bulkheadd", "bulkhead-ctl"], "demo": ["bulkheadd", "bulkhead-ctl"],
            "sriov": ["bulkheadd", "bulkhead-ctl"]}
# guest script -> a program of Debian's beside busybox: (path in the first package, packages it and its libraries are in)
DEBIAN_PROGRAMS = {"sriov": ("usr/sbin/nvme", ["nvme-cli", "libnvme1", "libjson-c5", "zlib1g", "libc6", "libssl3",
                                               "libdbus-1-3", "libsystemd0", "libcap2", "libgcrypt20", "libgpg-error0",
                                               "liblzma5", "libzstd1", "liblz4-1"])}
LIBRARIES = "lib/x86_64-linux-gnu"
LOADER = "ld-linux-x86-64.so.2"


# apt answers from lists that only root can renew: none in a container image, stale after a kernel update.
APT_HINT = "run `apt-get update` as root and try again; without a network put linux-image-*.deb (the one that " \
           "linux-image-amd64 depends on), busybox-static_*.deb and those of " \
           f"{' '.join(name for _, names in DEBIAN_PROGRAMS.values() for name in names)} into {CACHE}"


def run(*command, hint="", **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        testbed.fail(f"{' '.join(map(str, command))} failed:\n{done.stderr}{hint}")
    return done.stdout


def apt(*command, **options):
    """One apt command; as root, a failure is tried once more with fresh lists (they may be missing or too old)."""
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode == 0:
        return done.stdout
    if os.geteuid() == 0:
        run("apt-get", "update", "-qq", hint=APT_HINT)
    return run(*command, hint=APT_HINT, **options)


def package(name):
    """The .deb of a Debian package, downloaded once."""
    CACHE.mkdir(parents=True, exist_ok=True)
    found = sorted(CACHE.glob(f"{name}_*.deb"))
    if not found:
        print(f"guest images: downloading {name}", flush=True)
        apt("apt-get", "download", name, cwd=CACHE)
        found = sorted(CACHE.glob(f"{name}_*.deb"))
    return found[-1]


def unpack(name):
    """A folder with the files of a package."""
    folder = CACHE / name
    if not (folder / ".done").exists():
        deb = package(name)
        run("dpkg", "-x", deb, folder)
        (folder / ".done").touch()
    return folder


def kernel_package():
    """The real package behind Debian's linux-image-amd64: the one cached, else the newest that apt knows."""
    cached = sorted(CACHE.glob("linux-image-[0-9]*.deb"))
    if cached:
        return cached[-1].name.split("_")[0]
    depends = apt("apt-cache", "depends", "linux-image-amd64")
    match = re.search(r"Depends: (linux-image-\S+)", depends)
    if not match:
        testbed.fail(f"apt knows no kernel behind linux-image-amd64; {APT_HINT}")
    return match.group(1)


def extract_vmlinux(bzimage):
    """The ELF kernel inside a bzImage with an XZ payload (Documentation/arch/x86/boot: payload_offset, setup_sects)."""
    data = bzimage.read_bytes()
    setup_sectors = data[0x1F1] or 4
    offset, length = struct.unpack_from("<II", data, 0x248)
    start = (setup_sectors + 1) * 512 + offset
    payload = data[start:start + length]
    if payload[:6] != b"\xfd7zXZ\x00":
        testbed.fail(f"{bzimage}: the payload is not XZ; use the bzImage itself")
    return lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(payload)


def without_zeros(elf):
    """The same kernel without the zeros at the end of its last segment (a third of the file): a loader clears what a
    segment's memory has beyond its bytes in the file. Section headers, which lie behind, are dropped."""
    elf = bytearray(elf)
    table, size, count = struct.unpack_from("<Q", elf, 32)[0], *struct.unpack_from("<HH", elf, 54)
    last = max((at for at in range(table, table + size * count, size) if struct.unpack_from("<I", elf, at)[0] == 1),
               key=lambda at: struct.unpack_from("<Q", elf, at + 8)[0])
    offset, length = struct.unpack_from("<Q", elf, last + 8)[0], struct.unpack_from("<Q", elf, last + 32)[0]
    kept = len(bytes(elf[offset:offset + length]).rstrip(b"\0"))
    struct.pack_into("<Q", elf, last + 32, kept)
    struct.pack_into("<Q", elf, 40, 0)  # no section headers
    struct.pack_into("<HHH", elf, 58, 0, 0, 0)
    return bytes(elf[:offset + kept])


def module_order(tree, wanted):
    """Paths of the wanted modules and what they depend on, dependencies first; built-in ones are left out."""
    paths = {p.stem.replace("-", "_"): p for p in tree.rglob("*.ko")}
    order = []

    def visit(name):
        path = paths.get(name.replace("-", "_"))
        if path is None or path in order:
            return
        depends = re.search(rb"\0depends=([^\0]*)\0", path.read_bytes())
        for need in filter(None, depends.group(1).decode().split(",") if depends else []):
            visit(need)
        order.append(path)

    for name in wanted:
        visit(name)
    return order


def cpio_entry(name, mode, data=b"", device=(0, 0), number=[1]):
    """One entry of a newc archive (Documentation/driver-api/early-userspace/buffer-format)."""
    number[0] += 1
    fields = [number[0], mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def initramfs(busybox, modules, script, programs=None):
    """programs: {"bin/name": bytes} beside busybox."""
    folders = {"bin", "dev", "proc", "sys", "modules", *(os.path.dirname(name) or "bin" for name in programs or {})}
    entries = [cpio_entry(folder, 0o040755) for folder in sorted(folders)]
    entries.append(cpio_entry("dev/console", 0o020600, device=(5, 1)))
    entries.append(cpio_entry("bin/busybox", 0o100755, busybox))
    entries.append(cpio_entry("bin/sh", 0o120777, b"busybox"))
    entries += [cpio_entry(name, 0o100755, data) for name, data in (programs or {}).items()]
    for position, path in enumerate(modules):
        entries.append(cpio_entry(f"modules/{position:02}-{path.name}", 0o100644, path.read_bytes()))
    entries.append(cpio_entry("init", 0o100755, (SCRIPTS / "common").read_bytes() + script.read_bytes()))
    entries.append(cpio_entry("TRAILER!!!", 0))
    return b"".join(entries)


def program(name):
    """A static program of this tree, without its symbols: an initramfs is memory."""
    path = testbed.BUILD / "host" / name
    if not path.exists():
        testbed.fail(f"{path} is missing: make {path.relative_to(testbed.ROOT)}")
    with tempfile.NamedTemporaryFile() as stripped:
        run("strip", "-o", stripped.name, path)
        return pathlib.Path(stripped.name).read_bytes()


def needed(path):
    """Names of the shared libraries that an ELF file asks for."""
    return re.findall(r"\(NEEDED\) +Shared library: \[(.+)\]", run("readelf", "-d", path))


def debian_program(path, packages):
    """{"bin/name": bytes, "lib/...": bytes}: a program of the first package with every library that it needs."""
    folders = [unpack(name) for name in packages]
    files, wanted = {f"bin/{pathlib.Path(path).name}": folders[0] / path}, needed(folders[0] / path)
    while wanted:
        name = wanted.pop()
        found = [at for folder in folders for at in (folder / LIBRARIES / name, folder / "usr" / LIBRARIES / name)
                 if at.exists()]
        if not found:
            testbed.fail(f"{path} needs {name}, which is in none of: {' '.join(packages)}")
        target = f"lib64/{name}" if name == LOADER else f"lib/{name}"
        wanted += needed(found[0]) if target not in files else []
        files[target] = found[0]
    files[f"lib64/{LOADER}"] = next(folder / LIBRARIES / LOADER for folder in folders
                                    if (folder / LIBRARIES / LOADER).exists())
    return {name: at.read_bytes() for name, at in files.items()}


def make(out):
    """Write all images into the folder `out`; the name of the kernel."""
    out.mkdir(parents=True, exist_ok=True)
    linux = unpack(kernel_package())
    bzimage = next((linux / "boot").glob("vmlinuz-*"))
    (out / "vmlinuz").write_bytes(bzimage.read_bytes())
    (out / "vmlinux").write_bytes(without_zeros(extract_vmlinux(bzimage)))
    busybox = (unpack("busybox-static") / "bin" / "busybox").read_bytes()
    for guest, wanted in GUESTS.items():
        modules = module_order(linux / "lib" / "modules", wanted)
        programs = {f"bin/{name}": program(name) for name in PROGRAMS.get(guest, [])}
        if guest in DEBIAN_PROGRAMS:
            programs |= debian_program(*DEBIAN_PROGRAMS[guest])
        (out / f"{guest}.img").write_bytes(initramfs(busybox, modules, SCRIPTS / guest, programs))
    return bzimage.name


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=pathlib.Path, default=testbed.BUILD / "guest")
    out = parser.parse_args().out
    name = make(out)
    print(f"guest images: {name} and {', '.join(f'{g}.img' for g in GUESTS)} in {out}")


if __name__ == "__main__":
    main()
