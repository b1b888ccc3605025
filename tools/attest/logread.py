# SPDX-License-Identifier: GPL-2.0-only
"""A console log of an attesting run, as data: what the hypervisor said, and what each guest said. A guest may print what
it likes, so the hypervisor's lines are those with the log's time and level, a guest's those behind its name."""
import dataclasses
import re

import testbed

HEAD = re.compile(r"^\[ *\d+\.\d{6}\] (?:error|warn |info |debug) (.*)$")
GUEST = re.compile(r"^([a-z0-9-]{1,31})\| ATTEST (.*)$")
WORD = re.compile(r'([a-z-]+)=("[^"]*"|\S+)')
FAULT = re.compile(r"^fault: unit=\d+ sid=(\S+) device=\S+ guest=(\S+) access=(\S+) (?:addr|index)=(0x[0-9a-f]+) "
                   r"reason=(0x[0-9a-f]+)(?: suppressed=(\d+))?")
MOST_LINES = 1 << 20


@dataclasses.dataclass
class Fault:
    sid: str
    guest: str
    access: str
    at: int
    suppressed: int


@dataclasses.dataclass
class GuestLog:
    """Lines are (number, kind, words): kind is the first word, of "class=..." lines "class" and so on."""

    lines: list = dataclasses.field(default_factory=list)
    memory: list = dataclasses.field(default_factory=list)  # (host address, bytes)
    devices: list = dataclasses.field(default_factory=list)  # host addresses, in the order of the guest's bus
    end: str = ""

    def of(self, kind):
        return [words for _, what, words in self.lines if what == kind]

    def numbers(self, kind):
        return [number for number, what, _ in self.lines if what == kind]


@dataclasses.dataclass
class Log:
    guests: dict = dataclasses.field(default_factory=dict)
    faults: list = dataclasses.field(default_factory=list)
    ram: list = dataclasses.field(default_factory=list)  # (start, end) of the machine's
    free: list = dataclasses.field(default_factory=list)  # (start, end) of what nobody had when the guests were made
    units: list = dataclasses.field(default_factory=list)
    verdicts: list = dataclasses.field(default_factory=list)  # of the isolation audit
    findings: list = dataclasses.field(default_factory=list)
    panics: list = dataclasses.field(default_factory=list)
    refusals: list = dataclasses.field(default_factory=list)
    lost: int = 0  # times that a unit, or the log, lost records

    def guest(self, name):
        return self.guests.setdefault(name, GuestLog())


def number(words, key):
    """A number of a line; ValueError says which line lacks it."""
    try:
        value = int(words[key], 0)
    except (KeyError, ValueError):
        raise ValueError(f"the log has a line without a number {key}=: it was cut or changed: {words}") from None
    if value < 0 or value >= 1 << 64:
        raise ValueError(f"{key}={value} cannot be")
    return value


def words_of(text):
    return {key: value.strip('"') for key, value in WORD.findall(text)}


def kind_of(text):
    return re.split(r"[ =]", text, maxsplit=1)[0]


def take_hypervisor_line(log, text):
    words = words_of(text)
    if text.startswith("fault: "):
        match = FAULT.match(text)
        log.lost += "overflow" in words or "storm" in words
        if match:
            sid, guest, access, at, _, suppressed = match.groups()
            log.faults.append(Fault(sid, guest, access, int(at, 16), int(suppressed or 0)))
    elif text.startswith("guest: name=") and "name" in words:
        guest = log.guest(words["name"])
        if " memory guest=" in text:
            guest.memory.append((number(words, "host"), number(words, "mib") << 20))
        elif " attached, reset, behind unit" in text and "device" in words:
            guest.devices.append(words["device"])
        elif "end" in words:
            guest.end = words["end"]
    elif text.startswith("audit: verdict="):
        log.verdicts.append(words.get("verdict", "fail"))
    elif text.startswith("audit: finding="):
        log.findings.append(text.removeprefix("audit: "))
    elif text.startswith("panic: "):
        log.panics.append(text)
    elif text.startswith("bulkhead: refused"):
        log.refusals.append(text.replace("bulkhead.toml:", "attest-derived.toml:"))  # the module's name, the derived file's
    elif text.startswith("vtd: unit=") and "base" in words:
        log.units.append(number(words, "base"))
    else:
        match = re.match(r"memory: (free )?(0x[0-9a-f]+)\.\.(0x[0-9a-f]+)( ram| hypervisor| loader|)$", text)
        if match and bool(match[1]) != bool(match[4]):
            (log.free if match[1] else log.ram).append((int(match[2], 16), int(match[3], 16)))


def read(lines):
    """The Log. ValueError: a line that cannot be, or nothing of an attesting run in it."""
    if len(lines) > MOST_LINES:
        raise ValueError(f"a log of more than {MOST_LINES} lines is none of an attesting run")
    log, said = Log(), False
    for index, line in enumerate(testbed.whole_lines(testbed.clean(line) for line in lines)):
        head, guest = HEAD.match(line), GUEST.match(line)
        if head:
            take_hypervisor_line(log, head[1])
        elif guest:
            said = True
            log.guest(guest[1]).lines.append((index, kind_of(guest[2]), words_of(guest[2])))
    if not said and not log.verdicts and not log.panics and not log.refusals:
        raise ValueError("the log has no line of an attesting run (name| ATTEST ...)")
    return log
