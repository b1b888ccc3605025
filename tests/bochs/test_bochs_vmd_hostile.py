# SPDX-License-Identifier: GPL-2.0-only
"""A hostile guest that owns a VMD domain (tests/guest/vmd) on VMX, beside one that is to notice nothing. What it can do
to the hardware is counted by the model: tests/model/vmd_model.h."""
import re

import faultline
import guestrun
import testbed

ENDPOINT = "0000:00:11.0"
PART = "id=28c0,busmode=1,lock=0,flr=1"  # firmware left the shadow registers off
TARGETS = (0xfed90000, 0x1ff80000, 1 << 38)


def counts_of(run):
    line = next(line for line in run.emulator.splitlines() if "plugin: vmd strays=" in line)
    return {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line)}


def test_it_gets_nowhere(bochs_boot, tmp_path):
    disks = [tmp_path / f"disk{number}" for number in range(2)]
    for path in disks:
        path.write_bytes(bytes(1 << 16))
    config = guestrun.config(tmp_path, guestrun.guest("hostile", [0, 1], "vmd", cmdline="cpus=2", devices=[ENDPOINT]),
                             guestrun.guest("neighbour", [2], "mmio"))
    modules = [config, testbed.Module(guestrun.image("vmd"), "vmd"), testbed.Module(guestrun.image("mmio"), "mmio")]
    run = bochs_boot(cmdline="exit panic=reset", modules=modules, timeout=250, cpus=3,
                     vmd=f"{PART},disks={disks[0]}+{disks[1]}")
    guestrun.assert_passed([line for line in guestrun.guest_lines(run.lines, "hostile") if not line.startswith("VMD:")], 105)
    guestrun.assert_passed(guestrun.guest_lines(run.lines, "neighbour"), guestrun.GUESTS["mmio"][3])
    assert guestrun.end_of(run, "hostile") == guestrun.end_of(run, "neighbour") == "powered-off"
    assert not run.having("panic:") and run.ended and run.status == 0
    counts = counts_of(run)
    assert counts["strays"] == counts["concurrent"] == counts["bypassed"] == counts["unread"] == 0, counts
    assert counts["messages"] >= 2, counts
    faults = faultline.faults(run.lines)
    assert {fault.guest for fault in faults} == {"hostile"}
    for target in TARGETS:
        assert run.having("fault: ", f"{ENDPOINT[5:]}", f"addr=0x{target:x} "), hex(target)
