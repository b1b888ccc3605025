# SPDX-License-Identifier: GPL-2.0-only
"""bulkhead attest: what a long run tells meanwhile, and what its report says when its time was not enough."""
import argparse
import sys

import pytest
import testbed

FOLDER = testbed.ROOT / "tools" / "attest"
sys.path.insert(0, str(FOLDER))
import derive  # noqa: E402
import emulate  # noqa: E402
import progress  # noqa: E402
import report  # noqa: E402
from test_attest_report import LOG, TICKET, without  # noqa: E402


class Clock:
    """Seconds that a test lets pass."""

    def __init__(self):
        self.now = 0

    def __call__(self):
        return self.now


@pytest.fixture
def told():
    """(progress of a full run of two guests, what it said, its clock)"""
    said, clock = [], Clock()
    return progress.Progress({"depth": "full", "targets": [""] * 64}, {"store": 2, "net": 0}, said.append, clock), said, clock


def test_a_short_run_is_silent(told):
    shown, said, clock = told
    shown.begin(280)
    for clock.now in range(29):
        shown.take("store| ATTEST class=ports-in attempts=1 of=1 expected=1 own=0 escapes=0")
    assert said == []


def test_what_guests_do_and_how_long_it_takes(told):
    shown, said, clock = told
    shown.begin(6720)
    assert said.pop() == ("2 devices take up to 24 min in all, one after another, everything else minutes on an idle machine; "
                          "the limit is 112 min (--timeout)")
    clock.now = 10
    shown.take("net| ATTEST progress class=pages-low attempts=1000 of=9000")
    shown.take("store| ATTEST device=00:01.0 id=1b36:0010 class=010802")
    clock.now = 40
    shown.take("net| ATTEST progress class=pages-low attempts=2000 of=9000")
    assert said.pop() == "1 min, at least 16 min to go: store: device 1 of 2; net: pages-low 2000 of 9000"  # 210 s and 720 s
    clock.now = 69
    shown.take("store| ATTEST dma device=00:01.0 access=read target=0x1000 result=done")
    shown.take("store| ATTEST device=00:02.0 id=8086:10d3 class=020000")
    shown.take("store| ATTEST dma device=00:02.0 access=read target=0x1000 result=done")
    shown.take("store| ATTEST dma device=00:02.0 access=write target=0x1000 result=done")
    shown.take("net| ATTEST attacked attempts=1 escapes=0")
    assert said == []
    clock.now = 70
    shown.take("[   1.000000] info  fault: of the hypervisor's own lines nothing is taken")
    assert said == ["1 min: store: device 2 of 2, 2 DMA attempts; net: its attempts are over"]


@pytest.mark.parametrize("line", ["", "store| ATTEST ", "store| ATTEST progress class=x attempts=9 of=1", "who| ATTEST device=1",
                                  "store| ATTEST progress class=x attempts=5 of=5", "store| ATTEST progress class=" + 99 * "x"])
def test_strange_lines(told, line):
    shown, said, clock = told
    for clock.now in (1, 40, 80):
        shown.take(line)
    assert len(said) == 2


def test_a_run_that_was_stopped_says_how_to_go_on():
    cut = without(r"ATTEST (attacked|look|witness)")
    result = report.make(TICKET, cut, emulate.STOPPED.format(60))
    assert result["verdict"] == "incomplete" and result["problems"][0].startswith("the emulator was stopped after 60 s")
    assert "--timeout" in report.text(result).splitlines()[7] and report.make(TICKET, LOG)["problems"] == []


def test_guests_stay_as_long_as_the_emulator():
    guests = {"a": {"devices": ["0000:01:00.0", "0000:02:00.0"]}, "b": {}}
    full = argparse.Namespace(depth="full", timeout=0)
    assert derive.emulator_seconds(full, guests, 64) == derive.DEPTHS["full"].timeout + 2 * 720
    assert derive.emulator_seconds(argparse.Namespace(depth="quick", timeout=20000.0), guests, 8) == 20000


def test_turns_grow_with_the_targets():
    """A quick run aims at every guest, however many: each device takes longer then, and the next one waits for it."""
    quick = derive.DEPTHS["quick"]
    assert derive.device_ms(quick, quick.targets) == quick.device_ms and derive.device_ms(quick, 16) > 2 * quick.device_ms
    assert derive.pause_ms(quick, quick.targets) == quick.pause_ms < derive.pause_ms(quick, 9) < 1000
    assert derive.device_ms(quick, 70) >= 4 * 70 * derive.pause_ms(quick, 70)
