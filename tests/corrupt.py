# SPDX-License-Identifier: GPL-2.0-only
"""Live tables spoiled on purpose (tests/selftest/corrupt_cases.c), for the suites in tests/qemu and tests/bochs: what
the isolation auditor has to say about each, and that nobody starts then."""
import re

import guestrun
import testbed

IMAGE = "bulkhead-selftest.elf"
# corrupt= -> patterns, each of which a finding must match; alpha is the first guest, beta the second
FINDINGS = {
    "nested": ["finding=leaf-of-another guest=alpha level=[12] address=0x0 .* other=beta"],
    "second-level": ["finding=leaf-forbidden guest=alpha unit=0x.* source={alpha} .* name=\"hypervisor memory\""],
    "context": ["finding=tree-shared guest=(alpha|beta) unit=0x.* other=(alpha|beta)"],
    "irte": ["finding=interrupt-unvalidated guest=nobody unit=0x.* address=0x[0-9a-f]+ .* want=\"SVT 1 or 2\""],
    "shared": ["finding=table-shared guest=beta"],
}


def modules(folder, devices, first=""):
    """Two guests with a device each; the first with that command line."""
    config = guestrun.config(folder, *(guestrun.guest(name, [0], "loader", share=True, devices=[device], cmdline=words)
                                       for name, device, words in zip(("alpha", "beta"), devices, (first, ""))))
    return [config, testbed.Module(guestrun.image("loader"), "loader")]


def assert_refused(run, word, devices):
    """The audit says what is wrong by its name, then the machine is refused with it."""
    assert run.having(f"selftest: corrupt={word}: done"), run.lines[-5:]
    verdicts = run.having("audit: verdict=")
    assert len(verdicts) == 1 and "verdict=fail scope=all guests=2 " in verdicts[0], verdicts
    findings = run.having("audit: finding=")
    for pattern in FINDINGS[word]:
        pattern = pattern.format(alpha=devices[0], beta=devices[1])
        assert any(re.search(pattern, line) for line in findings), (pattern, findings)
    said = f"finding={re.search('finding=([a-z-]+)', findings[0])[1]} "
    assert run.having("error[BH0390] audit: isolation is not proven: ", said) and run.having("bulkhead: refused: ", said)
    assert run.having("bulkhead: all devices are blocked, no guest was started")
    assert not run.having("starts") and not run.having("LOADER: ") and not run.having("panic:") and not run.timed_out


def assert_one_refused(run):
    """corrupt=root: all tables are sound, but the first guest's vCPU would run on the second's. It alone is refused."""
    assert run.having("audit: verdict=pass scope=all guests=2 ")
    assert run.having("audit: finding=vcpu-tables guest=alpha level=0 address=0x0 value=0x", "other=beta")
    assert guestrun.end_of(run, "alpha") == "crashed" and guestrun.end_of(run, "beta") == "powered-off"
    assert run.having('guest: name=alpha crashed why="vCPU 0: isolation is not proven: finding=vcpu-tables')
    assert not guestrun.guest_lines(run.lines, "alpha") and guestrun.guest_lines(run.lines, "beta")
    assert not run.having("panic:") and not run.timed_out


def assert_restart_refused(run):
    """corrupt=again: the first guest asks to start anew, and by then its tables are spoiled."""
    assert run.having("audit: verdict=pass scope=all guests=2 ") and run.having("guest: name=alpha starts anew, reset 1")
    assert run.having("audit: verdict=fail scope=alpha ")
    assert any(re.search(FINDINGS["nested"][0], line) for line in run.having("audit: finding="))
    assert guestrun.end_of(run, "alpha") == "crashed" and guestrun.end_of(run, "beta") == "powered-off"
    assert run.having('guest: name=alpha crashed why="could not start anew: ', "isolation is not proven")
    assert not run.having("reset 2") and not run.having("panic:") and not run.timed_out
