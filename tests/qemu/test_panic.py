# SPDX-License-Identifier: GPL-2.0-only
"""What a panic prints, for each fault on purpose of tests/selftest/panic_cases.c, on the first and on the last CPU."""
import re
import subprocess

import faultline
import machine_view
import pytest
import testbed

HEX = "[0-9a-f]"
WORDS = {
    "pagefault": r"page fault \(#PF\): read at 0x7f0000001000: not mapped \(error code 0x0\)",
    "null": r"page fault \(#PF\): read at 0x8: not mapped \(error code 0x0\)",
    "wtext": r"page fault \(#PF\): write at 0x200000: not allowed there \(error code 0x3\)",
    "wrodata": r"page fault \(#PF\): write at 0x2[0-9a-f]{5}: not allowed there \(error code 0x3\)",
    "xdata": r"page fault \(#PF\): execution at 0x2[0-9a-f]{5}: not allowed there \(error code 0x11\)",
    "ud": r"invalid opcode \(#UD\), error code 0x0",
    "assert": r"tests/selftest/panic_cases.c:\d+: assertion failed: argument != NULL",
    "stack": r"double fault \(#DF\) at 0xffff8[0-9a-f]{11}: stack guard page: the kernel stack of CPU {cpu} overflowed",
}
REGISTERS = [
    rf"rip {HEX}{{16}} cs {HEX}{{4}} rflags {HEX}{{8}} vector \d+ error {HEX}+",
    *(" ".join(rf"{name:3} {HEX}{{16}}" for name in names.split())
      for names in ("rax rbx rcx rdx", "rsi rdi rbp rsp", "r8 r9 r10 r11", "r12 r13 r14 r15")),
    rf"cr0 {HEX}{{8}} cr2 {HEX}{{16}} cr3 {HEX}{{16}} cr4 {HEX}{{8}}",
]


def panic_lines(run):
    bodies = [faultline.body(line) for line in run.lines if not line.startswith("| ")]
    return [text.removeprefix("panic: ") for text in bodies if text and text.startswith("panic: ")]


def test_every_word_is_tested():
    """An NMI into a guest needs VMX: tests/bochs/test_bochs_boot.py."""
    source = (testbed.ROOT / "tests/selftest/panic_cases.c").read_text()
    table = source[source.index("faults[] = {"):]
    assert set(re.findall(r'\{"([a-z]+)", ', table)) == {*WORDS, "nested", "guestnmi"}


@pytest.mark.parametrize("word", [*WORDS, "ap-pagefault", "ap-stack", "ap-assert"])
def test_panic(boot, word):
    run = boot(image="bulkhead-selftest.elf", cmdline=f"exit panic=reset panic-test={word}", machine={"cpus": 3})
    cpu, what = (2, word[3:]) if word.startswith("ap-") else (0, word)
    lines = panic_lines(run)
    assert re.fullmatch(f"CPU {cpu}: " + WORDS[what].replace("{cpu}", str(cpu)), lines[0])
    if what != "assert":
        for line, wanted in zip(lines[1:7], REGISTERS, strict=True):
            assert re.fullmatch(wanted, line)
        assert re.fullmatch(rf"at   {HEX}{{16}}", lines[7])
    # The image is linked as one program: functions with one caller are inlined and leave no frame.
    assert len([line for line in lines if re.fullmatch(rf"(at  |from) {HEX}{{16}}", line)]) >= 2
    assert len([line for line in lines if re.fullmatch(rf"from {HEX}{{16}}", line)]) >= 1
    assert "the last log lines were" in lines
    history = [line for line in run.lines if line.startswith("| ")]
    assert len(history) == 16 and "bulkhead: ready" in history[-1]
    assert lines[-1] == "resetting the machine"
    assert run.ended and not run.having("did not panic") and not run.having("bulkhead: done")


@pytest.mark.parametrize("word, cpu", [("nested", 0), ("ap-nested", 2)])
def test_a_panic_inside_a_panic(boot, word, cpu):
    run = boot(image="bulkhead-selftest.elf", cmdline=f"exit panic=reset panic-test={word}", machine={"cpus": 3})
    assert panic_lines(run) == [f"CPU {cpu}: the first reason", "the device stop failed",
                                "inside the panic: the first reason", "resetting the machine"]
    assert run.ended


def test_the_backtrace_names_real_functions(boot):
    run = boot(image="bulkhead-selftest.elf", cmdline="exit panic=reset panic-test=assert", machine={"cpus": 1})
    addresses = [int(line.split()[1], 16) for line in panic_lines(run) if line.startswith("from ")]
    names = subprocess.run(["addr2line", "-i", "-f", "-e", testbed.BUILD / "bulkhead-selftest.elf",
                            *(hex(address - 1) for address in addresses)],
                           capture_output=True, text=True, check=True).stdout.split("\n")[::2]
    assert "selftest_run" in names or "selftest_panic" in names, names
    assert "run" in names


def test_without_the_word_the_machine_halts_blocked(boot, disk):
    registers = {}
    run = boot(image="bulkhead-selftest.elf", cmdline="panic-test=ud", devices=testbed.demo_devices(disk),
               stop_when=lambda line: "panic: halted" in line,
               at_end=lambda monitor: registers.update(machine_view.command_registers(monitor)))
    assert panic_lines(run)[-1] == "halted"
    assert len(registers) == 9 and machine_view.bus_masters(registers) == []
