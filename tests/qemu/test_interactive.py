# SPDX-License-Identifier: GPL-2.0-only
"""`make run INTERACTIVE=1` as somebody at a terminal finds it."""
import re
import sys
import time

import pexpect
import pytest
import testbed

pytestmark = pytest.mark.xdist_group("linux")


PATIENCE = 360


class Screen:
    """What was shown so far, guests' lines whole: a slow guest's are shown in parts."""

    def __init__(self, child):
        self.child, self.rest, self.lines, self.joiner = child, "", [], testbed.WholeLines()

    def wait(self, *patterns):
        """Until each of them was found in some line."""
        deadline = time.monotonic() + PATIENCE
        while not all(any(re.search(pattern, line) for line in self.lines) for pattern in patterns):
            assert time.monotonic() < deadline, patterns
            *whole, self.rest = (self.rest + self.child.read_nonblocking(65536, PATIENCE)).split("\n")
            self.lines += [self.joiner.add(testbed.clean(line)) for line in whole]


def test_two_shells_and_a_key_between_them():
    child = pexpect.spawn(str(testbed.ROOT / "tools" / "run"), ["--interactive"], timeout=PATIENCE, encoding="utf-8",
                          codec_errors="replace", logfile=sys.stdout)
    screen = Screen(child)
    screen.wait("^run: tools/demo/interactive.toml: ", r"Ctrl-\] takes the keyboard")
    screen.wait(r"^storage\| .*demo: shell ready", r"^net\| .*demo: shell ready")
    child.send("cat /sys/block/nvme0n1/size; echo here-$((40 + 2))\n")
    screen.wait(r"^storage\| \d+$", r"^storage\| .*here-42")
    child.send("\x1d")
    screen.wait("console: input goes to guest net")
    child.send("cat /sys/class/net/eth0/address; echo there-$((50 + 5))\n")
    screen.wait(r"^net\| .*52:54:00:b0:1c:01$", r"^net\| .*there-55")
    child.send("poweroff -f\n")
    screen.wait("guest: name=net end=powered-off")
    child.send("\x01x")  # QEMU's own
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
