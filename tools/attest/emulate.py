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
import testbed

HYPERVISOR = testbed.BUILD / "bulkhead.elf"
ATTACKER = testbed.BUILD / "guest-tests" / "attest.elf"
WORDS = "exit panic=reset"


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


def run(o, config, ticket):
    """The console's lines."""
    timeout = o.timeout or derive.DEPTHS[o.depth].timeout
    guests = tomllib.loads(config.read_text())["guest"]
    mebibytes, cpus = derive.emulated_mebibytes(o.emulator, guests), derive.emulated_cpus(guests)
    iso = config.parent / "boot.iso"
    enough = Enough(ticket["guests"])
    words = f"{WORDS} {o.append}".strip()
    if o.emulator == "bochs":
        machine = bochs.Machine(cpus=cpus, mebibytes=mebibytes, network=True)
        bochs.make_iso(iso, o.hypervisor, machine, words, modules(o, config))
        done = bochs.run(machine, iso, timeout, stop_when=enough)
    else:
        accelerator, _ = testbed.choose_accelerator(testbed.kvm_supported_cpuid())
        testbed.make_iso(iso, o.hypervisor, words + testbed.kernel_words(accelerator), modules(o, config))
        disk = testbed.make_disk(testbed.BUILD / "disk.img")
        arguments = [*testbed.machine_arguments(cpus=cpus, memory=f"{mebibytes}M", accelerator=accelerator),
                     *testbed.demo_devices(disk), *ahci(disk), *testbed.boot_arguments(iso)]
        done = testbed.run_qemu(arguments, timeout, stop_when=enough)
    return done.lines
