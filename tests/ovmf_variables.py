# SPDX-License-Identifier: GPL-2.0-only
"""Secure Boot keys of our own for OVMF: written into the file of its variables, in the format of EDK II's authenticated
variable store (UEFI Platform Initialization 1.7, volume 3, 3.2.1 for the volume; UEFI 2.10 32.4.1 for signature lists)."""
import struct
import subprocess
import uuid

GLOBAL = uuid.UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c")
IMAGE_SECURITY = uuid.UUID("d719b2cb-3d3a-4596-a3bc-dad00e67656f")
CERT_X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")
OWNER = uuid.UUID("b0b0b0b0-0000-4000-8000-62756c6b6864")
STORE = uuid.UUID("aaf32c78-947b-439a-a180-2e144ec37792")  # authenticated variables
VOLUME_LENGTH_AT, VOLUME_HEADER_LENGTH_AT = 32, 48
STORE_HEADER, VARIABLE_START, VARIABLE_ADDED = 28, 0x55AA, 0x3F
ATTRIBUTES = 0x27  # non-volatile, boot and runtime access, time-based authenticated writes


def signature_list(der):
    body = OWNER.bytes_le + der
    return CERT_X509.bytes_le + struct.pack("<III", 28 + len(body), 0, len(body)) + body


def variable(name, vendor, data):
    wide = (name + "\0").encode("utf-16-le")
    time = struct.pack("<HBBBBBBIhBB", 2026, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0)
    head = struct.pack("<HBBIQ", VARIABLE_START, VARIABLE_ADDED, 0, ATTRIBUTES, 0) + time + struct.pack("<III", 0, len(wide), len(data))
    whole = head + vendor.bytes_le + wide + data
    return whole.ljust(-(-len(whole) // 4) * 4, b"\xff")


def enroll(template, out, der):
    """A copy of empty variables with one certificate as PK, KEK and db: Secure Boot is on, and it alone is trusted."""
    data = bytearray(template.read_bytes())
    (header,) = struct.unpack_from("<H", data, VOLUME_HEADER_LENGTH_AT)
    assert data[40:44] == b"_FVH" and data[header:header + 16] == STORE.bytes_le, "no variable store of the kind known here"
    content = b"".join(variable(name, vendor, signature_list(der))
                       for name, vendor in (("PK", GLOBAL), ("KEK", GLOBAL), ("db", IMAGE_SECURITY)))
    start = header + STORE_HEADER
    assert data[start:start + len(content)] == b"\xff" * len(content), "the variables are not empty"
    data[start:start + len(content)] = content
    out.write_bytes(data)
    return out


def make_key(folder, name):
    """(key, certificate) as PEM files, made by openssl."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    subprocess.run(["openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj",
                    f"/CN=Bulkhead test {name}/", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return key, certificate


def der_of(certificate):
    return subprocess.run(["openssl", "x509", "-in", certificate, "-outform", "DER"], check=True, capture_output=True).stdout
