# SPDX-License-Identifier: GPL-2.0-only
"""Two hostile guests (tests/guest/config) write all of configuration space at once, by ports and ECAM; QEMU's trace says
what reached the devices and the bridges above them. On VMX: tests/bochs/test_bochs_config_space.py."""
import re

import faultline
import guestrun
import pytest
import testbed
import topologies

EDU, TWO, NVME, E1000E, EDU_2 = "0000:00:05.0", "group:0000:00:06.0", "0000:01:00.0", "0000:02:00.0", "0000:00:07.0"
COMMAND, BARS, ROM = 0x04, range(0x10, 0x28), 0x30
SRIOV = 0x120  # where QEMU's NVMe has that capability
# What the guests write and the hypervisor never would: addresses of RAM, controllers, holes.
HOSTILE = {0x00800000, 0x00800001, 0xfee00004, 0xa5a5a5a5, 0xfed90000, 0xfeb00000, 0x04000000, 0xbf800000}


@pytest.fixture(scope="module")
def hostile(boot, tmp_path_factory):
    """(run, every write of configuration space that a device saw: (its name, offset, value))."""
    folder = tmp_path_factory.mktemp("config")
    devices = [
        *topologies.words("nvme-subsys,id=sub", topologies.port("a", 3), topologies.port("b", 4)),
        "-device", "nvme,serial=a,subsys=sub,bus=a,sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=2",
        "-netdev", "user,id=net0,restrict=on", "-device", "e1000e,netdev=net0,bus=b",
        *topologies.words("edu,addr=5.0", "edu,addr=6.0,multifunction=on", "edu,addr=6.1", "edu,addr=7.0"),
        "-trace", "pci_cfg_write", "-D", str(folder / "trace"),
    ]
    config = guestrun.config(folder, guestrun.guest("one", [0], "config", cmdline="functions=4", devices=[EDU, TWO, NVME]),
                             guestrun.guest("two", [1], "config", cmdline="functions=2", devices=[E1000E, EDU_2]),
                             f'[device."{NVME}"]\nvfs = 2\n')
    run = boot(modules=[config, testbed.Module(guestrun.image("config"), "config")], devices=devices,
               machine={"cpus": 2}, timeout=150)
    found = (re.match(r"pci_cfg_write \S+ (\S+) @0x([0-9a-f]+) <- 0x([0-9a-f]+)$", line)
             for line in (folder / "trace").read_text().splitlines())
    return run, [(match[1], int(match[2], 16), int(match[3], 16)) for match in found if match]


@pytest.mark.xdist_group("config-space")
@pytest.mark.parametrize("name, least", [("one", 250), ("two", 155)])
def test_only_its_own_view_changes(hostile, name, least):
    run, _ = hostile
    guestrun.assert_passed(guestrun.guest_lines(run.lines, name), least)
    assert guestrun.end_of(run, name) == "powered-off"


@pytest.mark.xdist_group("config-space")
def test_the_machine_goes_on(hostile):
    run, _ = hostile
    assert not run.having("panic:") and not faultline.faults(run.lines)
    assert run.having("bulkhead: all guests have ended, faults=0") and run.having("bulkhead: done")


@pytest.mark.xdist_group("config-space")
def test_the_owner_of_a_pf_does_not_touch_its_vfs(hostile):
    """Its SR-IOV capability, which the guest does not see, takes what the hypervisor writes alone: at boot, and again
    after each reset of the PF."""
    run, writes = hostile
    resets = len(run.having(f"sriov: {NVME}: 2 VFs are on again"))
    assert run.having(f"sriov: pf={NVME} vfs=2 ") and resets >= 1
    seen = {at: [value for name, offset, value in writes if (name, offset) == ("01:00.0", at)] for at in range(SRIOV, SRIOV + 0x40)}
    on = [value for value in seen[SRIOV + 8] if value & 9 == 9]
    assert len(on) == 1 + resets and set(seen[SRIOV + 8]) <= {0, 9, 0x10, 0x19}, seen[SRIOV + 8]
    assert seen[SRIOV + 0x10] == [2] * (1 + resets)
    assert set(seen[SRIOV + 0x20]) <= {1}
    bars = {value & ~15 for value in seen[SRIOV + 0x24]} - {0, 0xfffffff0}
    assert len(bars) == 1
    quiet = {at: values for at, values in seen.items() if values and at - SRIOV not in (8, 0x10, 0x20, *range(0x24, 0x3c, 4))}
    assert not quiet


@pytest.mark.xdist_group("config-space")
def test_no_device_saw_what_guests_wrote(hostile):
    """No address of theirs in a BAR, ROM or message; MSI addresses are in the remappable format or none."""
    _, writes = hostile
    names = {name for name, _, _ in writes}
    assert {"00:05.0", "00:06.0", "00:06.1", "00:07.0", "01:00.0", "02:00.0"} <= names
    reached = [(name, hex(at), hex(value)) for name, at, value in writes if value in HOSTILE]
    assert not reached
    messages = [value for _, at, value in writes if value >> 20 == 0xfee]
    assert messages and all(value & 0x10 for value in messages)


@pytest.mark.xdist_group("config-space")
def test_real_bars_end_where_they_were(hostile):
    _, writes = hostile
    values = {}
    for name, at, value in writes:
        if at in BARS and name.split(":")[0] in ("00", "01", "02"):
            values.setdefault((name, at), []).append(value)
    edu = values["00:05.0", 0x10]
    assert len(set(edu) - {0xffffffff}) <= 2, [hex(value) for value in edu]  # 0 before firmware's choice, then that one
    assert edu[-1] & 0xfff00000 and edu[-1] & 0xfffff == 0
