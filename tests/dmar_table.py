# SPDX-License-Identifier: GPL-2.0-only
"""DMAR tables for the booted images (VT-d 4.1 chapter 8): built here, good or damaged on purpose."""
import struct

UNIT = 0xFED90000  # QEMU's
IOAPIC_ID = 0
IOAPIC_AT = (0xFF, 0, 0)  # bus, device, function that QEMU's I/O APIC speaks as
INTERRUPT_REMAPPING = 1 << 0
INCLUDE_ALL = 1 << 0


def scope(kind, identity, bus, device, function):
    return struct.pack("<BBHBBBB", kind, 8, 0, identity, bus, device, function)


def unit(base=UNIT, flags=INCLUDE_ALL, scopes=None, length=None):
    scopes = scope(3, IOAPIC_ID, *IOAPIC_AT) if scopes is None else scopes
    return struct.pack("<HHBBHQ", 0, 16 + len(scopes) if length is None else length, flags, 0, 0, base) + scopes


def reserved(base, limit, *scopes):
    """An RMRR: the last byte's address is `limit`, and scopes are of endpoints."""
    joined = b"".join(scopes)
    return struct.pack("<HHHHQQ", 1, 24 + len(joined), 0, 0, base, limit) + joined


def endpoint(bus, device, function):
    return scope(1, 0, bus, device, function)


def sealed(table):
    """The table with the length field and checksum that its bytes need."""
    out = bytearray(table)
    struct.pack_into("<I", out, 4, len(out))
    return checksummed(out)


def checksummed(table):
    out = bytearray(table)
    out[9] = 0
    out[9] = -sum(out) & 0xFF
    return bytes(out)


def dmar(*structures, width=39, flags=INTERRUPT_REMAPPING):
    header = struct.pack("<4sIBB6s8sI4sI", b"DMAR", 0, 1, 0, b"BULKHD", b"TESTDMAR", 1, b"TEST", 1)
    return sealed(header + struct.pack("<BB10x", width - 1, flags) + b"".join(structures))


def wrong_checksum(table):
    out = bytearray(table)
    out[9] ^= 0x55
    return bytes(out)


def cut(table, by):
    """The last bytes are missing; length and checksum fit what is left."""
    return sealed(table[:-by])
