# SPDX-License-Identifier: GPL-2.0-only
"""Guests that misbehave beside one that goes on: the same on both backends (tests/guest/wild)."""
import re

import faultline
import guestrun
import testbed

ENDLESS = {1: "memory", 5: "ports"}  # wild=N that never ends
ENDS = {2: "instructions at 0xd0000000, where there is no memory", 3: "page tables at 0xd0000000, where there is no memory"}
BENIGN = 4


def modules(folder, kind, slow=""):
    """Guest `wild` on CPU 1, `goes-on` on CPU 0."""
    config = guestrun.config(folder, guestrun.guest("wild", [1], "wild", cmdline=f"wild={kind}"),
                             guestrun.guest("goes-on", [0], "stress", cmdline=f"seconds=3 {slow}".strip()))
    return [config, *(testbed.Module(guestrun.image(name), name) for name in ("wild", "stress"))]


def stop_for(kind):
    """For Run's stop_when: an endless guest is seen to run on when its neighbour has ended."""
    after = []

    def stop(line):
        if "guest: name=goes-on end=" in line or (after and line.startswith("wild| WILD: ")):
            after.append(line)
        return len(after) > 3

    return stop if kind in ENDLESS else None


def memory(run):
    """KiB that were Bulkhead's own at most, when all guests have ended."""
    (kib,) = re.findall(r"bulkhead: all guests have ended, faults=0 memory-kib=(\d+)", run.text)
    return int(kib)


def assert_goes_on(run):
    guestrun.assert_passed(guestrun.guest_lines(run.lines, "goes-on"))
    assert guestrun.end_of(run, "goes-on") == "powered-off"
    assert not run.having("panic:") and not run.having("fault: ")


def assert_endless(run):
    """Neither harms the other; reads gave ones all the time."""
    assert_goes_on(run)
    assert guestrun.end_of(run, "wild") is None and not run.timed_out
    lines = testbed.whole_lines(run.lines)
    ended = next(i for i, line in enumerate(lines) if "name=goes-on end=" in line)
    assert len([line for line in lines[ended:] if line.startswith("wild| WILD: ")]) >= 3
    assert not [line for line in guestrun.guest_lines(run.lines, "wild") if line.startswith("FAIL")]


def assert_ends(run, why):
    """One clear line, and the neighbour still has most of its time before it."""
    assert_goes_on(run)
    assert guestrun.end_of(run, "wild") == "crashed"
    errors = [text for text in map(faultline.body, run.lines) if text and text.startswith("guest: name=wild crashed")]
    assert len(errors) == 1 and re.fullmatch(rf'guest: name=wild crashed why="{why}.*"', errors[0])
    crashed = next(i for i, line in enumerate(run.lines) if "name=wild crashed" in line)
    assert not run.having("name=goes-on end=") or any("name=goes-on end=" in line for line in run.lines[crashed:])
    assert run.having("bulkhead: done")
