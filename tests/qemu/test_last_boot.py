# SPDX-License-Identifier: GPL-2.0-only
"""The log that outlives a warm reset: QEMU keeps RAM over one, as most machines do."""
import re

import monitor
import testbed

SMALL = {"cpus": 1, "memory": "256M"}
PLACE = 0x07000000  # kernel/lib/last_log.c, for that much memory
MARK = " last-boot: "


class Nth:
    """True at the n-th line with that, what is shown of others' boots not counted."""

    def __init__(self, text, times):
        self.text, self.left = text, times

    def __call__(self, line):
        self.left -= self.text in line and "| [" not in line
        return self.left == 0


def told(run):
    """What each boot said of the one before it, without times: a list for each."""
    boots = [[]]
    for line in run.lines:
        if "boot: Bulkhead, started by" in line and "last-boot" not in line:
            boots.append([])
        if re.match(r"\[ *[\d.]+\] (warn|info) +last-boot: ", line):
            boots[-1].append(line.split(MARK, 1)[1])
    return boots[1:]


def test_a_panic_is_shown_once_by_the_next_boot(boot):
    run = boot(image="bulkhead-selftest.elf", cmdline="panic=reset panic-test=assert", machine=SMALL, resets=True,
               stop_when=Nth("last-boot: end", 2))
    first, second, third = told(run)
    assert first == []
    for lines in (second, third):
        assert lines[0] == "it ended by a panic; the last lines of its log were" and lines[-1] == "end"
        reason = [line for line in lines if re.search(r"panic: CPU 0: .*panic_cases.c:\d+: assertion failed", line)]
        assert len(reason) == 1 and [line for line in lines if "panic: from " in line]
        assert lines[-2].endswith("panic: resetting the machine")
        assert sum("bulkhead: ready" in line for line in lines) == 1
        assert len(lines) <= 66
    # What the third shows is the second's own, and nothing of what that showed of the first.
    assert [line for line in third if "| [" in line and "last-boot" in line.split("| ", 1)[1]] == []


def test_an_ordered_reset_says_nothing(boot):
    run = boot(cmdline="exit", machine=SMALL, resets=True, stop_when=Nth("bulkhead: done", 2))
    assert told(run) == [[], []]


def test_a_reset_from_outside_shows_what_was_last(tmp_path):
    """A button, a watchdog: here QEMU's monitor, once the machine is idle."""
    iso = testbed.make_iso(tmp_path / "boot.iso", testbed.BUILD / "bulkhead.elf",
                           testbed.kernel_words("tcg").strip())
    arguments = [*testbed.machine_arguments(**SMALL, accelerator="tcg"), *testbed.boot_arguments(iso),
                 "-qmp", f"unix:{tmp_path}/qmp,server=on,wait=off"]

    def on_line(line):
        if "bulkhead: no configuration" not in line or "last-boot" in line:
            return
        with monitor.monitor_of(tmp_path / "qmp") as view:
            view.execute("system_reset")

    run = testbed.run_qemu(arguments, 60, on_line=on_line, stop_when=Nth("last-boot: end", 1), resets=True)
    print(run.text)
    first, second = told(run)
    assert first == []
    assert second[0] == "the machine was reset from outside: a hang, a watchdog, a button; the last lines of its log were"
    assert "bulkhead: no configuration" in second[-2] and second[-1] == "end"


def test_a_damaged_log_is_not_shown(boot):
    """8 bytes of its head are another's after each reset."""
    devices = ["-device", f"loader,addr={PLACE + 16:#x},data=0x1122334455667788,data-len=8"]
    run = boot(image="bulkhead-selftest.elf", cmdline="panic=reset panic-test=assert", machine=SMALL, resets=True,
               devices=devices, stop_when=Nth("bulkhead: ready", 2))
    assert told(run) == [[], ["the log that the last boot left is damaged, and is not shown"]]
