# SPDX-License-Identifier: GPL-2.0-only
"""The agent in Bulkhead's own service guest: bulkhead-ctl's tables of the real hypervisor, its orders carried out, rules
that answer its events, its metrics, another guest's console; and, as the boot before it ended by a panic, what came of that
one's log."""
import json
import re

import events
import guestrun
import native
import pytest
import testbed

pytestmark = pytest.mark.xdist_group("linux")

EDU = ["-device", "edu,addr=5.0,dma_mask=0xffffffffffffffff"]
RULES = """\
version = 1
[on.guest-paused]
action = "resume"
[on.device-stopped]
guest = "user"
action = "return-device"
"""
COMMANDS = {
    "status": "bulkhead-ctl status",
    "guests": "bulkhead-ctl guests",
    "json": "bulkhead-ctl --json guests",
    "devices": "bulkhead-ctl devices",
    "networks": "bulkhead-ctl networks",
    "faults": "bulkhead-ctl faults",
    "last-boot": "bulkhead-ctl last-boot",
    "last-boot-json": "bulkhead-ctl last-boot --json",
    "last-boot-event": "bulkhead-ctl events --type last-boot",
    "pause": "bulkhead-ctl pause user; event guest-resumed 1",
    "stop-device": "bulkhead-ctl stop-device 0000:00:05.0; event device-returned 1",
    "restart": "bulkhead-ctl restart user; event guest-started 3",
    "stop": "bulkhead-ctl stop user; event guest-exited 1; bulkhead-ctl guests",
    "again": "bulkhead-ctl stop user",
    "start": "bulkhead-ctl start user; event guest-started 4",
    "itself": "bulkhead-ctl stop service",
    "nobody": "bulkhead-ctl restart usr",
    "cut": "bulkhead-ctl cut lan",
    "log-level": "bulkhead-ctl log-level info --events info",
    "console": "bulkhead-ctl restart user; timeout 3 bulkhead-ctl console user",
    "no-console": "bulkhead-ctl console nobody",
    "events": "bulkhead-ctl events --guest user --type guest-paused",
    "metrics": "sleep 2; cat /run/metrics",
    "agent": "bulkhead-ctl status",
}


@pytest.fixture(scope="module")
def session(boot, tmp_path_factory):
    folder = tmp_path_factory.mktemp("agent")
    programs = {f"bin/{name}": (testbed.BUILD / "host" / name).read_bytes() for name in ("bulkheadd", "bulkhead-ctl")}
    programs |= {"commands": "\n".join([*COMMANDS.values(), ""]).encode(), "rules": RULES.encode()}
    initrd = native.image(folder / "service.img", "agent", ["virtio_pci", "virtio_console"], programs)
    tables = ['[system]\nservice = "service"\n',
              guestrun.guest("service", [0], "vmlinux", "256MiB", initrd="service.img", cmdline="console=ttyS0 quiet"),
              guestrun.guest("user", [1], "restart", "4MiB", devices=["0000:00:05.0"])]
    modules = [guestrun.config(folder, *tables), testbed.Module(guestrun.linux("vmlinux"), "vmlinux"),
               testbed.Module(initrd, "service.img"), testbed.Module(guestrun.image("restart"), "restart")]
    return boot(image="bulkhead-selftest.elf", cmdline="exit panic=reset panic-test=assert panic-once", resets=True,
                modules=modules, machine={"cpus": 2}, devices=EDU, timeout=150)


@pytest.fixture(scope="module")
def told(session):
    """name of a command -> (exit status, text)"""
    return guestrun.ctl_answers(session, COMMANDS)


def rows(table):
    """Each row's words by their heading, of a table whose cells have no spaces."""
    heading, *lines = [line.split() for line in table.split("\n\n")[0].splitlines()]
    return [dict(zip(heading, line)) for line in lines]


def test_what_is_there(told):
    status, text = told["status"]
    assert status == 0 and "channel events     open\nchannel control    open\n" in text
    assert re.search(r"^config-sha256      [0-9a-f]{64}$", text, re.M)
    assert re.search(r"^guest-count        2\nguests-running     2$", text, re.M)
    service, user = rows(told["guests"][1])
    assert (service["NAME"], service["STATE"], service["CPUS"], service["MEMORY"]) == ("service", "running", "1", "256MiB")
    assert (user["NAME"], user["STATE"], user["DEVICES"], user["MEMORY"]) == ("user", "running", "1", "4MiB")
    assert int(service["EXITS"]) > 1000
    assert [g["name"] for g in json.loads(told["json"][1])["guests"]] == ["service", "user"]
    (device,) = rows(told["devices"][1])
    assert (device["DEVICE"], device["ID"], device["GUEST"], device["STOPPED"]) == ("0000:00:05.0", "1234:11e8", "user", "no")
    assert told["networks"] == (0, "no networks between guests")
    assert told["faults"][0] == 0 and "0000:00:05.0" in told["faults"][1]


@pytest.mark.parametrize("name, target", [("pause", "user"), ("stop-device", "0000:00:05.0"), ("restart", "user"),
                                          ("start", "user")])
def test_orders_are_carried_out(told, name, target):
    assert told[name] == (0, f"{name} {target}: accepted")


def test_a_stopped_guest(told):
    status, text = told["stop"]
    first, table = text.split("\n", 1)
    assert status == 0 and first == "stop user: accepted"
    assert {row["NAME"]: row["STATE"] for row in rows(table)} == {"service": "running", "user": "stopped"}


@pytest.mark.parametrize("name, words", [
    ("again", "guest 'user' is stopped"), ("itself", "is the service guest"), ("nobody", "no guest 'usr'"),
    ("cut", "no network 'lan'"), ("no-console", "no console of guest nobody")])
def test_refusals_say_what_to_do(told, name, words):
    status, text = told[name]
    assert status == 1 and text.startswith("bulkhead-ctl: ") and words in text and "\n  fix: " in text


@pytest.fixture(scope="module")
def seen(session):
    """Every event that the agent saw."""
    return [json.loads(line.removeprefix("event ")) for line in guestrun.guest_lines(session.lines, "service")
            if line.startswith("event {")]


def test_rules_answer_events(seen, told):
    acted = [(e["rule"], e["action"], e["target"], e["result"]) for e in seen if e["type"] == "rule"]
    assert acted == [("on.guest-paused", "resume", "user", "done"),
                     ("on.device-stopped", "return-device", "0000:00:05.0", "done")]
    assert [e["by"] for e in seen if e["type"] == "guest-resumed"] == ["service"]
    kinds = [e["type"] for e in seen]
    assert "hello" in kinds and "device-returned" in kinds
    assert not {"malformed-line", "events-missed", "channel-lost"} & set(kinds)
    assert "guest-paused: guest=user by=service" in told["events"][1]


def test_log_lines_become_events(session, told):
    assert told["log-level"][0] == 0
    assert '"type":"log"' in "\n".join(guestrun.guest_lines(session.lines, "service"))


PANIC = re.compile(r"^\[ *\d+\.\d{6}\] error panic: CPU 0: tests/selftest/panic_cases\.c:\d+: assertion failed: ")


def test_events_tell_how_the_last_boot_ended(seen):
    """Its last lines one by one, then why, and how many there were; all of them as docs/events.schema.json says."""
    own = [event for event in seen if "source-program" not in event]
    events.validate_all(own)
    events.assert_complete(own)
    (last,) = [event for event in own if event["type"] == "last-boot"]
    assert (last["severity"], last["end"], last["overwritten"], last["damaged"]) == ("error", "panic", 0, 0)
    assert PANIC.match(last["text"]) and last["shown"] == min(last["lines"], 64) > 40
    texts = [event["text"] for event in own if event["type"] == "log" and event["seq"] < last["seq"]]
    first = texts.index("last-boot: it ended by a panic; the last lines of its log were")
    assert texts[-1] == "last-boot: end"
    lines = [text.removeprefix("last-boot: | ") for text in texts[first + 1:-1]]
    assert len(lines) == last["shown"] and last["text"] in lines and "panic: resetting the machine" in lines[-1]


def test_the_last_boots_log_can_be_asked_for(session, told, seen):
    """All that was kept, which is what that boot printed."""
    (last,) = [event for event in seen if event["type"] == "last-boot"]
    status, text = told["last-boot"]
    heading, why, empty, *log, after, counts = text.splitlines()
    assert (status, heading, empty, after) == (0, "The last boot ended by a panic of the hypervisor:", "", "")
    assert why.strip() == last["text"]
    assert counts == f"lines kept {last['lines']}, older ones overwritten 0, damaged 0" and len(log) == last["lines"]
    printed = session.text[:session.text.index("panic: resetting the machine")]
    assert len([line for line in log if line in printed]) > last["lines"] - 5  # but for lines longer than a record
    answer = json.loads(told["last-boot-json"][1])
    assert (answer["end"], answer["why"], answer["total"]) == ("panic", last["text"], last["lines"])
    assert [line["text"] for line in answer["log"]] == log
    assert "last-boot: [" in told["last-boot-event"][1] and " end=panic lines=" in told["last-boot-event"][1]


def test_another_guests_console(told):
    _, text = told["console"]
    assert text.startswith("restart user: accepted") and len(text.splitlines()) > 1


def test_metrics(told):
    status, text = told["metrics"]
    assert status == 0 and 'bulkhead_channel_up{port="events"} 1' in text
    assert 'bulkhead_guest_state{guest="user",state="running"} 1' in text
    assert int(re.search(r'^bulkhead_guest_exits_total\{guest="service"\} (\d+)$', text, re.M)[1]) > 1000
    assert re.search(r"^bulkhead_malformed_lines_total 0$", text, re.M)
    assert re.search(r"^missed             0\nmalformed          0$", told["agent"][1], re.M)


def test_the_machine_is_switched_off(session):
    assert session.ended and session.having("bulkhead: the service guest wants the machine to be switched off")
