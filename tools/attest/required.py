# SPDX-License-Identifier: GPL-2.0-only
"""What a log must show for a pass: the machine and the devices of the ticket, every class of attempts, every target by
every device that could be made to try it. A console that loses lines must not look like a guest that got nowhere."""
import logread
import placing

MIB = 1 << 20
NEEDED = ("instructions", "msr-read", "msr-write", "ports-in", "ports-out", "ipis", "pages-hot", "pages-low",
          "config-absent")
OF_DEVICES = ("config-own", "dma", "msi", "message-dma")
# Firmware's own pieces lie elsewhere from start to start; below this a difference is none.
PIECE = 16 * MIB


# --- the machine

def ranges_text(ranges):
    return ", ".join(f"{start:#x}..{end:#x}" for start, end in ranges)


def machine(log, ticket, found):
    """Is it the one that the targets were chosen for?"""
    if log.refusals and not log.units:
        return
    meant = [(int(start, 16), int(end, 16)) for start, end in ticket["machine"]["ram"]]
    units = {int(at, 16) for at in ticket["machine"]["units"]}
    for what, part in (("has", placing.minus(log.ram, meant)), ("lacks", placing.minus(meant, log.ram))):
        large = [(start, end) for start, end in part if end - start >= PIECE]
        if large:
            found.problems.append(f"another machine than the ticket's: it {what} RAM at {ranges_text(large)}")
    for what, part in (("has", set(log.units) - units), ("lacks", units - set(log.units))):
        if part:
            found.problems.append(f"another machine than the ticket's: it {what} remapping units at "
                                  + ", ".join(f"{at:#x}" for at in sorted(part)))


# --- classes

def classes(entries, skipped, name, found):
    have = {entry["class"] for entry in entries}
    for needed in NEEDED + (() if any(entry["class"] == "pages-high" for entry in skipped) else ("pages-high",)):
        if needed not in have:
            found.problems.append(f"guest {name}: nothing of class {needed}")
    for entry in entries:
        told(entry, f"guest {name}", found)


def told(entry, where, found):
    """Attempts of what is the guest's own show nothing."""
    if entry["attempts"] == 0:
        found.problems.append(f"{where}: no attempt of class {entry['class']}")
    elif entry["as_expected"] == 0 and entry["escapes"] == 0:
        found.problems.append(f"{where}: all {entry['attempts']} attempts of class {entry['class']} met what is its own")


def sums(guest, name, entries, found):
    """The attacker's own sums are over its classes and its devices': a line that was lost makes a difference."""
    for words in guest.of("attacked"):
        for key in ("attempts", "escapes"):
            said, counted = logread.number(words, key), sum(entry[key] for entry in entries)
            if said != counted:
                found.problems.append(f"guest {name}: it counted {said} {key}, its classes come to {counted}: the log lost "
                                      "lines")


def neighbour(ticket):
    """A guest that is alone: nobody else looked."""
    why = "it is alone, and no CPU was free for a witness: there was no other guest's memory, and nobody for its interrupts"
    return [{"class": "neighbour", "why": why}] if len(ticket["guests"]) == 1 else []


# --- devices

def devices(ticket, name, guest, found):
    """guest: of the log. A configuration's "vendor:device" is whichever was there."""
    for address in ticket["devices"].get(name, []):
        if address not in guest.devices:
            found.problems.append(f"guest {name}: device {address} of the ticket was not given to it")


def device(log, ticket, name, entry, found):
    """entry: of the report, with all that the log says of it; gets a line more for what could not be had."""
    where = f"guest {name}: device {entry['address']}"
    have = {one["class"]: one for one in entry["classes"]}
    skipped = {one["class"] for one in entry["not_attempted"]}
    for needed in OF_DEVICES:
        if needed not in have and needed not in skipped:
            found.problems.append(f"{where}: nothing of class {needed}, and not that it was not attempted")
    own = own_ram(log.guest(name))
    aims = [at for at in (int(text, 16) for text in ticket["targets"]) if not placing.inside(at, own)]
    for one in entry["classes"]:
        if one["class"] != "dma" or aims:
            told(one, where, found)
    counts(entry, have, where, found)
    if "dma" in skipped and not entry["driver"]:
        return
    ways(entry, skipped, aims, where, found)
    victims(log, name, entry, own, where, found)


def own_ram(guest):
    """By its own addresses: what its devices may reach."""
    lines = [(logread.number(words, "start"), logread.number(words, "bytes")) for words in guest.of("ram")]
    return [(start, start + bytes_) for start, bytes_ in lines]


def counts(entry, have, where, found):
    """Each attempt has a line of its own besides the count."""
    dma = sum(one["tries"] for one in entry["dma"])
    for name, lines in (("dma", dma), ("message-dma", len(entry["messages"]))):
        counted = have[name]["as_expected"] + have[name]["escapes"] if name in have else 0
        if counted != lines:
            found.problems.append(f"{where}: {counted} attempts of class {name}, and lines of {lines}: the log lost lines")


def ways(entry, skipped, aims, where, found):
    """Every target in each direction that worked on the guest's own RAM."""
    before = entry["works_before"]
    if not entry["driver"] or not before or not entry["works_after"]:
        found.problems.append(f"{where}: not told by which driver it worked, before and after the attempts")
    for access in ("read", "write"):
        if before and before[access + "s"]:
            tried = {int(one["target"], 16) for one in entry["dma"] if one["access"] == access}
            missing = [at for at in aims if at not in tried]
            if missing:
                found.problems.append(f"{where}: no {access} of {', '.join(f'{at:#x}' for at in missing)} was tried")
        elif before and f"dma-{access}" not in skipped:
            found.problems.append(f"{where}: not told why its {access}s were not tried")


def victims(log, name, entry, own, where, found):
    """Another guest's memory and the hypervisor's must be among the targets, where they can be aimed at."""
    owners = {one["whose"] for one in entry["dma"]}
    memory = {other: [(start, start + bytes_) for start, bytes_ in guest.memory] for other, guest in log.guests.items()}
    others = [part for other, parts in memory.items() if other != name for part in parts]
    taken = [part for parts in memory.values() for part in parts] + log.free
    aimed = {"another guest's memory": any(owner.startswith("guest ") and "its own" not in owner for owner in owners),
             "the hypervisor's memory": "the hypervisor" in owners}
    reach = {"another guest's memory": others, "the hypervisor's memory": placing.minus(log.ram, taken)}
    for what, done in aimed.items():
        if done:
            continue
        if what.startswith("the hypervisor") and not log.free:
            found.problems.append(f"{where}: the log does not say what memory is free: nothing shows that {what} was aimed at")
        elif placing.minus(reach[what], own):
            found.problems.append(f"{where}: no target lies in {what}; --depth full aims at more of the machine")
        else:
            why = ("all of it has addresses that are, to this guest's devices, its own RAM" if reach[what] else
                   "there is none")
            entry["not_attempted"].append({"class": "dma-target", "why": f"none of them lies in {what}: {why}"})
    missed = [other for other, parts in memory.items() if other != name and f"guest {other}" not in owners and
              placing.minus(parts, own)]
    if missed:
        found.notes.append(f"{where}: no target lies in the memory of " + ", ".join(f"guest {other}" for other in missed))
