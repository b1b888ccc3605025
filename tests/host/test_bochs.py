# SPDX-License-Identifier: GPL-2.0-only
"""tools/bochs.py without a boot: the DMAR it compiles, the configuration it writes, and how a run ends."""
import struct

import bochs
import pytest


def test_dmar(tmp_path):
    """The I/O APIC's id follows the CPU count (facts of Bochs' machine)."""
    table = bochs.make_dmar(tmp_path, 4).read_bytes()
    assert table[:4] == b"DMAR" and len(table) == struct.unpack_from("<I", table, 4)[0] and sum(table) % 256 == 0
    assert table[36:38] == b"\x26\x01"  # 39 bits, interrupts can be remapped
    kind, length, flags, _, segment, base = struct.unpack_from("<HHBBHQ", table, 48)
    assert (kind, length, flags, segment, base) == (0, 24, 1, 0, bochs.UNIT_BASE)
    assert table[64:72] == bytes([3, 8, 0, 0, 4, 0xF0, 0x1F, 0])
    assert len(table) == 72


def lines_of(**changes):
    return bochs.configuration(bochs.Machine(**changes), "/x/boot.iso", "/dev/pts/9").splitlines()


def test_configuration():
    lines = lines_of(model="corei7_icelake_u", cpus=3, mebibytes=256)
    assert any("model=corei7_icelake_u, count=3," in line for line in lines)
    assert "memory: guest=256, host=256" in lines and "com1: enabled=1, mode=term, dev=/dev/pts/9" in lines
    assert any("path=/x/boot.iso" in line for line in lines)
    assert "pci: enabled=1, chipset=i440fx" in lines and not [line for line in lines if "ata0" in line or "e1000" in line]


def test_memory_of_the_host_is_bounded():
    assert "memory: guest=3072, host=2048" in lines_of(mebibytes=3072)


def test_devices():
    lines = lines_of(disk="/x/disk.img", network=True)
    assert "ata0-master: type=disk, mode=volatile, path=/x/disk.img" in lines
    assert "pci: enabled=1, chipset=i440fx, slot3=e1000" in lines
    assert any(line.startswith("e1000: ") and "ethmod=vnet" in line for line in lines)


@pytest.mark.parametrize("vtd", [True, False])
def test_our_plugin_only_where_wanted(vtd):
    assert ("bulkhead=1" in lines_of(vtd=vtd)[0]) == vtd
    paths = bochs.environment(bochs.Machine(vtd=vtd))["LTDL_LIBRARY_PATH"].split(":")
    assert paths == ([str(bochs.OUR_PLUGINS)] if vtd else []) + [bochs.PLUGINS]


def test_a_wrong_machine_ends_at_once():
    done = bochs.run(bochs.Machine(model="no_such_model", vtd=False), "/dev/null", 20)
    assert done.ended and not done.timed_out and done.status != 0 and "LTDL_LIBRARY_PATH" in done.emulator


def test_time_is_up(tmp_path):
    """No boot medium worth the name: the firmware goes on for ever."""
    (tmp_path / "empty.iso").write_bytes(bytes(1 << 20))
    done = bochs.run(bochs.Machine(vtd=False, mebibytes=32), tmp_path / "empty.iso", 0.5)
    assert done.timed_out and not done.ended and done.seconds < 20
