# SPDX-License-Identifier: GPL-2.0-only
"""bulkhead-ctl: every command, its table, its JSON, its exit status; console and top on a pseudo-terminal."""
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest
from fake_hypervisor import CTL, DEVICES, GUESTS, NETWORKS, STATUS, Agent, Port, running, until


@pytest.fixture
def pair(tmp_path):
    with running(tmp_path) as both:
        yield both


def test_guests(pair):
    _, agent = pair
    status, out, err = agent.ctl("guests")
    assert (status, err) == (0, "")
    assert out == ("NAME     STATE    CPUS  MEMORY  DEVICES   EXITS  INTERRUPTS  STARTS  WHY\n"
                   "service  running     1  256MiB        1    1200          17       1  -\n"
                   "user     crashed     2    2GiB        1  987654           5       3  triple \\x1b[31mfault\n")


def test_devices(pair):
    _, agent = pair
    assert agent.ctl("devices") == (0, "DEVICE        ID         GUEST    STOPPED  FAULTS\n"
                                       "0000:03:00.0  8086:10d3  user     yes         12+\n"
                                       "0000:00:04.0  1b36:0010  service  no            0\n", "")


def test_networks(pair):
    hypervisor, agent = pair
    assert agent.ctl("networks") == (0, "NAME  UP\nlan   yes\ndmz   no\n", "")
    hypervisor.answers["networks"] = {"networks": [], "total": 0}
    assert agent.ctl("networks") == (0, "no networks between guests\n", "")


def test_faults(pair):
    _, agent = pair
    assert agent.ctl("faults") == (0, "DEVICE        GUEST    STOPPED  FAULTS\n"
                                      "0000:03:00.0  user     yes         12+\n"
                                      "0000:00:04.0  service  no            0\n"
                                      "\n12 of all units; the last records: bulkhead-ctl events --type fault\n", "")


def test_status(pair):
    hypervisor, agent = pair
    hypervisor.event("log", text="x")
    until(lambda: agent.status()["events"] == 1)
    assert agent.ctl("status") == (0, f"""\
channel events     open
channel control    open
agent-version      0.1
events             1
dropped            0
missed             0
malformed          0
faults             0
not-forwarded      0
rules-acted        0
rules-refused      0
network            lan up
network            dmz cut

version            0.1
config-sha256      {"ab" * 32}
uptime             61.000000
cpus               4
service            service
guest-count        2
guests-running     1
faults             12
can-power-off      yes
events last        7
events dropped     0
log level          info
log events         warn
""", "")


def test_status_without_the_hypervisor(tmp_path):
    agent = Agent(tmp_path)
    status, out, err = agent.ctl("status")
    assert status == 1 and "channel control    closed (" in out and "No such file" in out
    assert err.splitlines()[0] == "bulkhead-ctl: the hypervisor's control channel is not open"
    assert err.splitlines()[1].startswith("  fix: ") and "modprobe virtio_console" in err
    status, out, _ = agent.ctl("--json", "status")
    assert status == 1 and json.loads(out)["hypervisor"] is None
    agent.end()


@pytest.mark.parametrize("command, wanted", [
    ("guests", {"ok": True, "total": 2, "guests": GUESTS}), ("devices", {"ok": True, "total": 2, "devices": DEVICES}),
    ("networks", {"ok": True, "total": 2, "networks": NETWORKS}),
    ("faults", {"ok": True, "faults": 12, "total": 2, "devices": DEVICES})])
def test_lists_as_json(pair, command, wanted):
    _, agent = pair
    for arguments in (("--json", command), (command, "--json")):
        status, out, err = agent.ctl(*arguments)
        assert (status, json.loads(out), err) == (0, wanted, "")
        assert out.count("\n") == 1


def test_status_as_json(pair):
    _, agent = pair
    status, out, _ = agent.ctl("--json", "status")
    both = json.loads(out)
    assert status == 0 and both["hypervisor"] == {"ok": True, **STATUS}
    assert both["agent"]["channels"]["events"] == {"open": True, "opened": 1}


def test_a_list_in_parts_is_one(pair):
    hypervisor, agent = pair
    many = [{**GUESTS[0], "name": f"g{n}"} for n in range(25)]

    def parts(request):
        at = request.get("from", 0)
        return {"guests": many[at:at + 10], "total": 25, **({"next": at + 10} if at + 10 < 25 else {})}

    hypervisor.answers["guests"] = parts
    assert json.loads(agent.ctl("--json", "guests")[1]) == {"ok": True, "total": 25, "guests": many}
    assert len(agent.ctl("guests")[1].splitlines()) == 26


ORDERS = [("start", "guest", "user", "accepted"), ("stop", "guest", "user", "accepted"),
          ("shutdown", "guest", "user", "accepted"),
          ("restart", "guest", "user", "accepted"), ("pause", "guest", "user", "accepted"),
          ("resume", "guest", "user", "accepted"), ("stop-device", "device", "0000:03:00.0", "accepted"),
          ("return-device", "device", "0000:03:00.0", "accepted"), ("cut", "network", "lan", "done"),
          ("restore", "network", "lan", "done"), ("log-level", "level", "debug", "done")]


@pytest.mark.parametrize("command, member, target, word", ORDERS)
def test_orders(pair, command, member, target, word):
    hypervisor, agent = pair
    hypervisor.answers[command] = {member: target, "state": "stopping"}
    assert agent.ctl(command, target) == (0, f"{command} {target}: {word}\n", "")
    assert hypervisor.asked(command) == [{"command": command, member: target}]
    status, out, _ = agent.ctl("--json", command, target)
    assert (status, json.loads(out)) == (0, {"ok": True, member: target, "state": "stopping"})
    refusal = {"ok": False, "code": "not-found", "error": "no such \x1b[2Jthing", "fix": 'write "guest":"user"'}
    hypervisor.answers[command] = refusal
    assert agent.ctl(command, target) == (1, "", "bulkhead-ctl: no such \\x1b[2Jthing\n"
                                                 '  fix: write "guest":"user"\n')
    status, out, err = agent.ctl("--json", command, target)
    assert (status, json.loads(out), err) == (1, refusal, "")
    status, out, err = agent.ctl(command)
    assert (status, out) == (2, "") and f"which {member}?" in err


def states(*words):
    """An answer to `guests`: user's state, each word once and then the last for ever."""
    left = list(words)

    def answer(_):
        state = left.pop(0) if len(left) > 1 else left[0]
        return {"guests": [GUESTS[0], {**GUESTS[1], "state": state}], "total": 2}

    return answer


def test_shutdown_waits_until_it_is_off(pair):
    hypervisor, agent = pair
    hypervisor.answers["shutdown"] = {"guest": "user", "state": "running"}
    hypervisor.answers["guests"] = states("running", "running", "stopping", "powered-off")
    assert agent.ctl("shutdown", "user", "--wait", "30") == (0, "shutdown user: accepted\nshutdown user: powered-off\n", "")
    assert hypervisor.asked("shutdown") == [{"command": "shutdown", "guest": "user"}]
    hypervisor.answers["guests"] = states("running", "powered-off")
    status, out, err = agent.ctl("--json", "shutdown", "--wait", "30", "user")
    assert (status, json.loads(out)["state"], err) == (0, "powered-off", "")


@pytest.mark.parametrize("state", ["powered-off", "stopped"])
def test_shutdown_of_one_that_is_off_is_done(pair, state):
    hypervisor, agent = pair
    hypervisor.answers["guests"] = states(state)
    assert agent.ctl("shutdown", "user", "--wait", "30") == (0, f"shutdown user: {state}\n", "")
    assert hypervisor.asked("shutdown") == []


@pytest.mark.parametrize("state", ["running", "crashed", "paused"])
def test_shutdown_says_that_it_is_not_off(pair, state):
    hypervisor, agent = pair
    hypervisor.answers["shutdown"] = {"guest": "user", "state": "running"}
    hypervisor.answers["guests"] = states(state)
    assert agent.ctl("shutdown", "user", "--wait", "1") == (
        1, "shutdown user: accepted\n", f"bulkhead-ctl: guest 'user' is {state}, not off, after its power button was pressed\n"
        "  fix: look at it: bulkhead-ctl console user; or stop it: bulkhead-ctl stop user\n")
    status, out, err = agent.ctl("--json", "shutdown", "user", "--wait", "1")
    assert (status, json.loads(out)["state"], err) == (1, state, "")


@pytest.mark.parametrize("words", [["--wait"], ["--wait", "0"], ["--wait", "86401"], ["--wait", "1s"], ["more"], ["--now"]])
def test_shutdown_takes_nothing_else(pair, words):
    hypervisor, agent = pair
    status, out, err = agent.ctl("shutdown", "user", *words)
    assert (status, out) == (2, "") and err.startswith("bulkhead-ctl: shutdown: ") and hypervisor.asked("shutdown") == []


def test_last_boot(pair):
    """In parts, a damaged line, one with an escape sequence; and what there is none of."""
    hypervisor, agent = pair
    log = [{"damaged": False, "text": f"line {i}"} for i in range(3)]
    log[1] = {"damaged": True, "text": ""}
    log[2]["text"] = "[   0.3] error panic: CPU 0: \x1b[2J"
    facts = {"total": 3, "end": "panic", "why": log[2]["text"], "overwritten": 7, "damaged": 1}

    def parts(request):
        at = request.get("from", 0)
        return {"log": log[at:at + 2], **facts, **({"next": 2} if at == 0 else {})}

    hypervisor.answers["last-boot"] = parts
    assert agent.ctl("last-boot") == (0, """\
The last boot ended by a panic of the hypervisor:
  [   0.3] error panic: CPU 0: \\x1b[2J

line 0
(a line that is damaged)
[   0.3] error panic: CPU 0: \\x1b[2J

lines kept 3, older ones overwritten 7, damaged 1
""", "")
    status, out, err = agent.ctl("last-boot", "--json")
    assert (status, json.loads(out), err) == (0, {"ok": True, **facts, "log": log}, "")
    hypervisor.answers["last-boot"] = {"log": [], "total": 0, "end": "none", "why": "power was off"}
    assert agent.ctl("last-boot") == (0, "Nothing is known of the last boot:\n  power was off\n", "")
    hypervisor.answers["last-boot"] = {"ok": False, "code": "unknown-command", "error": "no command 'last-boot'", "fix": "x"}
    assert agent.ctl("last-boot") == (1, "", "bulkhead-ctl: no command 'last-boot'\n  fix: x\n")
    assert agent.ctl("last-boot", "more")[0] == 2


def test_log_level_of_events(pair):
    hypervisor, agent = pair
    assert agent.ctl("log-level", "--events", "info")[0] == 0
    assert agent.ctl("log-level", "warn", "--events", "none")[0] == 0
    assert hypervisor.asked("log-level") == [{"command": "log-level", "events": "info"},
                                             {"command": "log-level", "level": "warn", "events": "none"}]


@pytest.mark.parametrize("command", ["reboot", "poweroff"])
def test_reboot_and_poweroff(pair, command):
    hypervisor, agent = pair
    assert agent.ctl(command, "--yes") == (0, f"{command}: accepted\n", "")
    assert agent.ctl(command) == (0, f"{command}: accepted\n", "")  # no terminal: nobody to ask
    assert hypervisor.asked(command) == 2 * [{"command": command}]


def test_cut_shows_in_status(pair):
    hypervisor, agent = pair
    hypervisor.answers["cut"] = {"network": "lan", "up": False}
    agent.ctl("cut", "lan")
    assert "network            lan cut\n" in agent.ctl("status")[1]


@pytest.mark.parametrize("arguments, words", [
    ([], "no command"), (["nonsense"], 'no command "nonsense"'), (["--nonsense"], 'no option "--nonsense"'),
    (["guests", "x"], "too many"), (["status", "x"], "too many"), (["start", "a", "b"], "too many"),
    (["start", "--yes"], "too many"), (["events", "--last"], "needs a value"), (["events", "--last", "x"], "--last"),
    (["events", "--severity", "bad"], "--severity"), (["events", "x"], "too many"), (["console"], "which guest"),
    (["console", "../etc"], "which guest"), (["console", "a", "b"], "too many"), (["top"], "terminal"),
    (["log-level"], "which level"), (["--socket"], "--socket")])
def test_wrong_usage(pair, arguments, words):
    _, agent = pair
    status, out, err = agent.ctl(*arguments)
    assert (status, out) == (2, "") and words in err and err.startswith("bulkhead-ctl: ") and err.count("\n") == 1


def ctl(*arguments):
    done = subprocess.run([CTL, *arguments], capture_output=True, text=True, timeout=20, check=False)
    return done.returncode, done.stdout, done.stderr


def test_help_and_version():
    status, out, _ = ctl("--help")
    assert status == 0 and out.startswith("usage: bulkhead-ctl") and "console GUEST" in out
    assert ctl("--version") == (0, "bulkhead-ctl 0.1\n", "")


@pytest.mark.parametrize("arguments", [["guests"], ["status"], ["restart", "user"], ["events"]])
def test_no_daemon(tmp_path, arguments):
    status, out, err = ctl("--socket", tmp_path / "none", *arguments)
    assert (status, out) == (3, "")
    assert err == (f"bulkhead-ctl: bulkheadd does not serve {tmp_path}/none: No such file or directory\n"
                   "  fix: start it: systemctl start bulkheadd, or bulkheadd as root; another socket: --socket PATH\n")


def test_the_daemon_goes_while_it_is_asked(pair):
    hypervisor, agent = pair
    hypervisor.answers["restart"] = None
    asking = subprocess.Popen([CTL, "--socket", agent.socket, "restart", "user"], stderr=subprocess.PIPE, text=True)
    until(lambda: hypervisor.asked("restart"))
    agent.process.send_signal(signal.SIGTERM)
    _, err = asking.communicate(timeout=20)
    assert asking.returncode == 3 and "bulkheadd went" in err


def some_events(hypervisor, agent, before=0):
    hypervisor.seq = 99
    hypervisor.event("fault", "error", guest="user", device="0000:03:00.0", reason="no mapping")
    hypervisor.event("log", text="a line \x07", level="warn")
    hypervisor.event("guest-crashed", "critical", guest="user", why="x=1")
    until(lambda: agent.status()["events"] == before + 3)


FAULT = "            0.100000  error     fault: guest=user device=0000:03:00.0 reason=\"no mapping\"\n"
LOG = "            0.101000  info      log: a line \\x07 level=warn\n"
CRASH = "            0.102000  critical  guest-crashed: guest=user why=\"x=1\"\n"


@pytest.mark.parametrize("arguments, wanted", [
    (["--last", "3"], FAULT + LOG + CRASH), (["--last", "1"], CRASH), (["--last", "0"], ""),
    (["--type", "fault"], FAULT), (["--guest", "user"], FAULT + CRASH), (["--severity", "error"], FAULT + CRASH),
    (["--severity", "critical", "--guest", "user"], CRASH), (["--guest", "nobody"], "")])
def test_events(pair, arguments, wanted):
    hypervisor, agent = pair
    some_events(hypervisor, agent)
    assert agent.ctl("events", *arguments) == (0, wanted, "")


def test_events_as_json(pair):
    hypervisor, agent = pair
    some_events(hypervisor, agent)
    lines = [json.loads(line) for line in agent.ctl("--json", "events", "--type", "fault")[1].splitlines()]
    assert lines == [{"seq": 100, "time-ns": 100000000, "severity": "error", "type": "fault", "guest": "user",
                      "device": "0000:03:00.0", "reason": "no mapping"}]


def test_the_agents_own_events_have_the_time_of_day(pair):
    _, agent = pair
    out = agent.ctl("events", "--type", "channel-open")[1]
    assert re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  info      channel-open: port=(events|control)\n){2}", out)


def test_events_that_come(pair):
    hypervisor, agent = pair
    hypervisor.seq = 98  # so that no event is missed between it and the others
    hypervisor.event("watchdog", guest="before")
    until(lambda: agent.status()["events"] == 1)
    reader = subprocess.Popen([CTL, "--socket", agent.socket, "events", "--follow", "--last", "1"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert "watchdog: guest=before" in reader.stdout.readline()  # it follows now
    some_events(hypervisor, agent, 1)
    assert [reader.stdout.readline() for _ in range(3)] == [FAULT, LOG, CRASH]
    agent.process.send_signal(signal.SIGTERM)
    _, err = reader.communicate(timeout=20)
    assert reader.returncode == 3 and "bulkheadd went" in err


class Terminal:
    """bulkhead-ctl on a terminal of so many columns and lines."""

    def __init__(self, agent, *arguments, columns=100, lines=24, env=None, stdout=None):
        self.fd, device = pty.openpty()
        fcntl.ioctl(device, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.before = termios.tcgetattr(device)
        self.device = device
        self.text = ""
        environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
        self.process = subprocess.Popen([CTL, "--socket", agent.socket, "--ports", agent.folder, *arguments],
                                        stdin=device, stdout=stdout or device, stderr=device, env={**environment, **(env or {})})

    def expect(self, words, count=1):
        deadline = time.monotonic() + 15
        while self.text.count(words) < count:
            assert time.monotonic() < deadline, f"no {words!r} in {self.text!r}"
            self.read()
        return self

    def read(self, wait=0.2):
        if select.select([self.fd], [], [], wait)[0]:
            self.text += os.read(self.fd, 65536).decode(errors="replace")

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        status = self.process.wait(15)
        self.read()
        assert termios.tcgetattr(self.device) == self.before, "the terminal is not as it was"
        os.close(self.device)
        os.close(self.fd)
        return status


@pytest.mark.parametrize("env, coloured", [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_on_a_terminal(pair, env, coloured):
    _, agent = pair
    terminal = Terminal(agent, "guests", env=env).expect("user")
    assert terminal.end() == 0
    assert ("\x1b[31mcrashed\x1b[0m" in terminal.text) == coloured
    assert ("\x1b" in terminal.text) == coloured
    plain = re.sub(r"\x1b\[[0-9;]*m", "", terminal.text)
    assert plain.replace("\r\n", "\n") == agent.ctl("guests")[1]


@pytest.mark.parametrize("typed, status, asked", [("yes\n", 0, 1), ("no\n", 1, 0), ("\n", 1, 0), ("y\n", 1, 0)])
def test_a_person_is_asked_before_the_machine_goes(pair, typed, status, asked):
    hypervisor, agent = pair
    terminal = Terminal(agent, "poweroff").expect("(yes/no) ")
    terminal.type(typed)
    assert terminal.end() == status
    assert len(hypervisor.asked("poweroff")) == asked


def test_console(pair):
    hypervisor, agent = pair
    console = Port(hypervisor.folder, "org.bulkhead.console.user")
    terminal = Terminal(agent, "console", "user").expect("Ctrl-] ends it")
    console.write(b"login: \x1b[1m")
    terminal.expect("login: \x1b[1m")
    terminal.type("root\r\x03\x04")
    got = b""
    while len(got) < 7:
        got += console.read(5)
    assert got == b"root\r\x03\x04"  # as typed: Ctrl-C and Ctrl-D are the guest's
    terminal.type("last\x1dnot this")
    assert terminal.end() == 0
    assert console.read(0.5) == b"last"


def test_a_console_whose_reader_ends(pair):
    """bulkhead-ctl console user | head: the terminal is as it was."""
    hypervisor, agent = pair
    console = Port(hypervisor.folder, "org.bulkhead.console.user")
    reader, writer = os.pipe()
    terminal = Terminal(agent, "console", "user", stdout=writer).expect("ends it")
    os.close(writer)
    os.close(reader)
    console.write(b"more\n")
    assert terminal.end() == 0


def test_a_console_that_goes(pair):
    hypervisor, agent = pair
    console = Port(hypervisor.folder, "org.bulkhead.console.user")
    terminal = Terminal(agent, "console", "user").expect("ends it")
    console.down()
    assert terminal.end() == 1 and "closed the console" in terminal.text


def test_a_console_in_a_pipe(pair):
    hypervisor, agent = pair
    console = Port(hypervisor.folder, "org.bulkhead.console.user")
    asking = subprocess.Popen([CTL, "--ports", agent.folder, "console", "user"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    asking.stdin.write(b"uname\n\x1d")
    asking.stdin.flush()
    got = b""
    while len(got) < 7:
        got += console.read(5)
    console.write(b"Linux\n")
    asking.stdin.close()  # what came by then is shown: it waits a second for more
    assert got == b"uname\n\x1d"  # no terminal, no escape
    assert asking.stdout.read() == b"Linux\n" and asking.wait(10) == 0


def test_a_console_that_is_not_there(pair):
    hypervisor, agent = pair
    status, out, err = agent.ctl("console", "usr")
    assert (status, out) == (1, "") and "no console of guest usr" in err and "virtio_console" in err
    Port(hypervisor.folder, "org.bulkhead.console.user")
    assert "  fix: guests with a console: user\n" in agent.ctl("console", "usr")[2]


def screen(text):
    """The last whole screen that top drew, without colours."""
    frame = text.split("\x1b[H")[-1].split("\x1b[J")[0]
    return [re.sub(r"\x1b\[[0-9;]*[mK]", "", line) for line in frame.split("\r\n")]


def test_top(pair):
    hypervisor, agent = pair
    count = {"exits": 0}

    def growing(_):
        count["exits"] += 5000
        return {"guests": [GUESTS[0], {**GUESTS[1], "exits": count["exits"]}], "total": 2}

    hypervisor.answers["guests"] = growing
    terminal = Terminal(agent, "top")
    terminal.expect("\x1b[J", 3)
    lines = screen(terminal.text.rsplit("\x1b[J", 1)[0] + "\x1b[J")
    assert lines[0] == "bulkhead  guests 2  events 0  dropped 0  missed 0  faults 12  (q quits)"
    assert lines[2].split() == ["GUEST", "STATE", "CPUS", "MEMORY", "EXITS/S", "EXITS", "IRQ/S", "STARTS", "WHY"]
    assert lines[3].split() == ["service", "running", "1", "256MiB", "0", "1200", "0", "1", "-"]
    user = lines[4].split()
    assert user[:2] == ["user", "crashed"] and 0 < int(user[4]) <= 5000 and int(user[5]) >= 10000
    assert lines[6] == "networks  lan up  dmz cut"
    assert lines[8].split() == ["DEVICE", "GUEST", "STOPPED", "FAULTS"]
    assert lines[9].split() == ["0000:03:00.0", "user", "yes", "12+"] and len(lines) == 10
    terminal.type("q")
    assert terminal.end() == 0
    assert terminal.text.startswith("\x1b[?1049h") and terminal.text.endswith("\x1b[?25h\x1b[?1049l")


@pytest.mark.parametrize("columns, lines", [(20, 5), (1, 1), (300, 100)])
def test_top_fits_its_screen(pair, columns, lines):
    _, agent = pair
    terminal = Terminal(agent, "top", columns=columns, lines=lines).expect("\x1b[J", 2)
    shown = screen(terminal.text.rsplit("\x1b[J", 1)[0] + "\x1b[J")
    assert len(shown) <= lines and max(map(len, shown)) <= columns
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.end() == 0


@pytest.mark.parametrize("rows", [[[1, 2]], [5], ["x"], [None], {"a": 1}, "x", [{}], [{"name": 5, "exits": "x"}],
                                  [{"name": "n" * 500, "state": {"a": []}, "cpus": [[1]]}]])
def test_answers_of_odd_shapes(pair, rows):
    hypervisor, agent = pair
    for name, member in (("guests", "guests"), ("devices", "devices"), ("networks", "networks"), ("faults", "devices")):
        hypervisor.answers[name] = {member: rows, "total": 1}
        assert agent.ctl(name)[0] == 0 and agent.ctl("--json", name)[0] == 0
    terminal = Terminal(agent, "top").expect("\x1b[J", 2)
    terminal.type("q")
    assert terminal.end() == 0 and agent.ctl("status")[0] == 0


def test_top_without_the_hypervisor_and_without_the_agent(pair):
    hypervisor, agent = pair
    terminal = Terminal(agent, "top").expect("running")
    hypervisor.control.down()
    terminal.expect("the hypervisor does not answer")
    agent.process.send_signal(signal.SIGTERM)
    assert terminal.end() == 3 and "bulkheadd" in terminal.text


def test_the_completion_knows_all_commands():
    root = pathlib.Path(__file__).resolve().parents[2]
    named = {line.split()[0] for line in ctl("--help")[1].splitlines() if re.match(r"  [a-z]", line)}
    done = subprocess.run(["bash", "-c", f"source {root}/tools/bulkheadd/completion.bash; COMP_WORDS=(bulkhead-ctl ''); "
                           "COMP_CWORD=1; _bulkhead_ctl; echo ${COMPREPLY[@]}"], capture_output=True, text=True,
                          timeout=20, check=True)
    assert named <= set(done.stdout.split())
