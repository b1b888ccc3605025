# SPDX-License-Identifier: GPL-2.0-only
"""The service guest's channel: Linux reads events and sends every command over /dev/virtio-ports, beside a guest that
has a device and runs until somebody stops it."""
import json
import re

import events
import guestrun
import native
import pytest
import testbed

pytestmark = pytest.mark.xdist_group("linux")

EDU = ["-device", "edu,addr=5.0,dma_mask=0xffffffffffffffff"]
USER = '"guest":"user"'


def command(name, more="", number=None):
    members = [f'"id":{number}'] if number is not None else []
    return "{" + ",".join([*members, f'"command":"{name}"', *([more] if more else [])]) + "}"


def start(boot, folder, lines, words="", **how):
    initrd = native.image(folder / "service.img", "service", ["virtio_pci", "virtio_console"],
                          {"commands": "\n".join([*lines, ""]).encode()})
    tables = ['[system]\nservice = "service"\n',
              guestrun.guest("service", [0], "vmlinux", "256MiB", initrd="service.img",
                             cmdline=f"console=ttyS0 quiet {words}".strip()),
              guestrun.guest("user", [1], "restart", "4MiB", devices=["0000:00:05.0"])]
    modules = [guestrun.config(folder, *tables), testbed.Module(guestrun.linux("vmlinux"), "vmlinux"),
               testbed.Module(initrd, "service.img"), testbed.Module(guestrun.image("restart"), "restart")]
    return boot(modules=modules, machine={"cpus": 2}, devices=EDU, timeout=150, **how)


def said(run, word):
    return [line.removeprefix(word + " ") for line in guestrun.guest_lines(run.lines, "service")
            if line.startswith(word + " ")]


@pytest.fixture(scope="module")
def session(boot, tmp_path_factory):
    """One boot with all commands, good and bad, that ends by a reset of the machine."""
    lines = [
        command("help", number=1),
        command("status", number=2),
        command("devices", number=3),
        command("faults", number=4),
        command("networks", number=5),
        command("pause", USER, 6),
        command("resume", USER, 7),
        command("stop-device", '"device":"0000:00:05.0"', 8),
        "@user running",
        command("devices", number=9),
        command("return-device", '"device":"0000:00:05.0"', 10),
        "@user running",
        command("stop", USER, 11),
        "@user stopped",
        command("stop", USER, 12),
        command("start", USER, 13),
        "@user running",
        command("restart", USER, 14),
        "@user running",
        command("log-level", '"level":"debug","events":"error"', 15),
        command("log-level", '"level":"info","events":"warn"', 16),
        # and what is wrong
        command("cut", '"network":"lan"', 20),
        command("restore", '"network":"lan"', 21),
        command("restrat", USER, 22),
        command("restart", '"guest":"usr"', 23),
        command("restart", '"gest":"user"', 24),
        command("stop", '"guest":"service"', 25),
        command("stop-device", '"device":"0000:00:1f.0"', 26),
        command("log-level", '"level":"loud"', 27),
        "restart user",
        '{"command":"status"',
        '{"command":"status","pad":"' + 5000 * "x" + '"}',
        command("guests", number=30),
    ]
    return start(boot, tmp_path_factory.mktemp("service"), lines, "off=reboot", cmdline="debug")


@pytest.fixture(scope="module")
def answers(session):
    """Each line is one object; by id, and those without one in order."""
    lines = [json.loads(line) for line in said(session, "answer")]
    return {line["id"]: line for line in lines if "id" in line}, [line for line in lines if "id" not in line]


def test_only_the_service_guest_has_the_ports(session):
    (ports,) = [line for line in said(session, "demo:") if line.startswith("ports ")]
    assert ports.split() == ["ports", "org.bulkhead.console.user", "org.bulkhead.control", "org.bulkhead.events"]
    assert not session.having("panic:") and "service done" in said(session, "demo:")


def test_what_the_other_guest_printed_is_read(session):
    (text,) = [line.removeprefix("console ") for line in said(session, "demo:") if line.startswith("console ")]
    assert text.strip() and text.strip() == guestrun.guest_lines(session.lines, "user")[0].strip()


def test_every_command_is_answered(answers):
    by_id, _ = answers
    assert sorted(by_id) == [*range(1, 17), *range(20, 28), 30]
    assert all(by_id[i]["ok"] for i in [*range(1, 12), *range(13, 17), 30]), by_id
    assert {entry["command"] for entry in by_id[1]["commands"]} >= {
        "help", "status", "guests", "devices", "faults", "networks", "start", "stop", "restart", "pause", "resume",
        "stop-device", "return-device", "cut", "restore", "log-level", "reboot", "poweroff"}
    assert by_id[2]["service"] == "service" and by_id[2]["guest-count"] == 2 and by_id[2]["guests-running"] == 2
    assert re.fullmatch("[0-9a-f]{64}", by_id[2]["config-sha256"])
    (edu,) = by_id[3]["devices"]
    assert (edu["device"], edu["guest"], edu["id"], edu["stopped"]) == ("0000:00:05.0", "user", "1234:11e8", False)
    assert by_id[5]["networks"] == []
    assert by_id[6]["state"] == "paused" and by_id[7]["state"] == "running"
    assert by_id[9]["devices"][0]["stopped"]
    assert by_id[15]["level"] == "debug" and by_id[16] == {"id": 16, "ok": True, "level": "info", "events": "warn"}
    states = {guest["name"]: guest for guest in by_id[30]["guests"]}
    assert states["service"]["service"] and states["user"]["state"] == "running" and states["user"]["starts"] >= 2


def test_what_is_wrong_is_said_with_its_fix(answers):
    by_id, others = answers
    codes = {i: by_id[i]["code"] for i in by_id if not by_id[i]["ok"]}
    assert codes == {12: "not-possible", 20: "not-found", 21: "not-found", 22: "unknown-command", 23: "not-found",
                     24: "unknown-member", 25: "not-possible", 26: "not-found", 27: "bad-value"}
    assert all(by_id[i]["error"] and by_id[i]["fix"] for i in codes)
    assert 'write "command":"restart"' in by_id[22]["fix"] and 'write "guest":"user"' in by_id[23]["fix"]
    assert [other["code"] for other in others if not other["ok"]] == ["not-json", "not-json", "too-long"]


def test_what_happened_is_told(session):
    told = [json.loads(line) for line in said(session, "event")]
    events.validate_all(told)
    assert told[0]["type"] == "hello" and told[0]["guests"] == ["service", "user"]
    events.assert_complete(told)
    of_user = [event["type"] for event in told if event.get("guest") == "user"]
    order = ["guest-started", "guest-paused", "guest-resumed", "device-stopped", "device-returned", "guest-exited",
             "guest-started", "guest-reset", "guest-started"]
    assert [kind for kind in of_user if kind in order] == order, of_user
    assert [event["by"] for event in told if event["type"] == "guest-paused"] == ["service"]


def test_the_machine_is_reset(session):
    assert session.ended and session.having("bulkhead: the service guest wants the machine to be reset")


def test_the_machine_is_switched_off_and_a_slow_reader_knows_what_it_lost(boot, tmp_path):
    run = start(boot, tmp_path, [command("guests", number=1)], "storm=1500 off=poweroff", cmdline="")
    assert run.ended and run.having("bulkhead: the service guest wants the machine to be switched off")
    lines = said(run, "demo:")
    assert "storm answers 3000" in lines, lines
    (status,) = [json.loads(line.removeprefix("storm status ")) for line in lines if line.startswith("storm status ")]
    (counts,) = [line for line in lines if line.startswith("storm events ")]
    seen, lost, first, last, errors = map(int, counts.split()[2:])
    assert first == 0 and errors == 0
    assert last == status["events"]["last"] > 6000
    assert lost == status["events"]["dropped"] > 1000
    assert seen - 2 == last - lost  # hello and one line "dropped" are no events
