# SPDX-License-Identifier: GPL-2.0-only
"""The bench runner: its output, on the group that needs no emulator, and what it makes of an emulator's."""
import json
import subprocess
import sys

import pytest
import testbed

sys.path.insert(0, str(testbed.ROOT / "tests/bench"))
import figures_backends  # noqa: E402
from row import Row, side_by_side, table  # noqa: E402

BENCH = [sys.executable, testbed.ROOT / "tests/bench/bench.py"]


def test_json():
    done = subprocess.run([*BENCH, "--json", "domain"], capture_output=True, text=True, timeout=200, check=True)
    rows = {row["figure"]: row for row in json.loads(done.stdout)}
    row = rows["1 TiB domain, 1 GiB pages: table pages a GiB"]
    assert row["most"] == 1 and 0 < row["value"] <= 1


def test_unknown_group():
    done = subprocess.run([*BENCH, "nothing"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "choose from domain" in done.stderr


GUEST_OUTPUT = """\
bench| PASS: entered by a multiboot loader
bench| bench: cpuid=294
bench| bench: lapic-read=10
[   0.716503] info  guest: name=bench end=powered-off exits-device=200 interrupt=7 window=20 io=367 eoi=80 device-interrupts=200 entered-ns=626306074
[   0.816503] info  bulkhead: all guests have ended, faults=0 memory-kib=2300
"""


def test_ticks_and_counters():
    assert figures_backends.ticks(GUEST_OUTPUT) == {"cpuid": 294, "lapic-read": 10}
    counted = figures_backends.counters(GUEST_OUTPUT)
    assert counted["exits-device"] == 200 and counted["entered-ns"] == 626306074 and "memory-kib" not in counted
    assert figures_backends.per_interrupt(counted) == (1.5, 0.4)
    with pytest.raises(ValueError):
        figures_backends.counters("bench| PASS: there is an edu device with MSI\n")


def test_switch_cost():
    text = "one| bench: slice-turn=800\ntwo| bench: slice-turn=900\none| bench: slice-gap=1100\ntwo| bench: slice-gap=1000\n"
    assert figures_backends.switch_cost(text) == 100
    with pytest.raises(AssertionError):
        figures_backends.switch_cost(text.replace("two| bench: slice-gap=1000\n", ""))


def test_configuration_of_a_place():
    plain = figures_backends.config_text(figures_backends.SVM, [figures_backends.guest_table("one")])
    assert "[system]" not in plain and "cmdline" not in plain and 'kernel = "kernel"' in plain
    text = figures_backends.config_text(figures_backends.VMX_PLAIN, [figures_backends.guest_table("one", "x=1")], 1000)
    assert 'without = ["apic-registers", "virtual-interrupts", "virtual-x2apic"]\nslice-us = 1000\n' in text
    assert 'cmdline = "x=1"' in text


def test_side_by_side():
    rows = [Row("one alone", 1, "KiB", 2), Row("cost", 294, "instructions", 300, on="VMX"),
            Row("cost", 424, "instructions", 400, on="SVM"), Row("rate", 1.5, "exits", on="SVM"),
            Row("rate", None, "exits", 1, "needs bochs", on="VMX")]
    assert side_by_side(rows) == [
        "| figure | unit | VMX | SVM |", "|---|---|---|---|",
        "| cost | instructions | 294 (<= 300, met) | 424 (<= 400, MISSED) |",
        "| rate | exits | not measured: needs bochs | 1.500 |"]
    assert table(rows) == ["| figure | value | goal |", "|---|---|---|", "| one alone | 1 KiB | <= 2 KiB, met |"]
    assert side_by_side(rows[:1]) == [] and table(rows[1:]) == []


def test_every_figure_has_one_row_a_place(monkeypatch):
    monkeypatch.setattr(figures_backends, "boot", lambda *_: None)
    for group in figures_backends.GROUPS.values():
        rows = group()
        assert rows and all(row.value is None and row.on for row in rows)
        assert len({(row.figure, row.on) for row in rows}) == len(rows)
