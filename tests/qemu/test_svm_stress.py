# SPDX-License-Identifier: GPL-2.0-only
"""Interrupts around VMRUN under load (docs/testing-svm.md): nothing lost on stock QEMU, nor on one that drops requests
on purpose; without the repair the latter must fail, or the test could not see a loss."""
import os
import subprocess

import pytest
import testbed

STRESS = testbed.ROOT / "tests/stress"


def stress(*words, qemu=None, timeout=90):
    environment = dict(os.environ, BUILD=str(testbed.BUILD), STRESS_BUILT="1", STRESS_TIMEOUT=str(timeout))
    if qemu:
        environment["QEMU"] = str(qemu)
    done = subprocess.run([STRESS / "run-stress", *words], env=environment, capture_output=True, text=True, check=False)
    print(done.stdout, done.stderr)
    return done


@pytest.fixture(scope="module", params=["exit", "both"])
def lossy_qemu(request, tmp_path_factory):
    out = tmp_path_factory.mktemp("lossy") / "qemu"
    done = subprocess.run([STRESS / "lossy-qemu", request.param, out], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(done.stderr.strip())
    return out


def test_nothing_is_lost():
    done = stress("stress-seconds=20")
    assert done.returncode == 0
    assert "result=pass quirk=tcg repair=on soft=on tick=on" in done.stdout


def test_nothing_is_lost_where_requests_are_dropped(lossy_qemu):
    assert stress("stress-seconds=8", qemu=lossy_qemu).returncode == 0


def test_without_the_repair_dropped_requests_are_seen(lossy_qemu):
    done = stress("stress-seconds=5", "stress-repair=off", "stress-tick=off", qemu=lossy_qemu, timeout=25)
    assert done.returncode in (1, 2)  # lost, or hung; not: did not start
