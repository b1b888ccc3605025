# SPDX-License-Identifier: GPL-2.0-only
"""Debian's in-box virtio_console in guests of Bulkhead: named ports, a mebibyte both ways, a shell on hvc0."""
import re

import guestrun
import pytest
import testbed

pytestmark = pytest.mark.xdist_group("linux")

BYTES = 1 << 20
ECHO = "bulkhead-selftest.elf"  # which alone has the port that echoes


def service_config(folder, *guests):
    module = guestrun.config(folder, '[system]\nservice = "service"\n', *guests)
    return [module, testbed.Module(guestrun.linux("vmlinux"), "vmlinux"),
            testbed.Module(guestrun.linux("ports.img"), "ports.img")]


def linux_guest(name, cpu, cmdline):
    return guestrun.guest(name, [cpu], "vmlinux", "256MiB", initrd="ports.img", cmdline=f"console=ttyS0 quiet {cmdline}")


def said(run, name):
    return [line.split("demo: ", 1)[1] for line in guestrun.guest_lines(run.lines, name) if "demo: " in line]


def test_ports_of_each_guest_and_a_mebibyte_both_ways(boot, tmp_path):
    modules = service_config(tmp_path, linux_guest("service", 0, f"named=4 bytes={BYTES}"),
                             linux_guest("user", 1, "named=1 bytes=65536"))
    run = boot(image=ECHO, cmdline="exit echo-port", machine={"cpus": 2}, modules=modules, timeout=200)
    assert not run.timed_out
    channel = "org.bulkhead.console.user org.bulkhead.control org.bulkhead.echo org.bulkhead.events"
    for name, count, ports in (("service", BYTES, channel), ("user", 65536, "org.bulkhead.echo")):
        lines = said(run, name)
        assert "functions 0x1043 0x078000" in lines, lines
        assert f"ports {ports} " in lines, lines
        assert any(re.match(r"interrupts \d+ vectors, type PCI-MSI", line) for line in lines), lines
        sent = next(line for line in lines if line.startswith("echo sent "))
        assert sent == f"echo sent {count} {sent.split()[3]}  -" and len(sent.split()[3]) == 64
        assert sent.replace("sent", "got") in lines, lines
        assert "on hvc0" in lines and "ports done" in lines, lines
        assert guestrun.end_of(run, name) == "powered-off"


def test_without_messages_the_line_serves(boot, tmp_path):
    run = boot(image=ECHO, cmdline="exit echo-port", machine={"cpus": 1},
               modules=service_config(tmp_path, linux_guest("service", 0, "named=3 bytes=65536 pci=nomsi")), timeout=150)
    lines = said(run, "service")
    sent = next(line for line in lines if line.startswith("echo sent 65536"))
    assert sent.replace("sent", "got") in lines, lines
    assert any("IO-APIC" in line and line.startswith("interrupts") for line in lines), lines


def test_a_shell_on_hvc0_gets_what_is_typed(boot, tmp_path):
    run = boot(machine={"cpus": 1}, modules=service_config(tmp_path, linux_guest("service", 0, "shell=1")), timeout=150,
               answers=[("service> / #", b"echo typed-$((40 + 2)); tty; ls /dev/virtio-ports; exit\n")])
    lines = guestrun.guest_lines(run.lines, "service")
    assert "typed-42" in lines and "/dev/hvc0" in lines, lines
    assert said(run, "service")[-1] == "ports done" and guestrun.end_of(run, "service") == "powered-off"


def test_without_a_service_guest_there_is_no_console(boot, tmp_path):
    modules = service_config(tmp_path)[1:]
    run = boot(machine={"cpus": 1}, modules=[guestrun.config(tmp_path, linux_guest("alone", 0, "")), *modules], timeout=150)
    lines = [line.strip() for line in said(run, "alone")]
    assert {"functions", "ports", "ports done"} <= set(lines) and "on hvc0" not in lines, lines
    assert guestrun.end_of(run, "alone") == "powered-off"


def test_it_is_there_again_after_a_reboot(boot, tmp_path):
    done = []

    def second_time(line):
        done.extend([line] if "demo: ports done" in line else [])
        return len(done) == 2

    run = boot(image=ECHO, cmdline="echo-port", machine={"cpus": 1}, timeout=200, stop_when=second_time,
               modules=service_config(tmp_path, linux_guest("service", 0, "named=3 bytes=65536 reboot=1")))
    lines = said(run, "service")
    sent = [line for line in lines if line.startswith("echo sent 65536")]
    assert len(sent) == 2 and sent[0] != sent[1] and len(done) == 2
    assert [line.replace("sent", "got") for line in sent] == [line for line in lines if line.startswith("echo got")]
    assert lines.count("on hvc0") == 2
