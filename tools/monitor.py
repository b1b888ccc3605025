# SPDX-License-Identifier: GPL-2.0-only
"""QEMU's monitor over a QMP socket: the emulator's own view of a machine that still runs."""
import contextlib
import json
import pathlib
import re
import socket
import time

REGISTERS = re.compile(r"^CPU#(\d+)$|\b(RIP|EIP|RFL|EFL)=(\w+)|\b(HLT)=(\d)", re.MULTILINE)
APIC = re.compile(r"^(IRR|ISR)\s+(.+)$|\b(initial_count|current_count) = (\d+)", re.MULTILINE)


class Monitor:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(str(path))
        self.replies = self.socket.makefile("r", encoding="utf-8")
        json.loads(self.replies.readline())  # the greeting
        self.execute("qmp_capabilities")

    def execute(self, command, **arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        for line in self.replies:
            reply = json.loads(line)
            if "return" in reply:
                return reply["return"]
            if "error" in reply:
                raise RuntimeError(f"QMP {command}: {reply['error']}")
        raise RuntimeError(f"QMP {command}: QEMU hung up")

    def human(self, line):
        """What the human monitor prints for one line."""
        return self.execute("human-monitor-command", **{"command-line": line}).replace("\r\n", "\n")

    def close(self):
        self.replies.close()
        self.socket.close()


@contextlib.contextmanager
def monitor_of(path):
    monitor = Monitor(path)
    try:
        yield monitor
    finally:
        monitor.close()


def cpus(registers):
    """`info registers -a` -> {CPU: its instruction pointer, flags, and whether it halts, as one text}."""
    found = {}
    for number, name, value, halts, halted in REGISTERS.findall(registers):
        if number:
            words = found.setdefault(int(number), [])
        elif found:
            words.append(f"{name or halts}={value or halted}")
    return {number: " ".join(words) for number, words in found.items()}


def apic(state):
    """`info lapic N` -> its timer's counts, and the vectors it has in service (ISR) and requested (IRR)."""
    return " ".join(f"{name or count}={(text or value).strip()}" for name, text, count, value in APIC.findall(state))


def threads(pid):
    """A line for each thread of a process: its name, state, CPU time in ticks, and what it waits for in the kernel."""
    lines = []
    for task in sorted(pathlib.Path(f"/proc/{pid}/task").glob("*"), key=lambda path: int(path.name)):
        try:
            name, rest = (task / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
            fields = rest.split()
            waits = (task / "wchan").read_text() or "0"
        except OSError:
            continue  # it ended meanwhile
        lines.append(f"thread {task.name} ({name}): state={fields[0]} ticks={int(fields[11]) + int(fields[12])} waits={waits}")
    return lines


def standing(path, pid=None, looks=2, pause=0.5):
    """Lines that say where the CPUs of a machine stand which ran out of time: a line a CPU for each look, and before
    them the threads of the emulator. A QEMU that does not answer is told as such."""
    lines = []
    for look in range(looks if pid is not None else 0):
        time.sleep(pause if look else 0)
        lines += [f"qemu: time is up: look {look + 1}: {text}" for text in threads(pid)]
    try:
        with monitor_of(path) as monitor:
            for look in range(looks):
                time.sleep(pause if look else 0)
                for number, words in cpus(monitor.human("info registers -a")).items():
                    local = apic(monitor.human(f"info lapic {number}"))
                    lines.append(f"qemu: time is up: look {look + 1}: CPU {number}: {words} {local}")
    except (OSError, RuntimeError, ValueError) as error:
        lines.append(f"qemu: time is up: its monitor does not answer: {error}")
    return lines
