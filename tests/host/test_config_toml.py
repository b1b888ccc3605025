# SPDX-License-Identifier: GPL-2.0-only
"""Whatever the configuration parser accepts is TOML 1.0 and means what Python's tomllib says it means."""
import json
import random
import re
import subprocess
import tomllib

SEED = """# a machine
version = 1
[system]
console = "com1,115200"   # first port
service = 'svc'
unassigned = "block"
inventory = true

[guest.svc]
cpus = [1, 0x2, 0o3, 0b100, 1_0]
memory = "512MiB"
kernel = "vmlinuz"
initrd = 'C:\\literal'
cmdline = "a\\tb \\"q\\" \\\\ \\u00e9 \\U0001F600 é"
devices = [
    "0000:00:02.0",   # graphics
    "group:0000:3b:00.0",
]
modules = []
rmrr = "map"
unsafe-interrupts = false

[ guest . "b-2" ]
"cpus" = [+0]
'memory' = "4GiB"
kernel = "k"
modules = ["m1", 'm2']

[device."0000:00:02.0"]
gsi = 17
expect = "8086:37c8"
[device."8086:28c0"]
reset = 'd3d0'
rom = false
[device.'0000:3b:00.0']
[network.lan]
guests = ["svc", 'b-2']
mtu = 9_000
"""
PIECES = ["[", "]", '"', "'", "#", "=", ",", ".", "\n", "\r\n", "\r", " ", "\t", "\\", "0", "_", "-", "+", "1e3", "true",
          "nan", "0x", "é", "\x00", "\x7f", "\ufeff", '"""', "\\u12", "\\n", "[[", "{", "guest", "[guest.c]\n", "[system]\n",
          "cpus = [1]\n", 'memory = "64KiB"\n', 'kernel = "k"\n', "1979-05-27"]
UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def mutate(rng, text):
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
        at = rng.randrange(len(text) + 1)
        end = min(len(text), at + rng.choice([0, 0, 1, 1, 5, 30]))
        piece = rng.choice(PIECES + ["", "", ""])
        if rng.random() < 0.2:  # copy a line elsewhere
            piece = rng.choice(text.splitlines(keepends=True) or [""])
            at = end = text.rfind("\n", 0, at) + 1
        text = text[:at] + piece + text[end:]
    return text


def expected(data):
    """What tomllib reads, as the dump prints it; None when it is not TOML."""
    try:
        document = tomllib.loads(data.decode())
    except (ValueError, RecursionError):
        return None
    document.setdefault("device", {})
    document.setdefault("network", {})
    for guest in document.get("guest", {}).values():
        if isinstance(guest, dict) and isinstance(guest.get("memory"), str):
            number, unit = re.fullmatch(r"(\d+)(.*)", guest["memory"]).groups() if guest["memory"][:1].isdigit() else (0, "")
            guest["memory"] = int(number) * UNITS.get(unit, 0)
    return document


def without_ends(value):
    """The dump closes every object with "": 0."""
    return {k: without_ends(v) for k, v in value.items() if k != ""} if isinstance(value, dict) else value


def dump(program, folder, documents):
    paths = []
    for i, data in enumerate(documents):
        paths.append(folder / f"{i}.toml")
        paths[-1].write_bytes(data)
    lines = []
    for first in range(0, len(paths), 500):
        done = subprocess.run([program, *paths[first:first + 500]], capture_output=True, timeout=60, check=True)
        lines += done.stdout.decode().splitlines()
    assert len(lines) == len(documents)
    return [json.loads(line) for line in lines]


def check(program, folder, documents):
    accepted = 0
    for data, result in zip(documents, dump(program, folder, documents)):
        if "errors" in result:
            assert result["errors"], data
            continue
        accepted += 1
        assert without_ends(result["config"]) == expected(data), data
    return accepted


def test_accepted_files_are_toml_and_mean_the_same(build, tmp_path):
    rng = random.Random(1)
    documents = [mutate(rng, SEED).encode() for _ in range(6000)]
    accepted = check(build / "host" / "config_dump", tmp_path, documents)
    assert 600 < accepted < 5400  # neither all nor nothing: both sides were tried


def test_bytes_that_are_no_text(build, tmp_path):
    rng = random.Random(2)
    documents = []
    for _ in range(2500):
        data = bytearray(SEED.encode())
        data[rng.randrange(len(data))] = rng.randrange(256)
        documents.append(bytes(data))
    assert check(build / "host" / "config_dump", tmp_path, documents) > 100


def test_integers(build, tmp_path):
    rng = random.Random(3)
    words = ["".join(rng.choice("0123456789_+-xobaf.eE") for _ in range(rng.randrange(1, 6))) for _ in range(3000)]
    words += ["0", "-0", "+0", "00", "0_0", "0x_1", "0xF_F", "0XFF", "0b", "1_000", "1023", "1024"]
    head = '[guest.a]\nmemory = "64KiB"\nkernel = "k"\ncpus = ['
    documents = [f"version = 1\n{head}{word}]\n".encode() for word in words]
    assert check(build / "host" / "config_dump", tmp_path, documents) > 100
