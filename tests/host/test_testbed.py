# SPDX-License-Identifier: GPL-2.0-only
"""tools/testbed.py without an emulator: the accelerator's choice, command lines, cleaned console lines, disk images."""
import re
import select
import signal
import subprocess

import monitor
import pytest
import testbed

VMX = {1: (0, 0, 1 << 5, 0), 0x80000001: (0, 0, 0, 0)}
SVM = {1: (0, 0, 0, 0), 0x80000001: (0, 0, 1 << 2, 0)}
NEITHER = {0: (13, 0, 0, 0), 1: (0, 0, ~(1 << 5) & 0xFFFFFFFF, 0), 0x80000001: (0, 0, ~(1 << 2) & 0xFFFFFFFF, 0)}


@pytest.mark.parametrize("leaves, accelerator, why", [
    (None, "tcg", "/dev/kvm"),
    ({}, "tcg", "does not nest"),
    (NEITHER, "tcg", "does not nest"),
    (VMX, "kvm-vmx", "VMX"),
    (SVM, "kvm-svm", "SVM"),
    ({**VMX, 0x80000001: SVM[0x80000001]}, "kvm-svm", "SVM"),
])
def test_accelerator(leaves, accelerator, why):
    choice, reason = testbed.choose_accelerator(leaves)
    assert choice == accelerator and why in reason


def test_no_kvm_device(tmp_path):
    assert testbed.kvm_supported_cpuid(tmp_path / "kvm") is None
    (tmp_path / "kvm").write_bytes(b"not a device")
    assert testbed.kvm_supported_cpuid(tmp_path / "kvm") is None


def pairs(arguments):
    return list(zip(arguments, arguments[1:]))


def test_machine():
    arguments = testbed.machine_arguments(cpus=2, memory="1G")
    for pair in (("-smp", "2"), ("-m", "1G"), ("-machine", "q35,kernel-irqchip=off"), ("-accel", "tcg"),
                 ("-cpu", "EPYC,+svm,+npt"), ("-device", "intel-iommu,intremap=on,caching-mode=on")):
        assert pair in pairs(arguments), pair
    assert "-nodefaults" in arguments


def test_machine_without_units():
    assert not [word for word in testbed.machine_arguments(iommu=None) if "iommu" in word]


@pytest.mark.parametrize("accelerator, cpu, iommu", [
    ("kvm-svm", "host,+svm", "intel-iommu,intremap=on,caching-mode=on"),
    ("kvm-vmx", "host,+vmx", "intel-iommu,intremap=on,eim=on,caching-mode=on"),
])
def test_machine_on_kvm(accelerator, cpu, iommu):
    """Never run: no machine at hand nests. So at least the command is what the manuals ask for."""
    arguments = testbed.machine_arguments(accelerator=accelerator)
    for pair in (("-accel", "kvm"), ("-machine", "q35,kernel-irqchip=split"), ("-cpu", cpu), ("-device", iommu)):
        assert pair in pairs(arguments), pair
    assert ("x2apic" in testbed.kernel_words(accelerator)) == ("eim=on" in iommu)
    assert not [word for word in arguments if "tcg" in word or "EPYC" in word]


def test_demo_devices():
    arguments = testbed.demo_devices("/x/disk.img")
    devices = [value for key, value in pairs(arguments) if key == "-device"]
    assert [device.split(",")[0] for device in devices] == ["pcie-root-port", "nvme", "pcie-root-port", "e1000e", "edu"]
    assert "dma_mask=0xffffffffffffffff" in devices[-1] and "snapshot=on" in " ".join(arguments)
    assert "edu" not in " ".join(testbed.demo_devices("/x/disk.img", edu=False))


def test_boot_medium_is_read_only():
    assert "readonly=on" in " ".join(testbed.boot_arguments("/x/boot.iso"))


@pytest.mark.parametrize("raw, wanted", [
    ("plain\ttext", "plain\ttext"),
    ("end\r", "end"),
    ("\x1b[2J\x1b[01;01Hboot", "boot"),
    ("a\x1b[0;37;40mb\x1b[?25hc", "abc"),
    ("\x00\x07\x1b", ""),
    ("", ""),
])
def test_clean(raw, wanted):
    assert testbed.clean(raw) == wanted


def test_having():
    run = testbed.Run()
    run.lines = ["one two", "two three"]
    assert run.having("two") == run.lines and run.having("two", "one") == ["one two"] and run.having("four") == []


def test_disk_has_known_content(tmp_path):
    first = testbed.make_disk(tmp_path / "a.img", mebibytes=2)
    second = testbed.make_disk(tmp_path / "b.img", mebibytes=2)
    other = testbed.make_disk(tmp_path / "c.img", mebibytes=2, seed="other")
    assert first.stat().st_size == 2 << 20
    assert testbed.sha256_of(first, 1 << 20) == testbed.sha256_of(second, 1 << 20) != testbed.sha256_of(other, 1 << 20)
    written = first.stat().st_mtime_ns
    assert testbed.make_disk(first, mebibytes=2).stat().st_mtime_ns == written


def test_emulator_that_ends_at_once():
    run = testbed.run_qemu(["-machine", "no-such-machine"], 20)
    assert run.ended and not run.timed_out and run.status != 0 and run.having("unsupported machine type")


def test_time_is_up():
    run = testbed.run_qemu(["-machine", "none", "-S"], 0.5)
    assert run.timed_out and not run.ended and run.seconds < 20


def test_time_is_up_and_the_cpus_are_shown():
    """A firmware that waits for ever: the last lines say where."""
    run = testbed.run_qemu([*testbed.machine_arguments(cpus=2, memory="64M", iommu=None)], 6)
    threads = [line for line in run.lines if re.search(r"look [12]: thread \d+ \(CPU [01]/TCG\): state=\w ticks=\d+ waits=", line)]
    assert len(threads) == 4, run.text
    first, second = run.lines[-4:-2], run.lines[-2:]
    assert run.timed_out and [line.split(": ")[2:4] for line in (*first, *second)] == [
        ["look 1", "CPU 0"], ["look 1", "CPU 1"], ["look 2", "CPU 0"], ["look 2", "CPU 1"]], run.text
    for line in (*first, *second):
        assert re.search(r": [RE]IP=\w{8,16} [RE]FL=\w{8} HLT=[01] initial_count=\d+ current_count=\d+ ISR=\S.* IRR=\S",
                         line), line


def test_time_is_up_and_what_came_late_is_kept():
    """An emulator that is stopped past its time, and then says what it had to say."""
    script = "echo first; kill -STOP $$; echo late; sleep 60"
    run = testbed.Run()
    with testbed.start(["bash", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        def at_timeout():
            threads = monitor.threads(process.pid)
            process.send_signal(signal.SIGCONT)
            assert select.select([process.stdout], [], [], 30)[0]
            return threads

        testbed.drive(run, process, testbed.Console(process.stdout.fileno(), process.stdin.fileno()), 3, at_timeout=at_timeout)
    assert run.timed_out and run.lines[:2] == ["first", "late"] and re.search(r"thread \d+ \(bash\): state=T ", run.lines[2])


def test_time_is_up_and_qemu_does_not_answer(tmp_path):
    (line,) = monitor.standing(tmp_path / "nothing")
    assert line.startswith("qemu: time is up: its monitor does not answer: ")


def test_parts_of_guests_lines_are_put_together():
    lines = ["[   1.0] info  x", "storage> demo: 0x01080", "net| whole", "storage> 2, 1", "storage| 0x06", "net> # "]
    assert testbed.whole_lines(lines) == ["[   1.0] info  x", "net| whole", "storage| demo: 0x010802, 10x06", "net> # "]


def test_when_an_answer_is_typed():
    assert testbed.answer_is_due("b", ["a", "xbx"]) and not testbed.answer_is_due("a", ["a", "b"])
    assert testbed.answer_is_due(("a", "b"), ["a", "b", "c"]) and not testbed.answer_is_due(("a", "b"), ["a", "c"])
