# SPDX-License-Identifier: GPL-2.0-only
"""The bare-metal test guests under Bulkhead on SVM; tests/bochs/test_bochs_guests.py runs the same list on VMX
(test_guests_bare.py shows that they are right on QEMU itself)."""
import guestrun
import pytest
import testbed

def run(tmp_path, name, cpus, memory, words):
    return guestrun.run_guest(tmp_path, "--kernel", guestrun.image(name), "--cpus", cpus, "--memory", memory,
                              "--cmdline", words, "--machine-memory", "512M", timeout=90)


def test_every_image_is_listed():
    folder = testbed.ROOT / "tests" / "guest"
    images = {path.name for path in folder.iterdir() if path.name != "lib" and list(path.glob("*.c"))}
    assert images <= set(guestrun.GUESTS) | guestrun.SEPARATE


@pytest.mark.parametrize("name", guestrun.GUESTS)
def test_guest(tmp_path, name):
    cpus, memory, words, least = guestrun.GUESTS[name]
    if not (testbed.ROOT / "tests" / "guest" / name).is_dir():
        pytest.skip(f"no tests/guest/{name}")
    done = run(tmp_path, name, cpus, memory, words)
    guestrun.assert_passed(done.out.splitlines(), least)
    assert done.status == 0
    assert f"guest: name=guest cpus={cpus} " in done.log


def test_two_cpus(tmp_path):
    """Four are in the list above."""
    done = run(tmp_path, "smp", 2, "16MiB", "cpus=2")
    guestrun.assert_passed(done.out.splitlines(), 16)
    assert "interrupts: posted-interrupts=no (the CPU lacks them)" in done.log
    assert "interrupts: x2apic=no (the CPU lacks it)" in done.log
    assert done.status == 0


def test_device_interrupts(tmp_path, boot, disk):
    """A device's MSI, remapped, to one vCPU and to several; on VMX: tests/bochs/test_bochs_interrupts.py."""
    config = guestrun.config(tmp_path, guestrun.guest("msi", [1, 2], "msi", cmdline="cpus=2", devices=["0000:00:05.0"]))
    run = boot(modules=[config, testbed.Module(guestrun.image("msi"), "msi")], devices=testbed.demo_devices(disk),
               machine={"cpus": 3})
    guestrun.assert_passed(guestrun.guest_lines(run.lines, "msi"), 16)
    assert guestrun.end_of(run, "msi") == "powered-off" and not run.having("fault: ")


def test_triple_fault_ends_that_guest_alone(tmp_path, boot):
    """The other goes on for seconds after it, by its own timer and by Bulkhead's log."""
    module = guestrun.config(tmp_path, guestrun.guest("falls", [1], "triple"),
                             guestrun.guest("goes-on", [0], "stress", cmdline="seconds=7"))
    run = boot(modules=[module, testbed.Module(guestrun.image("triple"), "triple"),
                        testbed.Module(guestrun.image("stress"), "stress")], machine={"cpus": 2, "memory": "512M"})
    assert guestrun.end_of(run, "falls") == "crashed"
    assert run.having("error guest: name=falls crashed why=\"triple fault of vCPU 0 near rip 0x")
    assert guestrun.guest_lines(run.lines, "falls")[-1] == "READY: the next exception is a triple fault"
    assert run.having("guest: name=falls vcpu=0 rip=0x", " rsp=0x")  # its registers are in the log, and nothing more
    guestrun.assert_memory_is_not_told(run)
    lines = guestrun.guest_lines(run.lines, "goes-on")
    guestrun.assert_passed(lines)
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
    last = next(i for i, line in enumerate(run.lines) if "name=again starts anew, reset 20" in line)
    before = run.lines[:last]  # the emulator may go on for a moment
    assert sum("audit: verdict=pass scope=again" in line for line in before) == 19
    assert not run.having("audit: verdict=fail")
    lines = guestrun.guest_lines(before, "again")
    starts = [i for i, line in enumerate(lines) if line == "PASS: entered by a multiboot loader"]
    first = lines[starts[0]:starts[1]]
    assert len(starts) == 20 and "LOADER: modules=0" in first
    assert all(lines[a:b] == first for a, b in zip(starts, starts[1:])), "a start differed from the first"
    guestrun.assert_passed(guestrun.guest_lines(run.lines, "once"))
    assert not any(line.startswith("FAIL") for line in lines)
