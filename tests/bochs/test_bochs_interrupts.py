# SPDX-License-Identifier: GPL-2.0-only
"""Interrupt remapping as guests meet it on a unit that does what the specification says: a guest's device forges
messages, and each is blocked, recorded and told with the device and its guest. And what stands in for posted
interrupts, which no emulator's CPU has."""
import re

import bochs
import faultline
import guestrun
import pytest
import testbed

EDU = "0000:00:10.0"
# What the rogue guest's device sends (tests/guest/rogue/rogue.c) -> the reason that is recorded for it.
COMPATIBILITY, ABSENT_OR_FOREIGN, RESERVED, BEYOND = 0x25, (0x22, 0x26), 0x20, 0x21


@pytest.fixture(scope="session")
def rogue(bochs_boot, tmp_path_factory):
    config = guestrun.config(
        tmp_path_factory.mktemp("rogue"),
        guestrun.guest("rogue", [0], "rogue", cmdline="forge=1", devices=[EDU]),
        guestrun.guest("neighbour", [1], "cpuid"))
    modules = [config, testbed.Module(guestrun.image("rogue"), "rogue"),
               testbed.Module(guestrun.image("cpuid"), "cpuid")]
    return bochs_boot(cmdline="exit panic=reset", modules=modules, timeout=200, cpus=2)


@pytest.mark.xdist_group("bochs-rogue")
def test_no_forged_message_arrives(rogue):
    lines = guestrun.guest_lines(rogue.lines, "rogue")
    guestrun.assert_passed(lines, 10)
    assert guestrun.end_of(rogue, "rogue") == "powered-off"
    assert guestrun.end_of(rogue, "neighbour") == "powered-off"
    assert rogue.ended and rogue.status == 0 and not rogue.having("panic:")


@pytest.mark.xdist_group("bochs-rogue")
def test_each_forged_message_is_told(rogue):
    found = [fault for fault in faultline.faults(rogue.lines) if fault.access == "interrupt"]
    assert {(fault.unit, fault.sid, fault.guest) for fault in found} == {(0, EDU, "rogue")}
    reasons = [fault.reason for fault in found]
    assert reasons[:4] == [COMPATIBILITY] * 4
    assert reasons[4] in ABSENT_OR_FOREIGN and found[4].index == 0
    assert [(fault.reason, fault.index) for fault in found[5:]] == [(RESERVED, 0), (BEYOND, 0x1000)]
    assert all("compatibility-format" in fault.text for fault in found[:4])


@pytest.mark.xdist_group("bochs-rogue")
def test_posted_interrupts_fall_back(rogue):
    """No CPU model of Bochs has them: guests' interrupts come remapped, to our own handler."""
    assert rogue.having("interrupts: posted-interrupts=no (the CPU lacks them)")


def test_posted_interrupts_left_unused(bochs_boot, tmp_path):
    config = guestrun.config(tmp_path, '[system]\nwithout = ["posted-interrupts"]\n',
                             guestrun.guest("cpuid", [0], "cpuid"))
    modules = [config, testbed.Module(guestrun.image("cpuid"), "cpuid")]
    run = bochs_boot(cmdline="exit panic=reset", modules=modules, model=bochs.MODELS[0], cpus=1)
    assert run.having("interrupts: posted-interrupts=no (system.without names them)")
    assert guestrun.end_of(run, "cpuid") == "powered-off"


def test_a_unit_posts(bochs_boot):
    """The self-test on a unit that posts interrupts, and does not snoop: into a descriptor, back to remapped format,
    and nowhere when freed."""
    run = bochs_boot(image="bulkhead-selftest.elf", preset="server", cpus=2)
    assert run.having("vtd: unit=0 ", "posting=1") and run.having("selftest: irq posted: pass")
    assert run.having("selftest: posted handle=", "vector=0x61 notified cpu=1")
    assert run.ended and run.status == 0 and not run.having("selftest: ", "FAIL")


# preset of the unit, CPU model, system.without -> what the log says
KINDS = [
    ("full", bochs.MODELS[0], [], "no (the CPU lacks them)"),
    ("full", bochs.MODEL, [], "no (the CPU lacks them)"),
    ("server", bochs.MODELS[0], [], "by remapping units alone"),
    ("server", bochs.MODEL, [], "by remapping units alone"),
    ("server", bochs.MODEL, ["virtual-interrupts"], "by remapping units alone"),
    ("server", bochs.MODEL, ["posted-interrupts"], "no (system.without names them)"),
]


@pytest.mark.parametrize("preset, model, without, text", KINDS,
                         ids=["-".join([kind[0], kind[1].split("_")[1], *kind[2]]) for kind in KINDS])
def test_device_interrupts(bochs_boot, tmp_path, preset, model, without, text):
    """A guest's device interrupts: remapped to our handler, and posted by the unit into the vCPUs' mailboxes, whose
    notifications end the guest's run; with the CPU's own delivery and without."""
    tables = [f"[system]\nwithout = {guestrun.toml(without)}\n"] if without else []
    config = guestrun.config(tmp_path, *tables, guestrun.guest("msi", [0, 1], "msi", cmdline="cpus=2", devices=[EDU]))
    modules = [config, testbed.Module(guestrun.image("msi"), "msi")]
    run = bochs_boot(cmdline="exit panic=reset", modules=modules, preset=preset, model=model, cpus=2, timeout=200)
    assert run.having(f"interrupts: posted-interrupts={text}")
    guestrun.assert_passed(guestrun.guest_lines(run.lines, "msi"), 16)
    assert guestrun.end_of(run, "msi") == "powered-off" and not run.having("fault: ")
    handled = int(re.search(r"device-interrupts=(\d+)", run.text)[1])
    posted = text.startswith("by")
    # Posted ones never meet our handler; those to both vCPUs, which cannot be posted, do.
    assert handled < 20 if posted else handled > 100


def iterations(run, name):
    """What a share guest counted in each of its phases."""
    lines = "\n".join(guestrun.guest_lines(run.lines, name))
    return [int(count) for count in re.findall(r"SHARE: phase=\d iterations=(\d+)", lines)]


def test_a_storm_costs_its_owner_alone(bochs_boot, tmp_path):
    """A guest's device interrupts it as fast as it can, and its message moves all the time, which the unit must be told and
    waited for: a guest on another CPU gets as much done meanwhile as before. Bochs' time is instructions, so that is
    exact."""
    config = guestrun.config(tmp_path, guestrun.guest("storm", [0, 1], "msi", cmdline="cpus=2 storm=300", devices=[EDU]),
                             guestrun.guest("calm", [2], "share", cmdline="ms=300"))
    modules = [config, testbed.Module(guestrun.image("msi"), "msi"), testbed.Module(guestrun.image("share"), "share")]
    run = bochs_boot(cmdline="exit panic=reset", modules=modules, cpus=3, timeout=200)
    for name in ("storm", "calm"):
        guestrun.assert_passed(guestrun.guest_lines(run.lines, name))
        assert guestrun.end_of(run, name) == "powered-off"
    before, during = iterations(run, "calm")
    (moved,) = re.findall(r"STORM: raised=\d+ taken=\d+ moved=(\d+)", run.text)
    handled = {name: int(count) for name, count in
               re.findall(r"guest: name=(\w+) end=.* device-interrupts=(\d+)", run.text)}
    assert handled["storm"] > 1000 and handled["calm"] == 0 and int(moved) > 20
    assert during / before > 0.99, (before, during)
    assert run.ended and run.status == 0 and not run.having("fault: ")


@pytest.mark.parametrize("model", [bochs.MODELS[0], bochs.MODEL], ids=lambda model: model.split("_")[1])
@pytest.mark.parametrize("preset", ["unremapped", "minimal"])
def test_interrupts_that_no_unit_remaps(bochs_boot, tmp_path, preset, model):
    """A unit without interrupt remapping, and one that lacks the queue, too: a device goes to the guest that accepts it,
    and its messages to the CPU that the guest says; on SVM: tests/qemu/test_unremapped.py."""
    config = guestrun.config(tmp_path, guestrun.guest("msi", [0, 1], "msi", cmdline="cpus=2", devices=[EDU],
                                                      **{"unsafe-interrupts": True}))
    modules = [config, testbed.Module(guestrun.image("msi"), "msi")]
    run = bochs_boot(cmdline="exit panic=reset", modules=modules, preset=preset, model=model, cpus=2, timeout=200)
    assert run.having("warning[BH0382]") and run.having("warning[BH0630]", EDU, "guest 'msi'")
    assert run.having("vtd: unit=0 translation on, interrupt remapping absent")
    guestrun.assert_passed(guestrun.guest_lines(run.lines, "msi"), 16)
    assert guestrun.end_of(run, "msi") == "powered-off" and not run.having("fault: ")
    assert int(re.search(r"device-interrupts=(\d+)", run.text)[1]) > 100
    assert run.having("audit: ") and run.status == 0


def test_devices_are_refused_without_remapping(bochs_boot, tmp_path):
    config = guestrun.config(tmp_path, guestrun.guest("msi", [0, 1], "msi", cmdline="cpus=2", devices=[EDU]))
    modules = [config, testbed.Module(guestrun.image("msi"), "msi")]
    run = bochs_boot(cmdline="exit panic=reset", modules=modules, preset="unremapped", cpus=2, timeout=200)
    assert run.having("error[BH0607]", EDU) and run.having("write unsafe-interrupts = true in [guest.msi]")
    assert run.having("no guest was started")
