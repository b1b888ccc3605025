# SPDX-License-Identifier: GPL-2.0-only
"""Guests stopped, started, restarted, paused, while others run on: by their own resets, by rules of the configuration,
and by orders (tests/selftest/order_cases.c gives them, from a CPU of its own)."""
import re

import guestrun
import testbed

IMAGE = "bulkhead-selftest.elf"
COUNTED = ["-icount", "shift=4,sleep=off"]  # time is instructions: however busy the emulator's host is
EDUS = ["-device", "edu,addr=5.0,dma_mask=0xffffffffffffffff", "-device", "edu,addr=6.0,dma_mask=0xffffffffffffffff"]


def start(boot, folder, *guests, cpus=3, cmdline="exit panic=reset", devices=(*EDUS, *COUNTED), **how):
    """Boot these guests ((name, CPUs, image, keys))."""
    tables = [guestrun.guest(name, on, image, **keys) for name, on, image, keys in guests]
    modules = [testbed.Module(guestrun.image(image), image) for image in sorted({image for _, _, image, _ in guests})]
    return boot(modules=[guestrun.config(folder, *tables), *modules], machine={"cpus": cpus, "memory": "512M"},
                cmdline=cmdline, devices=[*devices], **how)


def writer(cpus, **keys):
    return ("writer", cpus, "restart", {"memory": "4MiB", "devices": ["0000:00:05.0"], **keys})


def counter(cpus, ms, **keys):
    return ("counter", cpus, "restart", {"memory": "4MiB", "devices": ["0000:00:06.0"], "cmdline": f"count=1 ms={ms}",
                                         **keys})


def assert_counted(run, name="counter"):
    """Not one tick or interrupt was lost."""
    guestrun.assert_passed(guestrun.guest_lines(run.lines, name), 4)
    assert guestrun.end_of(run, name) == "powered-off"


def assert_clean(run, name, lives):
    lines = guestrun.guest_lines(run.lines, name)
    assert sum(line == "PASS: memory is clean" for line in lines) >= lives
    assert not any(line.startswith("FAIL") for line in lines)


def test_a_hundred_resets_under_load(tmp_path, boot):
    run = start(boot, tmp_path, writer([0, 1], cmdline="ms=30"), counter([2], 12000), timeout=300,
                stop_when=lambda line: "name=counter rests" in line)
    assert not run.timed_out and not run.having("panic:") and not run.having("fault: ")
    taken = guestrun.kib_at_restarts(run, "writer", "counter")
    assert len(taken) >= 100 and len(set(taken)) == 1, taken
    assert len(run.having("guest: name=writer device=0000:00:05.0 detached: ok")) >= 100
    assert_counted(run)
    assert_clean(run, "writer", 100)


def assert_switched_off(run, times):
    """Each by its own system, told by the SCI; it stayed off, whatever its rules say, until it was started."""
    lines = guestrun.guest_lines(run.lines, "writer")
    assert run.having("orders: all done") and not run.having("panic:")
    assert lines.count("PASS: the power button was pressed once") == times
    assert len(run.having("name=writer end=powered-off")) == times == len(run.having("order=start", "accepted"))
    assert not run.having("starts again in")


def test_the_power_button(tmp_path, boot):
    run = start(boot, tmp_path, writer([0, 1], cmdline="button=1 ms=0", restart="always"), counter([2], 8000), cpus=4,
                timeout=200, image=IMAGE, cmdline="exit panic=reset orders=writer list=shutdown,start rounds=10 gap-ms=50")
    assert_switched_off(run, 10)
    assert_counted(run)
    assert_clean(run, "writer", 10)


def test_a_hundred_orders_under_load(tmp_path, boot):
    run = start(boot, tmp_path, writer([0, 1]), counter([2], 20000), cpus=4, timeout=400, image=IMAGE,
                cmdline="exit panic=reset orders=writer list=restart rounds=100 gap-ms=30")
    assert run.having("orders: all done") and not run.having("panic:")
    taken = guestrun.kib_at_restarts(run, "writer", "counter")
    assert len(taken) == 100 and len(set(taken)) == 1, taken
    assert_counted(run)
    assert_clean(run, "writer", 100)
    assert guestrun.end_of(run, "writer") == "stopped"
    assert run.having("bulkhead: all guests have ended") and run.having("bulkhead: done")


def test_stopped_and_started(tmp_path, boot):
    """While it is off its device is nobody's, and the hypervisor has less memory in use; the same each time."""
    run = start(boot, tmp_path, writer([0, 1]), counter([2], 4000), cpus=4, timeout=200, image=IMAGE,
                cmdline="exit panic=reset orders=writer list=stop,start rounds=10 gap-ms=50")
    assert run.having("orders: all done") and not run.having("panic:")
    (on,) = set(guestrun.kib_at_restarts(run, "writer", "counter"))
    off = re.findall(r"guest: name=writer rests, .* memory-kib=(\d+)", run.text)
    assert len(off) == 11 and len(set(off[:10])) == 1 and int(off[0]) < on, off
    assert_counted(run)
    assert_clean(run, "writer", 10)
    assert len(run.having("audit: verdict=pass scope=writer")) == 10


def test_paused_and_resumed(tmp_path, boot):
    """order_cases.c looks that it does nothing meanwhile."""
    run = start(boot, tmp_path, writer([0, 1]), counter([2], 3000), cpus=4, timeout=200, image=IMAGE,
                cmdline="exit panic=reset orders=writer list=pause,resume,pause,restart rounds=3 gap-ms=50")
    assert run.having("orders: all done") and not run.having("panic:")
    assert_counted(run)
    assert_clean(run, "writer", 3)


def test_one_cpu_for_all(tmp_path, boot):
    """The guests share it, and one of them is paused, restarted, stopped and started there."""
    run = start(boot, tmp_path, writer([0, 0], share=True), counter([0], 6000, share=True), cpus=2, timeout=300, image=IMAGE,
                cmdline="exit panic=reset orders=writer list=restart,pause,resume,stop,start rounds=5 gap-ms=50")
    assert run.having("orders: all done") and not run.having("panic:")
    assert len(set(guestrun.kib_at_restarts(run, "writer", "counter"))) == 1
    assert_counted(run)
    assert_clean(run, "writer", 10)


def test_one_that_does_not_start_by_itself(tmp_path, boot):
    run = start(boot, tmp_path, writer([0], autostart=False), counter([1], 2000), image=IMAGE, timeout=120,
                cmdline="exit panic=reset orders=writer list=start,stop rounds=2")
    assert run.having("guest: name=writer does not start by itself")
    assert run.having("orders: all done") and not run.having("panic:")
    assert_counted(run)
    assert_clean(run, "writer", 2)


def test_crashes_are_followed_by_starts_with_longer_and_longer_waits(tmp_path, boot):
    falls = ("falls", [0], "triple", {"restart": "on-failure"})
    run = start(boot, tmp_path, falls, counter([1], 1000, restart="on-failure"), timeout=200,
                stop_when=lambda line: "name=falls starts again in 8000 ms" in line)
    assert not run.timed_out
    waits = re.findall(r"guest: name=falls starts again in (\d+) ms", run.text)
    assert waits == ["1000", "2000", "4000", "8000"]
    times = {int(match[2]): float(match[1]) for match in
             re.finditer(r"\[ *([0-9.]+)\] info  guest: name=falls starts anew, reset (\d)", run.text)}
    assert 2.0 <= times[2] - times[1] < 3.0 and 4.0 <= times[3] - times[2] < 5.0, times
    assert len(re.findall("name=falls end=crashed", run.text)) == 4
    assert_counted(run)


def test_ends_as_configured(tmp_path, boot):
    """A reset that stops; a power-off that is followed by a start, which is followed by another one."""
    resets = ("resets", [0], "loader", {"cmdline": "reset=1", "on-reboot": "stop"})
    again = ("again", [1], "loader", {"on-poweroff": "restart"})
    always = ("always", [2], "loader", {"restart": "always"})
    waiting = {"again", "always"}

    def both_wait_again(line):
        waiting.difference_update(name for name in set(waiting) if f"name={name} starts again in 2000 ms" in line)
        return not waiting

    run = start(boot, tmp_path, resets, again, always, cpus=3, timeout=120, stop_when=both_wait_again)
    assert not run.timed_out and guestrun.end_of(run, "resets") == "reset"
    assert not run.having("guest: name=resets starts anew")
    for name in ("again", "always"):
        assert run.having(f"guest: name={name} starts again in 1000 ms") and run.having(f"guest: name={name} runs again")
