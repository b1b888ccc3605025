# SPDX-License-Identifier: GPL-2.0-only
"""From a user's configuration to the one that attests it: the same guests, each with the attacker as its kernel, and a
ticket that says what was made of what."""
import dataclasses
import hashlib
import json
import re
import tomllib
import zlib

import placing

FORMAT = "bulkhead-attest 1"  # of the report
TICKET_FORMAT = "bulkhead-attest-ticket 2"
ATTACKER = "attest"  # the boot module's name
MIB = 1 << 20
UNITS = {"KiB": 1 << 10, "MiB": MIB, "GiB": 1 << 30, "TiB": 1 << 40}


FIRMWARE = 0x29000  # of QEMU's, at the end of memory below 4 GiB


@dataclasses.dataclass(frozen=True)
class Depth:
    budget_ms: int  # for each class of attempts that may run out of time; 0: all of them
    targets: int  # DMA targets, or as many as it takes to aim at every guest
    pause_ms: int  # after each of them, so that the log has room for the records: 16 a device, then one a second
    device_ms: int  # about as long as the attacks of one device take, with as many targets
    seconds: int  # to stay as a witness, where nobody ends the machine
    timeout: int  # of an emulator, besides the devices


DEPTHS = {"quick": Depth(500, 8, 100, 10000, 60, 240), "full": Depth(0, 64, 2500, 720000, 3600, 5400)}

# What does not decide who reaches what: images and their pins, when guests and devices are stopped or started anew.
FAULT_KEYS = {"on-fault", "fault-limit", "irq-limit", "fault-severity"}
DROPPED = {
    "system": {"service", "events-level", "audit"},
    "guest": {"kernel", "initrd", "modules", "cmdline", "kernel-sha256", "initrd-sha256", "fallback-kernel", "fallback-initrd",
              "fallback-cmdline", "fallback-kernel-sha256", "fallback-initrd-sha256", "autostart", "on-reboot",
              "on-poweroff", "restart", "watchdog", "watch", "on-watch", "watch-armed", "watch-after-s"} | FAULT_KEYS,
    "device": FAULT_KEYS,
}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def size_of(text):
    match = re.fullmatch(r"(\d+)(KiB|MiB|GiB|TiB)", str(text))
    if not match:
        raise ValueError(f"memory = {text!r}: a number and KiB, MiB, GiB or TiB")
    return int(match[1]) * UNITS[match[2]]


# --- the machine

@dataclasses.dataclass
class Facts:
    """What the targets are chosen from."""

    ram: list  # (start, end)
    units: list
    cpus: int
    ecams: list


def table_bytes(lines, signature):
    """The rows of one ACPI table of a dump."""
    data, inside = bytearray(), False
    for line in lines:
        if not line.startswith(" "):
            inside = line.startswith(f"acpi {signature} ") and not data
        elif inside and re.match(r" [0-9a-f]+: ", line):
            data += bytes.fromhex(line.split(":", 1)[1])
    return bytes(data)


def facts_of_dump(text):
    lines = text.splitlines()
    if not lines or lines[0] != "bulkhead-machine 1" or lines[-1] != "end":
        raise ValueError("the dump is none, or was cut: its first line is \"bulkhead-machine 1\", its last one \"end\"")
    ram = [(int(first, 16), int(last, 16) + 1)
           for first, last in re.findall(r"^memory (0x[0-9a-f]+)-(0x[0-9a-f]+) ram$", text, re.M)]
    units = [int(at, 16) for at in re.findall(r"^unit (0x[0-9a-f]+) ", text, re.M)]
    mcfg = table_bytes(lines, "MCFG")
    ecams = [int.from_bytes(mcfg[at:at + 8], "little") for at in range(44, len(mcfg) - 15, 16)]
    return Facts(ram, units, len(re.findall(r"^cpu \d+ apic ", text, re.M)), ecams)


def facts_of_emulator(name, mebibytes, cpus):
    """q35's memory below 4 GiB ends at 2 GiB when all does not fit below 0xb0000000; its firmware keeps the last pieces."""
    bytes_ = mebibytes * MIB
    if name == "bochs":
        return Facts([(0, bytes_)], [0xFED90000], cpus, [])
    low = bytes_ if bytes_ <= 0xB0000000 else 0x80000000
    high = [(1 << 32, (1 << 32) + bytes_ - low)] if bytes_ > low else []
    return Facts([(0, low - FIRMWARE), *high], [0xFED90000], cpus, [0xB0000000])


# --- what to aim at

def targets(facts, guests, depth):
    """Host addresses, the most telling ones first: where this memory allocator puts the hypervisor and each guest, the
    machine's registers, nothing at all; then RAM in even steps. The report says from the log whose memory each one was in
    the end."""
    top = max((end for _, end in facts.ram), default=1 << 32)
    sizes = {name: size_of(guest["memory"]) for name, guest in guests.items()}
    attackers = [name for name, guest in guests.items() if guest.get("devices")]
    first = [top - 0x80000, *placing.aims(facts.ram, sizes, attackers), *facts.units[:1], 0x7000000000, 0xFEC00000,
             0xFED00000, *facts.ecams[:1]]
    most = max(depth.targets, len(first))
    first += facts.units[1:max(1, most // 8)]
    step = max(2 * MIB, (top // most) & -0x1000)
    rest = [at + 0x123000 for at in range(16 * MIB, top, step)] if most > 16 else []
    chosen = []
    for at in [*first, *rest]:
        at &= ~0xFFF
        if at not in chosen and at > MIB:
            chosen.append(at)
    return chosen[:most]


# --- the configuration

def value_text(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(value_text(item) for item in value) + "]"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def table_text(head, keys):
    return "\n".join([f"[{head}]", *(f"{key} = {value_text(value)}" for key, value in keys.items()), ""])


def kept(kind, table):
    return {name: value for name, value in table.items() if name not in DROPPED[kind]}


def is_table(value, of_tables=False):
    return isinstance(value, dict) and (not of_tables or all(isinstance(item, dict) for item in value.values()))


def check_tables(config):
    """As far as the rest of this file needs it; the hypervisor's own parser checks all of what comes out."""
    if not is_table(config.get("system", {})) or not all(is_table(config.get(kind, {}), True) for kind in ("guest", "device")):
        raise ValueError("[system], [guest.NAME] and [device.\"...\"] are tables: see bulkhead check")
    if not config.get("guest"):
        raise ValueError("it has no [guest.NAME]")
    for name, guest in config["guest"].items():
        cpus = guest.get("cpus")
        if not isinstance(guest.get("devices", []), list) or not isinstance(cpus, list) or not cpus or not all(isinstance(cpu, int) for cpu in cpus) or "memory" not in guest:
            raise ValueError(f"[guest.{name}] needs cpus and memory: see bulkhead check")


def add_witness(guests, cpus):
    """A single guest has no neighbour: one is added where a CPU is free. Its name, or None."""
    used = {cpu for guest in guests.values() for cpu in guest["cpus"]}
    free = [cpu for cpu in range(cpus) if cpu not in used]
    if len(guests) > 1 or not free:
        return None
    guests["attest-witness"] = {"cpus": free[:1], "memory": "16MiB"}
    return "attest-witness"


def facts_for(o, guests):
    """Of the machine that will run: an emulator has its own memory and units, whatever dump is given besides."""
    if not o.emulator:
        return facts_of_dump(o.machine.read_text(errors="replace"))
    return facts_of_emulator(o.emulator, emulated_mebibytes(o.emulator, guests), emulated_cpus(guests))


def emulated_cpus(guests):
    return max(2, 1 + max(cpu for guest in guests.values() for cpu in guest["cpus"]))


def emulated_mebibytes(name, guests):
    wanted = sum(size_of(guest["memory"]) for guest in guests.values()) // MIB
    return max(512, wanted + 256) if name == "bochs" else max(3072, wanted + 1024)


def attacked(config, guests, words, pin):
    """The derived configuration as text. words: guest -> command line."""
    out = ["version = 1", "", table_text("system", {**kept("system", config.get("system", {})), "audit": True})]
    for name, guest in guests.items():
        keys = {**kept("guest", guest), "kernel": ATTACKER, "kernel-sha256": pin, "cmdline": words[name], "on-reboot": "stop"}
        out.append(table_text(f"guest.{name}", keys))
    for name, device in config.get("device", {}).items():
        keys = kept("device", device)
        if keys:
            out.append(table_text(f'device."{name}"', keys))
    return "\n".join(out)


def turns_of(guests, device_ms):
    """When the devices of each guest may begin: those of one guest at a time, for units that have one fault record."""
    turns, at = {}, 0
    for name, guest in guests.items():
        turns[name] = at
        at += device_ms * len(guest.get("devices", []))
    return turns


def pause_ms(depth, aims):
    """With more targets than the depth's the log has room for each record twice: 16 at once, then one a second."""
    tries = 4 * aims
    return depth.pause_ms if aims <= depth.targets else max(depth.pause_ms, 1000 * (tries - 16) // tries)


def device_ms(depth, aims):
    """About as long as one device takes with that many targets."""
    more = 4 * aims * (pause_ms(depth, aims) - depth.pause_ms)
    return max(depth.device_ms, depth.device_ms * aims // depth.targets + more)


def devices_seconds(depth, guests, aims):
    return sum(len(guest.get("devices", [])) for guest in guests.values()) * device_ms(depth, aims) // 1000


def emulator_seconds(o, guests, aims):
    """How long an emulator may take: the guests stay as witnesses for as long, whoever set it."""
    depth = DEPTHS[o.depth]
    return int(o.timeout) or depth.timeout + devices_seconds(depth, guests, aims)


def devices_of(guests, planned):
    """Guest -> the addresses that its devices must have. planned: what `bulkhead plan --json` says, or None: then what the
    configuration names, of a group the one function."""
    if planned:
        given = {guest["name"]: [device["address"] for device in guest["devices"]] for guest in planned["guests"]}
    else:
        given = {name: [str(device).removeprefix("group:") for device in guest.get("devices", [])]
                 for name, guest in guests.items()}
    return {name: given.get(name, []) for name in guests}


def ranges_text(ranges):
    return [[f"{start:#x}", f"{end:#x}"] for start, end in ranges]


def derive(o, planned=None):
    """(ticket, text of the derived configuration) from the options of the command line. planned: as in devices_of()."""
    source = o.config.read_bytes()
    try:
        config = tomllib.loads(source.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{o.config}: {error}; see bulkhead check") from None
    try:
        check_tables(config)
    except ValueError as error:
        raise ValueError(f"{o.config}: {error}") from None
    guests = dict(config["guest"])
    facts = facts_for(o, guests)
    witness = add_witness(guests, facts.cpus)
    depth = DEPTHS[o.depth]
    aims = targets(facts, guests, depth)
    attacker = o.attacker.read_bytes()
    ticket = {
        "format": TICKET_FORMAT,
        "guests": list(guests),
        "devices": devices_of(guests, planned),
        "machine": {"ram": ranges_text(facts.ram), "units": [f"{at:#x}" for at in facts.units]},
        "added_witness": witness,
        "depth": o.depth,
        "budget_ms": depth.budget_ms if o.budget_ms is None else o.budget_ms,
        "seed": o.seed,
        "targets": [f"{at:#x}" for at in aims],
        "emulator": o.emulator,
        "sha256": {
            "configuration": sha256(source),
            "dump": sha256(o.machine.read_bytes()) if o.machine else None,
            "hypervisor": sha256(o.hypervisor.read_bytes()),
            "attacker": sha256(attacker),
        },
    }
    ticket["number"] = number_of(ticket)
    count = len(aims)
    seconds = emulator_seconds(o, guests, count) if o.emulator else depth.seconds + devices_seconds(depth, guests, count)
    base = (f"targets={','.join(ticket['targets'])} ticket={ticket['number']} seed={o.seed} "
            f"budget={ticket['budget_ms']} seconds={seconds} pause={pause_ms(depth, count)}")
    turns = turns_of(guests, device_ms(depth, count))
    words = {name: f"{base} turn={turns[name]}" + (" spoil=1" if name == o.spoil else "") for name in guests}
    return ticket, attacked(config, guests, words, ticket["sha256"]["attacker"])


def number_of(ticket):
    """What the attacker prints, so that a log is read with its own ticket."""
    return zlib.crc32(json.dumps({key: ticket[key] for key in sorted(ticket) if key != "number"}).encode())


def check_ticket(ticket):
    if not isinstance(ticket, dict) or ticket.get("format") != TICKET_FORMAT:
        raise ValueError(f"the ticket is none, or of another version: its format is not {TICKET_FORMAT!r}")
    keys = {"guests", "devices", "machine", "added_witness", "depth", "budget_ms", "seed", "targets", "emulator", "sha256", "number"}
    missing = keys - set(ticket)
    if missing or ticket["number"] != number_of(ticket):
        raise ValueError("the ticket was changed or cut")
