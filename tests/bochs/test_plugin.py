# SPDX-License-Identifier: GPL-2.0-only
"""The plugin itself: it refuses what it was not written for, and its machine can be shaped."""
import os
import pathlib
import re
import shutil
import struct
import threading
import time

import bochs
import dmar_table
import pytest
import testbed

RELEASE = b"Built from SVN snapshot on August  1, 2021"


def boot(folder, machine=None, cmdline="exit", **arguments):
    machine = machine or bochs.Machine(cpus=1)
    iso = bochs.make_iso(folder / "boot.iso", testbed.BUILD / "bulkhead-selftest.elf", machine, cmdline)
    run = bochs.run(machine, iso, timeout=180, **arguments)
    print(run.text, run.emulator[-4000:], sep="\n--\n")
    return run


def test_another_release_is_refused(tmp_path, monkeypatch):
    stock = pathlib.Path(shutil.which("bochs-bin")).read_bytes()
    assert stock.count(RELEASE) == 1
    other = tmp_path / "bochs-bin"
    other.write_bytes(stock.replace(RELEASE, RELEASE.replace(b"  1,", b"  2,")))
    other.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    run = boot(tmp_path)
    assert run.status == 64 and not run.timed_out
    assert "plugin: cannot work: this Bochs is not Debian's 2.7" in run.emulator


@pytest.mark.parametrize("name, value, words", [
    ("BULKHEAD_VTD", "fed90000:preset=best", "preset is none of"),
    ("BULKHEAD_VTD", "fec00000", "somebody else has this window"),
    ("BULKHEAD_IOAPIC", "f0f8", "is no requester id"),
    ("BULKHEAD_EDU", "01.1", "place 01.1 is taken"),
    ("BULKHEAD_EDU", "00.0", "names up to six places"),
    ("BULKHEAD_VMD", "id=28c1", "id is 28c0 or 201d"),
    ("BULKHEAD_VMD", "disks=/nonexistent/file", "cannot be opened"),
    ("BULKHEAD_SERIAL", "/nonexistent/file", "cannot be opened"),
])
def test_a_wrong_option_is_refused(tmp_path, monkeypatch, name, value, words):
    monkeypatch.setenv(name, value)
    run = boot(tmp_path)
    assert run.status == 64 and not run.timed_out
    assert any("plugin: cannot work: " in line and words in line for line in run.emulator.splitlines())


def two_units(folder, cpus):
    """edu alone under the first, the rest under the second, as BULKHEAD_VTD below says."""
    first = dmar_table.unit(0xFED90000, flags=0, scopes=dmar_table.scope(1, 0, 0, 0x10, 0))
    second = dmar_table.unit(0xFED91000, scopes=dmar_table.scope(3, cpus, *bochs.IOAPIC_SOURCE))
    path = pathlib.Path(folder) / "dmar.aml"
    path.write_bytes(dmar_table.dmar(first, second))
    return path


def test_two_units_of_two_kinds(tmp_path, monkeypatch):
    """The second's commands take a while, and the first knows posted interrupts, which this CPU does not."""
    monkeypatch.setattr(bochs, "make_dmar", two_units)
    monkeypatch.setenv("BULKHEAD_VTD", "fed90000:scope=10.0:preset=server,fed91000:latency=3")
    run = boot(tmp_path, bochs.Machine(cpus=2))
    assert run.status == 0 and "plugin: error" not in run.emulator
    assert run.having("vtd: unit=0", "base=0xfed90000") and run.having("vtd: unit=1", "base=0xfed91000")
    assert run.having("pci: 0000:00:10.0", "unit=0") and run.having("pci: 0000:00:01.0", "unit=1")
    for case in ("dma translated", "dma blocked", "irq msi", "irq forged", "irq ioapic"):
        assert run.having(f"selftest: {case}: pass")
    counts = re.search(r"plugin: sid=0x0080 reads=\d+ writes=\d+ bytes=\d+ translated=(\d+) messages=\d+ blocked=(\d+)",
                       run.emulator)
    assert int(counts[1]) > 0 and int(counts[2]) >= 13


def test_a_source_under_the_wrong_unit_is_blocked(tmp_path, monkeypatch):
    """The DMAR says edu is the first unit's, the machine leads it to the second: what the first maps is of no use."""
    monkeypatch.setattr(bochs, "make_dmar", two_units)
    monkeypatch.setenv("BULKHEAD_VTD", "fed90000:scope=0x0078,fed91000")
    run = boot(tmp_path)
    assert run.having("selftest: dma translated: FAIL")
    assert "sid=0x0080 read of 2048 bytes at 0x10000000 blocked" in run.emulator


def test_a_flood_of_faults(tmp_path):
    run = boot(tmp_path, bochs.Machine(cpus=2), cmdline="exit flood=1000000")
    assert run.status == 0 and "plugin: error" not in run.emulator
    assert run.having("selftest: flood accesses=1000000") and run.having("selftest: dma flood: pass")
    assert run.having("fault:", "overflow=1") and len(run.having("fault:")) < 60
    assert re.search(r"sid=0x0080 .*blocked=10000\d\d\b", run.emulator)


def multiboot2(code):
    """A raw 32-bit kernel: header, where to load it (multiboot2 3.1.5), where to enter it, the code."""
    tags = struct.pack("<HHI4I", 2, 0, 24, 0x100000, 0x100000, 0, 0) + struct.pack("<HHII4x", 3, 0, 12, 0x100040)
    tags += struct.pack("<HHI", 0, 0, 8)
    size = 16 + len(tags)
    return struct.pack("<4I", 0xE85250D6, 0, size, -(0xE85250D6 + size) & 0xFFFFFFFF) + tags + code


EXIT_5 = bytes.fromhex("b005 e6f4 ebfe")  # mov $5, %al; out %al, $0xf4
TRIPLE_FAULT = bytes.fromhex("0f011d 60001000 0f0b") + bytes(64)  # lidt of zeros; ud2

READ_GCMD = bytes.fromhex("a1 1800d9fe") + EXIT_5  # mov 0xfed90018, %eax: a write-only register
# Send BEL; then wait for LSR.DR at 0x3fd, read 0x3f8, write it back, until it is "q".
ECHO = bytes.fromhex("66baf803 b007 ee 66bafd03 ec a801 74fb 66baf803 ec ee 3c71 75ed") + EXIT_5


def boot_code(tmp_path, monkeypatch, code):
    """A boot of nothing but GRUB and these instructions."""
    kernel = tmp_path / "kernel"
    kernel.write_bytes(multiboot2(code))
    original = bochs.configuration
    monkeypatch.setattr(bochs, "configuration", lambda *arguments: original(*arguments).replace(
        "reset_on_triple_fault=0", "reset_on_triple_fault=1"))
    iso = testbed.make_iso(tmp_path / "boot.iso", kernel)
    run = bochs.run(bochs.Machine(cpus=1), iso, timeout=180)
    print(run.text, run.emulator[-2000:], sep="\n--\n")
    return run


@pytest.mark.parametrize("code, status, words", [
    (EXIT_5, 11, "plugin: end: exit port"),
    (TRIPLE_FAULT, 66, "plugin: end: triple fault"),
    (READ_GCMD, 68, "plugin: error: unit 0xfed90000: GCMD is write-only and was read"),
], ids=["port", "triple fault", "undefined"])
def test_how_a_run_ends(tmp_path, monkeypatch, code, status, words):
    """Exit port 0xf4 as QEMU's isa-debug-exit; a triple fault as what it is; what hardware leaves undefined, as an
    error of the run whatever its own end was."""
    run = boot_code(tmp_path, monkeypatch, code)
    assert run.status == status and words in run.emulator


def test_serial_port_at_once(tmp_path, monkeypatch):
    """What is sent is there although the run ends at once; what is typed arrives, each byte once."""
    out, fifo = tmp_path / "out", tmp_path / "in"
    os.mkfifo(fifo)

    def type_after_the_bell():
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and not (out.exists() and b"\a" in out.read_bytes()):
            time.sleep(0.1)
        fifo.write_bytes(b"ahoi, ahoi, ahoi, ahoi q")

    monkeypatch.setenv("BULKHEAD_SERIAL", str(out))
    monkeypatch.setenv("BULKHEAD_SERIAL_IN", str(fifo))
    typist = threading.Thread(target=type_after_the_bell, daemon=True)
    typist.start()
    run = boot_code(tmp_path, monkeypatch, ECHO)
    assert run.status == 11
    assert out.read_bytes().endswith(b"\aahoi, ahoi, ahoi, ahoi q")
