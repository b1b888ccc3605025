# SPDX-License-Identifier: GPL-2.0-only
"""Debian's Linux in guests that start again: by their watchdog (in-box i6300esb), and by orders."""
import re

import guestrun
import pytest
import testbed

pytestmark = pytest.mark.xdist_group("linux")


def said(run, name):
    return [line.split("demo: ", 1)[1] for line in guestrun.guest_lines(run.lines, name) if "demo: " in line]


def modules(folder, *guests):
    return [guestrun.config(folder, *guests), *(testbed.Module(guestrun.linux(name), name)
                                                for name in ("vmlinux", "watchdog.img", "memory.img"))]


def linux(name, cpus, initrd, **keys):
    return guestrun.guest(name, cpus, "vmlinux", "256MiB", initrd=initrd, cmdline="console=ttyS0 quiet", **keys)


def test_a_watchdog_for_each_guest(boot, tmp_path):
    """One is reset by it, and is told so; one is stopped; one only makes a line; one has none."""
    tables = [linux(name, [cpu], "watchdog.img", **({"watchdog": name} if name != "without" else {}))
              for cpu, name in enumerate(("reset", "stop", "event", "without"))]
    run = boot(cmdline="exit panic=reset", machine={"cpus": 4, "memory": "2G"}, modules=modules(tmp_path, *tables),
               timeout=200)
    assert run.having("bulkhead: done") and not run.having("panic:")
    first = "watchdog i6300ESB timer, 0x088000, boot status 0"
    fed = "watchdog fed, timeout 4"
    assert said(run, "reset") == [first, fed, "watchdog i6300ESB timer, 0x088000, boot status 32"]
    assert said(run, "stop") == [first, fed]
    assert said(run, "event") == [first, fed, "watchdog did nothing"]
    assert said(run, "without") == ["watchdog none"]
    for name in ("reset", "stop", "event"):
        assert run.having(f"guest: name={name} watchdog ran out: {name}")
    assert [guestrun.end_of(run, name) for name in ("reset", "stop", "event")] == ["powered-off", "stopped", "powered-off"]
    assert run.having("guest: name=reset starts anew, reset 1")


def test_five_orders_while_it_boots_and_runs(boot, tmp_path):
    config = modules(tmp_path, linux("again", [0, 1], "watchdog.img", watchdog="event"),
                     guestrun.guest("counter", [2], "restart", "4MiB", cmdline="count=1 ms=20000"))
    run = boot(image="bulkhead-selftest.elf", machine={"cpus": 4, "memory": "1G"}, timeout=240,
               cmdline="exit panic=reset orders=again list=restart rounds=5 gap-ms=3000 leave",
               modules=[*config, testbed.Module(guestrun.image("restart"), "restart")])
    assert run.having("orders: all done") and not run.having("panic:")
    # On a slow machine the counter ends before the last: memory is compared beside it, and after it has given back its own.
    beside, after = guestrun.kib_at_restarts(run, "again", "counter"), run.text.partition("name=counter rests")[2]
    taken = [beside, re.findall(r"name=again runs again, .* memory-kib=(\d+)", after)]
    assert max(map(len, taken)) >= 2 and all(len(set(part)) <= 1 for part in taken), taken
    assert len(run.having("guest: name=again runs again")) == 5
    guestrun.assert_passed(guestrun.guest_lines(run.lines, "counter"), 2)
    assert said(run, "again")[-1] == "watchdog did nothing" and guestrun.end_of(run, "again") == "powered-off"
