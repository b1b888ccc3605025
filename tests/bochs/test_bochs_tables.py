# SPDX-License-Identifier: GPL-2.0-only
"""A guest's nested tables are its device's as well, or are not, and the log says which: the device reaches its guest's
RAM by them and nothing else, either way."""
import faultline
import guestrun
import pytest
import testbed

ROGUE = "0000:00:10.0"
TARGETS = (0x1000000, 0xFED90000, 0x7000000000)  # behind its guest's RAM; the unit's registers; nothing


def without(*features):
    return f"[system]\nwithout = {guestrun.toml(list(features))}\n"


NO_APIC_PAGE = without("apic-registers", "virtual-interrupts", "virtual-x2apic")
SAID = "memory: guest=rogue nested tables "
# name -> CPU model, configuration, what the log says behind SAID
CASES = {
    "shared": ("corei7_skylake_x", NO_APIC_PAGE, "shared with VT-d"),
    "switched-off": ("corei7_skylake_x", without("shared-tables"), "not shared: switched off by system.without"),
    "small-pages": ("corei7_sandy_bridge_2600k", "", "not shared: unit 0 does not walk pages as large"),
}


@pytest.mark.parametrize("name", CASES)
def test_device_reaches_its_guest_alone(bochs_boot, tmp_path, name):
    model, system, said = CASES[name]
    words = "targets=" + ",".join(f"{target:#x}" for target in TARGETS)
    config = guestrun.config(tmp_path, system, guestrun.guest("rogue", [1], "rogue", cmdline=words, devices=[ROGUE]))
    run = bochs_boot(modules=[config, testbed.Module(guestrun.image("rogue"), "rogue")], model=model)
    assert run.status == 0 and len(run.having(SAID)) == 1 and run.having(SAID + said)
    lines = guestrun.guest_lines(run.lines, "rogue")
    assert "PASS: it moved the bytes" in lines  # DMA from and to its own RAM
    assert lines[-1].endswith(" passed, 0 failed") and guestrun.end_of(run, "rogue") == "powered-off"
    faults = [fault for fault in faultline.faults(run.lines) if fault.access in ("read", "write")]
    assert {(fault.access, fault.addr) for fault in faults} == {
        (access, target) for access in ("read", "write") for target in TARGETS}
    assert {fault.sid for fault in faults} == {ROGUE}
