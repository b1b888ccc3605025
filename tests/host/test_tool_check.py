# SPDX-License-Identifier: GPL-2.0-only
"""bulkhead check: the hypervisor's own diagnostics, the line they mean, a caret under the place."""
import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = pathlib.Path(os.environ.get("BULKHEAD_TOOL", ROOT / "build/host/bulkhead"))
GUEST = '[guest.a]\ncpus = [0]\nmemory = "64MiB"\nkernel = "vmlinuz"\n'


def check(tmp_path, text, *arguments):
    path = tmp_path / "bulkhead.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = subprocess.run([TOOL, "check", path, *arguments], capture_output=True, text=True, timeout=20, check=False)
    return done.returncode, done.stdout, done.stderr


def test_accepted(tmp_path):
    assert check(tmp_path, "version = 1\n" + GUEST) == (0, "bulkhead.toml: accepted, guests=1\n", "")


def test_the_demo():
    done = subprocess.run([TOOL, "check", ROOT / "tools/demo/bulkhead.toml"], capture_output=True, text=True, timeout=20,
                          check=False)
    assert done.returncode == 0, done.stdout


def test_two_errors_with_their_places(tmp_path):
    text = 'version = 1\n[guest.a]\ncpus = [0]\nmemory = "12Miß"\n\tkernel = 5\n'
    status, out, _ = check(tmp_path, text)
    lines = out.splitlines()
    assert status == 1
    assert lines[0].startswith('error[BH0520] bulkhead.toml:4:10: "12Miß" is not a size; fix: ')
    assert lines[1:3] == ['    4 | memory = "12Miß"', "      |          ^"]
    assert lines[3].startswith("error[BH0519] bulkhead.toml:5:11: ")
    assert lines[4:6] == ["    5 |  kernel = 5", "      |           ^"]
    assert lines[6] == "bulkhead.toml: refused, errors=2"


def test_the_caret_counts_characters_and_long_lines_are_cut(tmp_path):
    text = f'version = 1\n{GUEST}cmdline = "{"ü" * 150}" 7\n'
    status, out, _ = check(tmp_path, text)
    shown, caret = out.splitlines()[1:3]
    assert status == 1 and shown.startswith("    6 | ...ü")
    assert shown[caret.index("^")] == "7"


def test_an_unknown_feature_is_found_here_already(tmp_path):
    status, out, _ = check(tmp_path, 'version = 1\n[system]\nwithout = ["nonsense"]\n' + GUEST)
    assert status == 1 and "bulkhead.toml:3:12" in out


def test_many_errors_are_counted(tmp_path):
    status, out, _ = check(tmp_path, "version = 1\n" + "".join(f"[x{n}]\n" for n in range(1100)))
    assert status == 1 and " more are not shown" in out


@pytest.mark.parametrize("text", [b"", b"\0", b"\xff\xfe\n", b"version = 1\n\x1b[2J = 3\n", b"[" * 5000, b'a = "\xc3'])
def test_rubbish_is_refused(tmp_path, text):
    status, out, _ = check(tmp_path, text)
    assert status == 1 and "refused" in out and "\x1b" not in out


def test_json(tmp_path):
    status, out, _ = check(tmp_path, 'version = 1\n[guest.a]\ncpus = [0]\nmemory = "1Miß"\nkernel = "k"\n', "--json")
    got = json.loads(out)
    assert status == 1 and got["accepted"] is False
    assert [(d["code"], d["where"]) for d in got["diagnostics"]] == [("BH0520", "bulkhead.toml:4:10")]
    assert got["diagnostics"][0]["what"] == '"1Miß" is not a size'
    status, out, _ = check(tmp_path, "version = 1\n" + GUEST, "--json")
    assert status == 0 and json.loads(out) == {"file": "bulkhead.toml", "accepted": True, "diagnostics": []}


@pytest.mark.parametrize("arguments", [(), ("/no/such/file",), ("a", "b"), ("--xml", "a")])
def test_wrong_usage(arguments):
    done = subprocess.run([TOOL, "check", *arguments], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1
