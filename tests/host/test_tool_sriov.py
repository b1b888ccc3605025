# SPDX-License-Identifier: GPL-2.0-only
"""bulkhead plan, devices and topology with virtual functions that the dump's Linux did not have."""
import json
import os
import pathlib
import struct
import subprocess

import machine_tree
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = pathlib.Path(os.environ.get("BULKHEAD_TOOL", ROOT / "build/host/bulkhead"))
PORT, PF = "0000:00:05.0", "0000:05:00.0"
GUEST = 'version = 1\n[guest.a]\ncpus = [0]\nmemory = "64MiB"\nkernel = "k"\n'
VFS = GUEST + f'devices = ["0000:05:00.2", "0000:05:01.0"]\n[device."{PF}"]\nvfs = 8\n'


def run(*arguments):
    return subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)


def sriov(total, num, offset, stride, device, low):
    """The capability with one VF BAR, 64 bits wide."""
    fixed = struct.pack("<HHIHHHHHHHHHHIIII", 0x10, 1, 0, 0, 0, total, total, num, 0, offset, stride, 0, device, 0x553, 1, low | 4, 0)
    return fixed + bytes(0x40 - len(fixed))


def machine(root, ids=(0x8086, 0x1521), device=0x1520, ari=True, window=0xE000E000, vf_size=0x4000, linux_vfs=False):
    """A port with room for VFs, and a PF with eight of them behind it; Linux has none on unless asked."""
    tree = machine_tree.q35(root)
    tree.pci(PORT, (0x1B36, 0x000C), 0x060400, buses=(0, 5, 6), group=20, caps=[machine_tree.express(machine_tree.ROOT_PORT)],
             extended=[machine_tree.acs()])
    config = root / f"sys/devices/pci0000:00/{PORT}/config"
    content = bytearray(config.read_bytes())
    struct.pack_into("<I", content, 0x20, window)
    struct.pack_into("<I", content, 0x40 + 0x24, 0x20 if ari else 0)
    config.write_bytes(content)
    tree.pci(PF, ids, 0x020000, group=21, above=f"/{PORT}", caps=[machine_tree.express(flr=True), machine_tree.msix(10, 0)],
             bars=[machine_tree.bar(machine_tree.MEMORY, 0xE0000000, 0x4000)],
             extended=[struct.pack("<HHI", 0x0E, 1, 0), sriov(8, 8 if linux_vfs else 0, 1, 1, device, 0)])
    resource = root / f"sys/devices/pci0000:05/{PORT}/{PF}/resource"
    lines = resource.read_text().split("\n")
    if vf_size:
        lines[7] = f"0x0 {8 * vf_size - 1:#x} 0x140204"
    resource.write_text("\n".join(lines))
    if linux_vfs:
        tree.pci("0000:05:00.1", (0xFFFF, 0xFFFF), 0x020000, group=22, physfn=PF, above=f"/{PORT}",
                 caps=[machine_tree.express(), machine_tree.msix(3, 0)])
    return tree


@pytest.fixture
def plan(tmp_path):
    """plan(text, **machine) -> the finished tool."""
    def run_plan(text, *words, **changes):
        machine(tmp_path / "root", **changes)
        (tmp_path / "g.toml").write_text(text)
        assert run("dump", "--root", tmp_path / "root", "-o", tmp_path / "dump.txt").returncode == 0
        return run("plan", tmp_path / "g.toml", "--machine", tmp_path / "dump.txt", *words)

    return run_plan


def test_the_example_of_the_guide(plan):
    text = (ROOT / "docs/sriov.md").read_text()
    example = text.split("```toml\n")[1].split("```")[0]
    done = plan(example.replace("0000:01:00.", "0000:05:00."))
    assert done.returncode == 0 and "warning" not in done.stdout, done.stdout
    assert "guest=service device=0000:05:00.0 " in done.stdout
    for at in ("0000:05:00.1", "0000:05:00.2"):
        assert f"guest=one device={at} id=8086:1520 class=020000" in done.stdout and f"vf-of={PF}" in done.stdout


def test_vfs_appear(plan, tmp_path):
    done = plan(VFS)
    assert done.returncode == 0, done.stdout
    assert "guest=a device=0000:05:00.2 id=8086:1520" in done.stdout and f"vf-of={PF}" in done.stdout
    assert "warning[BH0666] " in done.stdout and "the igb driver of the PF" in done.stdout
    assert " vf-bar 0 0x20000\n" in (tmp_path / "dump.txt").read_text()
    blocked = [line for line in done.stdout.splitlines() if line.startswith("blocked=")]
    assert "0000:05:00.1" in "".join(blocked) and "0000:05:01.0" not in "".join(blocked)
    found = json.loads(run("plan", tmp_path / "g.toml", "--machine", tmp_path / "dump.txt", "--json").stdout)
    assert [device["vf_of"] for device in found["guests"][0]["devices"]] == [PF, PF]
    picture = run("topology", tmp_path / "g.toml", "--machine", tmp_path / "dump.txt", "--dot")
    assert picture.returncode == 0 and "0000:05:01.0" in picture.stdout
    devices = run("devices", "--machine", tmp_path / "dump.txt").stdout
    assert "SR-IOV, 8 virtual functions, 0 in use by this Linux" in devices


def test_what_a_running_linux_shows_of_a_vf_is_used(plan):
    """That VF says that it has no FLR; those that were not on are taken to have one."""
    done = plan(GUEST + f'devices = ["0000:05:00.1", "0000:05:00.2", "{PF}"]\n[device."{PF}"]\nvfs = 8\n', linux_vfs=True)
    assert done.returncode == 0, done.stdout
    lines = {line.split()[1]: line for line in done.stdout.splitlines() if line.startswith("guest=a device=")}
    assert "reset=none" in lines["device=0000:05:00.1"] and "reset=flr" in lines["device=0000:05:00.2"]


@pytest.mark.parametrize("text, changes, said", [
    (VFS, {"ari": False}, f"error[BH0255] {PF}: its VF 0000:05:01.0 is beyond function 7"),
    (VFS, {"window": 0x0000FFF0}, f"error[BH0257] {PF}: VF BAR 0 needs 0x20000 bytes (8 VFs), and bridge {PORT}"),
    (VFS.replace("vfs = 8", "vfs = 9"), {}, f"error[BH0251] {PF}: 9 VFs are asked for, and it has 8; fix: write vfs = 8"),
    (VFS.replace("vfs = 8", "vfs = 4"), {"ids": (0x8086, 0x37C8)}, "g.toml:8:7: 0000:05:00.0 (QAT) takes all of its 8 VFs or none"),
    (VFS.replace(f'"{PF}"', '"0000:02:00.0"'), {}, "g.toml:8:7: 0000:02:00.0 (8086:10d3) has no virtual functions"),
    (VFS.replace("vfs = 8", "vfs = 0"), {}, f'write into [device."{PF}"]: vfs = 8'),
    (VFS, {"ids": (0x8086, 0x37C8), "device": 0x37C9}, "0000:05:00.2 (QAT) goes to trusted guests only"),
])
def test_refusals(plan, text, changes, said):
    done = plan(text, **changes)
    assert done.returncode == 1 and said in done.stdout, done.stdout
    assert "refused" in done.stdout


def test_a_dump_without_sizes(plan):
    done = plan(VFS, vf_size=0)
    assert done.returncode == 0 and "guest=a device=0000:05:00.2" in done.stdout, done.stdout
    assert f"note[BH0667] {PF}: the dump does not say how large" in done.stdout
