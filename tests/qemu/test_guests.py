# SPDX-License-Identifier: GPL-2.0-only
"""The bare-metal test guests under Bulkhead (test_guests_bare.py shows that they are right on QEMU itself)."""
import re

import guestrun
import pytest
import testbed

# name -> vCPUs, memory, command line, fewest PASS lines
GUESTS = {
    "cpuid": (2, "16MiB", "", 50),
    "msr": (1, "16MiB", "", 80),
    "ports": (1, "16MiB", "", 30),
    "mmio": (1, "16MiB", "", 45),
    "exceptions": (1, "16MiB", "", 50),
    "windows": (1, "16MiB", "", 22),
    "smp": (4, "16MiB", "cpus=4", 16),
    "timers": (1, "16MiB", "", 46),
    "apic": (4, "16MiB", "cpus=4", 80),
    "fpu": (4, "16MiB", "", 16),
    "pages": (1, "192MiB", "ram-mib=192", 11),
    "decode": (1, "16MiB", "", 5),
    "loader": (1, "16MiB", "", 1),
    "stress": (2, "16MiB", "seconds=3", 4),
    "share": (1, "16MiB", "ms=500", 4),
}
SEPARATE = {"rogue", "triple"}  # test_linux.py, and below


def assert_passed(lines, least=1):
    failed = [line for line in lines if line.startswith("FAIL")]
    summary = [re.fullmatch(r"SUMMARY: (\d+) passed, 0 failed", line) for line in lines[-1:]]
    assert not failed, failed
    assert summary and summary[0], f"no summary: {lines[-3:]}"
    assert int(summary[0][1]) == sum(line.startswith("PASS: ") for line in lines) >= least


def run(tmp_path, name, cpus, memory, words):
    return guestrun.run_guest(tmp_path, "--kernel", guestrun.image(name), "--cpus", cpus, "--memory", memory,
                              "--cmdline", words, "--machine-memory", "512M", timeout=90)


def test_every_image_is_listed():
    folder = testbed.ROOT / "tests" / "guest"
    images = {path.name for path in folder.iterdir() if path.name != "lib" and list(path.glob("*.c"))}
    assert images <= set(GUESTS) | SEPARATE


@pytest.mark.parametrize("name", GUESTS)
def test_guest(tmp_path, name):
    cpus, memory, words, least = GUESTS[name]
    if not (testbed.ROOT / "tests" / "guest" / name).is_dir():
        pytest.skip(f"no tests/guest/{name}")
    done = run(tmp_path, name, cpus, memory, words)
    assert_passed(done.out.splitlines(), least)
    assert done.status == 0
    assert f"guest: name=guest cpus={cpus} " in done.log


def test_two_cpus(tmp_path):
    """Four are in the list above."""
    done = run(tmp_path, "smp", 2, "16MiB", "cpus=2")
    assert_passed(done.out.splitlines(), 16)
    assert done.status == 0


def test_triple_fault_ends_that_guest_alone(tmp_path, boot):
    """The other goes on for seconds after it, by its own timer and by Bulkhead's log."""
    module = guestrun.config(tmp_path, guestrun.guest("falls", [1], "triple"),
                             guestrun.guest("goes-on", [0], "stress", cmdline="seconds=7"))
    run = boot(modules=[module, testbed.Module(guestrun.image("triple"), "triple"),
                        testbed.Module(guestrun.image("stress"), "stress")], machine={"cpus": 2, "memory": "512M"})
    assert guestrun.end_of(run, "falls") == "crashed"
    assert run.having("error guest: name=falls crashed why=\"triple fault of vCPU 0 near rip 0x")
    assert guestrun.guest_lines(run.lines, "falls")[-1] == "READY: the next exception is a triple fault"
    lines = guestrun.guest_lines(run.lines, "goes-on")
    assert_passed(lines)
    assert guestrun.end_of(run, "goes-on") == "powered-off"
    crashed = next(i for i, line in enumerate(run.lines) if "name=falls crashed" in line)
    later = guestrun.guest_lines(run.lines[crashed:], "goes-on")
    assert any(line.startswith("STRESS: after 5 s") for line in later)
    assert run.having("bulkhead: all guests have ended, faults=0") and run.having("bulkhead: done")


def test_reset_starts_anew(tmp_path, boot):
    """By port 0xCF9, three times; its neighbour powers off meanwhile, undisturbed."""
    module = guestrun.config(tmp_path, guestrun.guest("again", [0, 2], "loader", cmdline="reset=1"),
                             guestrun.guest("once", [1], "smp"))
    run = boot(modules=[module, testbed.Module(guestrun.image("loader"), "loader"),
                        testbed.Module(guestrun.image("smp"), "smp")], machine={"cpus": 3, "memory": "512M"},
               stop_when=lambda line: "starts anew, reset 20" in line)
    assert not run.timed_out and guestrun.end_of(run, "again") is None
    for number in range(1, 21):
        assert run.having(f"guest: name=again starts anew, reset {number}")
    lines = guestrun.guest_lines(run.lines, "again")
    starts = [i for i, line in enumerate(lines) if line == "PASS: entered by a multiboot loader"]
    first = lines[starts[0]:starts[1]]
    assert len(starts) == 20 and "LOADER: modules=0" in first
    assert all(lines[a:b] == first for a, b in zip(starts, starts[1:])), "a start differed from the first"
    assert_passed(guestrun.guest_lines(run.lines, "once"))
    assert not any(line.startswith("FAIL") for line in lines)
