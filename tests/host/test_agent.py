# SPDX-License-Identifier: GPL-2.0-only
"""bulkheadd against a fake hypervisor: forwarding, state, several clients, hostile lines, slow and broken channels."""
import json
import os
import signal
import socket
import subprocess
import time

import pytest
from fake_hypervisor import DAEMON, GUESTS, NETWORKS, STATUS, Agent, Client, Hypervisor, running, until


@pytest.fixture
def pair(tmp_path):
    with running(tmp_path, "--stdout") as both:
        yield both


def of_hypervisor(agent):
    return [e for e in agent.lines() if "seq" in e]


def test_events_go_to_stdout_as_they_are(pair):
    hypervisor, agent = pair
    sent = [hypervisor.event("hello", version="0.1", guests=["service", "user"]),
            hypervisor.event("fault", "error", guest="user", device="0000:03:00.0", address="0x1000", count=4),
            hypervisor.event("log", text="a \"quoted\" \\ line \u00fc \U0001f600 \x1b[2J\x7f")]
    until(lambda: len(of_hypervisor(agent)) == 3)
    assert of_hypervisor(agent) == sent
    assert "\x1b" not in agent.stdout() and "\x7f" not in agent.stdout()
    assert [e["port"] for e in agent.lines() if e["type"] == "channel-open"] == ["events", "control"]


def test_state_from_events(pair):
    hypervisor, agent = pair
    hypervisor.event("hello", version="0.7", config_sha256="ab" * 32, guests=["user"])
    hypervisor.event("fault", "error", guest="user", device="0000:03:00.0", count=5)
    hypervisor.event("fault", "error", guest="user", device="0000:03:00.0")
    until(lambda: agent.status()["networks"] == NETWORKS)
    hypervisor.event("link", network="lan", up=False)
    hypervisor.event("link", network="dmz", up=True)
    hypervisor.event("dropped", "warning", count=9)
    hypervisor.seq += 3  # three that never come
    hypervisor.event("guest-crashed", "error", guest="user", why="triple fault")
    until(lambda: agent.status()["events"] == 7)
    status = agent.status()
    assert (status["hypervisor"], status["config-sha256"], status["faults"]) == ("0.7", "ab" * 32, 6)
    assert (status["dropped"], status["missed"], status["malformed"]) == (9, 3, 0)
    assert status["networks"] == [{"name": "lan", "up": False}, {"name": "dmz", "up": True}]
    assert [e["count"] for e in agent.lines() if e["type"] == "events-missed"] == [3]


def test_a_fault_as_the_hypervisor_tells_it(tmp_path):
    """Its device is "source"; "device" is a name for people there, or nothing."""
    metrics = tmp_path / "m"
    with running(tmp_path, "--metrics", metrics) as (hypervisor, agent):
        for device in ("disk", None):
            hypervisor.event("fault", "warning", unit=0, source="0000:07:00.0", device=device, guest="user",
                             access="write", address="0x1000", reason="0x5", text="no write permission", count=2,
                             lower_bound=False, what="guest user, RAM", cause="stale ring")
        until(lambda: agent.status()["events"] == 2)
        line = agent.ctl("events", "--type", "fault", "--last", "1")[1].split("  ")[-1].lstrip()
        assert line == ("fault: no write permission unit=0 source=0000:07:00.0 guest=user access=write address=0x1000 "
                        'reason=0x5 count=2 lower-bound=false what="guest user, RAM" cause="stale ring"\n')
    assert 'bulkhead_device_faults_total{device="0000:07:00.0",guest="user"} 4\n' in metrics.read_text()
    assert 'device="disk"' not in metrics.read_text()


def test_a_hello_tells_what_was_lost_with_the_channel(pair):
    hypervisor, agent = pair
    hypervisor.event("log")
    hypervisor.seq = 0  # hello has the number of the last one
    hypervisor.event("hello")
    hypervisor.event("log")
    until(lambda: agent.status()["events"] == 3)
    assert agent.status()["missed"] == 0
    hypervisor.seq = 8
    hypervisor.event("hello")  # 3 to 9 were given to a channel that went
    until(lambda: agent.status()["events"] == 4)
    assert agent.status()["missed"] == 7


def test_numbers_that_a_dropped_event_explains_are_not_missed(pair):
    hypervisor, agent = pair
    hypervisor.event("hello")
    hypervisor.seq += 40
    hypervisor.event("dropped", "warning", count=40)
    hypervisor.event("log")
    until(lambda: agent.status()["events"] == 3)
    assert (agent.status()["dropped"], agent.status()["missed"]) == (40, 0)


BAD_LINES = [b"junk", b"{", b"[]", b"null", b"{}", b'{"type":5}', b'{"type":""}', b'{"type":"x"} {}', b'{"type":"x",}',
             b'{"type":"\xff"}', b'{"type":"\\u12"}', b'{"type":"\\ud800"}', b'{"type":"a\x01b"}', b"\x00\x00",
             b'{"type":"x","n":01}', b'{"type":"x","n":1e}', b'{"type":"x" "y":1}', b"[" * 5000, b'{"a":' * 5000,
             b'"' + b"a" * 5000, b'{"type":"x","y":[1,2}', b'{"type":"x","z":tru}', b'{"type"', b"\x1b[2J" * 30]


def test_hostile_lines_are_counted_and_harmless(pair):
    hypervisor, agent = pair
    for line in BAD_LINES:
        hypervisor.events.write(line + b"\n")
    hypervisor.event("log", text="after")
    until(lambda: agent.status()["events"] == 1)
    assert agent.status()["malformed"] == len(BAD_LINES)
    told = [e for e in agent.lines() if e["type"] == "malformed-line"]
    assert [e["count"] for e in told] == [1, 2, 4, 8, 16]
    assert all(len(e["line"]) <= 100 and e["why"] for e in told)


def test_a_line_without_end_is_left_out(pair):
    hypervisor, agent = pair
    for _ in range(100):
        hypervisor.events.write(b"x" * 8192)
    hypervisor.events.write(b"\n")
    hypervisor.event("log")
    until(lambda: agent.status()["events"] == 1)
    assert agent.status()["malformed"] == 1


def test_events_in_pieces(pair):
    hypervisor, agent = pair
    for byte in b'\n\r\n{"seq":1,"type":"log","severity":"info"}\n':
        hypervisor.events.write(bytes([byte]))
        time.sleep(0.002)
    until(lambda: agent.status()["events"] == 1)
    assert agent.status()["malformed"] == 1  # the line with nothing but a carriage return


def test_many_names_are_bounded(pair):
    hypervisor, agent = pair
    until(lambda: agent.status()["networks"] == NETWORKS)
    for n in range(400):
        hypervisor.event(f"kind-{n}", guest=f"g{n}", device=f"d{n}", network="n" * n)
    until(lambda: agent.status()["events"] == 400)
    assert len(agent.status()["networks"]) == 31 + len(NETWORKS)  # of usable length, 1 to 31


def test_answers_go_to_who_asked(pair):
    hypervisor, agent = pair
    with Client(agent.socket) as one, Client(agent.socket) as two:
        for n in range(20):
            one.send({"id": f"one-{n}", "command": "status", "n": n})
            two.send({"id": n, "command": "guests"})
        assert [one.line() for _ in range(20)] == [
            {"id": f"one-{n}", "ok": True, **STATUS} for n in range(20)]
        assert [two.line() for _ in range(20)] == [{"id": n, "ok": True, "guests": GUESTS, "total": 2} for n in range(20)]


def test_answers_out_of_order(tmp_path):
    with running(tmp_path) as (hypervisor, agent):
        held = []
        until(lambda: len(hypervisor.asked("guests", "devices", "networks")) == 3)  # the agent's own
        time.sleep(0.1)
        real = hypervisor.control.write
        with Client(agent.socket) as one, Client(agent.socket) as two:
            hypervisor.control.write = held.append
            one.send({"id": 1, "command": "status"})
            until(lambda: len(held) == 1)
            two.send({"id": 1, "command": "guests"})
            until(lambda: len(held) == 2)
            for line in reversed(held):
                real(line)
            hypervisor.control.write = real
            assert two.line()["guests"] == GUESTS and one.line()["version"] == "0.1"


@pytest.mark.parametrize("answer, malformed", [
    (b'{"id":999999,"ok":true}', 1), (b"junk", 1), (b'{"ok":true}', 1), (b"\xff\xfe", 1), (b'{"id":-1,"ok":true}', 1)])
def test_wrong_answers_harm_nobody(pair, answer, malformed):
    hypervisor, agent = pair
    until(lambda: len(hypervisor.asked("guests", "devices", "networks")) == 3)
    time.sleep(0.1)
    hypervisor.control.write(answer + b"\n")
    until(lambda: agent.status()["malformed"] == malformed)
    assert agent.ask({"id": 1, "command": "status"})["ok"]


@pytest.mark.parametrize("request_line, words", [
    (b"junk", "no JSON"), (b"[]", "a command"), (b'{"command":5}', "a command"), (b"{}", "a command"),
    (b'{"command":"x","y":"' + b"z" * 5000 + b'"}', "4096"), (b'{"id":"' + b"i" * 200 + b'","command":"x"}', "id")])
def test_bad_requests(pair, request_line, words):
    _, agent = pair
    answer = agent.ask(request_line)
    assert answer["ok"] is False and words in answer["error"] and answer["fix"]


def test_lists_in_parts_are_asked_for_to_their_end(tmp_path):
    with running(tmp_path) as (hypervisor, agent):
        many = [{"name": f"net-{n}", "up": n % 2 == 0} for n in range(30)]

        def parts(request):
            at = request.get("from", 0)
            return {"networks": many[at:at + 7], "total": 30, **({"next": at + 7} if at + 7 < 30 else {})}

        until(lambda: agent.status()["networks"] == NETWORKS)
        hypervisor.answers["networks"] = parts
        hypervisor.control.down()
        hypervisor.control.up()  # opened anew, all is asked for anew
        until(lambda: agent.status()["networks"][2:] == many)
        hypervisor.answers["networks"] = lambda _: {"networks": [], "total": 9, "next": 5}  # goes nowhere
        assert agent.ctl("--json", "networks")[0] == 0


def test_a_command_that_is_longer_than_the_hypervisor_takes(pair):
    hypervisor, agent = pair
    long = {"id": 1, "command": "restart", "guest": "\x7f" * 1000}  # escaped, it is six times as long
    answer = agent.ask(json.dumps(long, ensure_ascii=False).encode())
    assert answer["ok"] is False and "longer" in answer["error"] and not hypervisor.asked("restart")
    assert agent.ask({"id": 2, "command": "status"})["ok"]


def test_a_follower_gets_what_was_and_what_comes(pair):
    hypervisor, agent = pair
    first = [hypervisor.event("log", text=str(n)) for n in range(3)]
    until(lambda: agent.status()["events"] == 3)
    with Client(agent.socket) as client:
        assert client.ask({"id": 1, "command": "events", "last": 2, "follow": True}) == {"id": 1, "ok": True, "count": 2}
        assert [client.line()["event"] for _ in range(2)] == first[1:]
        later = hypervisor.event("log", text="later")
        assert client.line() == {"event": later}
        assert client.ask({"id": 2, "command": "agent"})["events"] == 4


def test_a_slow_follower_loses_events_not_the_others(pair):
    hypervisor, agent = pair
    with Client(agent.socket) as slow, Client(agent.socket) as quick:
        slow.ask({"command": "events", "last": 0, "follow": True})
        for n in range(1500):
            hypervisor.event("log", text="x" * 2000)
            if n % 100 == 0:
                assert quick.ask({"id": n, "command": "status"})["id"] == n
        until(lambda: agent.status()["events"] == 1500)
        got, dropped = 0, 0
        while got + dropped < 1500:
            event = slow.line()["event"]
            dropped += event["count"] if event["type"] == "dropped" else 0
            got += event["type"] == "log"
        assert dropped > 0 and got + dropped == 1500


def test_the_number_of_events_kept(tmp_path):
    with running(tmp_path, "--keep", "5") as (hypervisor, agent):
        for n in range(12):
            hypervisor.event("log", n=n)
        until(lambda: agent.status()["events"] == 12)
        with Client(agent.socket) as client:
            assert client.ask({"command": "events"})["count"] == 5
            assert [client.line()["event"]["n"] for _ in range(5)] == [7, 8, 9, 10, 11]


def test_more_clients_than_places(pair):
    _, agent = pair
    clients = [Client(agent.socket) for _ in range(32)]
    for client in clients:
        assert client.ask({"command": "agent"})["ok"]
    with Client(agent.socket) as late:
        assert late.line()["ok"] is False
    for client in clients:
        client.socket.close()
    until(lambda: agent.status()["ok"])


def test_channels_come_back(pair):
    hypervisor, agent = pair
    hypervisor.event("log")
    until(lambda: agent.status()["events"] == 1)
    hypervisor.events.down()
    hypervisor.control.down()
    until(lambda: not any(p["open"] for p in agent.status()["channels"].values()))
    answer = agent.ask({"id": 1, "command": "status"})
    assert answer["ok"] is False and "not open" in answer["error"] and "virtio_console" in answer["fix"]
    assert "org.bulkhead.events" in agent.status()["channels"]["events"]["why"]
    hypervisor.events.up()
    hypervisor.control.up()
    agent.ready()
    hypervisor.seq = 0  # another run of the hypervisor: numbers start again, nothing is missed
    hypervisor.event("hello")
    until(lambda: agent.status()["events"] == 2)
    assert agent.status()["missed"] == 0
    assert agent.ask({"id": 1, "command": "status"})["ok"]
    kinds = [e["type"] for e in agent.lines()]
    assert kinds.count("channel-lost") == 2 and kinds.count("channel-open") == 4


def test_an_answer_that_never_comes_because_the_channel_went(pair):
    hypervisor, agent = pair
    hypervisor.answers["restart"] = None
    with Client(agent.socket) as client:
        client.send({"id": "r", "command": "restart", "guest": "user"})
        until(lambda: hypervisor.asked("restart"))
        hypervisor.control.down()
        answer = client.line()
    assert answer["id"] == "r" and answer["ok"] is False and "went" in answer["error"]


def test_a_channel_that_takes_nothing(tmp_path):
    """The hypervisor reads no commands: they wait, then are refused; the agent goes on."""
    with running(tmp_path) as (hypervisor, agent):
        hypervisor.ending = True
        hypervisor.thread.join()
        with Client(agent.socket) as client:
            for n in range(70):
                client.send({"id": n, "command": "status", "x": "y" * 1000})
            answer = client.line()
            assert answer["ok"] is False and "too many" in answer["error"]
        hypervisor.event("log")
        until(lambda: agent.status()["events"] == 1)


def test_it_waits_for_ports_that_are_not_there_yet(tmp_path):
    agent = Agent(tmp_path)
    time.sleep(0.3)
    assert not agent.status()["channels"]["events"]["open"]
    hypervisor = Hypervisor(tmp_path)
    agent.ready().end()
    hypervisor.end()


def test_journal_and_syslog(tmp_path):
    sockets = {}
    for name in ("journal", "syslog"):
        sockets[name] = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sockets[name].bind(str(tmp_path / name))
        sockets[name].settimeout(10)
    options = ["--journal-socket", tmp_path / "journal", "--syslog-socket", tmp_path / "syslog"]
    with running(tmp_path, *options) as (hypervisor, _):
        event = hypervisor.event("fault", "error", guest="user", device="0000:03:00.0", reason="no mapping", text="a\nb")
        found = {}
        for name, one in sockets.items():
            while "fault" not in found.get(name, ""):
                found[name] = one.recv(65536).decode()
    fields = dict(line.split("=", 1) for line in found["journal"].splitlines())
    text = 'fault: a\\x0ab guest=user device=0000:03:00.0 reason="no mapping"'
    assert fields.pop("BULKHEAD_JSON") and json.loads(found["journal"].split("BULKHEAD_JSON=")[1]) == event
    assert fields == {"MESSAGE": text, "PRIORITY": "3", "SYSLOG_IDENTIFIER": "bulkheadd", "BULKHEAD_TYPE": "fault",
                      "BULKHEAD_GUEST": "user", "BULKHEAD_DEVICE": "0000:03:00.0", "BULKHEAD_REASON": "no mapping",
                      "BULKHEAD_SEQ": "1"}
    assert found["syslog"] == f"<27>bulkheadd: {text}"


def test_nobody_at_the_journal_is_counted(tmp_path):
    with running(tmp_path, "--journal-socket", tmp_path / "nobody") as (hypervisor, agent):
        hypervisor.event("log")
        until(lambda: agent.status()["not-forwarded"] == 3)  # two channel-open, one log


def test_systemd_is_told(tmp_path, monkeypatch):
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(str(tmp_path / "notify"))
    notify.settimeout(10)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with running(tmp_path):
        assert notify.recv(100) == b"READY=1"
    assert notify.recv(100) == b"STOPPING=1"


def test_the_socket_is_the_owners_alone(pair):
    _, agent = pair
    assert agent.socket.stat().st_mode & 0o777 == 0o600


def test_the_socket_of_a_group(tmp_path):
    with running(tmp_path, "--socket-group", str(os.getgid())) as (_, agent):
        assert agent.socket.stat().st_mode & 0o777 == 0o660


def daemon(*options):
    done = subprocess.run([DAEMON, *options], capture_output=True, text=True, timeout=20, check=False)
    return done.returncode, done.stdout, done.stderr


def test_a_second_agent_does_not_take_the_socket(pair):
    _, agent = pair
    status, _, err = daemon("--socket", agent.socket, "--ports", agent.folder)
    assert status == 1 and "another bulkheadd" in err
    assert agent.status()["ok"]


def test_a_socket_left_behind_is_taken(tmp_path):
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(tmp_path / "agent.sock"))
    dead.close()
    with running(tmp_path) as (_, agent):
        assert agent.status()["ok"]
    assert not agent.socket.exists()


@pytest.mark.parametrize("options, status, words", [
    (["--version"], 0, "bulkheadd 0.1"), (["--help"], 0, "usage: bulkheadd"), (["--nonsense"], 2, "nonsense"),
    (["more"], 2, "too many"), (["--keep", "x"], 2, "--keep"), (["--keep", "-1"], 2, "--keep"),
    (["--interval", "0"], 2, "--interval"), (["--socket", "/nonexistent/x.sock"], 1, "/nonexistent/x.sock"),
    (["--socket", "/tmp/" + "x" * 200], 1, "longer"), (["--policy", "/nonexistent/p.toml"], 1, "/nonexistent/p.toml")])
def test_options(options, status, words):
    got, out, err = daemon(*options)
    assert got == status and words in out + err


def test_a_reader_of_stdout_that_ends(tmp_path):
    """bulkheadd --stdout | head -1: the agent goes on without."""
    hypervisor = Hypervisor(tmp_path)
    reader, writer = os.pipe()
    process = subprocess.Popen([DAEMON, "--ports", tmp_path, "--socket", tmp_path / "s", "--stdout"], stdout=writer)
    os.close(writer)
    os.read(reader, 10)
    os.close(reader)
    for _ in range(50):
        hypervisor.event("log")
    with Client(tmp_path / "s") as client:
        until(lambda: client.ask({"command": "agent"})["events"] == 50)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    hypervisor.end()
