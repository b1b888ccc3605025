# SPDX-License-Identifier: GPL-2.0-only
"""boot.cfg as docs/hardware.md shows it and as tools/bootimage.py writes it, read by the loader's own reader."""
import re
import subprocess

import bootimage
import testbed

HARDWARE = (testbed.ROOT / "docs/hardware.md").read_text()
QUICK_START = (testbed.ROOT / "docs/quickstart-hardware.md").read_text()


def read(text):
    return subprocess.run([testbed.BUILD / "host/boot_cfg_dump"], input=text, capture_output=True, text=True, check=False)


def example():
    after = HARDWARE.split("/boot/efi/EFI/bulkhead/boot.cfg`", 1)[1]
    return re.search(r"(?:^    .*\n)+", after, re.M)[0]


def test_the_example_of_the_manual():
    """Copied as it stands: the files of the quick start, and nothing pinned to a hash that they cannot have."""
    done = read(example())
    assert done.returncode == 0, done.stdout
    kernel, cmdline, *modules = done.stdout.splitlines()
    assert (kernel, cmdline) == ("kernel bulkhead.elf", "cmdline console=com1,115200")
    wanted = re.findall(r"^    cp \S+ FOLDER/(\S+)$", QUICK_START, re.M)
    assert len(wanted) == 3
    assert modules == ["module guests.toml bulkhead.toml", *(f"module {name} {name}" for name in wanted)]
    assert not re.search("^ *sha256 ", example(), re.M)


def test_the_pin_of_the_example():
    """Its comment, with what sha256sum prints in the place of the words, is a line that pins."""
    line = re.search("^ *# (sha256  )WHAT.*$", example(), re.M)
    done = read(example().replace(line[0], line[1] + "0" * 64))
    assert done.returncode == 0, done.stdout
    assert read(example().replace(line[0], line[1] + "0" * 63)).stdout.startswith("8: a sha256 line needs 64")


def test_what_mkimage_writes(tmp_path):
    """The longest words; one more character is refused."""
    (tmp_path / "bulkhead").mkdir()
    for name in ("bulkhead.elf", "vmlinuz"):
        (tmp_path / "bulkhead" / name).write_bytes(name.encode())
    modules = [bootimage.BootFile(tmp_path / "bulkhead/vmlinuz", "vmlinuz")]
    for length in (1023, 1024):
        done = read(bootimage.loader_list(bootimage.BootList(tmp_path / "bulkhead/bulkhead.elf", "x" * length, modules), tmp_path))
        assert done.returncode == length - 1023, done.stdout
        assert "x" * 1023 in done.stdout if length == 1023 else "the command line is too long" in done.stdout
