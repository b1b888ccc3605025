# SPDX-License-Identifier: GPL-2.0-only
"""What the hypervisor says of its plan and of the machine before any guest starts."""
import re

import guestrun
import testbed

PORT = "pcie-root-port,id={0},bus=pcie.0,addr={1}.0,chassis={1},slot={1}"
MACHINE = ["-device", PORT.format("a", 3), "-device", "nvme,serial=x,bus=a",
           "-device", PORT.format("b", 4), "-device", "qemu-xhci,bus=b,addr=0.0,multifunction=on",
           "-device", "qemu-xhci,bus=b,addr=0.1"]


def run_with(boot, tmp_path, text):
    (tmp_path / "bulkhead.toml").write_text(text)
    return boot(modules=[testbed.Module(tmp_path / "bulkhead.toml", "bulkhead.toml"),
                         testbed.Module(guestrun.image("loader"), "loader")],
                machine={"cpus": 2, "memory": "512M"}, devices=MACHINE)


def lines_of(run, word):
    return [match.group(1) for line in run.lines if (match := re.search(rf"info  {word}: (.*)", line))]


GUEST = '[guest.{}]\ncpus = [{}]\nmemory = "16MiB"\nkernel = "loader"\n{}'


def test_plan_is_printed(boot, tmp_path):
    """A group named as a whole is spelled out; who is blocked is said."""
    text = "version = 1\n" + GUEST.format("one", 0, 'devices = ["group:0000:02:00.1"]\n') + GUEST.format("two", 1, "")
    plan = lines_of(run_with(boot, tmp_path, text), "plan")
    assert plan[0] == ("guest=one memory-mib=16 blocks=1 leaves-1gib=0 leaves-2mib=8 leaves-4kib=0 devices=2 reserved=0")
    assert plan[1] == "guest=one cpus=0"
    assert re.match(r"guest=one device=0000:02:00.0 id=1b36:000d class=0c0330 group=\d+ unit=0 reset=\S+ rom=\w+ gsi=", plan[2])
    assert plan[3].startswith("guest=one device=0000:02:00.1 ")
    assert plan[4].startswith("guest=two memory-mib=16 ") and plan[5] == "guest=two cpus=1"
    assert re.match(r"hypervisor bridges=\d+ blocked=\d+", plan[6])
    blocked = ",".join(line.removeprefix("blocked=") for line in plan[7:]).split(",")
    assert "0000:01:00.0" in blocked and "0000:02:00.0" not in blocked


def test_unassigned_groups_go_to_a_guest(boot, tmp_path):
    text = 'version = 1\n[system]\nunassigned = "one"\n' + GUEST.format("one", 0, "")
    plan = lines_of(run_with(boot, tmp_path, text), "plan")
    given = [line.split()[1] for line in plan if line.startswith("guest=one device=")]
    assert {"device=0000:01:00.0", "device=0000:02:00.0", "device=0000:02:00.1"} <= set(given)


def test_inventory_is_printed_when_asked_for(boot, tmp_path):
    text = "version = 1\n[system]\ninventory = {}\n" + GUEST.format("one", 0, "")
    rows = lines_of(run_with(boot, tmp_path, text.format("true")), "inventory")
    by_address = {row.split()[0].removeprefix("device="): row for row in rows}
    assert re.search(r"unit=0 group=\d+ reset=flr resets=\S*flr\S* assignable=yes$", by_address["0000:01:00.0"])
    assert by_address["0000:00:03.0"].endswith('assignable=no why="is a bridge"')
    assert lines_of(run_with(boot, tmp_path, text.format("false")), "inventory") == []
