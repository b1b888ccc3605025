# SPDX-License-Identifier: GPL-2.0-only
"""Restarts on VMX, with the strict unit of the plugin: a guest with the edu in the middle of its DMA starts anew, by its
own reset and by orders, and one without devices counts ticks beside it."""
import guestrun
import pytest
import testbed

EDU = "0000:00:10.0"


def start(bochs_boot, folder, words, ms, **how):
    config = guestrun.config(folder, guestrun.guest("writer", [0], "restart", "4MiB", cmdline=words, devices=[EDU]),
                             guestrun.guest("counter", [1], "restart", "4MiB", cmdline=f"count=1 ms={ms}"))
    return bochs_boot(modules=[config, testbed.Module(guestrun.image("restart"), "restart")], timeout=280, **how)


def assert_restarted(run, times):
    taken = guestrun.kib_at_restarts(run, "writer", "counter")
    assert len(taken) >= times and len(set(taken)) == 1, taken
    lines = guestrun.guest_lines(run.lines, "writer")
    assert sum(line == "PASS: memory is clean" for line in lines) >= times
    assert not any(line.startswith("FAIL") for line in lines)
    assert not run.having("panic:") and not run.having("fault: ")


def test_resets_under_load(bochs_boot, tmp_path):
    run = start(bochs_boot, tmp_path, "ms=20", 2500, cpus=2, cmdline="exit panic=reset",
                stop_when=lambda line: "name=counter rests" in line)
    assert not run.timed_out
    assert_restarted(run, 5)
    guestrun.assert_passed(guestrun.guest_lines(run.lines, "counter"), 2)


def test_the_power_button(bochs_boot, tmp_path):
    run = start(bochs_boot, tmp_path, "button=1 ms=0", 2000, cpus=3, image="bulkhead-selftest.elf",
                cmdline="exit panic=reset orders=writer list=shutdown,start rounds=3 gap-ms=20")
    lines = guestrun.guest_lines(run.lines, "writer")
    assert run.having("orders: all done") and lines.count("PASS: the power button was pressed once") == 3
    assert len(run.having("name=writer end=powered-off")) == 3
    guestrun.assert_passed(guestrun.guest_lines(run.lines, "counter"), 2)


@pytest.mark.parametrize("orders", ["restart", "stop,start", "pause,resume,restart"])
def test_orders(bochs_boot, tmp_path, orders):
    run = start(bochs_boot, tmp_path, "ms=0", 2000, cpus=3, image="bulkhead-selftest.elf",
                cmdline=f"exit panic=reset orders=writer list={orders} rounds=3 gap-ms=20")
    assert run.having("orders: all done")
    assert_restarted(run, 3)
    guestrun.assert_passed(guestrun.guest_lines(run.lines, "counter"), 2)
