# SPDX-License-Identifier: GPL-2.0-only
"""VMD endpoints in dumps, listings, plans and pictures."""
import json
import os
import pathlib
import shutil
import subprocess

import machine_tree
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = pathlib.Path(os.environ.get("BULKHEAD_TOOL", ROOT / "build/host/bulkhead"))
GUEST = 'version = 1\n[guest.a]\ncpus = [0]\nmemory = "64MiB"\nkernel = "k"\n'
OTHER = '[guest.b]\ncpus = [1]\nmemory = "64MiB"\nkernel = "k"\n'
ENDPOINT = "0000:00:0e.0"


def run(*arguments):
    return subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def machine(tmp_path):
    """machine(**words of machine_tree.vmd): a dump's path."""
    def make(remapping=True, **words):
        shutil.rmtree(tmp_path / "root", ignore_errors=True)
        tree = machine_tree.q35(tmp_path / "root", remapping=remapping)
        machine_tree.vmd(tree, ENDPOINT, **words)
        done = run("dump", "--root", tmp_path / "root", "-o", tmp_path / "dump.txt")
        assert done.returncode == 0, done.stderr
        return tmp_path / "dump.txt"
    return make


def plan(tmp_path, dump, text, *arguments):
    (tmp_path / "b.toml").write_text(text)
    return run("plan", tmp_path / "b.toml", "--machine", dump, *arguments)


@pytest.mark.parametrize("device, mode, first", [(0x28C0, 0, 0), (0x28C0, 1, 128), (0x9A0B, 2, 224), (0x201D, 0, 0)])
def test_a_domain_is_listed(machine, device, mode, first):
    got = json.loads(run("devices", "--json", "--machine", machine(device=device, mode=mode)).stdout)
    by_address = {d["address"]: d for d in got["devices"]}
    port, drive = by_address[f"10000:{first:02x}:06.0"], by_address[f"10000:{first + 1:02x}:00.0"]
    endpoint = by_address[ENDPOINT]
    assert endpoint["behind_vmd"] == 2 and endpoint["hidden"] is False and endpoint["assignable"]
    assert port["group"] == drive["group"] == endpoint["group"]
    assert drive["group_reason"] == port["group_reason"] == "vmd"
    assert drive["unit"] == endpoint["unit"] and drive["vmd"] == ENDPOINT
    assert drive["why_not"] == "is behind a VMD endpoint, and goes with that"
    assert got["diagnostics"] == [] and got["hidden_vmds"] == 0


def test_the_plan_names_what_comes_along(tmp_path, machine):
    dump = machine()
    done = plan(tmp_path, dump, GUEST + f'devices = ["{ENDPOINT}"]\n[device."8086:28c0"]\nreset = "none"\n')
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert f"guest=a device={ENDPOINT} behind=10000:e0:06.0 id=8086:352c class=060400" in lines
    assert f"guest=a device={ENDPOINT} behind=10000:e1:00.0 id=8086:0a54 class=010802" in lines
    assert "note[BH0686]" in done.stdout, "VMLOCK bit 1 is off"
    got = json.loads(plan(tmp_path, dump, GUEST + f'devices = ["{ENDPOINT}"]\n', "--json").stdout)
    assert got["guests"][0]["devices"][0]["behind"] == ["10000:e0:06.0", "10000:e1:00.0"]
    lines = run("devices", "--lines", "--machine", dump).stdout.splitlines()
    drive = next(line for line in lines if line.startswith("device=10000:e1:00.0 "))
    assert f" vmd={ENDPOINT} " in drive and " assignable=no " in drive


def test_a_drive_alone_or_shared_is_refused(tmp_path, machine):
    dump = machine()
    done = plan(tmp_path, dump, GUEST + 'devices = ["10000:e1:00.0"]\n')
    assert done.returncode == 1 and "error[BH0624]" in done.stdout
    assert f'name the endpoint: devices = ["{ENDPOINT}"]' in done.stdout
    done = plan(tmp_path, dump, GUEST + f'devices = ["{ENDPOINT}"]\n' + OTHER + 'devices = ["10000:e1:00.0"]\n')
    assert done.returncode == 1 and "error[BH0685]" in done.stdout and "guest 'a' has" in done.stdout


@pytest.mark.parametrize("words, code, fix", [
    ({"cfgbar": 0}, "BH0680", "above 4G decoding"), ({"mode": 3, "shown": False}, "BH0682", "firmware's setup"),
    ({"remapping": False}, "BH0684", "unsafe-interrupts does not help")])
def test_refusals_say_what_to_change(tmp_path, machine, words, code, fix):
    done = plan(tmp_path, machine(**words), GUEST + f'unsafe-interrupts = true\ndevices = ["{ENDPOINT}"]\n')
    assert done.returncode == 1 and f"error[{code}]" in done.stdout and fix in done.stdout


def test_linux_without_its_driver(tmp_path, machine):
    dump = machine(shown=False)
    out = run("devices", "--machine", dump).stdout
    assert "Linux hides that (modprobe vmd shows it)" in out and "left out: what is behind 1 VMD endpoint (" in out
    done = plan(tmp_path, dump, GUEST + f'devices = ["{ENDPOINT}"]\n')
    assert done.returncode == 0 and "modprobe vmd" in done.stdout and "BH0688" not in done.stdout


def test_the_picture_has_a_box_for_the_domain(tmp_path, machine):
    dump = machine()
    (tmp_path / "b.toml").write_text(GUEST + f'devices = ["{ENDPOINT}"]\n')
    dot = run("topology", "--dot", "--machine", dump, tmp_path / "b.toml").stdout
    assert dot.count('label="domain 10000 behind VMD"') == 1
    box = dot[dot.index("cluster_vmd"):]
    box = box[:box.index("    }\n")]
    assert "10000:e0:06.0" in box and "10000:e1:00.0" in box and ENDPOINT not in box
    assert dot.count("10000:e1:00.0") == 1
    svg = run("topology", "--svg", "--machine", dump, tmp_path / "b.toml")
    assert svg.returncode == 0 and "domain 10000 behind VMD" in svg.stdout


def test_two_endpoints_have_our_numbers(tmp_path):
    """Linux found the second endpoint first."""
    tree = machine_tree.q35(tmp_path / "root")
    machine_tree.vmd(tree, ENDPOINT, shown=False, group=30)
    machine_tree.vmd(tree, "0000:00:0f.0", cfgbar=0x3000000000, group=31)
    assert run("dump", "--root", tmp_path / "root", "-o", tmp_path / "dump.txt").returncode == 0
    got = json.loads(run("devices", "--json", "--machine", tmp_path / "dump.txt").stdout)
    by_address = {d["address"]: d for d in got["devices"]}
    assert by_address["10001:e1:00.0"]["vmd"] == "0000:00:0f.0" and "10000:e1:00.0" not in by_address
    assert got["hidden_vmds"] == 1


def test_nonsense_behind_an_endpoint(machine, tmp_path):
    """A dump's lines are outside data: buses elsewhere, a second domain, an endpoint that is none."""
    dump = machine()
    text = dump.read_text()
    head = text.index("pci 10000:e1:00.0")
    drive = text[head:text.index("\npci ", head) + 1] if "\npci " in text[head:] else text[head:text.rindex("end")]
    more = "".join(drive.replace("10000:e1:00.0", at, 1)
                   for at in ("10000:05:00.0", "10001:e1:00.0", "10002:e2:01.0", "10000:e5:00.0"))
    more += drive.replace("10000:e1:00.0", "10003:e1:00.0", 1).replace(f"behind {ENDPOINT}", "behind 0000:00:01.0")
    (tmp_path / "odd.txt").write_text(text[:text.rindex("end")] + more + "end\n")
    done = run("devices", "--json", "--machine", tmp_path / "odd.txt")
    assert done.returncode == 0, done.stderr
    seen = [d["address"] for d in json.loads(done.stdout)["devices"] if d["address"].startswith("1000")]
    assert seen == ["10000:e0:06.0", "10000:e1:00.0", "10000:e5:00.0"]


def test_the_example_of_the_guide(tmp_path, machine):
    text = (ROOT / "docs/vmd.md").read_text()
    example = text[text.index("```toml\n") + 8:]
    done = plan(tmp_path, machine(), example[:example.index("```")])
    assert done.returncode == 1 and "error[BH0631]" in done.stdout, "the endpoint of this tree cannot be reset by d3d0"
    done = plan(tmp_path, machine(resets=True), example[:example.index("```")])
    assert done.returncode == 0 and "reset=d3d0" in done.stdout, done.stdout
    for line in text[text.index("    guest=storage"):].split("\n\n")[0].splitlines():
        words = [word for word in line.split() if not word.startswith(("group=", "unit="))]
        assert any(all(word in got.split() for word in words) for got in done.stdout.splitlines()), line
