# SPDX-License-Identifier: GPL-2.0-only
"""`make run INTERACTIVE=1` as somebody at a terminal finds it."""
import sys

import pexpect
import pytest
import testbed

pytestmark = pytest.mark.xdist_group("linux")


def test_two_shells_and_a_key_between_them():
    child = pexpect.spawn(str(testbed.ROOT / "tools" / "run"), ["--interactive"], timeout=120, encoding="utf-8",
                          codec_errors="replace", logfile=sys.stdout)
    child.expect(r"run: tools/demo/interactive.toml: .*Ctrl-\] takes the keyboard")
    ready = set()
    while len(ready) < 2:
        child.expect(r"(storage|net)\| demo: shell ready")
        ready.add(child.match[1])
    child.send("cat /sys/block/nvme0n1/size; echo here-$((40 + 2))\n")
    child.expect(r"storage\| \d+\s")
    child.expect(r"storage\| here-42")
    child.send("\x1d")
    child.expect("console: input goes to guest net")
    child.send("cat /sys/class/net/eth0/address; echo there-$((50 + 5))\n")
    child.expect(r"net\| 52:54:00:b0:1c:01")
    child.expect(r"net\| there-55")
    child.send("poweroff -f\n")
    child.expect("guest: name=net end=powered-off")
    child.send("\x01x")  # QEMU's own
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
