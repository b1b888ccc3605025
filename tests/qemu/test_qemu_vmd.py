# SPDX-License-Identifier: GPL-2.0-only
"""A VMD domain given to a Debian guest on SVM, with QEMU's own VT-d: the model of tests/bochs/test_bochs_vmd.py, preloaded
into Debian's QEMU (tests/qemu/preload)."""
import os
import subprocess

import demo_vmd
import faultline
import pytest
import testbed


@pytest.mark.parametrize("part", [demo_vmd.OFF, demo_vmd.CLIENT], ids=lambda part: part.device)
def test_both_disks(part, tmp_path):
    """Shadow registers that firmware left off, with ports that it numbered; and the part that has none."""
    run, summary = demo_vmd.prove(tmp_path, part, 200, hostile=False, emulator=demo_vmd.qemu_run)
    print(run.text)
    assert not run.timed_out and run.having("bulkhead: done") and not run.having("panic:")
    assert summary.missing == 0, "see the lines MISSING above"
    assert not faultline.faults(run.lines)


def test_a_wrong_description_is_refused():
    environment = {**os.environ, "BULKHEAD_VMD": "id=1234"}
    command = ["env", f"LD_PRELOAD={testbed.BUILD / 'qemu' / 'vmd.so'}", "qemu-system-x86_64", "-machine", "none", "-display", "none"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 64 and "bulkhead-vmd: cannot work: id is 28c0 or 201d" in done.stderr
