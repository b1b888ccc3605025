# SPDX-License-Identifier: GPL-2.0-only
"""Devices that break the rules on VMX under Bochs, with the strict unit: stopped, restarted, held, and a flood of
10^6 faults beside a guest that goes on. The same guests as on QEMU (tests/guest/policy)."""
import re

import faultline
import guestrun
import pytest
import testbed

EDU = "0000:00:10.0"


@pytest.fixture
def run_guests(bochs_boot, tmp_path):
    def run(mode, *others, words="", cpus=2, modules=(), **keys):
        rogue = guestrun.guest("rogue", [0], "policy", cmdline=f"mode={mode} {words}".strip(), devices=[EDU], **keys)
        wanted = [guestrun.config(tmp_path, rogue, *others), testbed.Module(guestrun.image("policy"), "policy"),
                  *modules]
        done = bochs_boot(modules=wanted, cpus=cpus, timeout=240)
        assert done.ended and done.status == 0 and not done.having("panic:")
        return done

    return run


def passed(run, name):
    guestrun.assert_passed([line for line in guestrun.guest_lines(run.lines, name) if "POLICY" not in line])


def test_a_device_is_stopped(run_guests):
    run = run_guests(0, on__fault="stop-device", fault__limit="0/1s", cpus=1)
    passed(run, "rogue")
    assert run.having("rogue|", "POLICY: stopped after 1")
    assert run.having("policy: sid=0000:00:10.0", "action=stop-device", ": ok")
    assert guestrun.end_of(run, "rogue") == "powered-off"


def test_a_guest_is_started_again(run_guests):
    run = run_guests(1, on__fault="restart-guest", fault__limit="0/1s", cpus=1)
    lines = guestrun.guest_lines(run.lines, "rogue")
    assert [line for line in lines if "buffer" in line] == ["POLICY: buffer not marked", "POLICY: buffer marked"]
    assert not [line for line in lines if line.startswith("FAIL")], lines


def test_a_storm_of_interrupts_is_held(run_guests):
    run = run_guests(2, words="limit=50", irq__limit="50/1s", cpus=1)
    passed(run, "rogue")
    assert re.search(r"interrupt-storm=1 held-ms=(9\d\d|1000) limit=50/1000000us", run.text)
    assert not faultline.faults(run.lines)


def test_a_flood_leaves_others_alone(run_guests):
    """10^6 faults from the guest on CPU 0, which also hears them; only a few lines of them."""
    neighbour = guestrun.guest("neighbour", [1], "loader")
    run = run_guests(3, neighbour, words="times=1000000 burst=16",
                     modules=[testbed.Module(guestrun.image("loader"), "loader")])
    passed(run, "rogue")
    assert guestrun.end_of(run, "neighbour") == guestrun.end_of(run, "rogue") == "powered-off"
    blocked = re.search(r"sid=0x0080 .*blocked=(\d+)", run.emulator)
    assert int(blocked[1]) >= 990000  # the last ones may come after its guest's end
    lines = [line for line in run.lines if " fault: " in line]
    assert 8 <= len(lines) < 60
    assert run.having("fault:", "overflow=1")
    read = re.search(r"all guests have ended, faults=(\d+)", run.text)
    assert 100 <= int(read[1]) <= 1000000
