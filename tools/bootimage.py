# SPDX-License-Identifier: GPL-2.0-only
"""Bootable images for BIOS and UEFI: a list of what to load, written for GRUB or for Bulkhead's own EFI loader.

One file is both a CD's and a USB stick's image. tools/mkimage is its face for users; tests/qemu boots what it writes."""
import dataclasses
import hashlib
import pathlib
import re
import shutil
import subprocess
import tempfile

GRUB_FOLDERS = pathlib.Path("/usr/lib/grub")
# The kinds of partitions are those that GRUB's own start on UEFI asks for.
GRUB_MODULES = " ".join(("multiboot2 normal fat iso9660 search test echo sleep serial loopback all_video acpi mmap",
                         "part_gpt part_msdos part_acorn part_amiga part_apple part_bsd part_dfly part_dvh part_plan part_sun",
                         "part_sunpc"))
PACKAGES = {"grub-mkrescue": "grub-common", "objcopy": "binutils", "objdump": "binutils", "mformat": "mtools", "mcopy": "mtools",
            "sbsign": "sbsigntool"}
FOLDER = "bulkhead"  # on the medium
LIST_SECTION = ".bhcfg"  # boot/efi/main.c looks for it
FAT32_FROM = 512 << 20
FAT_SLACK = 4 << 20


class ImageError(Exception):
    """What went wrong, for a user."""


@dataclasses.dataclass
class BootFile:
    """A module: a file, and the text that names it."""

    path: pathlib.Path
    text: str


@dataclasses.dataclass
class BootList:
    """What a loader has to load."""

    kernel: pathlib.Path
    cmdline: str = ""
    modules: list = dataclasses.field(default_factory=list)
    timeout: int = 0  # GRUB's menu, in seconds
    serial: str = "--unit=0 --speed=115200"  # GRUB's words for the port that its menu is shown on too; empty: none
    grub_before: list = dataclasses.field(default_factory=list)  # lines of grub.cfg that come first


def command(*words):
    """Run a tool; its own words go into the error."""
    words = [str(word) for word in words]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise ImageError(f"{words[0]} is not installed; fix: apt-get install {PACKAGES.get(words[0], words[0])}") from None
    if done.returncode != 0:
        raise ImageError(f"{words[0]} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def names_on_medium(boot_list):
    """File names in /bulkhead, one a module: the module's own name where FAT takes it, else its number."""
    taken, names = {"bulkhead.elf"}, []
    for number, module in enumerate(boot_list.modules):
        name = module.text.split()[0] if module.text.split() else ""
        if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}", name) or name.lower() in taken or name.endswith("."):
            name = f"module{number}"
        taken.add(name.lower())
        names.append(name)
    return names


def copy_files(boot_list, folder):
    """The kernel and the modules, into folder/bulkhead."""
    target = pathlib.Path(folder) / FOLDER
    target.mkdir(parents=True, exist_ok=True)
    kernel = target / "bulkhead.elf"
    if boot_list.kernel.read_bytes()[:4] == b"\x7fELF":  # a loader holds the whole file: without what a debugger reads
        command("objcopy", "--strip-debug", boot_list.kernel, kernel)
    else:
        shutil.copy(boot_list.kernel, kernel)
    for module, name in zip(boot_list.modules, names_on_medium(boot_list)):
        shutil.copy(module.path, target / name)


def sha256_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def loader_list(boot_list, folder):
    """boot.cfg for the files in folder/bulkhead, every one pinned."""
    def entry(line, name):
        return [line, f"sha256  {sha256_of(pathlib.Path(folder) / FOLDER / name)}"]
    lines = ["# What Bulkhead's EFI loader loads; made by tools/mkimage.", *entry(f"kernel  /{FOLDER}/bulkhead.elf", "bulkhead.elf")]
    if boot_list.cmdline:
        lines.append(f"cmdline {boot_list.cmdline}")
    for module, name in zip(boot_list.modules, names_on_medium(boot_list)):
        lines += entry(f"module  /{FOLDER}/{name} {module.text}", name)
    return "\n".join(lines) + "\n"


def quoted(text):
    """For grub.cfg: as it stands, whatever GRUB would make of it."""
    return "'" + text.replace("'", "'\\''") + "'"


def grub_words(text):
    return " ".join(quoted(word) if re.search(r"[^A-Za-z0-9=,._/:+-]", word) else word for word in text.split())


def grub_config(boot_list, root=""):
    """grub.cfg; root: a device in front of every path, "(stick)"."""
    serial = [f"if serial {boot_list.serial}; then", "  terminal_output console serial", "  terminal_input console serial", "fi"]
    lines = [*(serial if boot_list.serial else []), f"set timeout={boot_list.timeout}", *boot_list.grub_before,
             "menuentry 'Bulkhead' {", f"  multiboot2 {root}/{FOLDER}/bulkhead.elf {grub_words(boot_list.cmdline)}".rstrip()]
    for module, name in zip(boot_list.modules, names_on_medium(boot_list)):
        lines.append(f"  module2 {root}/{FOLDER}/{name} {grub_words(module.text)}".rstrip())
    return "\n".join([*lines, "}"]) + "\n"


def rescue(out, folder, platforms, *more):
    """grub-mkrescue for these platforms; what is missing is named."""
    for platform in platforms:
        if not (GRUB_FOLDERS / platform).is_dir():
            package = {"i386-pc": "grub-pc-bin", "x86_64-efi": "grub-efi-amd64-bin"}[platform]
            raise ImageError(f"{GRUB_FOLDERS / platform} is missing; fix: apt-get install {package}")
    only = ["-d", GRUB_FOLDERS / platforms[0]] if len(platforms) == 1 else []
    command("grub-mkrescue", *only, "--locales=", "--themes=", "--fonts=", f"--install-modules={GRUB_MODULES}", "-o", out, folder,
            *more)


def write_grub(out, boot_list, platforms=("i386-pc", "x86_64-efi")):
    """An image that starts by GRUB, on BIOS and on UEFI."""
    with tempfile.TemporaryDirectory(prefix="bulkhead-") as folder:
        (pathlib.Path(folder) / "boot/grub").mkdir(parents=True)
        copy_files(boot_list, folder)
        (pathlib.Path(folder) / "boot/grub/grub.cfg").write_text(grub_config(boot_list))
        rescue(out, folder, platforms)
    return pathlib.Path(out)


def format_fat(out, size):
    """An empty FAT file system of so many bytes, in whole MiB, as a sparse file."""
    sectors = -(-size // (2048 * 512)) * 2048
    with open(out, "wb") as file:
        file.truncate(sectors * 512)
    command("mformat", "-i", out, "-T", sectors, "-h", 64, "-s", 32, *(["-F"] if size >= FAT32_FROM else []), "-v", "BULKHEAD", "::")


def fill_fat(image, folder):
    command("mcopy", "-s", "-Q", "-i", image, *sorted(pathlib.Path(folder).iterdir()), "::")


def write_fat(out, folder):
    """A FAT file system with everything in folder."""
    files = [path for path in pathlib.Path(folder).rglob("*") if path.is_file()]
    format_fat(out, sum(-(-path.stat().st_size // 65536) * 65536 for path in files) * 102 // 100 + FAT_SLACK)
    fill_fat(out, folder)


def add_section(loader, text, out):
    """The loader with the list inside: a section behind its last one, so that a signature covers it too."""
    headers = command("objdump", "-h", loader)
    ends = [int(size, 16) + int(at, 16) for size, at in re.findall(r"^ +\d+ \.\S+ +([0-9a-f]{8}) +([0-9a-f]{16})", headers, re.M)]
    at = -(-max(ends) // 4096) * 4096
    with tempfile.NamedTemporaryFile(prefix="bulkhead-") as file:
        file.write(text.encode())
        file.flush()
        command("objcopy", "--add-section", f"{LIST_SECTION}={file.name}", "--set-section-flags",
                f"{LIST_SECTION}=contents,alloc,load,readonly,data", "--change-section-vma", f"{LIST_SECTION}={at:#x}", loader, out)


def sign(unsigned, key, certificate, out):
    command("sbsign", "--key", key, "--cert", certificate, "--output", out, unsigned)


def write_system_partition(folder, boot_list, loader, signer=None):
    """What an EFI system partition holds, into folder: our loader, its list, the files. With a signer (key, certificate)
    the list is inside the signed loader, and nothing that it does not name is ever loaded."""
    folder = pathlib.Path(folder)
    efi = folder / "EFI/BOOT"
    efi.mkdir(parents=True)
    copy_files(boot_list, folder)
    text = loader_list(boot_list, folder)
    if not signer:
        (efi / "boot.cfg").write_text(text)
        shutil.copy(loader, efi / "BOOTX64.EFI")
        return
    with tempfile.TemporaryDirectory(prefix="bulkhead-") as scratch:
        with_list = pathlib.Path(scratch) / "unsigned.efi"
        add_section(loader, text, with_list)
        sign(with_list, *signer, efi / "BOOTX64.EFI")


def write_loader(out, boot_list, loader, signer=None):
    """An image that starts by our own loader on UEFI, and by GRUB on BIOS, with one copy of the files for both."""
    with tempfile.TemporaryDirectory(prefix="bulkhead-") as scratch:
        scratch = pathlib.Path(scratch)
        write_system_partition(scratch / "esp", boot_list, loader, signer)
        (scratch / "cd/boot/grub").mkdir(parents=True)
        write_fat(scratch / "cd/efi.img", scratch / "esp")
        config = "insmod fat\nloopback esp /efi.img\n" + grub_config(boot_list, "(esp)")
        (scratch / "cd/boot/grub/grub.cfg").write_text(config)
        rescue(out, scratch / "cd", ("i386-pc",), "--efi-boot", "efi.img", "-efi-boot-part", "--efi-boot-image")
    return pathlib.Path(out)
