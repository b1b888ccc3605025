# SPDX-License-Identifier: GPL-2.0-only
"""The isolation report: what each guest and device tried, what was expected and seen. docs/attest.schema.json describes
the object that make() returns."""
import collections
import hashlib

import derive
import logread
import placing
import required

# What an attempt of each class has to come to.
EXPECTED = {
    "instructions": "#UD (RDPMC: #GP), and no memory written",
    "msr-read": "#GP, but for the MSRs that are kept for this guest",
    "msr-write": "#GP, but for the MSRs that are kept for this guest",
    "ports-in": "ones, but for the ports of this guest's own machine",
    "ports-out": "nothing happens, and the port still reads ones",
    "ipis": "nobody gets it: nothing comes back, and no witness counts an interrupt",
    "pages-hot": "reads are ones before and after a write",
    "pages-low": "reads are ones before and after a write",
    "pages-high": "reads are ones before and after a write",
    "config-absent": "ids read ones and take no write on all buses but for this guest's functions",
    "config-own": "only bits that docs/config-space.md lets a guest write change, and they change back",
    "dma": "blocked by the unit, which records it with this device; nothing of the target is seen",
    "msi": "no interrupt but the one to this guest's own CPU, and no write to memory",
    "message-dma": "no interrupt arrives; the unit records it",
}
BLOCKED, HIDDEN, UNRECORDED, ESCAPED = "blocked", "not shown", "not recorded", "ESCAPE"


class Findings:
    """What is wrong, by how bad it is."""

    def __init__(self):
        self.escapes, self.problems, self.notes = [], [], []

    def verdict(self):
        return "escape" if self.escapes else "incomplete" if self.problems else "pass"


def class_of(words, name, found):
    """One "class=" line; its numbers must add up."""
    counts = {key: logread.number(words, key) for key in ("attempts", "of", "expected", "own", "escapes")}
    if counts["attempts"] != counts["expected"] + counts["own"] + counts["escapes"]:
        raise ValueError(f"guest {name}: the counts of a class do not add up: {words}")
    if words.get("class") not in EXPECTED:
        raise ValueError(f"guest {name}: a class that is not known, another version's log? {words}")
    if counts["escapes"]:
        found.escapes.append(f"guest {name}: {counts['escapes']} attempts of class {words['class']} got through")
    return {"class": words["class"], "expect": EXPECTED[words["class"]], "attempts": counts["attempts"],
            "of": counts["of"], "as_expected": counts["expected"], "own": counts["own"], "escapes": counts["escapes"]}


def whose(log, at, own):
    """Whose memory or registers a host address is; own: the guest that aims."""
    for name, guest in log.guests.items():
        if any(start <= at < start + bytes_ for start, bytes_ in guest.memory):
            return f"guest {name}" + (", its own by the host's address" if name == own else "")
    if placing.inside(at, log.ram):
        return "free RAM" if placing.inside(at, log.free) else "the hypervisor" if log.free else "RAM of no guest"
    if any(base <= at < base + 0x1000 for base in log.units):
        return "a remapping unit"
    return {0xFEC00000: "an I/O APIC", 0xFED00000: "HPET", 0x7000000000: "nothing"}.get(at, "no RAM")


class Records:
    """The unit's records of one device."""

    def __init__(self, log, sid, guest):
        mine = [fault for fault in log.faults if fault.sid == sid and fault.guest == guest]
        self.requests = {(fault.access, fault.at & ~0xFFF) for fault in mine if fault.access != "interrupt"}
        self.asked = set()
        self.interrupts = sum(fault.access == "interrupt" for fault in mine)
        self.suppressed = sum(fault.suppressed for fault in mine)

    def of(self, access, at):
        """A log that leaves lines out says how many: this attempt's may be one of them."""
        key = (access, at & ~0xFFF)
        self.asked.add(key)
        if key in self.requests:
            return BLOCKED
        return HIDDEN if self.suppressed else UNRECORDED

    def take_interrupt(self):
        if self.interrupts:
            self.interrupts -= 1
            return BLOCKED
        return UNRECORDED

    def unexpected(self):
        """Of addresses that the attacker did not name. (What it did name may be read and written: a ring is both.)"""
        pages = {page for _, page in self.asked}
        return sorted((access, page) for access, page in self.requests if page not in pages)


def tries_of(guest, name, at):
    """{(access, target): results} of one device; a target may be tried again."""
    tries = {}
    for words in guest.of("dma"):
        if words.get("device") != at:
            continue
        if words.get("access") not in ("read", "write"):
            raise ValueError(f"guest {name}: a dma line without its access: {words}")
        tries.setdefault((words["access"], logread.number(words, "target")), []).append(words.get("result", ""))
    return tries


def dma_of(log, guest, name, at, records, address, found):
    out = []
    for (access, target), results in tries_of(guest, name, at).items():
        seen = records.of(access, target)
        owner = whose(log, target, name)
        if "leaked" in results:
            seen = ESCAPED
            found.escapes.append(f"guest {name}: device {address} read {target:#x}, {owner}")
        if seen in (UNRECORDED, HIDDEN):
            left_out = " (the log left records of this device out)" if seen == HIDDEN else ""
            found.problems.append(f"guest {name}: device {address}: the {access} of {target:#x} was not recorded: "
                                  f"nothing shows that it was blocked{left_out}")
        out.append({"target": f"{target:#x}", "whose": owner, "access": access, "tries": len(results),
                    "device_said": results[-1], "seen": seen})
    return out


def messages_of(guest, name, at, records, address, emulator, found):
    out = []
    for words in guest.of("message"):
        if words.get("device") != at:
            continue
        out.append({"address": f"{logread.number(words, 'address'):#x}", "data": f"{logread.number(words, 'data'):#x}",
                    "seen": records.take_interrupt()})
    silent = sum(message["seen"] == UNRECORDED for message in out)
    if silent:
        text = (f"guest {name}: device {address}: {silent} forged messages were not recorded by the unit; none arrived in a "
                "guest")
        if emulator == "qemu":
            found.notes.append(f"{text} (QEMU 7.2 lets messages in compatibility format pass)")
        else:
            found.problems.append(f"{text}, but nothing shows that they were blocked")
    return out


def control_of(guest, at, when):
    for words in guest.of("control"):
        if words.get("device") == at and words.get("when") == when:
            return {"reads": words.get("reads") == "1", "writes": words.get("writes") == "1"}
    return None


def not_attempted(guest, at):
    return [{"class": words.get("class", ""), "why": words.get("why", "")} for words in guest.of("not-attempted")
            if words.get("device", "") == at]


def device_of(log, guest, name, words, address, ticket, found):
    at = words.get("device", "")
    records = Records(log, address, name)
    drivers = [line for line in guest.of("driver") if line.get("device") == at]
    classes = [class_of(line, name, found) for line in guest.of("class") if line.get("device") == at]
    before, after = control_of(guest, at, "before"), control_of(guest, at, "after")
    if before and any(before.values()) and before != after:
        found.problems.append(f"guest {name}: device {address} worked before the attempts and not after: their silence "
                              "says less")
    device = {
        "address": address, "guest_address": at, "id": words.get("id", ""), "class": words.get("class", ""),
        "driver": drivers[0].get("name") if drivers else None, "how": drivers[0].get("how") if drivers else None,
        "works_before": before, "works_after": after, "classes": classes,
        "dma": dma_of(log, guest, name, at, records, address, found),
        "messages": messages_of(guest, name, at, records, address, ticket["emulator"], found),
        "not_attempted": not_attempted(guest, at),
    }
    required.device(log, ticket, name, device, found)
    for access, page in records.unexpected():
        found.problems.append(f"guest {name}: device {address}: a {access} of {page:#x} was blocked that nobody ordered")
    return device


def devices_of(log, guest, name, ticket, found):
    required.devices(ticket, name, guest, found)
    lines = guest.of("device")
    if len(lines) != len(guest.devices):
        found.problems.append(f"guest {name}: it was given {len(guest.devices)} devices and found {len(lines)}")
    return [device_of(log, guest, name, words, address, ticket, found) for words, address in zip(lines, guest.devices)]


def witness_of(guest, name, last_attack, found):
    """What it saw of its own memory: only a look that began after the last guest's last attempt counts as the end."""
    looks = guest.numbers("look")
    whole = [(number, words) for number, kind, words in guest.lines if kind == "witness"]
    changed = max((logread.number(words, "changed") for _, words in whole), default=0)
    stray = max((logread.number(words, "stray") for _, words in whole), default=0)
    if changed:
        first = next(words.get("first") for _, words in whole if logread.number(words, "changed"))
        found.escapes.append(f"guest {name}: {changed} bytes of its memory changed, the first at {first}")
    if stray:
        found.escapes.append(f"guest {name}: {stray} interrupts came that nobody should have sent")
    after = [number for number in looks if last_attack is not None and number > last_attack]
    if not after or not any(number > after[0] for number, _ in whole):
        found.problems.append(f"guest {name}: it did not look at its memory after the last attempt")
    bytes_ = max((logread.number(words, "bytes") for _, words in whole), default=0)
    return {"bytes": bytes_, "looks": len(whole), "changed": changed, "stray_interrupts": stray}


def guest_of(log, name, ticket, last_attack, found):
    guest = log.guest(name)
    begins = guest.of("begin")
    if len(begins) != 1:
        found.problems.append(f"guest {name}: it began {len(begins)} times")
    elif logread.number(begins[0], "ticket") != ticket["number"]:
        raise ValueError(f"guest {name} ran with another ticket: this log is of another configuration or image")
    if not guest.of("attacked"):
        found.problems.append(f"guest {name}: its attempts did not end")
    if guest.end not in ("", "powered-off"):
        found.problems.append(f"guest {name}: it ended as {guest.end}")
    for words in guest.of("escape"):
        found.escapes.append(f"guest {name}: {words.get('class', '')} {words.get('device', '')}: {words.get('what', '')}")
    classes = [class_of(words, name, found) for words in guest.of("class") if "device" not in words]
    skipped = not_attempted(guest, "")
    required.classes(classes, skipped, name, found)
    devices = devices_of(log, guest, name, ticket, found)
    required.sums(guest, name, [*classes, *(entry for device in devices for entry in device["classes"])], found)
    skipped += required.neighbour(ticket)
    return {"name": name, "memory": [{"start": f"{start:#x}", "bytes": bytes_} for start, bytes_ in guest.memory],
            "classes": classes, "not_attempted": skipped, "devices": devices,
            "witness": witness_of(guest, name, last_attack, found)}


def check_hypervisor(log, ticket, found):
    if not log.verdicts:
        found.problems.append("the isolation audit said nothing")
    if "fail" in log.verdicts:
        found.escapes.append("the isolation audit failed: " + "; ".join(log.findings[:3]))
    found.escapes += [f"the hypervisor panicked: {line}" for line in log.panics[:1]]
    found.problems += [f"no guest was started: {line}" for line in log.refusals[:1]]
    given = {(address, name) for name, guest in log.guests.items() for address in guest.devices}
    strange = {(fault.sid, fault.guest) for fault in log.faults if fault.guest != "-"} - given
    found.problems += [f"a blocked request of {sid} is told of guest {guest}, which does not have it"
                       for sid, guest in sorted(strange)]
    if log.lost:
        found.notes.append(f"{log.lost} times a unit's records were full or came too fast: some are missing from the log")
    nobody = sum(fault.guest == "-" for fault in log.faults)
    if nobody:
        found.notes.append(f"{nobody} requests of devices that nobody has were blocked")
    extra = sorted(set(log.guests) - set(ticket["guests"]))
    found.problems += [f"guest {name} is not in the ticket" for name in extra]


def note_gaps(guests, found):
    """What was not tried, in one line: a pass says nothing of it."""
    gaps = collections.Counter(entry["class"] for guest in guests for place in [guest, *guest["devices"]]
                               for entry in place["not_attempted"])
    if gaps:
        found.notes.append("not attempted: " + ", ".join(f"{count} x {name}" for name, count in sorted(gaps.items())) +
                           "; the lines \"not attempted\" below say where and why, docs/attest.md what it means")


def make(ticket, lines, stopped=None):
    """The report as an object for JSON; stopped: why the log is not all. ValueError: the log is none of this ticket's run,
    or was damaged."""
    lines = list(lines)
    log, found = logread.read(lines), Findings()
    found.problems += [stopped] if stopped else []
    check_hypervisor(log, ticket, found)
    required.machine(log, ticket, found)
    ends = [log.guest(name).numbers("attacked") for name in ticket["guests"]]
    last_attack = max(numbers[-1] for numbers in ends) if all(ends) else None
    guests = [guest_of(log, name, ticket, last_attack, found) for name in ticket["guests"]]
    note_gaps(guests, found)
    attempts = sum(entry["attempts"] for guest in guests
                   for entry in [*guest["classes"], *(c for d in guest["devices"] for c in d["classes"])])
    log_hash = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return {"format": derive.FORMAT, "verdict": found.verdict(), "attempts": attempts, "escapes": found.escapes,
            "problems": found.problems, "notes": found.notes, "depth": ticket["depth"],
            "budget_ms": ticket["budget_ms"], "seed": ticket["seed"], "emulator": ticket["emulator"],
            "sha256": {**ticket["sha256"], "log": log_hash}, "guests": guests}


# --- as text

def class_lines(classes, indent):
    for entry in classes:
        left = "" if entry["attempts"] >= entry["of"] else f" of {entry['of']}"
        own = f", {entry['own']} of its own" if entry["own"] else ""
        yield (f"{indent}{entry['class']:<13} {entry['attempts']:>7}{left} attempts: {entry['as_expected']} as expected"
               f"{own}, {entry['escapes']} escapes")
        yield f"{indent}{'':<13} expected: {entry['expect']}"


def device_lines(device):
    by = f" by its {device['driver']} driver: {device['how']}" if device["driver"] else ": no driver"
    yield f"  device {device['address']} {device['id']} (there {device['guest_address']}){by}"
    yield from class_lines(device["classes"], "    ")
    for attempt in device["dma"]:
        yield f"    {attempt['access']:<5} {attempt['target']} ({attempt['whose']}): {attempt['seen']}"
    for message in device["messages"]:
        yield f"    message {message['address']} data {message['data']}: {message['seen']}"
    for entry in device["not_attempted"]:
        yield f"    not attempted: {entry['class']}: {entry['why']}"


def guest_lines(guest):
    memory = ", ".join(f"{entry['bytes'] >> 20} MiB at {entry['start']}" for entry in guest["memory"])
    yield f"guest {guest['name']}: {memory}"
    yield from class_lines(guest["classes"], "  ")
    for entry in guest["not_attempted"]:
        yield f"  not attempted: {entry['class']}: {entry['why']}"
    for device in guest["devices"]:
        yield from device_lines(device)
    witness = guest["witness"]
    yield (f"  witness: {witness['bytes'] >> 10} KiB looked at {witness['looks']} times, {witness['changed']} bytes changed,"
           f" {witness['stray_interrupts']} interrupts that nobody should have sent")


def text(result):
    lines = [f"bulkhead attest: {result['verdict'].upper()}: {result['attempts']} attempts, "
             f"{len(result['escapes'])} escapes, {len(result['problems'])} problems"]
    lines += [f"  sha256 {what:<13} {value or 'none'}" for what, value in result["sha256"].items()]
    lines.append(f"  depth {result['depth']}, {result['budget_ms']} ms a class, seed {result['seed']}, on "
                 f"{result['emulator'] or 'the machine of the dump'}")
    lines += [f"  ESCAPE: {line}" for line in result["escapes"]]
    lines += [f"  problem: {line}" for line in result["problems"]]
    lines += [f"  note: {line}" for line in result["notes"]]
    for guest in result["guests"]:
        lines += guest_lines(guest)
    return "\n".join(lines) + "\n"
