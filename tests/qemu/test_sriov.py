# SPDX-License-Identifier: GPL-2.0-only
"""`make run DEMO=sriov`, run once: an NVMe's PF in the service guest, its eight VFs in four guests, and a reset of the PF
under them. What the demo's own summary says, and what it does not: events, bystanders, the PF's registers."""
import json
import re
import subprocess
import sys

import events
import faultline
import guestrun
import pytest
import testbed

sys.path.insert(0, str(testbed.ROOT / "tools"))
import demo_sriov  # noqa: E402

pytestmark = pytest.mark.xdist_group("sriov")


@pytest.fixture(scope="module")
def demo():
    """(exit status, its lines)."""
    done = subprocess.run([str(testbed.ROOT / "tools" / "run"), "--demo", "sriov"], capture_output=True, text=True,
                          timeout=demo_sriov.TIMEOUT + 60, errors="replace")
    print(done.stdout, done.stderr)
    return done.returncode, done.stdout.splitlines()


def lines_with(lines, *words):
    return [line for line in lines if all(word in line for word in words)]


def test_everything_was_shown(demo):
    status, lines = demo
    assert status == 0 and "verified: everything above" in lines
    assert not [line for line in lines if line.startswith("  MISSING")]


def test_faults_are_the_hostile_vfs_alone(demo):
    """Neither the PF nor the VFs of guest disk are blamed, before and after the PF's reset."""
    _, lines = demo
    faults = faultline.faults(lines)
    owner = {vf: (name, int(target, 0)) for name, (vfs, target, _) in demo_sriov.HOSTILE.items() for vf in vfs}
    assert {fault.sid for fault in faults} == set(owner)
    assert all((fault.guest, fault.addr) == owner[fault.sid] and fault.device == "1b36:0010" for fault in faults)


def test_those_with_vfs_are_told_why(demo):
    """What the service guest's agent read after the reset: all of it, in order, as the schema says."""
    _, lines = demo
    told = []
    for line in guestrun.guest_lines(lines, "service"):
        if line.startswith('{"seq"'):
            told.append(json.loads(line))
    last = max(i for i, event in enumerate(told) if event["type"] == "hello")
    events.validate_all(told)
    told = told[last:]
    kinds = [(event["type"], event.get("guest", event.get("device"))) for event in told]
    order = [("vf-guest-stopped", "disk"), ("guest-exited", "disk"), ("vfs-enabled", demo_sriov.PF),
             ("guest-started", "service"), ("guest-started", "disk")]
    assert [kind for kind in kinds if kind in order][:5] == order, kinds
    (stopped,) = [event for event in told if event["type"] == "vf-guest-stopped"]
    assert (stopped["reason"], stopped["pf"], stopped["owner"]) == ("pf-reset", demo_sriov.PF, "service")
    (exited,) = [event for event in told if event["type"] == "guest-exited" and event["why"] == "by pf-reset"]
    assert exited["end"] == "stopped"


def test_tables_were_proven_at_every_start(demo):
    """The auditor walks what the units walk: each guest's devices reach its RAM and BARs alone."""
    _, lines = demo
    verdicts = [re.search(r"audit: verdict=(\S+) scope=(\S+)", line).groups() for line in lines_with(lines, "audit: verdict=")]
    assert {scope for _, scope in verdicts} >= {"all", "service", "disk", "one", "two", "three"}
    assert {verdict for verdict, _ in verdicts} == {"pass"}


def test_a_vf_is_reset_alone(demo):
    """Stopping and starting guest disk resets its VFs, and the PF only when its owner starts, stops, or resets."""
    _, lines = demo
    assert len(lines_with(lines, f"pci: {demo_sriov.PF}: reset (flr)")) == 3  # made, reset, powered off
    assert len(lines_with(lines, f"pci: {demo_sriov.VFS[0]}: reset (flr)")) >= 5
    assert not lines_with(lines, "does not answer") and not lines_with(lines, "panic:")
