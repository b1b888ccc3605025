# SPDX-License-Identifier: GPL-2.0-only
"""Machines that cannot run guests are refused by name, and left with every device blocked."""
import bochs
import guestrun
import testbed


def one_guest(tmp_path, text="", **keys):
    config = guestrun.config(tmp_path, text, guestrun.guest("guest", [0], "loader", **keys))
    return [config, testbed.Module(guestrun.image("loader"), "loader")]


def assert_refused(run, *words):
    assert run.ended and run.status == 0
    assert run.having("bulkhead: refused:", *words), run.having("refused")
    assert run.having("bulkhead: all devices are blocked, no guest was started")
    assert not run.having("panic:") and not run.having("guest: name=guest starts")


def test_a_cpu_without_ept_is_refused(bochs_boot, tmp_path):
    """VMX alone is not enough: this one has neither EPT nor unrestricted guests."""
    run = bochs_boot(modules=one_guest(tmp_path), model=bochs.MODEL_WITHOUT_EPT, cpus=1)
    assert run.having("error[BH0703] CPU: ", "EPT")
    assert_refused(run, "CPU", "EPT")


def test_a_wired_device_without_its_line_is_warned_about(bochs_boot, tmp_path):
    """The card has no MSI, and which line it has nobody said."""
    run = bochs_boot(modules=one_guest(tmp_path, devices=["0000:00:04.0"]), cpus=1, network=True)
    assert run.having("0000:00:04.0", "gsi"), run.having("warn")
