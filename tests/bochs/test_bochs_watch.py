# SPDX-License-Identifier: GPL-2.0-only
"""Watched memory (docs/integrity.md) on VMX, with tables of the devices' own and with shared ones: the guest of
tests/qemu/test_watch.py."""
import guestrun
import pytest
import testbed
from watchlines import integrity

EDU = "0000:00:10.0"
RANGE = "0x800000+0x2000"
SYSTEMS = {"own": 'without = ["shared-tables"]', "shared": 'without = ["apic-registers"]'}


@pytest.fixture(scope="session")
def watch_run(bochs_boot, tmp_path_factory):
    def run(tables, words, **more):
        config = guestrun.config(tmp_path_factory.mktemp("watch"), f"[system]\n{SYSTEMS[tables]}\n",
                                 guestrun.guest("watch", [0], "watch", cmdline=f"later=1 {words}", devices=[EDU],
                                                watch=[RANGE], watch__after__s=1, **more))
        return bochs_boot(cmdline="exit panic=reset", timeout=200, cpus=1,
                          modules=[config, testbed.Module(guestrun.image("watch"), "watch")])

    return run


def assert_good(run, tables):
    guestrun.assert_passed(guestrun.guest_lines(run.lines, "watch"), 20)
    assert guestrun.end_of(run, "watch") == "powered-off" and run.ended and run.status == 0
    assert run.having("memory: guest=watch nested tables " + ("shared with" if tables == "shared" else "not shared:"))
    assert run.having("audit: verdict=pass scope=all ")


@pytest.mark.parametrize("tables", SYSTEMS)
def test_blocked(watch_run, tables):
    run = watch_run(tables, "")
    assert_good(run, tables)
    writes = integrity(run, "cpu")
    assert all(action == "blocked" and 0x800000 <= at < 0x802000 for at, action, _ in writes)
    assert sum(count for _, _, count in writes) >= 12
    assert integrity(run, "device") == [(0x800000, "blocked", 1)]
    assert run.having("integrity: guest=watch by=device", f"sid={EDU}")


@pytest.mark.parametrize("tables", SYSTEMS)
def test_allowed(watch_run, tables):
    run = watch_run(tables, "allow=1", on__watch="allow")
    assert_good(run, tables)
    assert {(at & ~0xFFF, action) for at, action, _ in integrity(run, "cpu")} == {(0x800000, "allowed"),
                                                                                  (0x801000, "allowed")}
    assert (0x800000, "allowed", 1) in integrity(run, "device") and not run.having("fault: ")
