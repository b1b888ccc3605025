#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Bulkhead, Linux KVM + VFIO and Xen side by side on the same emulated machine: `make bench-peers`. Every figure comes
from a run that this program makes; what cannot be had says why."""
import argparse
import sys

import images
import kvm
import machine
import measure
import ours
import testbed
import xen
import xen_images

EXITS = testbed.BUILD / "bench" / "exits.elf"
ROWS = (("cpuid", "CPUID exit, instructions"), ("pm-timer", "PM timer read, instructions"),
        ("host", "power-on to the host's shell"), ("shell", "power-on to the guest's shell"),
        ("memory", "memory that is neither the guest's nor free"),
        ("1m", "NVMe 1 MiB reads, guest / no hypervisor"), ("4k", "NVMe 4 KiB reads, guest / no hypervisor"),
        ("ram", f"the guest's device writes to RAM not the guest's ({machine.OTHERS_RAM}): reported by"),
        ("nowhere", f"the same, where no RAM is ({machine.NOBODYS})"))
NO_HOST = "there is none"


def of_linux(done, watch, native, names):
    """The cells that every column gets from its Linux guest."""
    disk, told = measure.disk(done.text), measure.reports(done.lines)
    cells = {block: measure.ratio(native, disk, block) for block in ("1m", "4k")}
    cells["shell"] = watch.text(machine.SHELL)
    cells["ram"] = measure.report_text(told.get(machine.OTHERS_RAM), names)
    cells["nowhere"] = measure.report_text(told.get(machine.NOBODYS), names)
    return cells


def of_exits(measured):
    return {key: str(measured[key]) for key in ("cpuid", "pm-timer") if key in measured}


def bulkhead_linux(native):
    done, watch = ours.linux()
    return {**of_linux(done, watch, native, ours.NAMES), "host": f"-: {NO_HOST}",
            "memory": ours.memory(done.text, ours.kept_bytes())}


def kvm_linux(native):
    done, watch = kvm.linux()
    memory = measure.kvm_memory(done.text, machine.MACHINE_MIB << 10, machine.GUEST_MIB << 10)
    return {**of_linux(done, watch, native, kvm.NAMES), "host": watch.text(machine.HOST_SHELL), "memory": memory}


def xen_linux(native):
    done, watch = xen.linux()
    own = machine.GUEST_MIB << 10  # dom0 gets as much as the guest
    memory = measure.xen_memory(done.text, machine.MACHINE_MIB << 10, own, own)
    return {**of_linux(done, watch, native, xen.NAMES), "host": watch.text(machine.HOST_SHELL), "memory": memory}


# column -> what gives its cells: (what is done, function of the native disk's times)
COLUMNS = {"Bulkhead": (("exits", lambda _: of_exits(ours.exits(EXITS))), ("Linux", bulkhead_linux)),
           "KVM + VFIO": (("exits", lambda _: of_exits(kvm.exits(EXITS))), ("Linux", kvm_linux)),
           "Xen (HVM)": (("exits", lambda _: of_exits(xen.exits(EXITS))), ("Linux", xen_linux))}


def measured(name, native, say):
    """(cells, why the others are missing) of one column."""
    cells, why = {}, "the run did not print it"
    for what, function in COLUMNS[name]:
        say(f"{name}: {what}")
        try:
            cells |= {key: text for key, text in function(native).items() if text is not None}
        except (RuntimeError, SystemExit) as error:
            say(str(error))
            why = str(error).split("\n", maxsplit=1)[0] or "failed"
            why = "its packages could not be had (above)" if isinstance(error, SystemExit) else why.rstrip(":")
    return cells, why


def table(columns):
    """columns: {name: (cells, why)} -> lines."""
    lines = [f"| Figure | {' | '.join(columns)} |", "|---|" + "---|" * len(columns)]
    for key, figure in ROWS:
        texts = [cells.get(key, f"not measured: {why}") for cells, why in columns.values()]
        lines.append(f"| {figure} | {' | '.join(text.replace('|', '/') for text in texts)} |")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("column", nargs="*", metavar="COLUMN", help=f"of {', '.join(COLUMNS)}; all without one")
    options = parser.parse_args()
    unknown = [name for name in options.column if name not in COLUMNS]
    if unknown:
        parser.error(f"no column {unknown[0]}: choose from {', '.join(COLUMNS)}")

    def say(text):
        print(f"bench-peers: {text}", file=sys.stderr, flush=True)

    say("the guest without a hypervisor")
    native = measure.disk(ours.native().text)
    columns = {name: measured(name, native, say) for name in options.column or COLUMNS}
    print("\n".join(table(columns)))
    packages = [images.guest_images.kernel_package(), "qemu-system-x86", *xen_images.PACKAGES]
    print(f"\nPackages: {', '.join(images.versions(packages))}.")


if __name__ == "__main__":
    main()
