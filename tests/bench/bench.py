#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The measured figures, one function a group: `make bench`, or with --json for machines.

A figure is counted, never timed, wherever it can be: pages, KiB, and instructions, which under QEMU's
`-icount shift=0` are the guest's nanoseconds. A new figure is a function that returns rows, added to GROUPS."""
import argparse
import dataclasses
import functools
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "tools"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import figures_backends  # noqa: E402
import figures_guest  # noqa: E402
import figures_network  # noqa: E402
import figures_scale  # noqa: E402
import figures_service  # noqa: E402
import testbed  # noqa: E402
from row import Row, side_by_side, table  # noqa: E402

GIB = 1 << 30
MIB = 1 << 20
DOMAIN_BENCH = testbed.BUILD / "bench" / "domain_bench"
READY = re.compile(r"bulkhead: ready ns=(\d+) waited-us=(\d+) memory-kib=(\d+)")


def run_program(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True, timeout=300)


def instructions(function, *command):
    """(instructions inside that function, host build) or (None, why not)."""
    if not shutil.which("valgrind"):
        return None, "needs valgrind"
    with tempfile.NamedTemporaryFile() as out:
        done = run_program("valgrind", "--tool=callgrind", f"--toggle-collect={function}",
                           f"--callgrind-out-file={out.name}", *command)
    match = re.search(r"Collected : (\d+)", done.stderr)
    return (int(match[1]), "") if match else (None, "callgrind printed no count")


def domain():
    rows = []
    for what, max_leaf, alignment in (("1 GiB pages", 3, 0), ("host memory only 2 MiB-aligned", 3, 2 * MIB)):
        pages, gib = (int(n) for n in re.search(r"table-pages=(\d+) gib=(\d+)",
                                                run_program(DOMAIN_BENCH, max_leaf, alignment).stdout).groups())
        name = f"1 TiB domain, {what}: "
        goal = 1 if alignment == 0 else None
        rows.append(Row(name + "table pages a GiB", pages / gib, "pages", goal, f"{pages} in all"))
        count, why = instructions("vtd_domain_map", DOMAIN_BENCH, max_leaf, alignment)
        rows.append(Row(name + "building it, host build", count, "instructions", None, why))
    return rows


PLAN_BENCH = testbed.BUILD / "bench" / "plan_bench"
PLAN_SIZES = ((1024, 16, 16), (2048, 32, 32), (4096, 64, 64))  # functions, units, guests


def plan():
    """CPU time of groups and plan together, and of the inventory, the fastest of ten rounds: the one figure that is
    timed, with a goal 20 times what is needed. How it grows is a ratio within one run."""
    rows, times, listings = [], [], []
    for size in PLAN_SIZES:
        out = run_program(PLAN_BENCH, *size, 10)
        functions, units, guests, devices, _, ns, listing = (int(n) for n in re.findall(r"=(\d+)", out.stdout))
        times.append(ns / functions)
        listings.append(listing / functions)
        rows.append(Row(f"plan: {functions} functions, {units} units, {guests} guests", ns / 1e6, "ms of CPU time", 50,
                        f"{devices} functions given away"))
    rows.append(Row("plan: time a function, largest against smallest machine", times[-1] / times[0], "times", 2))
    rows.append(Row(f"inventory: {functions} functions", listing / 1e6, "ms of CPU time", None, "a line each"))
    rows.append(Row("inventory: time a function, largest against smallest machine", listings[-1] / listings[0], "times", 2))
    return rows


AUDIT_BENCH = testbed.BUILD / "bench" / "audit_bench"


def audit():
    """Instructions of an audit in 4 KiB leaves, and how they grow. CPU time is a note: it also grows with what the
    tables take of the caches, at 66 lines missed a page whatever the size. Then what it adds to a boot."""
    rows, counts = [], []
    for gib in (1, 4, 16):
        pages, leaves, ns = (int(n) for n in re.findall(r"=(\d+)", run_program(AUDIT_BENCH, gib).stdout))
        count, why = instructions("audit_run", AUDIT_BENCH, gib, 1)
        counts.append(count and count / pages)
        why = why or f"{pages} pages of 512 leaves, {ns / pages / 1000:.1f} us of CPU time a page"
        rows.append(Row(f"audit: {gib} GiB in 4 KiB leaves, a table page", count and count // pages, "instructions", None,
                        why))
    rows.append(Row("audit: instructions a table page, largest against smallest guest",
                    counts[-1] / counts[0] if all(counts) else None, "times", 1.1, "" if all(counts) else why))
    return rows + figures_guest.audit_at_boot()


@functools.lru_cache(maxsize=None)
def ready(cpus, icount=True):
    """(ns, waited ns, KiB) of one boot of the demo machine; under -icount shift=0 a nanosecond is an instruction."""
    disk = testbed.make_disk(testbed.BUILD / "disk.img")
    with tempfile.TemporaryDirectory(prefix="bulkhead-") as folder:
        iso = testbed.make_iso(pathlib.Path(folder) / "bench.iso", testbed.BUILD / "bulkhead.elf", "exit panic=reset")
        arguments = [*testbed.machine_arguments(cpus=cpus), *testbed.demo_devices(disk), *testbed.boot_arguments(iso)]
        if icount:
            arguments += ["-icount", "shift=0"]
        run = testbed.run_qemu(arguments, 240)
    match = READY.search(run.text)
    if not match:
        raise RuntimeError("the hypervisor was not ready:\n" + run.text)
    ns, waited_us, kib = (int(number) for number in match.groups())
    return ns, waited_us * 1000, kib


def entry_to_ready():
    rows = []
    for cpus in (1, 4):
        ns, waited, _ = ready(cpus)
        rows.append(Row(f"entry to ready, {cpus} CPU{'s' * (cpus > 1)}", ns - waited, "instructions", None,
                        f"waits apart: {waited:,}".replace(",", " ")))
    return rows


def memory():
    return [Row(f"hypervisor memory, {cpus} CPU{'s' * (cpus > 1)}, no guests", ready(cpus)[2], "KiB", 8192)
            for cpus in (1, 4)]


GROUPS = {"domain": domain, "audit": audit, "plan": plan, "ready": entry_to_ready, "memory": memory, **figures_backends.GROUPS,
          **figures_guest.GROUPS, **figures_network.GROUPS, **figures_scale.GROUPS,
          **figures_service.GROUPS}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="one JSON list instead of the table")
    parser.add_argument("group", nargs="*", metavar="GROUP", help=f"of {', '.join(GROUPS)}; all without one")
    options = parser.parse_args()
    unknown = [name for name in options.group if name not in GROUPS]
    if unknown:
        parser.error(f"no group {unknown[0]}: choose from {', '.join(GROUPS)}")
    rows = [row for name in options.group or GROUPS for row in GROUPS[name]()]
    if options.json:
        print(json.dumps([dataclasses.asdict(row) for row in rows], indent=2))
        return
    tables = [lines for lines in (table(rows), side_by_side(rows)) if lines]
    print("\n\n".join("\n".join(lines) for lines in tables))


if __name__ == "__main__":
    main()
