# SPDX-License-Identifier: GPL-2.0-only
"""What is done about a device that breaks the rules: stopped, its guest started again, its interrupts held back; and
what a fault line says about the address. Bare-metal guests with an edu each (tests/guest/policy), without a service
guest."""
import re

import faultline
import guestrun
import pytest
import testbed
import topologies

EDU = "0000:00:05.0"
OTHER = "0000:00:06.0"
ENDED = "bulkhead: all guests have ended"


def bare(name):
    return testbed.Module(guestrun.image(name), name)


def policy(name, cpu, mode, words="", device=EDU, **keys):
    return guestrun.guest(name, [cpu], "policy", cmdline=f"mode={mode} {words}".strip(), devices=[device], **keys)


def run_guests(boot, tmp_path, *tables, cpus=2, more=(), timeout=90, edus=1):
    config = guestrun.config(tmp_path, *tables)
    words = [f"edu,addr={5 + i}.0,dma_mask=0xffffffffffffffff" for i in range(edus)]
    run = boot(cmdline="", modules=[config, bare("policy"), *more], devices=topologies.words(*words),
               machine={"cpus": cpus, "memory": "1024M"}, timeout=timeout,
               stop_when=lambda line: ENDED in line or "bulkhead: refused" in line)
    assert not run.timed_out and not run.having("bulkhead: refused") and not run.having("panic:")
    return run


def assert_passed(run, name, least=1):
    guestrun.assert_passed([line for line in guestrun.guest_lines(run.lines, name) if "POLICY" not in line], least)


@pytest.mark.xdist_group("policy-stop")
def test_a_device_is_stopped_while_its_guest_goes_on(boot, tmp_path):
    """On the third fault in a minute; by the device's table, which wins over the guest's."""
    table = "\n".join([f'[device."{EDU}"]', 'on-fault = "stop-device"', 'fault-limit = "2/1min"', ""])
    run = run_guests(boot, tmp_path, policy("rogue", 0, 0, on__fault="log", fault__severity="critical"), table)
    assert_passed(run, "rogue", 6)
    assert "POLICY: stopped after 3" in guestrun.guest_lines(run.lines, "rogue")
    assert run.having("policy: sid=0000:00:05.0 device=1234:11e8 guest=rogue action=stop-device limit=2/60000000us: ok")
    assert run.having("guest: name=rogue device=0000:00:05.0 stopped")
    faults = faultline.faults(run.lines)
    assert [fault.addr for fault in faults] == [0x40000000, 0x40001000, 0x40002000]
    assert {(fault.sid, fault.device, fault.guest, fault.access) for fault in faults} == {
        (EDU, "1234:11e8", "rogue", "write")}
    assert all(fault.what.startswith("1008 MiB beyond guest rogue's RAM") and fault.cause for fault in faults)
    assert len(run.having("error", "fault: unit=0")) == 3  # by its severity
    assert guestrun.end_of(run, "rogue") == "powered-off"


@pytest.mark.xdist_group("policy-restart")
def test_a_guest_is_started_again(boot, tmp_path):
    """Another one with such a device goes on beside it, and is only logged."""
    run = run_guests(boot, tmp_path,
                     policy("rogue", 0, 1, on__fault="restart-guest", fault__limit="0/1s"),
                     policy("neighbour", 1, 1, device=OTHER, fault__limit="100/1s", on__fault="restart-guest"), edus=2,
                     timeout=120)
    lines = guestrun.guest_lines(run.lines, "rogue")
    assert [line for line in lines if "buffer" in line] == ["POLICY: buffer not marked", "POLICY: buffer marked"]
    assert not [line for line in lines if line.startswith("FAIL")], lines
    assert run.having("policy: sid=0000:00:05.0", "guest=rogue action=restart-guest", ": ok")
    assert guestrun.end_of(run, "rogue") == "powered-off"
    assert any("this guest was started again" in line and line.startswith("FAIL")
               for line in guestrun.guest_lines(run.lines, "neighbour"))
    assert not run.having("policy: sid=0000:00:06.0")


@pytest.mark.xdist_group("policy-stop")
def test_a_reset_does_not_bring_the_device_back(boot, tmp_path):
    """The guest is audited again before it starts anew, without the device."""
    run = run_guests(boot, tmp_path, policy("rogue", 0, 7, on__fault="stop-device", fault__limit="0/1s"), cpus=1)
    lines = guestrun.guest_lines(run.lines, "rogue")
    assert [line for line in lines if line.startswith("POLICY: ")][1:] == [
        "POLICY: stopped after 1", "POLICY: resets itself", "POLICY: no edu"]
    assert not [line for line in lines if line.startswith("FAIL")], lines
    assert len(run.having("guest: name=rogue device=0000:00:05.0 stopped")) == 1
    assert len(run.having("guest: name=rogue device=0000:00:05.0 stays stopped: ok")) == 1
    assert guestrun.end_of(run, "rogue") == "powered-off"


@pytest.mark.xdist_group("policy-stop")
def test_a_stale_address_is_explained(boot, tmp_path):
    run = run_guests(boot, tmp_path, policy("rogue", 0, 6), cpus=1)
    assert_passed(run, "rogue", 3)
    fault, = faultline.faults(run.lines)
    assert re.fullmatch(r"BAR 0 of 0000:00:05\.0, until \d+ ms ago", fault.before)
    assert fault.what.startswith("guest rogue, PCI hole") and fault.cause.startswith("a stale ring or buffer")


@pytest.mark.xdist_group("policy-reboot")
def test_the_machine_is_reset(boot, tmp_path):
    run = run_guests_until_reset(boot, tmp_path)
    assert run.having("policy: sid=0000:00:05.0", "action=reboot")
    assert not run.having(ENDED)


def run_guests_until_reset(boot, tmp_path):
    config = guestrun.config(tmp_path, policy("rogue", 0, 0, on__fault="reboot", fault__limit="1/1min"))
    run = boot(cmdline="", modules=[config, bare("policy")],
               devices=topologies.words("edu,addr=5.0,dma_mask=0xffffffffffffffff"),
               machine={"cpus": 1, "memory": "1024M"}, timeout=60, stop_when=lambda line: ENDED in line)
    assert not run.timed_out, "it was not reset"
    return run


@pytest.mark.xdist_group("policy-storm")
def test_a_storm_of_interrupts_is_held(boot, tmp_path):
    """Another guest, on the same CPU, gets its work done in each second of the same run."""
    run = run_guests(boot, tmp_path, policy("rogue", 0, 2, "limit=50", irq__limit="50/1s", share=True),
                     guestrun.guest("neighbour", [0], "policy", cmdline="mode=5 windows=4", share=True), cpus=1)
    assert_passed(run, "rogue", 6)
    assert_passed(run, "neighbour")
    assert re.search(r"name=rogue device=0000:00:05.0 interrupt-storm=1 held-ms=(9\d\d|1000) limit=50/1000000us", run.text)
    assert not faultline.faults(run.lines)  # what is dropped is no fault
    came = re.search(r"POLICY: raised=2000 came=(\d+)", "\n".join(guestrun.guest_lines(run.lines, "rogue")))
    assert int(came[1]) < 500


@pytest.mark.xdist_group("policy-flood")
def test_a_ring_full_of_wild_descriptors(boot, tmp_path):
    """10^6 requests by an 82574L's ring, from the CPU that hears faults too; the console and another guest go on."""
    table = "\n".join(["[device.\"8086:10d3\"]", 'fault-limit = "16777215/1s"', ""])
    config = guestrun.config(tmp_path, policy("rogue", 0, 4, "times=1000000", device="0000:00:05.0"),
                             guestrun.guest("neighbour", [1], "policy", cmdline="mode=5 windows=4"), table)
    run = boot(cmdline="", modules=[config, bare("policy")],
               devices=[*topologies.words("e1000e,addr=5.0,netdev=n0"), "-netdev", "user,id=n0,restrict=on"],
               machine={"cpus": 2, "memory": "1024M"}, timeout=150,
               stop_when=lambda line: ENDED in line or "bulkhead: refused" in line)
    assert not run.timed_out and not run.having("panic:")
    assert_passed(run, "rogue", 3)
    assert_passed(run, "neighbour")
    faults = [faultline.parse(line) for line in map(faultline.body, run.lines)
              if line and line.startswith("fault:") and "sid=" in line]
    assert 16 <= len([line for line in run.lines if " fault: " in line]) < 80
    assert {(fault.device, fault.guest, fault.access) for fault in faults} == {("8086:10d3", "rogue", "read")}
    assert all(0x40000000 <= fault.addr < 0x40100000 for fault in faults)
    read = int(re.search(r"all guests have ended, faults=(\d+)", run.text)[1])
    assert read > sum(1 + fault.suppressed for fault in faults) - 1 and read >= 1000, read
