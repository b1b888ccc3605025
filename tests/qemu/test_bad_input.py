# SPDX-License-Identifier: GPL-2.0-only
"""Guests that misbehave, on SVM; tests/bochs/test_bochs_bad_input.py has the same on VMX."""
import badguests
import guestrun
import pytest

MACHINE = {"cpus": 2, "memory": "512M"}


@pytest.mark.parametrize("kind", badguests.ENDLESS, ids=badguests.ENDLESS.get)
def test_endless_accesses_harm_nobody(boot, tmp_path, kind):
    run = boot(modules=badguests.modules(tmp_path, kind), machine=MACHINE, stop_when=badguests.stop_for(kind))
    badguests.assert_endless(run)


# TCG lets a guest clear CR0.PE with paging on; no CPU can be entered like that.
ENDS = {**badguests.ENDS, 6: "long mode with paging, but CR0.PE is clear"}


def test_wild_guests_end_alone_and_nothing_leaks(boot, tmp_path):
    """Bulkhead's own memory was at most as much as with a guest that powered off."""
    benign = boot(modules=badguests.modules(tmp_path, badguests.BENIGN), machine=MACHINE)
    badguests.assert_goes_on(benign)
    guestrun.assert_passed(guestrun.guest_lines(benign.lines, "wild"))
    for kind, why in ENDS.items():
        run = boot(modules=badguests.modules(tmp_path, kind), machine=MACHINE)
        badguests.assert_ends(run, why)
        assert badguests.memory(run) == badguests.memory(benign)


@pytest.mark.parametrize("cpu", ["Skylake-Client", "qemu64,-svm"])
def test_cpu_without_virtualisation(boot, tmp_path, cpu):
    """TCG has no VMX, whatever model of Intel's it plays."""
    run = boot(modules=badguests.modules(tmp_path, 1), machine=MACHINE, devices=["-cpu", cpu],
               stop_when=lambda line: "no guest was started" in line)
    assert run.having("error[BH0703] CPU: this CPU has neither VMX nor SVM; fix: ")
    assert run.having("bulkhead: all devices are blocked, no guest was started") and not run.having("panic:")
