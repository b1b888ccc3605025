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


def pages(run, name):
    """What the hypervisor has taken each time the guest runs again."""
    return [int(kib) for kib in re.findall(rf"guest: name={name} runs again, .* memory-kib=(\d+)", run.text)]


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
                stop_when=lambda line: "name=writer runs again, starts=101" in line)
    assert not run.timed_out and not run.having("panic:") and not run.having("fault: ")
    taken = pages(run, "writer")
    assert len(taken) == 101 and len(set(taken)) == 1, taken
    assert len(run.having("guest: name=writer device=0000:00:05.0 detached: ok")) == 101
    assert_clean(run, "writer", 100)


def test_a_hundred_orders_under_load(tmp_path, boot):
    run = start(boot, tmp_path, writer([0, 1]), counter([2], 20000), cpus=4, timeout=400, image=IMAGE,
                cmdline="exit panic=reset orders=writer list=restart rounds=100 gap-ms=30")
    assert run.having("orders: all done") and not run.having("panic:")
    taken = pages(run, "writer")
    assert len(taken) == 100 and len(set(taken)) == 1, taken
    assert_counted(run)
    assert_clean(run, "writer", 100)
    assert guestrun.end_of(run, "writer") == "stopped"
    assert run.having("bulkhead: all guests have ended") and run.having("bulkhead: done")
