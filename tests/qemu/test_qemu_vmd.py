# SPDX-License-Identifier: GPL-2.0-only
"""A VMD domain given to a Debian guest on SVM, with QEMU's own VT-d: the model of tests/bochs/test_bochs_vmd.py,
preloaded into Debian's QEMU (tests/qemu/preload)."""
import hashlib
import os
import subprocess

import demo_vmd
import faultline
import guestrun
import pytest
import testbed


@pytest.mark.parametrize("part", [demo_vmd.OFF, demo_vmd.CLIENT], ids=lambda part: part.device)
def test_both_disks(part, tmp_path):
    """Shadow registers that firmware left off, with ports that it numbered; and the part that has none."""
    run, summary = demo_vmd.prove(tmp_path, part, 600, hostile=False, emulator=demo_vmd.qemu_run)
    print(run.text)
    assert not run.timed_out and run.having("bulkhead: done") and not run.having("panic:")
    assert summary.missing == 0, "see the lines MISSING above"
    assert not faultline.faults(run.lines)


def test_the_model_on_the_bare_machine(tmp_path):
    """Debian's drivers alone: the model is one that they take for hardware, messages passed unchanged as there."""
    disks = demo_vmd.make_disks(tmp_path)
    environment = [f"LD_PRELOAD={testbed.BUILD / 'qemu' / 'vmd.so'}",
                   f"BULKHEAD_VMD=id=28c0,busmode=1,disks={disks[0]}+{disks[1]}"]
    arguments = [*testbed.machine_arguments(cpus=1, memory="512M", iommu=None, accelerator="tcg"), "-device",
                 "bulkhead-vmd,addr=11.0", "-kernel", str(guestrun.linux("vmlinux")), "-initrd",
                 str(guestrun.linux("vmd.img")), "-append", "console=ttyS0 quiet panic=-1 no_timer_check"]
    run = testbed.run_qemu(arguments, 270, environment=environment)
    print(run.text)
    assert run.having("vmd bound 10000") and run.having("vmd done")
    assert run.having("vmd vectors own 0 remapped 0 bypassed ")
    for number, path in enumerate(disks):
        before, serial = demo_vmd.contents(number), demo_vmd.SERIALS[number]
        total = hashlib.sha256(before).hexdigest()
        assert run.having(f"disk {serial} at 10000:8{number + 1}:00.0 sha256 {total}")
        assert path.read_bytes() == demo_vmd.marked(before, "written once")
    assert run.having("plugin: vmd strays=0", "messages=0 dropped=0 bypassed=") and not run.having("plugin: error")


def test_a_wrong_description_is_refused():
    environment = {**os.environ, "BULKHEAD_VMD": "id=1234"}
    command = ["env", f"LD_PRELOAD={testbed.BUILD / 'qemu' / 'vmd.so'}", "qemu-system-x86_64", "-machine", "none"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 64 and "bulkhead-vmd: cannot work: id is 28c0 or 201d" in done.stderr
