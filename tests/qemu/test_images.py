# SPDX-License-Identifier: GPL-2.0-only
"""Pinned images: as pinned, they start; changed, the fallback starts or nobody, and the other guests run all the same."""
import hashlib

import guestrun
import testbed


def sha256(name):
    return hashlib.sha256(guestrun.image(name).read_bytes()).hexdigest()


def run(boot, tmp_path, *guests):
    modules = [testbed.Module(guestrun.image(name), name) for name in ("loader", "timers")]
    return boot(modules=[guestrun.config(tmp_path, *guests), *modules],
                machine={"cpus": 4, "memory": "512M"}, timeout=90)


def test_each_case(boot, tmp_path):
    wrong = "0" * 63 + "1"
    found = run(
        boot, tmp_path,
        guestrun.guest("right", [0], "loader", kernel__sha256=sha256("loader").upper()),
        guestrun.guest("second", [1], "timers", kernel__sha256=wrong, fallback__kernel="loader",
                       fallback__kernel__sha256=sha256("loader"), fallback__cmdline="from=fallback"),
        guestrun.guest("neither", [2], "timers", kernel__sha256=wrong, fallback__kernel="loader",
                       fallback__kernel__sha256=wrong),
        guestrun.guest("alone", [3], "loader", kernel__sha256=wrong))
    assert found.having("guest: name=right images=ok")
    assert found.having("guest: name=second images=fallback")
    assert found.having(f"guest: name=second image=timers sha256={sha256('timers')} is not the one pinned")
    assert found.having("guest: name=neither images=refused") and found.having("guest: name=alone images=refused")
    for name in ("right", "second"):
        assert guestrun.end_of(found, name) == "powered-off"
        assert any("LOADER" in line or line.startswith("PASS") for line in guestrun.guest_lines(found.lines, name))
    for name in ("neither", "alone"):
        assert guestrun.end_of(found, name) == "refused"
        assert guestrun.guest_lines(found.lines, name) == []
        assert found.having(f'guest: name={name} refused why="its images are not those that the configuration pins"')
    assert found.having("bulkhead: all guests have ended") and not found.timed_out
