# SPDX-License-Identifier: GPL-2.0-only
"""A hypervisor for tests of the agent: pseudo-terminals stand for the ports of virtio-console, a thread answers commands.
What a test reads or writes here is what the real one would have on its side of the channel."""
import contextlib
import json
import os
import pathlib
import pty
import select
import signal
import socket
import subprocess
import threading
import time
import tty

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
DAEMON = BUILD / "host-gcc/bulkheadd"
CTL = BUILD / "host-gcc/bulkhead-ctl"
PATIENCE = 60

GUESTS = [{"name": "service", "state": "running", "service": True, "cpus": 1, "memory-mib": 256, "devices": 1,
           "exits": 1200, "device-interrupts": 17, "starts": 1},
          {"name": "user", "state": "crashed", "service": False, "cpus": 2, "memory-mib": 2048, "devices": 1,
           "exits": 987654, "device-interrupts": 5, "starts": 3, "why": "triple \x1b[31mfault"}]
DEVICES = [{"device": "0000:03:00.0", "id": "8086:10d3", "guest": "user", "stopped": True, "faults": 12,
            "lower-bound": True},
           {"device": "0000:00:04.0", "id": "1b36:0010", "guest": "service", "stopped": False, "faults": 0,
            "lower-bound": False}]
NETWORKS = [{"name": "lan", "up": True}, {"name": "dmz", "up": False}]
STATUS = {"version": "0.1", "config-sha256": "ab" * 32, "time-ns": 61000000000, "cpus": 4, "service": "service",
          "guest-count": 2, "guests-running": 1, "faults": 12, "events": {"last": 7, "dropped": 0},
          "log": {"level": "info", "events": "warn"}, "can-power-off": True}


class Port:
    """One port: `name` in the folder, our end is a descriptor. down() is what a closed port looks like, up() opens anew."""

    def __init__(self, folder, name):
        self.path = folder / name
        self.fd = None
        self.times = 0  # that it went
        self.up()

    def up(self):
        self.fd, device = pty.openpty()
        tty.setraw(device)
        self.path.symlink_to(os.ttyname(device))
        os.close(device)

    def down(self):
        self.times += 1
        self.path.unlink(missing_ok=True)
        fd, self.fd = self.fd, None
        if fd is not None:
            os.close(fd)

    def write(self, data):
        data = data if isinstance(data, bytes) else data.encode()
        while data:
            data = data[os.write(self.fd, data):]

    def read(self, wait=0.2):
        """What the other side wrote; b"" after so long without a byte, or when it is closed."""
        fd = self.fd
        try:
            if fd is None or not select.select([fd], [], [], wait)[0]:
                return b""
            return os.read(fd, 65536)
        except (OSError, ValueError):
            time.sleep(0.02)
            return b""


class Hypervisor:
    """Answers like the hypervisor. commands: every request that came, without its id. answers: command -> members, or a
    function of the request; None: never answers."""

    def __init__(self, folder, port=Port):
        self.folder = folder
        self.events = port(folder, "org.bulkhead.events")
        self.control = port(folder, "org.bulkhead.control")
        self.commands = []
        self.answers = {"guests": {"guests": GUESTS, "total": 2}, "devices": {"devices": DEVICES, "total": 2},
                        "networks": {"networks": NETWORKS, "total": 2}, "status": STATUS,
                        "faults": {"faults": 12, "devices": DEVICES, "total": 2}}
        self.seq = 0
        self.ending = False
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        text, times = b"", self.control.times
        while not self.ending:
            if times != self.control.times:  # opened anew: what came before is half a line
                text, times = b"", self.control.times
            text += self.control.read(0.05)
            *lines, text = text.split(b"\n")
            for line in lines:
                self.answer(json.loads(line))

    def answer(self, request):
        number = request.pop("id")
        self.commands.append(request)
        answer = self.answers.get(request["command"], {})
        answer = answer(request) if callable(answer) else answer
        if answer is not None:
            line = {"id": number, "ok": True, **answer}
            with contextlib.suppress(OSError, TypeError):  # the port went meanwhile
                self.control.write(json.dumps(line) + "\n")

    def asked(self, *names):
        """The commands of these names that came."""
        return [c for c in self.commands if c["command"] in names]

    def event(self, kind, severity="info", **members):
        self.seq += 1
        event = {"seq": self.seq, "time-ns": self.seq * 1000000, "severity": severity, "type": kind,
                 **{key.replace("_", "-"): value for key, value in members.items()}}
        self.events.write(json.dumps(event) + "\n")
        return event

    def end(self):
        self.ending = True
        self.thread.join()
        self.events.down()
        self.control.down()


class Agent:
    """bulkheadd with this hypervisor, and bulkhead-ctl with it."""

    def __init__(self, folder, *options):
        self.folder = folder
        self.socket = folder / "agent.sock"
        self.out = open(folder / "stdout.txt", "wb")
        self.err = open(folder / "stderr.txt", "wb")
        self.process = subprocess.Popen([DAEMON, "--ports", folder, "--socket", self.socket, *options], stdout=self.out,
                                        stderr=self.err)
        until(self.served, lambda: self.process.poll() is None or self.stderr())

    def served(self):
        with contextlib.suppress(OSError), Client(self.socket):
            return True
        return False

    def stdout(self):
        return (self.folder / "stdout.txt").read_text()

    def stderr(self):
        return (self.folder / "stderr.txt").read_text()

    def lines(self):
        return [json.loads(line) for line in self.stdout().splitlines()]

    def ctl(self, *arguments, stdin=None, env=None):
        done = subprocess.run([CTL, "--socket", self.socket, "--ports", self.folder, *arguments], capture_output=True,
                              text=True, timeout=60, input=stdin, check=False, env={**os.environ, **(env or {})})
        assert "Sanitizer" not in done.stderr, done.stderr
        return done.returncode, done.stdout, done.stderr

    def ask(self, request):
        with Client(self.socket) as client:
            return client.ask(request)

    def status(self):
        return self.ask({"command": "agent"})

    def ready(self):
        until(lambda: all(p["open"] for p in self.status()["channels"].values()))
        return self

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE)
        self.out.close()
        self.err.close()
        assert status == 0 and "Sanitizer" not in self.stderr(), (status, self.stderr())


class Client:
    """A program at the agent's socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(str(path))
        self.text = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, request):
        data = request if isinstance(request, bytes) else json.dumps(request).encode()
        self.socket.sendall(data + b"\n")

    def line(self):
        while b"\n" not in self.text:
            more = self.socket.recv(65536)
            assert more, "the agent closed the connection"
            self.text += more
        line, self.text = self.text.split(b"\n", 1)
        return json.loads(line)

    def ask(self, request):
        self.send(request)
        return self.line()


def until(condition, alive=lambda: True):
    """Wait for it to come true."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert alive() is True, alive()
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@contextlib.contextmanager
def running(folder, *options):
    """(hypervisor, agent), both channels open."""
    hypervisor = Hypervisor(folder)
    agent = Agent(folder, *options)
    try:
        yield hypervisor, agent.ready()
    finally:
        agent.end()
        hypervisor.end()
