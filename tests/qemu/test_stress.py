# SPDX-License-Identifier: GPL-2.0-only
"""Four guests' worth of device interrupts, timers and IPIs at once: every sum right, no ping lost, nothing hangs.
BULKHEAD_STRESS_SECONDS=180 makes it minutes; by default it is what CI has time for."""
import os
import re

import guestrun
import pytest
import testbed

SECONDS = int(os.environ.get("BULKHEAD_STRESS_SECONDS", "20"))
START = 120  # for a busy host to boot both Linux guests
PINGS = max(SECONDS - 5, 3)


@pytest.fixture(scope="module")
def run(boot, disk, tmp_path_factory):
    quiet = "console=ttyS0 quiet"
    config = guestrun.config(
        tmp_path_factory.mktemp("stress"),
        guestrun.guest("storage", [0], "vmlinux", "256MiB", initrd="storage.img", cmdline=f"{quiet} seconds={SECONDS}",
                       devices=["0000:01:00.0"]),
        guestrun.guest("net", [1], "vmlinux", "256MiB", initrd="net.img", cmdline=f"{quiet} pings={PINGS}",
                       devices=["0000:02:00.0"]),
        guestrun.guest("ipis", [2, 3], "stress", cmdline=f"seconds={SECONDS}"),
        guestrun.guest("timers", [4], "stress", cmdline=f"seconds={SECONDS}"))
    modules = [config, *(testbed.Module(guestrun.linux(name), name) for name in ("vmlinux", "storage.img", "net.img")),
               testbed.Module(guestrun.image("stress"), "stress")]
    return boot(modules=modules, machine={"cpus": 5}, devices=testbed.demo_devices(disk, edu=False),
                timeout=START + 3 * SECONDS)


@pytest.mark.xdist_group("stress")
def test_stress(run, disk):
    ends = {name: guestrun.end_of(run, name) for name in ("storage", "net", "ipis", "timers")}
    assert set(ends.values()) == {"powered-off"}, f"some guest hangs: {ends}"
    assert not run.timed_out and run.having("bulkhead: all guests have ended, faults=0")

    storage = guestrun.guest_lines(run.lines, "storage")
    expected = testbed.sha256_of(disk, 16 << 20)
    sums = [line.rsplit(" ", 1)[1] for line in storage if "sha256 " in line]
    assert len(sums) >= 3 and set(sums) == {expected}

    net = "\n".join(guestrun.guest_lines(run.lines, "net"))
    assert f"ping {PINGS} packets transmitted, {PINGS} packets received, 0% packet loss" in net

    for name in ("ipis", "timers"):
        lines = guestrun.guest_lines(run.lines, name)
        assert "PASS: every timer and every IPI arrived" in lines, lines[-5:]
        assert lines[-1] == "SUMMARY: 4 passed, 0 failed"
        interrupts = re.search(rf"name={name} end=powered-off exits-device=\d+ interrupt=(\d+)", run.text)
        assert int(interrupts[1]) > 10 * SECONDS
