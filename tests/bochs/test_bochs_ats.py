# SPDX-License-Identifier: GPL-2.0-only
"""Devices that keep translations themselves (ATS) on VMX under Bochs, all in one boot: one that forgets what it is told
to, one that only says so (what a missing invalidation would be like: it shows that this test can fail), and one that
does not answer."""
import re

import faultline
import guestrun
import pytest
import testbed

GOOD, DEAF, MUTE, OTHER = "0000:00:10.0", "0000:00:11.0", "0000:00:12.0", "0000:00:13.0"
EDUS = "10.0:ats=good+11.0:ats=deaf+12.0:ats=mute+13.0"
WATCHED = {"watch": ["0x800000+0x1000"], "watch__after__s": 1}


def table(device, trusted="true"):
    return f'[device."{device}"]\nats = true\ntrusted = {trusted}\n'


@pytest.fixture(scope="module")
def run(bochs_boot, tmp_path_factory):
    config = guestrun.config(
        tmp_path_factory.mktemp("ats"), guestrun.guest("good", [0], "ats", devices=[GOOD], **WATCHED),
        guestrun.guest("deaf", [1], "ats", devices=[DEAF], **WATCHED),
        guestrun.guest("mute", [2], "ats", cmdline="mode=1", devices=[MUTE, OTHER]), table(GOOD), table(DEAF),
        table(MUTE))
    done = bochs_boot(cmdline="exit panic=reset", modules=[config, testbed.Module(guestrun.image("ats"), "ats")],
                      cpus=3, edus=EDUS, preset="ats", timeout=240)
    assert done.ended and done.status == 0 and not done.having("panic:")
    return done


def said(run, name):
    lines = guestrun.guest_lines(run.lines, name)
    guestrun.assert_passed([line for line in lines if not line.startswith("ATS:")])
    return "\n".join(lines)


def counters(run, sid):
    line = re.search(rf"ats sid={sid} (.*)", run.emulator)[1]
    return {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line)}


def test_what_is_taken_away_is_forgotten(run):
    assert "ATS: the watched page holds 0x22" in said(run, "good")
    kept = counters(run, "0x0080")
    assert kept["translated"] > 0 and kept["forgotten"] > 0 and kept["stale"] == kept["crowded"] == 0
    assert run.having(f"pci: {GOOD}: ATS on") and run.having("audit: verdict=pass scope=all ")
    assert guestrun.end_of(run, "good") == "powered-off"


def test_without_the_invalidation_it_is_reached(run):
    assert "ATS: the watched page holds 0x33" in said(run, "deaf")
    assert counters(run, "0x0088")["stale"] > 0


def test_who_does_not_answer_is_stopped(run):
    """Its guest goes on without it, and nothing else is delayed; its memory is nobody's any more."""
    text = said(run, "mute")
    assert re.search(r"moved from 0x[0-9a-f]+ the other is 0x10000ed, this device 0xffffffff", text)
    assert run.having("vtd: unit=0", "00:12.0 does not answer for its TLB: it is blocked")
    assert run.having(f"guest: name=mute device={MUTE} stopped: ")
    assert guestrun.end_of(run, "mute") == "powered-off"
    assert counters(run, "0x0090")["invalidations"] == 1 and counters(run, "0x0090")["stale"] == 0
    assert not [fault for fault in faultline.faults(run.lines) if fault.guest not in ("good", "mute")]


def test_refused_without_trust_or_support(bochs_boot, tmp_path):
    config = guestrun.config(tmp_path, guestrun.guest("one", [0], "ats", devices=[GOOD, OTHER, DEAF]),
                             table(GOOD, "false"), table(OTHER), table(DEAF))
    run = bochs_boot(modules=[config, testbed.Module(guestrun.image("ats"), "ats")], cpus=1,
                     edus="10.0:ats=good+11.0:ats=good+13.0", timeout=120)
    assert run.having("error[BH0690]", GOOD) and run.having("write trusted = true beside it")
    assert run.having("error[BH0691]", OTHER, "it has no ATS capability")
    assert run.having("error[BH0693]", DEAF, "serves no devices' TLBs")
