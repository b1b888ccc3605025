# SPDX-License-Identifier: GPL-2.0-only
"""A VMD domain given to a Debian guest whole, with both of the ways in which a guest learns host addresses: the disks'
sums, writes, a restart; no child alone, nobody else's DMA to it. The first is what `make run DEMO=vmd` shows.
tests/qemu/test_qemu_vmd.py restarts the other part, too."""
import demo_vmd
import faultline


def assert_shown(run, summary):
    print(run.text, run.emulator[-4000:], sep="\n--\n")
    assert not run.timed_out and run.having("bulkhead: done") and not run.having("panic:")
    assert summary.missing == 0, "see the lines MISSING above"


def test_the_demo(tmp_path):
    run, summary = demo_vmd.prove(tmp_path, demo_vmd.SERVER, 900)
    assert_shown(run, summary)
    assert {fault.guest for fault in faultline.faults(run.lines)} == {"rogue"}


def test_the_part_without_shadow_registers(tmp_path):
    run, summary = demo_vmd.prove(tmp_path, demo_vmd.CLIENT, 600, hostile=False, starts=1)
    assert_shown(run, summary)
    assert not faultline.faults(run.lines)
