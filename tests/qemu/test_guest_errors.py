# SPDX-License-Identifier: GPL-2.0-only
"""Configurations that cannot be served, on booted images: one clear line with the place and the fix, nothing started."""
import re

import faultline
import guestrun
import pytest
import testbed

GOOD = """version = 1
[guest.one]
cpus    = [0]
memory  = "16MiB"
kernel  = "loader"
"""
DEVICES = GOOD + "devices = [{}]\n"


def with_line(number, text):
    """GOOD with another line in the place of one."""
    lines = GOOD.splitlines()
    lines[number - 1] = text
    return "\n".join(lines) + "\n"


@pytest.fixture
def refused(boot, tmp_path):
    """refused(text, code, where, what, fix): boot it; exactly that one error, and nothing was started."""

    def check(text, code, where, what, fix, modules=None, machine=None, **how):
        config = tmp_path / "bulkhead.toml"
        config.write_text(text)
        modules = [testbed.Module(guestrun.image("loader"), "loader")] if modules is None else modules
        machine = {"cpus": 2, "memory": "512M", **(machine or {})}
        run = boot(modules=[testbed.Module(config, "bulkhead.toml"), *modules], machine=machine, timeout=60, **how)
        bodies = [text for text in map(faultline.body, run.lines) if text]
        errors = [text for text in bodies if text.startswith("error[")]
        assert len(errors) == 1, errors
        match = re.fullmatch(r"error\[(BH\d{4})\] (.+?): (.+); fix: (.+)", errors[0])
        assert match, f"not one line with a fix: {errors[0]}"
        assert match[1] == f"BH{code:04}" and match[2] == where, errors[0]
        assert re.fullmatch(what, match[3]), errors[0]
        assert re.fullmatch(fix, match[4]), errors[0]
        assert any(text.startswith("bulkhead: refused: ") for text in bodies)
        assert "bulkhead: all devices are blocked, no guest was started" in bodies
        assert not run.having("guest: name=one starts") and not run.having("LOADER: ")
        assert not run.having("panic:") and not run.timed_out
        return run

    return check


def test_the_good_one_starts(boot, tmp_path):
    """Else the refusals would show nothing."""
    (tmp_path / "bulkhead.toml").write_text(GOOD)
    run = boot(modules=[testbed.Module(tmp_path / "bulkhead.toml", "bulkhead.toml"),
                        testbed.Module(guestrun.image("loader"), "loader")], machine={"cpus": 2, "memory": "512M"})
    assert run.having("guest: name=one end=powered-off") and run.having("LOADER: cpus=") == []
    assert not run.having("refused") and not run.having("error")


FILE = "bulkhead.toml"
SECOND = GOOD + '[guest.two]\ncpus = [1]\nmemory = "16MiB"\nkernel = "loader"\n'


@pytest.mark.parametrize("text, code, where, what, fix", [
    (GOOD + 'memroy = "1GiB"\n', 517, f"{FILE}:6:1", r"unknown key 'memroy'.*", 'write memory'),
    (with_line(4, "memory  = 16"), 519, f"{FILE}:4:11", r"'memory' takes a string.*, not an integer",
     'write for example: memory = "512MiB"'),
    (with_line(3, "cpus    = 0"), 519, f"{FILE}:3:11", r"'cpus' takes an array of integers, not a single value", r"write for example: .*"),
    (SECOND.replace("two", "one"), 516, f"{FILE}:6:8", r".*'?one'?.*", "give one of them another name"),
    (GOOD + 'kernel = "loader"\n', 518, f"{FILE}:6:1", r"'kernel' .*", "keep one of them"),
    (with_line(5, 'kernel  = "lodaer"'), 702, f"{FILE}:5:11", r"the boot loader brought no module named 'lodaer'",
     r'add "module2 /path/to/file lodaer" to the boot loader\'s entry, or name one of its modules here'),
    (with_line(4, 'memory  = "1GiB"'), 718, f"{FILE}:4:11",
     r"1024 MiB are wanted, (\d{3}) MiB of \1 MiB are left for this guest",
     r'write memory = "\d{3}MiB" or less, or give others less'),
    (with_line(4, 'memory  = "15MiB"'), 704, f"{FILE}:4:11", r"memory is given in steps of 2 MiB",
     'write memory = "16MiB"'),
    (with_line(3, "cpus    = [0, 2]"), 700, f"{FILE}:3:15", r"there is no CPU 2: this machine has CPUs 0 to 1",
     "name CPUs that exist, or give the machine more"),
    (SECOND.replace("[1]", "[0]"), 701, f"{FILE}:7:9", r"CPU 0 is given already, to guest 'one'",
     r"give each guest a CPU of its own, or add share = true to \[guest.one\] and \[guest.two\]"),
    (SECOND.replace("[1]", "[0]\nshare = true"), 701, f"{FILE}:7:9", r"CPU 0 is given already, to guest 'one'",
     r"give each guest a CPU of its own, or add share = true to \[guest.one\]"),
    (with_line(3, "cpus    = [1, 1]"), 529, f"{FILE}:3:15", r"CPU 1 is in this list already, at line 3",
     r"write it once, or add share = true: virtual CPUs then take turns on it"),
    (GOOD.replace("[guest", "[system]\nslice-us = 500\n[guest"), 521, f"{FILE}:3:12", r".*",
     r".*1000.*100000.*"),
    (GOOD.replace("[guest", '[system]\nconsole = "com9,115200"\n[guest'), 708, f"{FILE}:3:11",
     r"this names no serial port and speed", r'write console = "com1,115200" or "0x3f8,115200"'),
], ids=["unknown-key", "string-wanted", "array-wanted", "duplicate-guest", "duplicate-key", "missing-module", "too-much-memory",
        "memory-steps", "no-such-cpu", "cpu-twice", "one-side-shares", "cpu-twice-in-one", "slice-too-short", "no-such-console"])
def test_configuration(refused, text, code, where, what, fix):
    refused(text, code, where, what, fix)


def test_two_modules_of_one_name(refused):
    modules = [testbed.Module(guestrun.image("loader"), "loader"), testbed.Module(guestrun.image("wild"), "loader")]
    refused(GOOD, 706, "boot loader", "two modules are named 'loader'", "name every module differently", modules=modules)


def test_unknown_kernel(refused, tmp_path):
    path = tmp_path / "kernel"
    path.write_bytes(b"this is no kernel" * 300)
    refused(GOOD, 705, f"{FILE}:5:11", r"guest 'one' cannot be made: not a kernel: neither a Linux bzImage, .*",
            r"load another file as module 'loader', or change \[guest.one\]", modules=[testbed.Module(path, "loader")])


@pytest.mark.parametrize("kind, what", [("vmlinuz", r"the bzImage is truncated.*"), ("vmlinux", r"the ELF file is truncated.*"),
                                        ("loader", r"the ELF file is truncated.*")])
def test_truncated_kernel(refused, tmp_path, kind, what):
    whole = guestrun.image("loader") if kind == "loader" else guestrun.linux(kind)
    path = tmp_path / "kernel"
    path.write_bytes(whole.read_bytes()[:1 << 14])
    refused(with_line(4, 'memory  = "256MiB"'), 705, f"{FILE}:5:11", rf"guest 'one' cannot be made: {what}",
            r"load another file as module 'loader', .*", modules=[testbed.Module(path, "loader")])


def test_no_svm(refused):
    refused(GOOD, 703, "CPU", r".*SVM.*", r"take a CPU that can, or turn virtualisation on in the firmware's setup; under QEMU .*",
            devices=["-cpu", "qemu64,-svm"])


def test_no_configuration(boot):
    run = boot(cmdline="", machine={"cpus": 1, "memory": "256M"}, stop_when=lambda line: "no configuration" in line)
    assert faultline.body(run.lines[-1]) == ("bulkhead: no configuration: add a line \"module2 /path/to/file "
                                             "bulkhead.toml\" to the boot loader's entry")
    assert not run.having("refused") and not run.having("error")


PORT = "pcie-root-port,id={0},bus=pcie.0,addr={1}.0,chassis={1},slot={1}"
MACHINE = [  # 00:03.0 port: 01:00.0 and 01:00.1; 00:04.0 port: bridge 02:00.0: 03:01.0; 00:06.0 port: BAR of 128 GiB
    "-device", PORT.format("shared", 3), "-device", "qemu-xhci,bus=shared,addr=0.0,multifunction=on",
    "-device", "qemu-xhci,bus=shared,addr=0.1",
    "-device", PORT.format("old", 4), "-device", "pcie-pci-bridge,id=bridge,bus=old",
    "-device", "e1000,bus=bridge,addr=1.0",
    "-device", "edu,addr=5.0",
    "-device", PORT.format("large", 6), "-device", "pci-testdev,membar=128G,bus=large",
    "-device", PORT.format("twin", 7), "-device", "x3130-upstream,id=up,bus=twin",
    "-device", "xio3130-downstream,id=d0,bus=up,chassis=20,slot=0", "-device", "nvme,serial=x,bus=d0",
]


@pytest.mark.parametrize("devices, code, column, what, fix", [
    ('"0000:09:00.0"', 600, 12, r"0000:09:00.0 is not in this machine", r"take an address from the inventory in the log"),
    ('"0000:00:05.0", "0000:00:05.0"', 529, 28, r".*", r"write it once"),
    ('"0000:00:03.0"', 602, 12, r"0000:00:03.0 is a bridge",
     r'name the device behind it: "0000:01:00.0", "0000:01:00.1"'),
    ('"0000:00:1f.2"', 622, 12, r"0000:00:1f.2 cannot be given away: 0000:00:1f.0, of its group, is a bridge",
     r"choose a device of another group"),
    ('"0000:01:00.0"', 619, 12, r"0000:01:00.0 is in one group with 0000:01:00.1, which guest 'one' does not have",
     r'add "0000:01:00.1" to devices of \[guest.one\], or write only "group:0000:01:00.0" for the whole group'),
], ids=["absent", "twice", "root-port", "ahci", "two-functions"])
def test_device(refused, devices, code, column, what, fix):
    refused(DEVICES.format(devices), code, f"{FILE}:6:{column}", what, fix, devices=MACHINE)


def test_device_in_two_guests(refused):
    text = SECOND.replace('"loader"\n', '"loader"\ndevices = ["0000:00:05.0"]\n')
    refused(text, 601, f"{FILE}:11:12", rf"0000:00:05.0 is given already, at {FILE}:6:12", "name each device once",
            devices=MACHINE)


def test_bar_that_does_not_fit(boot, tmp_path):
    """128 GiB, against 64 GiB of a guest's address space."""
    (tmp_path / "bulkhead.toml").write_text(DEVICES.format('"0000:04:00.0"'))
    run = boot(modules=[testbed.Module(tmp_path / "bulkhead.toml", "bulkhead.toml"),
                        testbed.Module(guestrun.image("loader"), "loader")],
               machine={"cpus": 2, "memory": "512M"}, devices=MACHINE)
    assert run.having(f"error[BH0612] {FILE}:6:12: 0000:04:00.0 has BARs that do not fit what is left of its guest's "
                      "address space for devices; fix: give the guest fewer devices or ones with smaller BARs")
    assert run.having("no guest was started") and not run.having("LOADER: ")
