# SPDX-License-Identifier: GPL-2.0-only
"""The one description of a fault line, strict: every key, in this order, nothing else.

    fault: unit=0 sid=0000:00:05.0 device=- guest=- access=write addr=0x163000 reason=0x5 text="..."

An interrupt request has index= in the place of addr=; suppressed= counts lines that the rate limit left out; what=,
before= and cause= say what is known about the address."""
import dataclasses
import re

LOG_HEAD = re.compile(r"^\[ *\d+\.\d{6}\] (error|warn |info |debug) (.*)$")
FAULT = re.compile(
    r"^fault: unit=(?P<unit>0|[1-9]\d*)"
    r" sid=(?P<sid>[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7])"
    r" device=(?P<device>\S+) guest=(?P<guest>\S+)"
    r" access=(?P<access>read|write|atomic|page-request|interrupt)"
    r" (?:addr=(?P<addr>0x[0-9a-f]+)|index=(?P<index>0x[0-9a-f]+))"
    r" reason=(?P<reason>0x[0-9a-f]{1,2})"
    r"(?: suppressed=(?P<suppressed>[1-9]\d*))?"
    r'(?: what="(?P<what>[^"]+)")?(?: before="(?P<before>[^"]+)")?(?: cause="(?P<cause>[^"]+)")?'
    r' text="(?P<text>[^"]+)"$')


@dataclasses.dataclass(frozen=True)
class Fault:
    unit: int
    sid: str
    device: str
    guest: str
    access: str
    addr: int | None
    index: int | None
    reason: int
    suppressed: int
    text: str
    what: str | None = None
    before: str | None = None
    cause: str | None = None


def body(line):
    """A log line without time and level; None when it is no log line."""
    match = LOG_HEAD.match(line)
    return match[2] if match else None


def parse(text):
    """The Fault that a line's body says; ValueError when it says "fault:" and is anything but that."""
    match = FAULT.match(text)
    if not match:
        raise ValueError(f"not a fault line: {text!r}")
    number = {key: int(match[key], 16) if match[key] else None for key in ("addr", "index", "reason")}
    return Fault(unit=int(match["unit"]), sid=match["sid"], device=match["device"], guest=match["guest"],
                 what=match["what"], before=match["before"], cause=match["cause"],
                 access=match["access"], suppressed=int(match["suppressed"] or 0), text=match["text"], **number)


def faults(lines):
    """Every fault that these console lines report, in order."""
    bodies = (body(line) for line in lines)
    return [parse(text) for text in bodies if text and text.startswith("fault:")]
