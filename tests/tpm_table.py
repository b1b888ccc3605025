# SPDX-License-Identifier: GPL-2.0-only
"""A TPM's event log in both formats (TCG PC Client Platform Firmware Profile 10.2), and the ACPI table TPM2 that names
it."""
import hashlib
import struct

EVENTS = [(0, 8, "1.0".encode("utf-16-le"), "EV_S_CRTM_VERSION", "1.0"),
          (4, 5, b"Calling INT 19h", "EV_ACTION", "Calling INT 19h"),
          (7, 4, b"\0\0\0\0", "EV_SEPARATOR", ""),
          (8, 0xD, b"grub_cmd: multiboot2 /boot/bulkhead.elf", "EV_IPL", "grub_cmd: multiboot2 /boot/bulkhead.elf"),
          (1, 0x80000009, b"\x01\x02", "EV_EFI_HANDOFF_TABLES", "")]
SHA1, SHA256 = 4, 0xB


def plain_event(pcr, kind, data, digest=None):
    return struct.pack("<II20sI", pcr, kind, digest or hashlib.sha1(data).digest(), len(data)) + data


def plain_log(size=4096):
    return b"".join(plain_event(pcr, kind, data) for pcr, kind, data, _, _ in EVENTS).ljust(size, b"\0")


def agile_event(pcr, kind, data):
    digests = struct.pack("<H", SHA1) + hashlib.sha1(data).digest() + struct.pack("<H", SHA256) + hashlib.sha256(data).digest()
    return struct.pack("<III", pcr, kind, 2) + digests + struct.pack("<I", len(data)) + data


def agile_log(size=4096):
    head = b"Spec ID Event03\0" + struct.pack("<IBBBBI", 0, 0, 2, 105, 2, 2) + struct.pack("<HHHH", SHA1, 20, SHA256, 32) + b"\0"
    events = b"".join(agile_event(pcr, kind, data) for pcr, kind, data, _, _ in EVENTS)
    return (plain_event(0, 3, head, bytes(20)) + events).ljust(size, b"\xff")


def tpm2(at, size, revision=4):
    body = struct.pack("<HHQI12sIQ", 0, 0, 0xFED40040, 7, bytes(12), size, at)
    head = struct.pack("<4sIBB6s8sI4sI", b"TPM2", 36 + len(body), revision, 0, b"BULKHD", b"TESTTPM2", 1, b"TEST", 1)
    table = bytearray(head + body)
    table[9] = -sum(table) & 0xFF
    return bytes(table)
