# SPDX-License-Identifier: GPL-2.0-only
"""Booting the derived configuration: under QEMU or Bochs as tools/run-guest does, or from an image on a real machine."""
import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

import bochs
import derive
import progress
import testbed

HYPERVISOR = testbed.BUILD / "bulkhead.elf"
ATTACKER = testbed.BUILD / "guest-tests" / "attest.elf"
WORDS = "exit panic=reset"
NAME = "attest-derived.toml"  # what is said of it is not said of the user's file
STOPPED = ("the emulator was stopped after {} s, before the guests had tried all: what is below is missing for that alone. "
           "Give it more (--timeout SECONDS), or less to do: --budget-ms 60000 gives each class of attempts a minute")


def tool():
    """The program whose command this is."""
    return pathlib.Path(os.environ.get("BULKHEAD_TOOL", testbed.BUILD / "host" / "bulkhead"))


class Refused(Exception):
    """The host tool refuses a configuration."""


@contextlib.contextmanager
def files(text):
    with tempfile.TemporaryDirectory(prefix="bulkhead-") as folder:
        config = pathlib.Path(folder) / NAME
        config.write_text(text)
        yield config


def modules(o, config):
    return [testbed.Module(config, "bulkhead.toml"), testbed.Module(o.attacker, derive.ATTACKER)]


def said(text):
    """What the host tool says before the plan itself: errors and warnings."""
    lines = text.splitlines()
    end = next((i for i, line in enumerate(lines) if line.startswith(("guest=", "hypervisor "))), len(lines))
    return [line for line in lines[:end] if not re.search(r": accepted[,;]", line)]


def asked(config, dump):
    """What the host tool makes of a configuration: the plan for that machine as an object, with no dump None. What it
    says goes to standard error. Refused: it refuses; ValueError: it could not read one of them."""
    words = ["plan", config, "--machine", dump] if dump else ["check", config]
    done = subprocess.run([str(word) for word in [tool(), *words]], capture_output=True, text=True, errors="replace")
    lines = said(done.stdout) + done.stderr.splitlines()
    if lines:
        print("\n".join(lines), file=sys.stderr)
    if done.returncode == 1:
        raise Refused(f"bulkhead {words[0]} refuses {config.name}")
    if done.returncode != 0:
        raise ValueError(f"bulkhead {words[0]} could not read {config.name}" + (f" and the dump {dump}" if dump else ""))
    if not dump:
        return None
    done = subprocess.run([str(word) for word in [tool(), *words, "--json"]], capture_output=True, text=True)
    return json.loads(done.stdout)


def make_image(o, config):
    """By tools/mkimage, after the planner accepted it for that machine: for BIOS and UEFI. False: it said why not."""
    words = [testbed.ROOT / "tools" / "mkimage", config, "--machine", o.machine, "--image", f"{derive.ATTACKER}={o.attacker}",
             "--kernel", o.hypervisor, "--tool", tool(), "--cmdline", o.append, "--timeout", 0, "--output", o.image]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if done.returncode != 0:
        sys.stderr.write((done.stdout + done.stderr).replace(str(config), config.name))
    return done.returncode == 0


def ahci(disk):
    """A controller of its own with one disk, for the attacker's driver."""
    return ["-device", "ich9-ahci,id=ahci1,addr=6.0", "-drive", f"file={disk},if=none,id=disk1,format=raw,snapshot=on",
            "-device", "ide-hd,drive=disk1,bus=ahci1.0"]


class Enough:
    """stop_when for an emulator: every guest attacked, and each began a look at its memory after the last attack and
    ended it."""

    def __init__(self, guests):
        self.attacking = set(guests)
        self.looking, self.left = set(), set(guests)

    def __call__(self, line):
        if "all guests have ended" in line or "bulkhead: refused" in line:
            return True
        match = re.match(r"^([a-z0-9-]{1,31})\| ATTEST (attacked|look|witness)\b", line)
        if not match:
            return False
        name, what = match.groups()
        if what == "attacked":
            self.attacking.discard(name)
        elif not self.attacking and what == "look":
            self.looking.add(name)
        elif what == "witness" and name in self.looking:
            self.left.discard(name)
        return not self.left


class Watch:
    """stop_when for an emulator: keeps the log while it comes, tells how far it is, and says when it is enough."""

    def __init__(self, ticket, guests, limit, log):
        self.enough = Enough(ticket["guests"])
        self.progress = progress.Progress(ticket, {name: len(guest.get("devices", [])) for name, guest in guests.items()})
        self.progress.begin(limit)
        self.log = log

    def __call__(self, line):
        if self.log:
            print(line, file=self.log, flush=True)
        self.progress.take(line)
        return self.enough(line)


def run(o, config, ticket):
    """(the console's lines, why they are not all or None)."""
    guests = tomllib.loads(config.read_text())["guest"]
    timeout = derive.emulator_seconds(o, guests, len(ticket["targets"]))
    with open(o.save_log, "w") if o.save_log else contextlib.nullcontext() as log:
        done = boot(o, config, guests, timeout, Watch(ticket, guests, timeout, log))
    return done.lines, STOPPED.format(timeout) if done.timed_out else None


def boot(o, config, guests, timeout, watch):
    mebibytes, cpus = derive.emulated_mebibytes(o.emulator, guests), derive.emulated_cpus(guests)
    iso = config.parent / "boot.iso"
    words = f"{WORDS} {o.append}".strip()
    if o.emulator == "bochs":
        machine = bochs.Machine(cpus=cpus, mebibytes=mebibytes, network=True)
        bochs.make_iso(iso, o.hypervisor, machine, words, modules(o, config))
        return bochs.run(machine, iso, timeout, stop_when=watch)
    accelerator, _ = testbed.choose_accelerator(testbed.kvm_supported_cpuid())
    testbed.make_iso(iso, o.hypervisor, words + testbed.kernel_words(accelerator), modules(o, config))
    disk = testbed.make_disk(testbed.BUILD / "disk.img")
    arguments = [*testbed.machine_arguments(cpus=cpus, memory=f"{mebibytes}M", accelerator=accelerator),
                 *testbed.demo_devices(disk), *ahci(disk), *testbed.boot_arguments(iso)]
    return testbed.run_qemu(arguments, timeout, stop_when=watch)
