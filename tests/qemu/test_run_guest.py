# SPDX-License-Identifier: GPL-2.0-only
"""tools/run-guest: what it prints where, and what its exit status tells."""
import re

import guestrun
import pytest

POWERED_OFF, CRASHED, USAGE, TIME_UP = 0, 1, 2, 3


def test_powered_off_and_console_alone(tmp_path):
    """Every option that shapes the guest, seen from inside it."""
    modules = [tmp_path / "first", tmp_path / "second"]
    modules[0].write_bytes(b"\x01" * 1000)
    modules[1].write_bytes(b"\x02" * 5000)
    done = guestrun.run_guest(tmp_path, "--kernel", guestrun.image("loader"), "--cpus", 3, "--memory", "24MiB",
                              "--cmdline", 'one two=\\x "three"', "--module", modules[0], "--module", modules[1])
    lines = done.out.splitlines()
    assert done.status == POWERED_OFF
    assert all(re.match(r"(PASS|LOADER|SUMMARY): ", line) for line in lines), "something that the guest did not say"
    assert 'LOADER: cmdline=kernel one two=\\x "three"' in lines
    assert "LOADER: modules=2" in lines
    assert "LOADER: module=0 bytes=1000 sum=1000 aligned=1" in lines
    assert "LOADER: module=1 bytes=5000 sum=10000 aligned=1" in lines
    ram = int(re.search(r"ram-kib=(\d+) cpus=3$", done.out, re.M)[1])
    assert 23 * 1024 <= ram <= 24 * 1024
    assert done.err == ""
    assert "guest: name=guest end=powered-off" in done.log and "smp: 3 CPUs online" in done.log
    assert "LOADER:" not in done.log


def test_log_on_standard_error(tmp_path):
    done = guestrun.run_guest(tmp_path, "--kernel", guestrun.image("loader"), "--memory", "16MiB", log=False)
    assert done.status == POWERED_OFF
    assert "guest: name=guest end=powered-off" in done.err and "bulkhead: " not in done.out
    assert "LOADER: cpus=" not in done.err and "SUMMARY: 1 passed, 0 failed" in done.out


def test_crashed(tmp_path):
    done = guestrun.run_guest(tmp_path, "--kernel", guestrun.image("triple"), "--memory", "16MiB")
    assert done.status == CRASHED
    assert done.err == "run-guest: the guest did not power off: crashed\n"
    assert 'guest: name=guest crashed why="triple fault of vCPU 0' in done.log
    assert done.out.splitlines()[-1] == "READY: the next exception is a triple fault"


def test_refused(tmp_path):
    """A configuration that is not started is no success either, and the reason is in the log."""
    done = guestrun.run_guest(tmp_path, "--kernel", guestrun.image("loader"), "--memory", "3MiB")
    assert done.status == CRASHED and done.out == ""
    assert done.err == "run-guest: the guest did not power off: see the log\n"
    assert re.search(r"error\[BH0704\] bulkhead.toml:5:10: memory .*; fix: write ", done.log)


def test_time_up(tmp_path):
    done = guestrun.run_guest(tmp_path, "--kernel", guestrun.image("stress"), "--memory", "16MiB", "--cmdline",
                              "seconds=600", timeout=12)
    assert done.status == TIME_UP
    assert done.err == "run-guest: the time of 12 s was up\n"


def test_configuration(tmp_path):
    """Two guests by name; the first one crashes, so all in all it is no success."""
    module = guestrun.config(tmp_path, guestrun.guest("good", [0, 1], "smp.elf"),
                             guestrun.guest("bad", [2], "triple.elf"))
    done = guestrun.run_guest(tmp_path, "--config", module.path, "--module", guestrun.image("smp"), "--module",
                              guestrun.image("triple"))
    assert done.status == CRASHED
    assert "powered-off" in done.err and "crashed" in done.err
    assert "READY: the next exception" in done.out
    assert re.search(r"^SUMMARY: \d+ passed, 0 failed$", done.out, re.M)
    assert "name=good cpus=2 memory-mib=16" in done.log and "name=bad cpus=1" in done.log


@pytest.mark.parametrize("arguments, line", [
    ([], "--kernel FILE or --config FILE is needed"),
    (["--kernel", "/nowhere/kernel"], "/nowhere/kernel: no such file"),
    (["--kernel", __file__, "--initrd", "/nowhere/initrd"], "/nowhere/initrd: no such file"),
    (["--kernel", __file__, "--module", "/nowhere/module"], "/nowhere/module: no such file"),
    (["--config", "/nowhere/config"], "/nowhere/config: no such file"),
    (["--kernel", __file__, "--config", __file__], "--config FILE is a whole configuration: leave --kernel out"),
    (["--kernel", __file__, "--cpus", "none"], "argument --cpus: invalid int value: 'none'"),
    (["--kernel", __file__, "--cpus", "0"], "--cpus 0: a guest has at least one"),
    (["--kernel", __file__, "--timeout", "0"], "--timeout 0: give it some time"),
    (["--kernel", __file__, "--backend", "vmx", "--qemu=-S"], "--qemu is for --backend svm"),
    (["--kernel", __file__, "--machine-memory", "much"], "--machine-memory much: write for example 512M or 2G"),
    (["--kernel", __file__, "--backend", "other"],
     "argument --backend: invalid choice: 'other' (choose from 'svm', 'vmx')"),
    (["--kernel", __file__, "--unknown"], "unrecognized arguments: --unknown"),
])
def test_wrong_usage(tmp_path, arguments, line):
    done = guestrun.run_guest(tmp_path, *arguments, log=False)
    assert done.status == USAGE and done.out == ""
    assert done.err.splitlines()[-1] == f"run-guest: error: {line}"
    assert done.err.startswith("usage: run-guest ")
