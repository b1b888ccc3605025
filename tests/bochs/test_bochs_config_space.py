# SPDX-License-Identifier: GPL-2.0-only
"""A hostile guest writes all of its edu's configuration space on VMX, where the unit is strict; on SVM, with more
devices: tests/qemu/test_config_space.py."""
import guestrun
import testbed

EDU = "0000:00:10.0"


def test_only_its_own_view_changes(bochs_boot, tmp_path):
    config = guestrun.config(tmp_path, guestrun.guest("hostile", [0], "config", devices=[EDU]),
                             guestrun.guest("neighbour", [1], "mmio"))
    modules = [config, testbed.Module(guestrun.image("config"), "config"), testbed.Module(guestrun.image("mmio"), "mmio")]
    run = bochs_boot(cmdline="exit panic=reset", modules=modules, timeout=250, cpus=2)
    guestrun.assert_passed(guestrun.guest_lines(run.lines, "hostile"), 65)
    guestrun.assert_passed(guestrun.guest_lines(run.lines, "neighbour"), guestrun.GUESTS["mmio"][3])
    assert guestrun.end_of(run, "hostile") == guestrun.end_of(run, "neighbour") == "powered-off"
    assert not run.having("fault: ") and not run.having("panic:") and run.ended and run.status == 0
