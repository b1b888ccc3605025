# SPDX-License-Identifier: GPL-2.0-only
"""Guests that share CPUs: turns in fixed slices."""
import re

import guestrun
import pytest
import testbed

MACHINE = {"cpus": 2, "memory": "1G"}
ONE_CPU = {"cpus": 1, "memory": "512M"}
COUNTED = ["-icount", "shift=4,sleep=off"]  # time is instructions: however busy the emulator's host is


def start(boot, folder, guests, **how):
    """Boot these guests ((name, CPUs, image, keys)), all of which share; further text of the configuration: `system`."""
    text = how.pop("system", "")
    tables = [guestrun.guest(name, cpus, image, share=True, **keys) for name, cpus, image, keys in guests]
    modules = [testbed.Module(guestrun.image(image), image) for image in sorted({image for _, _, image, _ in guests})]
    return boot(modules=[guestrun.config(folder, text, *tables), *modules], **{"machine": MACHINE, **how})


def assert_all_passed(run, guests):
    for name, _, _, _ in guests:
        guestrun.assert_passed(guestrun.guest_lines(run.lines, name))
        assert guestrun.end_of(run, name) == "powered-off"
    assert run.having("bulkhead: all guests have ended, faults=0") and not run.having("panic:")


def phases(run, name):
    """{(phase, what): number} of a guest's "SHARE:" lines."""
    found = {}
    for line in guestrun.guest_lines(run.lines, name):
        match = re.match(r"SHARE: phase=(\d) (\S+)=(\d+)", line)
        if match:
            found[int(match[1]), match[2]] = int(match[3])
    return found


def test_two_get_half_each_and_one_alone_all(boot, tmp_path):
    """Both count, then one of them sleeps: the other gets what it left. Their clocks stay right (their own checks)."""
    guests = [("busy", [0], "share", {"cmdline": "ms=500"}), ("idler", [0], "share", {"cmdline": "ms=500 idle=1"})]
    run = start(boot, tmp_path, guests, devices=COUNTED, machine=ONE_CPU)
    assert_all_passed(run, guests)
    busy, idler = phases(run, "busy"), phases(run, "idler")
    assert 0.95 < busy[1, "iterations"] / idler[1, "iterations"] < 1.05
    assert 1.9 < busy[2, "iterations"] / busy[1, "iterations"] < 2.1
    assert run.having("info  cpu: when another guest enters a CPU: ")


def test_three_and_how_long_one_waits(boot, tmp_path):
    """Two count while the third sleeps: its timer's interrupts wait for a slice of each of them at most."""
    guests = [("one", [0], "share", {"cmdline": "ms=1000"}), ("two", [0], "share", {"cmdline": "ms=1000"}),
              ("three", [0], "share", {"cmdline": "ms=1000 idle=1"})]
    run = start(boot, tmp_path, guests, system="[system]\nslice-us = 4300\n", devices=COUNTED, machine=ONE_CPU)
    assert_all_passed(run, guests)
    counts = [phases(run, name)[1, "iterations"] for name in ("one", "two", "three")]
    assert max(counts) / min(counts) < 1.05, counts
    late = phases(run, "three")[2, "late-us"]
    assert 500 < late < 2 * 4300 + 500, late


@pytest.mark.parametrize("guests", [
    [("smp", [1, 1, 1, 1], "smp", {"cmdline": "cpus=4"})],
    [("smp", [0, 1, 0, 1], "smp", {"cmdline": "cpus=4"}), ("fpu", [0, 1], "fpu", {})],
    [("first", [0, 0], "fpu", {}), ("second", [0, 0], "fpu", {}), ("third", [0], "exceptions", {})],
    [("timers", [1], "timers", {}), ("stress", [1, 0], "stress", {"cmdline": "seconds=3"})],
    [("windows", [0], "windows", {}), ("decode", [0], "decode", {}), ("msr", [0], "msr", {})],
], ids=lambda guests: "+".join(f"{image}x{len(cpus)}" for _, cpus, image, _ in guests))
def test_test_guests_together(boot, tmp_path, guests):
    """What each shows alone, it shows with others on its CPU."""
    run = start(boot, tmp_path, guests)
    assert_all_passed(run, guests)


def test_short_slices_lose_nothing(boot, tmp_path):
    guests = [("one", [0, 1], "stress", {"cmdline": "seconds=3"}), ("two", [1, 0], "stress", {"cmdline": "seconds=3"})]
    # Slices are of the emulator's host's time: where that is busy, the guests get little of each.
    run = start(boot, tmp_path, guests, system="[system]\nslice-us = 2000\n", timeout=300)
    assert_all_passed(run, guests)


def test_ends_and_resets_leave_the_others_running(boot, tmp_path):
    """On one CPU: one falls by a triple fault, one resets itself again and again, one goes on to its end."""
    guests = [("falls", [1], "triple", {}), ("again", [1, 1], "loader", {"cmdline": "reset=1"}),
              ("goes-on", [1], "stress", {"cmdline": "seconds=5"})]
    run = start(boot, tmp_path, guests, stop_when=lambda line: "name=goes-on end=" in line)
    assert not run.timed_out and not run.having("panic:")
    assert guestrun.end_of(run, "falls") == "crashed"
    guestrun.assert_passed(guestrun.guest_lines(run.lines, "goes-on"))
    assert guestrun.end_of(run, "goes-on") == "powered-off"
    assert run.having("guest: name=again starts anew, reset 5") and guestrun.end_of(run, "again") is None
    assert not any(line.startswith("FAIL") for line in guestrun.guest_lines(run.lines, "again"))


@pytest.mark.xdist_group("linux")
def test_two_linux_guests_on_one_cpu(boot, tmp_path):
    """Both to user space, both busy there: three sleeps of a second by the timer are no less by the TSC, and
    no more than a busy host makes of them."""
    tables = [guestrun.guest(name, [1], "vmlinux", "256MiB", initrd="clock.img", cmdline="console=ttyS0 quiet", share=True)
              for name in ("one", "two")]
    modules = [testbed.Module(guestrun.linux(name), name) for name in ("vmlinux", "clock.img")]
    run = boot(modules=[guestrun.config(tmp_path, *tables), *modules], machine=MACHINE, timeout=150)
    for name in ("one", "two"):
        text = "\n".join(guestrun.guest_lines(run.lines, name))
        before, after = map(float, re.search(r"demo: clock slept from (\S+) to (\S+)", text).groups())
        assert 3.0 <= after - before < 30, text
        assert "demo: clock complaints 0" in text and "demo: clock done" in text
        assert guestrun.end_of(run, name) == "powered-off"


def siblings(boot, tmp_path, *more):
    """Two threads a core: the guests have CPUs of their own, and a core in common."""
    tables = [guestrun.guest(name, [cpu], "loader") + line for (name, cpu), line in zip((("one", 0), ("two", 1)), more)]
    return boot(modules=[guestrun.config(tmp_path, *tables), testbed.Module(guestrun.image("loader"), "loader")],
                machine={"cpus": 2, "memory": "512M"}, devices=["-smp", "2,sockets=1,cores=1,threads=2"])


def test_sibling_threads_of_two_guests_are_refused(boot, tmp_path):
    run = siblings(boot, tmp_path, "", "share-core = true\n")
    assert run.having("error[BH0716] bulkhead.toml")
    assert run.having("CPU 1 is a thread of the same core as CPU 0 of guest 'one'")
    assert run.having("give all threads of a core to one guest, or add share-core = true to [guest.one]")
    assert run.having("no guest was started")


def test_sibling_threads_where_both_guests_say_so(boot, tmp_path):
    run = siblings(boot, tmp_path, "share-core = true\n", "share-core = true\n")
    assert run.having("warning[BH0717]") and not run.having("BH0716")
    assert guestrun.end_of(run, "one") == guestrun.end_of(run, "two") == "powered-off"
