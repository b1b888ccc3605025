# SPDX-License-Identifier: GPL-2.0-only
"""The isolation audit on VMX: it passes before every ordinary start, over EPT, VT-d tables and posted descriptors, and
finds every table that was spoiled."""
import re

import corrupt
import guestrun
import pytest
import testbed

DEVICES = ["0000:00:04.0", "0000:00:10.0"]  # an e1000; the plugin's DMA engine


def test_audit_at_boot(bochs_boot, tmp_path):
    rogue = guestrun.guest("rogue", [1], "rogue", cmdline="targets=0x1000000", devices=DEVICES[1:])
    config = guestrun.config(tmp_path, "[system]\naudit = true\n", rogue, guestrun.guest("once", [0], "cpuid"))
    run = bochs_boot(modules=[config, *(testbed.Module(guestrun.image(name), name) for name in ("rogue", "cpuid"))])
    verdicts = run.having("audit: verdict=")
    assert len(verdicts) == 1 and "verdict=pass scope=all guests=2 units=1 sources=1 " in verdicts[0], verdicts
    figures = {key: int(value) for key, value in re.findall(r"([a-z-]+)=(\d+)", verdicts[0])}
    assert figures["findings"] == 0
    assert figures["nested-pages"] >= 2 * (16 << 20) / 4096 > figures["device-pages"] > 0
    assert run.having("audit: owner=rogue format=ept levels=4 ") and run.having("audit: owner=once format=ept levels=4 ")
    assert run.having(f"audit: source={DEVICES[1]} ", "guest=rogue")
    assert len(run.having("audit: vcpu=0 guest=")) == 2
    starts = [i for i, line in enumerate(run.lines) if " starts" in line]
    assert starts and starts[0] > run.lines.index(verdicts[0])
    assert guestrun.end_of(run, "rogue") == guestrun.end_of(run, "once") == "powered-off" and run.status == 0


@pytest.mark.parametrize("word", corrupt.FINDINGS)
def test_spoiled_tables_are_refused(bochs_boot, tmp_path, word):
    run = bochs_boot(image=corrupt.IMAGE, cmdline=f"exit panic=reset corrupt={word}", cpus=1, network=True,
                     modules=corrupt.modules(tmp_path, DEVICES))
    corrupt.assert_refused(run, word, DEVICES)
    assert run.having("cpu: backend=vmx") and run.status == 0


def test_a_vcpu_on_the_wrong_tables_does_not_run(bochs_boot, tmp_path):
    run = bochs_boot(image=corrupt.IMAGE, cmdline="exit panic=reset corrupt=root", cpus=1, network=True,
                     modules=corrupt.modules(tmp_path, DEVICES))
    corrupt.assert_one_refused(run)


def test_a_guest_with_spoiled_tables_does_not_start_anew(bochs_boot, tmp_path):
    run = bochs_boot(image=corrupt.IMAGE, cmdline="exit panic=reset corrupt=again", cpus=1, network=True,
                     modules=corrupt.modules(tmp_path, DEVICES, "reset=1"))
    corrupt.assert_restart_refused(run)
