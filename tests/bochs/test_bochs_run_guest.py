# SPDX-License-Identifier: GPL-2.0-only
"""tools/run-guest --backend vmx: one guest under Bochs, its console alone on standard output."""
import guestrun


def run(tmp_path, name, *more):
    return guestrun.run_guest(tmp_path, "--backend", "vmx", "--kernel", guestrun.image(name), "--memory", "16MiB", *more,
                              timeout=120)


def test_a_guest_that_powers_off(tmp_path):
    done = run(tmp_path, "smp", "--cpus", 2, "--cmdline", "cpus=2", "--model", "corei7_haswell_4770")
    guestrun.assert_passed(done.out.splitlines(), 16)
    assert done.status == 0 and "cpu: backend=vmx" in done.log and "on 2 CPUs" in done.log


def test_a_guest_that_crashes(tmp_path):
    done = run(tmp_path, "triple")
    assert done.status == 1 and done.out.splitlines()[-1].startswith("READY")
    assert 'crashed why="triple fault of vCPU 0' in done.log
