# SPDX-License-Identifier: GPL-2.0-only
"""The one machine that every column is measured on, and the words all of them share."""
import pathlib
import sys

BENCH = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(BENCH), str(BENCH.parent.parent / "tools")]
import testbed  # noqa: E402
from disk import bench_disk  # noqa: E402

MACHINE_MIB, GUEST_MIB = 3072, 512
NVME, EDU = "0000:01:00.0", "0000:00:05.0"
OTHERS_RAM, NOBODYS = "0x70000000", "0x3000000000"  # RAM that is not the guest's; no RAM at all
READ = "quiet rounds=5"  # the fastest of five counts
WORDS = f"{READ} rogue={OTHERS_RAM},{NOBODYS}"  # of the guest
UNHURRIED = "no_timer_check"  # of a kernel: a busy machine lets it wait too long for its first ticks, and it panics
ICOUNT = ["-icount", "shift=0,sleep=off"]
SHELL, HOST_SHELL = "demo: peer shell", "demo: peer host-shell"


def arguments():
    return [*testbed.machine_arguments(cpus=1, memory=f"{MACHINE_MIB}M"), *testbed.demo_devices(bench_disk())]
