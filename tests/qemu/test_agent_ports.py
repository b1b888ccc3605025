# SPDX-License-Identifier: GPL-2.0-only
"""The agent in Debian's kernel, with its virtio_console driver over QEMU's own virtio-serial device: how real ports open,
close and hang up. The hypervisor at the other end is the fake one; no udev, so ports are found by their names in sysfs."""
import contextlib
import json
import pathlib
import re
import select
import socket
import subprocess
import sys
import time

import pytest
import testbed

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "host"))
from fake_hypervisor import Hypervisor, Port, until  # noqa: E402

pytestmark = pytest.mark.xdist_group("agent-ports")  # one boot, one after another

GUEST = testbed.BUILD / "guest"
BOOT_SECONDS = 120


class SocketPort(Port):
    """A port that is a character device of QEMU: QEMU connects to this socket, again and again while it is down."""

    def __init__(self, folder, name):
        self.name = name
        self.connection = None
        super().__init__(folder, name)

    def up(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.path.unlink(missing_ok=True)
        self.listener.bind(str(self.path))
        self.listener.listen()
        self.listener.settimeout(0)
        self.fd = -1

    def connected(self):
        if self.connection is None:
            with contextlib.suppress(OSError):  # down, or nobody yet
                self.connection, _ = self.listener.accept()
                self.fd = self.connection.fileno()
        return self.connection is not None

    def read(self, wait=0.2):
        return super().read(wait) if self.connected() else time.sleep(0.02) or b""

    def write(self, data):
        until(self.connected)
        super().write(data)

    def down(self):
        self.times += 1
        self.path.unlink(missing_ok=True)
        self.listener.close()
        if self.connection is not None:
            self.connection.close()
        self.connection, self.fd = None, None


class Machine:
    def __init__(self, ports):
        arguments = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-m", "512",
                     "-serial", "stdio", "-kernel", GUEST / "vmlinuz", "-initrd", GUEST / "service.img", "-append",
                     "console=ttyS0 quiet shell=1 interval=1", "-device", "virtio-serial-pci,max_ports=8"]
        for n, port in enumerate(ports):
            arguments += ["-chardev", f"socket,id=c{n},path={port.path},reconnect=1", "-device",
                          f"virtserialport,chardev=c{n},name={port.name}"]
        self.raw = self.text = ""
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)

    def expect(self, words, seconds=30, since=0):
        deadline = time.monotonic() + seconds
        while words not in self.text[since:]:
            assert time.monotonic() < deadline and self.process.poll() is None, f"no {words!r} in:\n{self.text}"
            if select.select([self.process.stdout], [], [], 0.2)[0]:
                self.raw += self.process.stdout.read(65536).decode(errors="replace")
                self.text = re.sub(r"\x1b\[[0-9;]*[mn]|\r", "", self.raw)  # without colours

    def shell(self, command, words, seconds=30):
        """Type it; wait for these words and the mark behind them; what was printed."""
        since = len(self.text)
        self.process.stdin.write(f"{command}; echo status=$?.\n".encode())
        self.expect(words, seconds, since)
        return self.text[since:]


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ports")
    hypervisor = Hypervisor(folder, SocketPort)
    console = SocketPort(folder, "org.bulkhead.console.user")
    machine = Machine([hypervisor.events, hypervisor.control, console])
    until(lambda: hypervisor.events.connected() and console.connected())
    machine.expect("demo: service ready", BOOT_SECONDS)
    yield hypervisor, machine, console
    machine.process.kill()
    machine.process.wait()
    hypervisor.end()


def test_the_tables_at_boot(pair):
    _, machine, _ = pair
    assert "channel control    open\n" in machine.text
    assert "user     crashed     2    2GiB        1  987654           5       3  triple \\x1b[31mfault\n" in machine.text


def test_events_are_printed(pair):
    hypervisor, machine, _ = pair
    event = hypervisor.event("fault", "error", guest="user", device="0000:03:00.0", reason="no mapping")
    machine.expect(json.dumps(event, separators=(",", ":")))


def test_a_flood_is_not_lost(pair):
    hypervisor, machine, _ = pair
    for n in range(3000):
        hypervisor.event("log", text=f"line {n} " + "x" * 200)
    machine.expect('"line 2999 x', 90)
    out = machine.shell("bulkhead-ctl status", "status=0.")
    assert "missed             0\n" in out and "malformed          0\n" in out


def test_orders(pair):
    hypervisor, machine, _ = pair
    machine.shell("bulkhead-ctl restart user", "restart user: accepted\nstatus=0.")
    assert hypervisor.asked("restart") == [{"command": "restart", "guest": "user"}]


def test_a_port_is_one_programs(pair):
    """Linux gives a port to one program at a time: a second console is told so."""
    hypervisor, machine, console = pair
    machine.shell("(sleep 15 | bulkhead-ctl console user) & true", "status=0.")
    console.write(b"from the guest\n")
    machine.expect("from the guest")
    machine.shell("bulkhead-ctl console user", "no console of guest user: another program has it")
    machine.shell("wait $!; echo typed | bulkhead-ctl console user", "status=0.")
    until(lambda: b"typed\n" in console.read())


def test_the_hypervisor_closes_its_ends(pair):
    hypervisor, machine, _ = pair
    since = len(machine.text)
    hypervisor.events.down()
    machine.expect('"type":"channel-lost","port":"events"', since=since)
    hypervisor.control.down()
    machine.expect('"type":"channel-lost","port":"control"', since=since)
    lost = len(machine.text)
    machine.shell("bulkhead-ctl guests", "the hypervisor's control channel is not open")
    hypervisor.events.up()
    hypervisor.control.up()
    until(lambda: hypervisor.events.connected() and hypervisor.control.connected())
    machine.expect('"type":"channel-open","port":"control"', since=since)
    machine.expect('"type":"channel-open","port":"events"', since=since)
    assert "channel-lost" not in machine.text[lost:]  # not opened while nobody was there
    event = hypervisor.event("log", text="again")
    machine.expect(json.dumps(event, separators=(",", ":")), since=since)
    machine.shell("bulkhead-ctl guests", "service  running     1  256MiB")


def test_metrics_in_the_guest(pair):
    _, machine, _ = pair
    out = machine.shell("sleep 2; cat /run/bulkhead.prom", "bulkhead_rule_failures_total 0")
    assert 'bulkhead_channel_up{port="events"} 1\n' in out and 'bulkhead_network_up{network="dmz"} 0\n' in out
