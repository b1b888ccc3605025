# SPDX-License-Identifier: GPL-2.0-only
"""bulkhead dump: what it finds in /sys and /proc, what it says is missing, and that it is one static file."""
import os
import pathlib
import subprocess

import machine_tree
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = pathlib.Path(os.environ.get("BULKHEAD_TOOL", ROOT / "build/host/bulkhead"))


def run(*arguments, timeout=60):
    assert TOOL.exists(), f"{TOOL} is missing: run make"
    return subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, check=False)


def dump(root, *arguments):
    done = run("dump", "--root", root, *arguments)
    return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()


def block(lines, start):
    """The indented lines below that one."""
    at = lines.index(start) + 1
    end = next((n for n in range(at, len(lines)) if not lines[n].startswith(" ")), len(lines))
    return [line.strip() for line in lines[at:end]]


def test_it_is_one_static_file():
    done = subprocess.run(["ldd", ROOT / "build/host/bulkhead"], capture_output=True, text=True, timeout=20, check=False)
    assert "not a dynamic executable" in done.stderr + done.stdout


def test_a_complete_machine(tmp_path):
    machine_tree.q35(tmp_path)
    status, lines, errors = dump(tmp_path)
    assert (status, errors) == (0, [])
    assert lines[:5] == ["bulkhead-machine 1", "tool 0.1", "linux 6.1.0-test", "vendor Test", "product Bench 1"]
    assert lines[-1] == "end"
    assert "memory 0x0-0x9fbff ram" in lines and "memory 0x7ffe0000-0x7fffffff acpi" in lines
    assert "cpu 3 apic 3 package 0 core 3" in lines and "thread-bits 0" in lines
    assert "cpu-signature 0x906ea" in lines and "mp-table 0" in lines
    assert "unit 0xfed90000 version 1:0 cap 0xd2008c22260286 ecap 0xf00f5a" in lines
    assert [line.split()[1] for line in lines if line.startswith("acpi ")] == ["APIC", "DMAR", "HPET", "MCFG"]
    nvme = block(lines, "pci 0000:01:00.0 4096")
    assert nvme[0].startswith("000: 36 1b 10 00 07 00 10 00 01 02 08 01")
    assert [line for line in nvme if ":" not in line] == ["bar 0 0x4000", "group 6", "driver nvme"]
    assert "irq 20" in block(lines, "pci 0000:00:04.0 4096")
    assert "rom 0x40000" in block(lines, "pci 0000:02:00.0 4096")


def test_into_a_file(tmp_path):
    machine_tree.q35(tmp_path / "m")
    status, lines, _ = dump(tmp_path / "m", "-o", tmp_path / "dump.txt")
    assert (status, lines) == (0, [])
    assert (tmp_path / "dump.txt").read_text().endswith("\nend\n")
    status, _, errors = dump(tmp_path / "m", "-o", tmp_path / "no/such/dump.txt")
    assert status == 2 and "No such file" in errors[-1]


def test_threads_of_a_core(tmp_path):
    machine_tree.q35(tmp_path, threads=2)
    _, lines, _ = dump(tmp_path)
    assert "thread-bits 1" in lines and "cpu 2 apic 1 package 0 core 0" in lines


def test_threads_that_linux_leaves_off(tmp_path):
    tree = machine_tree.q35(tmp_path)
    tree.write("sys/devices/system/cpu/smt/control", "forceoff")
    assert "thread-bits 1" in dump(tmp_path)[1]


def test_two_segments_virtual_functions_and_vmd(tmp_path):
    machine_tree.two_segments(tmp_path)
    status, lines, _ = dump(tmp_path)
    assert status == 0
    assert "physfn 0001:05:00.0" in block(lines, "pci 0001:05:10.0 4096")
    assert "behind 0001:00:0e.0" in block(lines, "pci 10000:e0:06.0 4096")
    assert "behind 0001:00:0e.0" in block(lines, "pci 10000:e1:00.0 4096")
    endpoint = block(lines, "pci 0001:00:0e.0 4096")
    assert "driver vmd" in endpoint
    assert any(line.startswith("040: 01 00 00 00 00 02") for line in endpoint), "VMCAP and VMCONFIG"
    assert sum(line.startswith("unit ") for line in lines) == 2


def test_without_root(tmp_path):
    """What Linux keeps from users is named, once each, and the rest is there."""
    tree = machine_tree.q35(tmp_path, readable=64)
    for path in (tree.root / "sys/firmware/memmap").rglob("*"):
        if path.is_file():
            path.unlink()
    tree.write("proc/iomem", "00000000-00000000 : System RAM\n00000000-00000000 : Reserved")
    for table in (tree.root / "sys/firmware/acpi/tables").iterdir():
        table.unlink()
        table.mkdir()  # unreadable for whoever runs the test, root included
    status, lines, errors = dump(tmp_path)
    assert status == 1
    missing = [line.removeprefix("missing ") for line in lines if line.startswith("missing ")]
    assert len(missing) == len(errors)
    assert missing[0] == "memory map: only root may: /sys/firmware/memmap and /proc/iomem hide it"
    assert [what.split(":")[0] for what in missing[1:5]] == [f"ACPI table {n}" for n in ("APIC", "DMAR", "HPET", "MCFG")]
    assert missing[5] == ("configuration space: only root may read more than 64 bytes of 10 functions: capabilities "
                          "are not known")
    assert "bar 0 0x4000" in block(lines, "pci 0000:01:00.0 64")


def test_no_units_shown(tmp_path):
    tree = machine_tree.q35(tmp_path)
    for file in (tmp_path / "sys/class/iommu/dmar0/intel-iommu").iterdir():
        file.unlink()
    status, lines, errors = dump(tmp_path)
    assert status == 1 and "intel_iommu=on" in errors[0]
    (tree.root / "sys/firmware/acpi/tables/DMAR").unlink()
    assert dump(tmp_path)[0] == 0, "a machine without VT-d lacks nothing"


def test_an_empty_folder(tmp_path):
    status, lines, _ = dump(tmp_path)
    assert status == 1
    assert [line.split(":")[0] for line in lines if line.startswith("missing ")] == [
        "missing memory map", "missing CPUs", "missing ACPI tables", "missing MP table", "missing PCI functions"]


def test_memory_from_iomem(tmp_path):
    tree = machine_tree.q35(tmp_path)
    for path in (tree.root / "sys/firmware/memmap").rglob("*"):
        if path.is_file():
            path.unlink()
    tree.write("proc/iomem", "00001000-0009ffff : System RAM\n000a0000-000fffff : PCI Bus 0000:00\n"
                             "  000f0000-000fffff : System ROM\n00100000-7fffffff : System RAM\n"
                             "  01000000-01ffffff : Kernel code\nb0000000-bfffffff : Reserved")
    assert [line for line in dump(tmp_path)[1] if line.startswith("memory")] == [
        "memory 0x1000-0x9ffff ram", "memory 0x100000-0x7fffffff ram", "memory 0xb0000000-0xbfffffff reserved"]


def test_odd_names_and_values_are_left_out(tmp_path):
    tree = machine_tree.q35(tmp_path)
    for name in ("0000:00:20.0", "0000:00:1f.8", "nonsense", "0000:00:05.0 x"):
        tree.write(f"sys/bus/pci/devices/{name}/config", bytes(256))
    tree.write("sys/class/iommu/dmar0/intel-iommu/cap", "12\nunit 0x0")
    tree.write("sys/class/iommu/dmar1/intel-iommu/cap", "12 34")
    tree.write("sys/class/dmi/id/product_name", "A\x1b[2J\x01B")
    tree.write("sys/bus/pci/devices/0000:00:04.0/resource", "rubbish")
    status, lines, _ = dump(tmp_path)
    assert not any("nonsense" in line or "00:20.0" in line or "1f.8" in line for line in lines)
    assert "product A?[2J?B" in lines
    assert not any(line.startswith("unit 0x0") for line in lines)
    assert not any("bar" in line for line in block(lines, "pci 0000:00:04.0 4096"))


@pytest.mark.parametrize("arguments", [("-o",), ("--root",), ("--nonsense",), ("x",)])
def test_wrong_usage(arguments):
    done = run("dump", *arguments)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and done.stdout == ""


def test_the_mp_table(tmp_path):
    tree = machine_tree.q35(tmp_path)
    table = tree.mp_table((4, 1, 20), (0x1f, 1, 16))
    status, lines, errors = dump(tmp_path)
    assert (status, errors) == (0, [])
    rows = block(lines, f"mp-table {len(table)}")
    assert bytes.fromhex("".join(row.split(": ")[1] for row in rows)) == table
    tree.low_memory(0xF5A40, b"_MP_" + bytes(12))  # its checksum is wrong
    assert "mp-table 0" in dump(tmp_path)[1]


def test_no_mp_table_to_be_read(tmp_path):
    """What Linux does not show is named: all of it, the EBDA, and a table above the first MiB."""
    tree = machine_tree.q35(tmp_path)
    tree.low_memory(0x40E, b"\xc0\x9f")  # the EBDA is at 0x9fc00, and all zeros
    status, lines, errors = dump(tmp_path)
    assert status == 1 and "mp-table 0" not in lines
    assert errors == ["bulkhead: cannot read MP table: this Linux hides the area where it may be (CONFIG_STRICT_DEVMEM)"]
    pointer = machine_tree.summed(b"_MP_" + (0x7FE00000).to_bytes(4, "little") + bytes([1, 4, 0]) + bytes(5), 10)
    tree.low_memory(0xF0000, pointer)
    assert dump(tmp_path)[2] == ["bulkhead: cannot read MP table: /dev/mem: Operation not permitted"]
    (tmp_path / "dev/mem").unlink()
    assert dump(tmp_path)[2] == ["bulkhead: cannot read MP table: /dev/mem: No such file or directory"]


def test_mtrrs(tmp_path):
    tree = machine_tree.q35(tmp_path)
    tree.write("proc/mtrr", "reg00: base=0x000000000 (    0MB), size= 2048MB, count=1: write-back\n"
                            "reg01: base=0x0000c0000 (    0MB), size=  128KB, count=1: uncachable")
    status, lines, _ = dump(tmp_path)
    assert status == 0
    assert [line for line in lines if line.startswith("mtrr ")] == [
        "mtrr 0x0 bytes 0x80000000 type write-back", "mtrr 0xc0000 bytes 0x20000 type uncached"]
    tree.write("proc/mtrr", "reg00: base=0x000000000 (    0MB), size= 2048MB, count=1: very fast")
    status, _, errors = dump(tmp_path)
    assert status == 1 and errors == ["bulkhead: cannot read an MTRR: /proc/mtrr has a line that nobody here knows"]
