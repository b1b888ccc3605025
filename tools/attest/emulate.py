# SPDX-License-Identifier: GPL-2.0-only
"""Booting the derived configuration: under QEMU or Bochs as tools/run-guest does, or from an image on a real machine."""
import contextlib
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
STOPPED = ("the emulator was stopped after {} s, before the guests had tried all: what is below is missing for that alone. "
           "Give it more (--timeout SECONDS), or less to do: --budget-ms 60000 gives each class of attempts a minute")


def tool():
    """The program whose command this is."""
    return pathlib.Path(os.environ.get("BULKHEAD_TOOL", testbed.BUILD / "host" / "bulkhead"))


@contextlib.contextmanager
def files(text):
    with tempfile.TemporaryDirectory(prefix="bulkhead-") as folder:
        config = pathlib.Path(folder) / "bulkhead.toml"
        config.write_text(text)
        yield config


def modules(o, config):
    return [testbed.Module(config, "bulkhead.toml"), testbed.Module(o.attacker, derive.ATTACKER)]


def make_image(o, config):
    """By tools/mkimage, after the planner accepted it for that machine: for BIOS and UEFI. False: it said why not."""
    words = [testbed.ROOT / "tools" / "mkimage", config, "--machine", o.machine, "--image", f"{derive.ATTACKER}={o.attacker}",
             "--kernel", o.hypervisor, "--tool", tool(), "--cmdline", o.append, "--timeout", 0, "--output", o.image]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if done.returncode != 0:
        sys.stderr.write(done.stdout + done.stderr)
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
    timeout = derive.emulator_seconds(o, guests)
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
