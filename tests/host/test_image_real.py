# SPDX-License-Identifier: GPL-2.0-only
"""The guest loaders and ACPI tables against real things: Debian's bzImage and vmlinux, whole and cut off; iasl."""
import os
import re
import struct
import subprocess

import pytest
import testbed

LOAD = testbed.BUILD / "host/image_load"


@pytest.fixture(scope="module")
def images():
    return testbed.BUILD / "guest"


def load(*arguments, acpi=None):
    """(exit status, {key: value}) of build/host/image_load; sanitizer output is a failure."""
    env = {**os.environ, "ACPI_OUT": str(acpi)} if acpi else None
    done = subprocess.run([LOAD, *map(str, arguments)], capture_output=True, text=True, timeout=60, env=env)
    assert done.stderr == "", done.stderr
    return done.returncode, dict(line.split("=", 1) for line in done.stdout.splitlines())


def test_bzimage(images):
    code, got = load(images / "vmlinuz", 512, images / "storage.img")
    assert code == 0, got
    data = (images / "vmlinuz").read_bytes()
    protected = (data[0x1F1] + 1) * 512
    (preferred,) = struct.unpack_from("<Q", data, 0x258)
    assert got["kind"] == "bzImage" and got["mode"] == "64"
    assert int(got["rip"], 16) == preferred + 0x200
    assert int(got["code"], 16) == struct.unpack_from("<Q", data, protected + 0x200)[0]


def test_vmlinux(images):
    code, got = load(images / "vmlinux", 512, images / "storage.img")
    assert code == 0, got
    notes = subprocess.run(["readelf", "-nW", images / "vmlinux"], capture_output=True, text=True, timeout=60).stdout
    entry = re.search(r"Xen\s+0x\S+\s+Unknown note type: \(0x00000012\)\s+description data: ((?:\w\w )+)", notes)
    assert got["kind"] == "PVH ELF" and got["mode"] == "32"
    assert int(got["rip"], 16) == int.from_bytes(bytes.fromhex(entry.group(1))[:4], "little")


def test_too_little_memory(images):
    for kernel in ("vmlinuz", "vmlinux"):
        code, got = load(images / kernel, 32)
        assert code == 1 and got["status"] == "out of memory" and "MiB" in got["why"], got


@pytest.mark.parametrize("kernel", ["vmlinuz", "vmlinux"])
def test_cut_off(images, kernel, tmp_path):
    """Every cut loses something that the headers promise, so that each is refused and says why."""
    data = (images / kernel).read_bytes()
    cut = tmp_path / "cut"
    size = len(data)
    needed = (data[0x1F1] + 1) * 512 + struct.unpack_from("<I", data, 0x1F4)[0] * 16  # a signature may follow
    if kernel == "vmlinux":  # section headers come last and are not loaded
        (at,), (count,) = struct.unpack_from("<Q", data, 32), struct.unpack_from("<H", data, 56)
        segments = [struct.unpack_from("<Q16xQ", data, at + 56 * i + 8) for i in range(count)]
        needed = max(offset + length for offset, length in segments)
    for keep in (0, 1, 3, 64, 100, 512, 0x264, 0x300, 4096, 16384, size // 3, size // 2, needed - 4096, needed - 1):
        cut.write_bytes(data[:keep])
        code, got = load(cut, 256)
        assert code == 1 and got["why"], (keep, got)


def test_not_a_kernel(images):
    code, got = load(images / "storage.img")
    assert code == 1 and "not a kernel" in got["why"]


def test_iasl_reads_the_tables(images, tmp_path):
    code, got = load(images / "vmlinuz", 512, acpi=tmp_path)
    assert code == 0, got
    names = {path.stem for path in tmp_path.glob("*.aml")}
    assert names == {"XSDT", "FACP", "FACS", "DSDT", "APIC", "MCFG"}
    for path in sorted(tmp_path.glob("*.aml")):
        done = subprocess.run(["iasl", "-d", path], capture_output=True, text=True, timeout=30)
        text = path.with_suffix(".dsl").read_text()
        assert done.returncode == 0, done.stdout + done.stderr
        for bad in ("Incorrect checksum", "Invalid", "**** ", "Warning", "Error"):
            assert bad not in text and bad.lower() not in (done.stdout + done.stderr).lower(), (path.name, bad, done.stderr)
    again = subprocess.run(["iasl", "-ve", "-p", tmp_path / "again", tmp_path / "DSDT.dsl"], capture_output=True,
                           text=True, timeout=30)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "0x0000001000000000" in (tmp_path / "DSDT.dsl").read_text()  # the 64 GiB window, filled in
