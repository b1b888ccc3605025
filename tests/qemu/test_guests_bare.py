# SPDX-License-Identifier: GPL-2.0-only
"""The test guests on bare QEMU, without Bulkhead: proof that the guests themselves are right. What only Bulkhead's
policy makes true is a SKIP line here; the same images run under Bulkhead in test_guests.py."""
import re

import pytest
import testbed

EDU = ["-device", "edu,addr=5.0,dma_mask=0xffffffffffffffff"]
BARE = ["-accel", "tcg", "-cpu", "EPYC", "-nodefaults", "-no-user-config", "-vga", "none"]
# name -> CPUs, memory, more arguments, fewest PASS lines
GUESTS = {
    "cpuid": (2, "64M", [], 9),
    "msr": (1, "64M", [], 20),
    "ports": (1, "64M", [], 14),
    "mmio": (1, "64M", [], 18),
    "exceptions": (1, "64M", [], 50),
    "windows": (1, "64M", [], 20),
    "smp": (4, "64M", ["-append", "cpus=4"], 16),
    "timers": (1, "64M", [], 30),
    "apic": (4, "64M", ["-append", "cpus=4"], 20),
    "fpu": (4, "64M", [], 16),
    "pages": (1, "192M", ["-append", "ram-mib=192"], 11),
    "decode": (1, "64M", [], 5),
    "forbidden": (1, "64M", [], 20),
    "oldpc": (2, "64M", ["-append", "cpus=2"], 11),
    "share": (1, "64M", ["-append", "ms=500"], 4),
    "msi": (2, "64M", [*EDU, "-append", "cpus=2"], 16),
    "rogue": (1, "64M", [*EDU, "-append", "targets=0x2000000,0x2100000 forge=1"], 18),
}


def run(name, cpus, memory, more):
    image = testbed.BUILD / "guest-tests" / f"{name}.elf"
    assert image.exists(), f"{image} is missing: make guest-tests"
    machine = ["-machine", "q35,max-ram-below-4g=128M", "-smp", str(cpus), "-m", memory]
    done = testbed.run_qemu([*machine, *BARE, "-kernel", str(image), *more], timeout=60)
    print(done.text)
    return done


@pytest.mark.parametrize("name", GUESTS)
def test_guest(name):
    cpus, memory, more, least = GUESTS[name]
    done = run(name, cpus, memory, more)
    assert done.ended, "the guest did not power off"
    assert not done.having("FAIL:"), done.having("FAIL:")
    summary = re.search(r"^SUMMARY: (\d+) passed, 0 failed$", done.text, re.M)
    assert summary and int(summary.group(1)) == len(done.having("PASS:")) >= least


def test_pages_reach_above_4_gib():
    done = run("pages", 1, "192M", [])
    assert re.search(r"\d+ pages of 2 MiB keep their patterns, 32 of them above 4 GiB", done.text), done.text


def test_rogue_without_a_fence_does_harm():
    """On bare QEMU the device reads and writes what it likes: what Bulkhead must prevent is really attempted."""
    done = run("rogue", 1, "64M", [*EDU, "-append", "targets=0x2000000,0x2000000 forge=1"])
    first, second = done.having("ROGUE: read")
    assert first.endswith("0" * 32) and second.endswith(b"ROGUE WAS HERE! ".hex()), (first, second)
    assert not done.having("message", "data=0x84", "interrupts=0")


def test_triple_fault():
    done = run("triple", 1, "64M", [])
    assert done.ended and done.having("READY:") and not done.having("SUMMARY")


def test_a_failure_shows():
    """More CPUs asked for than there are: the guest must say so."""
    done = run("smp", 2, "64M", ["-append", "cpus=3"])
    assert done.having("FAIL: CPUs that started: got 0x2, expected 0x3") and done.having("SUMMARY")
