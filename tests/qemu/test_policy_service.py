# SPDX-License-Identifier: GPL-2.0-only
"""Wild requests without end from a ring of descriptors, while the service guest has the CPU that hears of them: it is
told, with counts, its commands are answered, and the policy ends it."""
import json
import re

import events
import faultline
import guestrun
import native
import pytest
import testbed

pytestmark = pytest.mark.xdist_group("linux")
NIC = "0000:00:05.0"


def run_beside(boot, folder, commands, times, **keys):
    initrd = native.image(folder / "service.img", "service", ["virtio_pci", "virtio_console"],
                          {"commands": "\n".join([*commands, ""]).encode()})
    tables = ['[system]\nservice = "service"\n',
              guestrun.guest("service", [0], "vmlinux", "256MiB", initrd="service.img", cmdline="console=ttyS0 quiet"),
              guestrun.guest("rogue", [1], "policy", cmdline=f"mode=4 times={times}", devices=[NIC],
                             fault__severity="critical", **keys)]
    modules = [guestrun.config(folder, *tables), testbed.Module(guestrun.linux("vmlinux"), "vmlinux"),
               testbed.Module(initrd, "service.img"), testbed.Module(guestrun.image("policy"), "policy")]
    run = boot(cmdline="", modules=modules, machine={"cpus": 2}, timeout=200,
               devices=["-netdev", "user,id=n0,restrict=on", "-device", "e1000e,addr=5.0,netdev=n0"],
               stop_when=lambda line: "bulkhead: all guests have ended" in line or "bulkhead: refused" in line)
    assert not run.timed_out and not run.having("panic:") and not run.having("refused")
    told = [json.loads(line.removeprefix("event ")) for line in guestrun.guest_lines(run.lines, "service")
            if line.startswith("event ")]
    answers = [json.loads(line.removeprefix("answer ")) for line in guestrun.guest_lines(run.lines, "service")
               if line.startswith("answer ")]
    events.validate_all(told)
    events.assert_complete(told)
    return run, told, answers


def test_the_service_guest_works_beside_a_flood(boot, tmp_path):
    commands = ["@rogue powered-off", '{"id":1,"command":"status"}', '{"id":2,"command":"faults"}']
    run, told, answers = run_beside(boot, tmp_path, commands * 3, 300000)
    assert guestrun.end_of(run, "rogue") == "powered-off" and [
        line for line in guestrun.guest_lines(run.lines, "rogue") if line.startswith("POLICY: ring requests=300")]
    faults = [event for event in told if event["type"] == "fault"]
    read = int(re.search(r"all guests have ended, faults=(\d+)", run.text)[1])
    assert sum(event["count"] for event in faults) == read >= 10  # whatever was read is told
    assert {(f["source"], f["device"], f["guest"], f["access"], f["severity"]) for f in faults} == {
        (NIC, "8086:10d3", "rogue", "read", "critical")}
    assert all(f["what"] and f["cause"] and f["fix"] for f in faults)
    assert max(len([f for f in faults if 0 <= f["time-ns"] - at["time-ns"] < 10 ** 9]) for at in faults) <= 5
    assert len(answers) == 6 and all(answer["ok"] for answer in answers)
    assert len([line for line in run.lines if " fault: " in line]) < 100


def test_the_policy_ends_a_flood(boot, tmp_path):
    commands = ["@rogue powered-off", '{"id":1,"command":"devices"}']
    run, told, answers = run_beside(boot, tmp_path, commands, 2000000, on__fault="stop-device", fault__limit="20/10s")
    kinds = [event["type"] for event in told if event["type"] in ("fault", "policy-applied", "device-stopped")]
    assert kinds.count("policy-applied") == kinds.count("device-stopped") == 1
    assert kinds[0] == "fault" and kinds.index("policy-applied") < kinds.index("device-stopped")
    (applied,) = [event for event in told if event["type"] == "policy-applied"]
    assert (applied["action"], applied["ok"], applied["limit-count"]) == ("stop-device", True, 20)
    assert sum(event["count"] for event in told if event["type"] == "fault") < 60
    assert all(fault.guest == "rogue" for fault in faultline.faults(run.lines))
