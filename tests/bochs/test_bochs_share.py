# SPDX-License-Identifier: GPL-2.0-only
"""Two guests on one CPU with VMX: their turns end by the preemption timer, or without it by the host's. Bochs' time is
instructions, so shares can be compared exactly."""
import re

import guestrun
import pytest
import testbed


def phases(run, name):
    """{(phase, what): number} of a guest's "SHARE:" lines."""
    lines = "\n".join(guestrun.guest_lines(run.lines, name))
    return {(int(phase), what): int(value) for phase, what, value in
            re.findall(r"SHARE: phase=(\d) (\S+)=(\d+)", lines)}


@pytest.mark.parametrize("system", ["", 'without = ["preemption-timer", "vpid"]'], ids=["preemption-timer", "host-timer"])
def test_half_each_and_one_alone_all(bochs_boot, tmp_path, system):
    config = guestrun.config(tmp_path, f"[system]\n{system}\n",
                             guestrun.guest("busy", [0], "share", share=True, cmdline="ms=400"),
                             guestrun.guest("idler", [0], "share", share=True, cmdline="ms=400 idle=1"))
    run = bochs_boot(cmdline="exit panic=reset", modules=[config, testbed.Module(guestrun.image("share"), "share")],
                     cpus=1)
    for name in ("busy", "idler"):
        guestrun.assert_passed(guestrun.guest_lines(run.lines, name))
        assert guestrun.end_of(run, name) == "powered-off"
    busy, idler = phases(run, "busy"), phases(run, "idler")
    assert 0.9 < busy[1, "iterations"] / idler[1, "iterations"] < 1.1
    assert 1.8 < busy[2, "iterations"] / busy[1, "iterations"] < 2.2
    assert idler[2, "late-us"] < 10000 + 3000
    assert run.ended and run.status == 0 and not run.having("panic:")
