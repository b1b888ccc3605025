# SPDX-License-Identifier: GPL-2.0-only
"""Virtual functions that a configuration asks for: switched on at boot, in inventory, groups and plan; refusals."""
import re

import guestrun
import pytest
import testbed
import topologies

PF, VFS = "0000:01:00.0", [f"0000:01:0{i >> 3}.{i & 7}" for i in range(1, 13)]
NVME = ("nvme,serial=x,subsys=sub,bus=a,addr=0.0,max_ioqpairs=65,msix_qsize=65,sriov_max_vfs=12,sriov_vq_flexible=24,"
        "sriov_vi_flexible=12")
MACHINE = topologies.words("nvme-subsys,id=sub", topologies.port("a", 3), NVME, topologies.port("b", 4),
                           "e1000e,bus=b")
GUEST = '[guest.{}]\ncpus = [{}]\nmemory = "16MiB"\nkernel = "loader"\ndevices = [{}]\n'


def run_with(boot, folder, text):
    (folder / "bulkhead.toml").write_text(text)
    return boot(modules=[testbed.Module(folder / "bulkhead.toml", "bulkhead.toml"),
                         testbed.Module(guestrun.image("loader"), "loader")],
                machine={"cpus": 2, "memory": "512M"}, devices=MACHINE)


def quoted(addresses):
    return ", ".join(f'"{address}"' for address in addresses)


@pytest.fixture(scope="module")
def twelve(boot, tmp_path_factory):
    """Twelve VFs, which needs ARI, for two guests; the PF is nobody's."""
    return run_with(boot, tmp_path_factory.mktemp("vfs"),
                    'version = 1\n[system]\ninventory = true\n' + GUEST.format("one", 0, quoted(VFS[:4])) +
                    GUEST.format("two", 1, quoted(VFS[4:10])) + f'[device."{PF}"]\nvfs = 12\n')


@pytest.mark.xdist_group("sriov-plan")
def test_vfs_are_functions_of_the_machine(twelve):
    assert twelve.having(f"sriov: pf={PF} vfs=12 first=0000:01:00.1 stride=1 ari=yes")
    # What VFs are given time for is measured by a clock that is right by then.
    assert twelve.text.index("time: TSC runs at ") < twelve.text.index(f"sriov: pf={PF}")
    seen = {}
    for vf in VFS:
        (line,) = twelve.having(f"pci: {vf} ")
        match = re.search(r"1b36:0010 class=010802 .* type=endpoint caps=\S*msix\S* bar0=mem64:([0-9a-f]+)\+4000 "
                          rf"vf-of={PF} unit=0 group=(\d+)", line)
        assert match and "flr" in line, line
        seen[vf] = (int(match[1], 16), match[2])
    addresses = [address for address, _ in seen.values()]
    assert [b - a for a, b in zip(addresses, addresses[1:])] == [0x4000] * 11
    assert len({group for _, group in seen.values()}) == 12
    assert len(twelve.having("inventory: device=0000:01:0", "sriov=vf vf-of=0000:01:00.0", "reset=flr", "assignable=yes")) == 12


@pytest.mark.xdist_group("sriov-plan")
def test_vfs_are_planned(twelve):
    for name, vfs in (("one", VFS[:4]), ("two", VFS[4:10])):
        for vf in vfs:
            assert twelve.having(f"plan: guest={name} device={vf} id=1b36:0010", f"vf-of={PF}", "reset=flr")
    blocked = ",".join(line.partition("blocked=")[2] for line in twelve.having("plan: blocked="))
    assert VFS[10] in blocked and PF in blocked and VFS[0] not in blocked


@pytest.mark.xdist_group("sriov-plan")
def test_vfs_that_nobody_serves_are_told(twelve):
    assert len(twelve.having("warning[BH0666]", "no guest has its PF 0000:01:00.0")) == 10
    assert twelve.having("bulkhead: done") and not twelve.having("panic:")


def test_what_cannot_be_is_refused(boot, tmp_path):
    """A PF with fewer VFs, and what has no SR-IOV: both at once, with the place; nothing is switched on."""
    run = run_with(boot, tmp_path, 'version = 1\n' + GUEST.format("one", 0, quoted(VFS[:1])) +
                   '[device."0000:02:00.0"]\nvfs = 1\n')
    assert run.having("error[BH0661] bulkhead.toml:8:7: 0000:02:00.0 (8086:10d3) has no virtual functions")
    assert run.having("bulkhead: refused") and run.having("bulkhead: done") and not run.having("sriov: pf=")
    run = run_with(boot, tmp_path, 'version = 1\n' + GUEST.format("one", 0, quoted(VFS[:1])) + f'[device."{PF}"]\nvfs = 13\n')
    assert run.having(f"error[BH0251] {PF}: 13 VFs are asked for, and it has 12") and run.having("write vfs = 12 or less")
    run = run_with(boot, tmp_path, 'version = 1\n' + GUEST.format("one", 0, quoted(VFS[:1])))
    assert run.having("error[BH0600] bulkhead.toml:6:12: 0000:01:00.1 is not in this machine")
    assert run.having(f'add [device."{PF}"]: vfs = 8')
