# SPDX-License-Identifier: GPL-2.0-only
"""Figures of large machines: many guests, devices and much memory under QEMU, and how each cost grows. The machines are
tests/qemu/scale.py's; what goes beyond them is simulated on the host (bench.py's domain, plan and audit, and here what
a fault record costs)."""
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "qemu"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import scale  # noqa: E402
import testbed  # noqa: E402
from row import Row  # noqa: E402

FAULT_BENCH = testbed.BUILD / "bench" / "fault_bench"
# Guests, devices, GiB; each line of the table is one boot.
SIZES = ((1, 8, 4), (16, 64, 64), (64, 256, 512))
FAULT_DEVICES, FAULTS = (1, 256, 4096), 100000
ICOUNT = ["-icount", "shift=0,sleep=off"]


def number(run, line, key):
    return int(re.search(rf"\b{key}=(\d+)", run.having(line)[0])[1])


def boot(guests, devices, gib):
    with tempfile.TemporaryDirectory(prefix="bulkhead-") as folder:
        run = scale.boot(pathlib.Path(folder), guests, devices, gib, ICOUNT, timeout=600, resets=False)
    if len(run.having("guest: name=", "end=powered-off")) != guests:
        raise RuntimeError("not every guest powered off:\n" + run.text)
    return run


def machines():
    """Instructions of all CPUs in turn, as under -icount; waits, scrubbing and image copies apart. No device is reset:
    under QEMU that takes longer than all else, for QEMU's sake (docs/performance.md)."""
    rows = []
    for guests, devices, gib in SIZES:
        run = boot(guests, devices, gib)
        made, on = "all guests made", f"{guests} guests, {devices} devices, {gib} GiB"
        ready_ns = number(run, "bulkhead: ready", "ns") - number(run, "bulkhead: ready", "waited-us") * 1000
        waited = number(run, made, "waited-us") * 1000
        apart = number(run, made, "scrub-ns") + number(run, made, "copy-ns")
        rows += [Row("entry to ready", ready_ns, "instructions", on=on),
                 Row("entry to all guests made", number(run, made, "ns") - waited - apart, "instructions", on=on),
                 Row("audit of all tables", number(run, "audit: verdict=pass", "ns"), "instructions", on=on),
                 Row("hypervisor memory when all guests are made", number(run, made, "memory-kib"), "KiB", on=on),
                 Row("the same a guest and device", (number(run, made, "memory-kib") - number(run, "ready", "memory-kib")) //
                     (guests + devices), "KiB", on=on)]
    return rows


def faults():
    """What is done with a fault record once it was read, on the host: the owner is looked up, counts are kept, few
    records become a line or an event."""
    rows = []
    for devices in FAULT_DEVICES:
        with tempfile.NamedTemporaryFile() as out:
            done = subprocess.run(["valgrind", "--tool=callgrind", "--toggle-collect=tell",
                                   f"--callgrind-out-file={out.name}", FAULT_BENCH, str(devices), str(FAULTS)],
                                  capture_output=True, text=True, check=True, timeout=300)
        count = int(re.search(r"Collected : (\d+)", done.stderr)[1])
        lines = re.search(r"lines=(\d+)", done.stdout)[1]
        rows.append(Row(f"a fault record, {devices} device{'s' * (devices > 1)}", count // FAULTS, "instructions", None,
                        f"{FAULTS} records, 10 us apart, {lines} lines"))
    return rows


GROUPS = {"scale": machines, "fault-records": faults}
