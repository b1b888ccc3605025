# SPDX-License-Identifier: GPL-2.0-only
"""Watched memory (docs/integrity.md) on SVM: a guest that writes to its own by its CPU and by its edu's DMA, blocked and
allowed, from the start and later; tests/bochs/test_bochs_watch.py runs the same guest on VMX."""
import guestrun
import pytest
import testbed
import topologies
from watchlines import integrity

EDU = "0000:00:05.0"
RANGE = "0x800000+0x2000"


def watch_config(folder, words="", **more):
    return guestrun.config(folder, guestrun.guest("watch", [0], "watch", cmdline=words, devices=[EDU],
                                                  **{"watch": [RANGE], **more}))


def run_watch(boot, folder, words="", **more):
    return boot(modules=[watch_config(folder, words, **more), testbed.Module(guestrun.image("watch"), "watch")],
                devices=topologies.words("edu,addr=5.0,dma_mask=0xffffffffffffffff"),
                machine={"cpus": 1, "memory": "512M"}, timeout=90)


def assert_good(run, least):
    guestrun.assert_passed(guestrun.guest_lines(run.lines, "watch"), least)
    assert guestrun.end_of(run, "watch") == "powered-off" and run.ended and not run.having("panic:")
    assert run.having("audit: verdict=pass scope=all ")


@pytest.fixture(scope="module")
def blocked(boot, tmp_path_factory):
    return run_watch(boot, tmp_path_factory.mktemp("blocked"), "later=1", watch__after__s=1)


@pytest.fixture(scope="module")
def allowed(boot, tmp_path_factory):
    return run_watch(boot, tmp_path_factory.mktemp("allowed"), "later=1 allow=1", watch__after__s=1,
                     on__watch="allow")


@pytest.mark.xdist_group("watch-blocked")
def test_blocked_writes_of_a_cpu(blocked):
    assert_good(blocked, 20)
    assert blocked.having("integrity: guest=watch watch=armed ranges=1 on-watch=block: ok")
    writes = integrity(blocked, "cpu")
    assert all(action == "blocked" and 0x800000 <= at < 0x802000 for at, action, _ in writes)
    assert [at for at, _, _ in writes][:4] == [0x800000, 0x800008, 0x800010, 0x801000]
    assert sum(count for _, _, count in writes) >= 12, "no write was lost to the limit"
    assert blocked.having("integrity: ", "by=cpu", "vcpu=0 rip=0x1")


@pytest.mark.xdist_group("watch-blocked")
def test_a_blocked_write_of_a_device(blocked):
    assert integrity(blocked, "device") == [(0x800000, "blocked", 1)]
    assert blocked.having("integrity: guest=watch by=device", f"sid={EDU} unit=0")
    assert blocked.having("fault: ", f"sid={EDU}", "access=write", "addr=0x800000"), "the policy hears of it too"


@pytest.mark.xdist_group("watch-allowed")
def test_allowed_writes(allowed):
    assert_good(allowed, 20)
    assert {action for _, action, _ in integrity(allowed, "cpu")} == {"allowed"}
    assert {at & ~0xFFF for at, _, _ in integrity(allowed, "cpu")} == {0x800000, 0x801000}
    assert (0x800000, "allowed", 1) in integrity(allowed, "device")
    assert not allowed.having("fault: ")


def test_armed_from_the_start(boot, tmp_path):
    """Nothing of it is ever written: it holds what it held at the start. The audit saw read-only leaves."""
    run = run_watch(boot, tmp_path)
    assert_good(run, 3)
    assert run.having("integrity: guest=watch watch=armed ranges=1 on-watch=block: ok")
    assert sum(count for _, _, count in integrity(run, "cpu")) == 1024


@pytest.mark.xdist_group("linux")
def test_linux_runs_on_under_a_watch(boot, tmp_path):
    """Its kernel's code is watched once it has booted: it sleeps, reads its clocks, ends; nothing writes there."""
    config = guestrun.config(tmp_path, guestrun.guest("linux", [0], "vmlinux", "256MiB", initrd="clock.img",
                                                      cmdline="console=ttyS0 quiet nokaslr",
                                                      watch=["0x1000000+0x600000"]) + "watch-after-s = 4\n")
    run = boot(modules=[config, *(testbed.Module(guestrun.linux(name), name) for name in ("vmlinux", "clock.img"))],
               machine={"cpus": 1, "memory": "1024M"}, timeout=150)
    assert run.having("integrity: guest=linux watch=armed ranges=1 on-watch=block: ok")
    assert not run.having("integrity: guest=linux by=")
    assert any("demo: clock done" in line for line in guestrun.guest_lines(run.lines, "linux"))
    assert guestrun.end_of(run, "linux") == "powered-off"
