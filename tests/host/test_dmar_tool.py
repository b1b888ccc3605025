# SPDX-License-Identifier: GPL-2.0-only
"""bulkhead dmar: its JSON against an independent decoder's, its exit statuses, its behaviour on damaged tables."""
import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = pathlib.Path(os.environ.get("BULKHEAD_TOOL", ROOT / "build/host/bulkhead"))
SHARED = pathlib.Path(os.environ.get("BULKHEAD_SHARED", ROOT.parent / "shared")) / "data/dmar"
KEPT = ROOT / "tests/data/dmar"

# The only table of the data set that must be refused: its unit's registers are at address 0.
REFUSED = {"lenovo-ideapadflex-15-20309-27d1e500"}


def run(*arguments):
    assert TOOL.exists(), f"{TOOL} is missing: run make"
    return subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True, timeout=20, check=False)


def decode(path):
    done = run("dmar", path, "--json")
    assert done.returncode in (0, 1), done.stderr
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def tables(folder):
    return sorted(folder.glob("*.aml")) if folder.is_dir() else []


def compare(path):
    status, got = decode(path)
    wanted = json.loads(path.with_suffix(".json").read_text())
    diagnostics = got.pop("diagnostics")
    assert got.pop("decoder").startswith("bulkhead ")
    wanted.pop("decoder")
    assert got == wanted
    errors = [d for d in diagnostics if d["severity"] == "error"]
    assert status == (1 if errors else 0)
    assert bool(errors) == (path.stem in REFUSED)


@pytest.mark.parametrize("path", tables(KEPT), ids=lambda p: p.stem)
def test_kept_table(path):
    compare(path)


def test_some_tables_are_kept():
    assert len(tables(KEPT)) >= 5


# pytest asks an empty list for an id and fails; one named and skipped case stands in for it.
NO_TABLES = pytest.param(None, id="no-tables", marks=pytest.mark.skip(reason=f"no tables in {SHARED}: BULKHEAD_SHARED"))


@pytest.mark.parametrize("path", [pytest.param(p, id=p.stem) for p in tables(SHARED)] or [NO_TABLES])
def test_shared_table(path):
    compare(path)


def test_diagnostics():
    _, got = decode(KEPT / "apple-imacpro1-1-dmar1-fca38301.aml")
    assert got["diagnostics"], "duplicated units must be reported"
    for d in got["diagnostics"]:
        assert list(d) == ["code", "severity", "where", "what", "fix"]
        assert d["code"].startswith("BH01") and len(d["code"]) == 6
        assert d["severity"] in ("note", "warning", "error")
        assert d["where"].startswith("DMAR offset 0x")
        assert d["what"]
    twice = [d for d in got["diagnostics"] if d["code"] == "BH0154"]
    assert [d["where"] for d in twice] == [f"DMAR offset {o:#x}" for o in (0x98, 0xB8, 0xE0, 0x128)]


def test_text():
    done = run("dmar", KEPT / "hp-proliant-dl360-g7-8b62d3c6.aml")
    assert done.returncode == 0
    assert "0000:00:1c.4 > 00.2" in done.stdout
    assert "0xdf61e000..0xdf61ffff" in done.stdout
    assert "accepted" in done.stdout
    done = run("dmar", KEPT / "lenovo-ideapadflex-15-20309-27d1e500.aml")
    assert done.returncode == 1
    assert "error[BH0151] DMAR offset 0x30: " in done.stdout
    assert "refused" in done.stdout


def test_damaged_table_is_refused_and_still_shown(tmp_path):
    data = bytearray((KEPT / "hp-proliant-dl360-g7-8b62d3c6.aml").read_bytes())
    data[60] ^= 0xFF
    (tmp_path / "bad.aml").write_bytes(data)
    status, got = decode(tmp_path / "bad.aml")
    assert status == 1
    assert got["name"] == "bad"
    assert got["checksum_ok"] is False
    assert got["counts"] == {"DRHD": 1, "RMRR": 3, "ATSR": 1}
    assert "BH0134" in [d["code"] for d in got["diagnostics"]]


@pytest.mark.parametrize("length", [0, 1, 35, 47, 48, 60, 355])
def test_cut_table_is_refused(tmp_path, length):
    data = (KEPT / "hp-proliant-dl360-g7-8b62d3c6.aml").read_bytes()
    (tmp_path / "cut.aml").write_bytes(data[:length])
    status, got = decode(tmp_path / "cut.aml")
    assert status == 1
    assert got["bytes"] == length
    assert any(d["severity"] == "error" for d in got["diagnostics"])


def test_strings_are_escaped(tmp_path):
    """Quotes and backslashes in the text fields must not break the JSON."""
    data = bytearray((KEPT / "microsoft-surface-go-1-04c47bfd.aml").read_bytes())
    data[10:16] = b'"\\\x01\xff{}'
    data[9] = 0
    data[9] = -sum(data) & 0xFF
    (tmp_path / "quote.aml").write_bytes(data)
    status, got = decode(tmp_path / "quote.aml")
    assert status == 0
    assert got["header"]["oem_id"] == '"\\  {}'
    assert got["subtables"][-1]["device_name"].startswith("\\_SB")


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("dmar",), ("dmar", "/nonexistent.aml"), ("dmar", "/"),
                                       ("dmar", "--xml", "a"), ("dmar", "a", "b")])
def test_wrong_usage(arguments):
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("bulkhead: ") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [("--help",), ("dmar", "--help")])
def test_help(arguments):
    done = run(*arguments)
    assert done.returncode == 0
    assert done.stdout.startswith("usage: bulkhead")
    assert done.stderr == ""
