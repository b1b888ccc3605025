# SPDX-License-Identifier: GPL-2.0-only
"""bulkhead groups: real machines' lspci texts against the groups that Linux made there."""
import json
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = pathlib.Path(os.environ.get("BULKHEAD_TOOL", ROOT / "build/host/bulkhead"))
SHARED = pathlib.Path(os.environ.get("BULKHEAD_SHARED", ROOT.parent / "shared")) / "data/topology"
KEPT = ROOT / "tests/data/topology"  # the lines of these texts that say something about groups
ADDRESS = re.compile(r"^(?:[0-9a-f]{4,5}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7] ")
PCI_IDS = pathlib.Path("/usr/share/misc/pci.ids")


def run(*arguments):
    assert TOOL.exists(), f"{TOOL} is missing: run make"
    return subprocess.run([TOOL, "groups", *map(str, arguments)], capture_output=True, text=True, timeout=20,
                          check=False)


def texts(folder):
    return sorted(folder.glob("*.lspci.txt")) if folder.is_dir() else []


def long_form(address):
    return address if address.count(":") == 2 else "0000:" + address


def linux_groups(path):
    """Address to group, read without the tool."""
    found, at = {}, None
    for line in path.read_text(errors="replace").splitlines():
        if ADDRESS.match(line):
            at = long_form(line.split()[0])
        elif at and line.strip().startswith("IOMMU group:"):
            found[at] = int(line.split(":")[1])
    return found


def parts(groups):
    """The partition that a mapping of addresses to numbers means."""
    by_number = {}
    for address, number in groups.items():
        by_number.setdefault(number, set()).add(address)
    return {frozenset(members) for members in by_number.values()}


def compare(path, *options):
    done = run("--lspci", path, "--json", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    assert answer["linux"]["unexplained"] == 0
    for difference in answer["linux"]["differences"]:
        assert difference["cause"] != "unexplained" and difference["why"]
    ours = {m["address"]: g["number"] for g in answer["groups"] for m in g["members"]}
    theirs = linux_groups(path)
    assert answer["linux"]["compared"] == len(theirs)
    same = parts({a: g for a, g in ours.items() if a in theirs}) == parts(theirs)
    assert same == (not answer["linux"]["differences"])
    return answer


@pytest.mark.parametrize("path", texts(KEPT), ids=lambda p: p.stem)
def test_kept_text(path):
    compare(path)


# Most texts have no ids; without the file of names, quirks are still named as causes.
@pytest.mark.parametrize("path", texts(KEPT), ids=lambda p: p.stem)
def test_without_names(path):
    compare(path, "--pci-ids", "/dev/null")


def test_some_texts_are_kept():
    assert len(texts(KEPT)) >= 9


@pytest.mark.skipif(not PCI_IDS.exists(), reason=f"{PCI_IDS} is missing: apt-get install pci.ids")
@pytest.mark.parametrize("path", texts(KEPT), ids=lambda p: p.stem)
def test_with_names_nothing_differs(path):
    assert compare(path)["linux"]["differences"] == []


NO_TEXTS = pytest.param(None, id="no-texts", marks=pytest.mark.skip(reason=f"no texts in {SHARED}: BULKHEAD_SHARED"))


@pytest.mark.parametrize("path", [pytest.param(p, id=p.stem) for p in texts(SHARED)] or [NO_TEXTS])
def test_shared_text(path):
    compare(path)


SWITCH = """00:01.0 0604: 1111:2222
\tBus: primary=00, secondary=01, subordinate=04, sec-latency=0
\tIOMMU group: 1
\tCapabilities: [40] Express (v2) Root Port (Slot+), MSI 00
\tCapabilities: [100 v1] Access Control Services
\t\tACSCap:\tReqRedir+
\t\tACSCtl:\tReqRedir+
01:00.0 0604: 1111:2223
\tBus: primary=01, secondary=02, subordinate=04, sec-latency=0
\tIOMMU group: 2
\tCapabilities: [40] Express (v2) Upstream Port, MSI 00
02:00.0 0604: 1111:2223
\tBus: primary=02, secondary=03, subordinate=03, sec-latency=0
\tIOMMU group: 3
\tCapabilities: [40] Express (v2) Downstream Port (Slot-), MSI 00
02:01.0 0604: 1111:2223
\tBus: primary=02, secondary=04, subordinate=04, sec-latency=0
\tIOMMU group: 4
\tCapabilities: [40] Express (v2) Downstream Port (Slot-), MSI 00
"""


def test_text_output(tmp_path):
    path = tmp_path / "switch.txt"
    path.write_text(SWITCH)
    done = run("--lspci", path)
    assert done.returncode == 0
    assert done.stdout == """group 0
  0000:00:01.0
group 1
  0000:01:00.0
group 2
  0000:02:00.0
  0000:02:01.0  switch: 0000:02:00.0 is a port of the same switch, whose ports do not all isolate
compared with Linux: 4 functions, 1 differences, 0 unexplained
difference: 0000:02:00.0 and 0000:02:01.0 are together here, apart in Linux: safe rule: 0000:02:00.0 is a port of \
the same switch, whose ports do not all isolate
"""


def test_unexplained_is_an_error(tmp_path):
    path = tmp_path / "wrong.txt"
    path.write_text(SWITCH.replace("IOMMU group: 2", "IOMMU group: 1"))
    done = run("--lspci", path)
    assert done.returncode == 1
    assert "0000:00:01.0 and 0000:01:00.0 are apart here, together in Linux: unexplained" in done.stdout


def test_without_root(tmp_path):
    path = tmp_path / "denied.txt"
    path.write_text("00:02.0 0300: 8086:3e98\n\tCapabilities: <access denied>\n")
    done = run("--lspci", path)
    assert done.returncode == 0
    assert "run lspci -vvv as root" in done.stderr


def test_usage(tmp_path):
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    for arguments in ([], ["--lspci"], ["--lspci", tmp_path / "none"], ["--lspci", empty], ["--what"], ["FILE"]):
        done = run(*arguments)
        assert done.returncode == 2, arguments
        assert done.stdout == "" and done.stderr.startswith("bulkhead: ")
    assert run("--help").returncode == 0
