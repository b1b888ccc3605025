# SPDX-License-Identifier: GPL-2.0-only
"""Figures of both CPU backends, side by side: what exits cost, how many an assigned device's interrupt takes, what a
change of turns costs. Under Bochs a tick of the TSC is an instruction, as it is under QEMU's -icount."""
import dataclasses
import pathlib
import re
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "tools"))
import bochs  # noqa: E402
import testbed  # noqa: E402
from row import Row  # noqa: E402

EXITS = testbed.BUILD / "bench" / "exits.elf"
# Without sleep=off an idle machine waits in real time, which the clock then shows.
ICOUNT = ["-icount", "shift=0,sleep=off"]
APICV = ("apic-registers", "virtual-interrupts", "virtual-x2apic")
INSTRUCTIONS = "instructions"
SLICE_US = 1000


@dataclasses.dataclass(frozen=True)
class Place:
    """One column."""

    name: str
    bochs: bool
    edu: str
    ticks_a_us: int
    without: tuple = ()


SVM = Place("SVM, QEMU", False, "0000:00:05.0", 1000)
VMX = Place("VMX, Bochs", True, "0000:00:10.0", bochs.IPS // 1000000)
VMX_PLAIN = dataclasses.replace(VMX, name="VMX, Bochs, no APICv", without=APICV)
VMX_NO_TIMER = dataclasses.replace(VMX, without=("preemption-timer",))
PLACES = (SVM, VMX, VMX_PLAIN)


def guest_table(name, words="", keys=""):
    command = f'cmdline = "{words}"\n' if words else ""
    return f'[guest.{name}]\ncpus = [0]\nmemory = "16MiB"\nkernel = "kernel"\n{command}{keys}\n'


def config_text(place, tables, slice_us=None):
    system = [f"without = [{', '.join(chr(34) + name + chr(34) for name in place.without)}]"] if place.without else []
    system += [f"slice-us = {slice_us}"] if slice_us else []
    return "version = 1\n" + "\n".join(["[system]", *system, ""] if system else []) + "\n" + "".join(tables)


def run_qemu(folder, modules):
    iso = testbed.make_iso(folder / "bench.iso", testbed.BUILD / "bulkhead.elf", "exit panic=reset", modules)
    disk = testbed.make_disk(testbed.BUILD / "disk.img")
    return testbed.run_qemu([*testbed.machine_arguments(cpus=1), *testbed.demo_devices(disk),
                             *testbed.boot_arguments(iso), *ICOUNT], 240)


def run_bochs(folder, modules):
    machine = bochs.Machine(cpus=1)
    iso = bochs.make_iso(folder / "bench.iso", testbed.BUILD / "bulkhead.elf", machine, "exit panic=reset", modules)
    return bochs.run(machine, iso, 240)


def boot(place, tables, slice_us=None):
    """One boot with these guests, all of the one image; None without Bochs."""
    if place.bochs and not shutil.which("bochs-bin"):
        return None
    with tempfile.TemporaryDirectory(prefix="bulkhead-") as name:
        folder = pathlib.Path(name)
        (folder / "bulkhead.toml").write_text(config_text(place, tables, slice_us))
        modules = [testbed.Module(folder / "bulkhead.toml", "bulkhead.toml"), testbed.Module(EXITS, "kernel")]
        run = (run_bochs if place.bochs else run_qemu)(folder, modules)
    if len(run.having("guest: name=", "end=powered-off")) != len(tables) or run.having("FAIL: "):
        raise RuntimeError(f"{place.name}: not every guest did its work:\n{run.text}")
    return run


def ticks(text):
    """What the guest measured: {name: ticks}."""
    return {name: int(value) for name, value in re.findall(r"bench: (\S+)=(\d+)", text)}


def counters(text):
    """What the hypervisor counted for the guest that ended: {name: number}."""
    (line,) = re.findall(r"guest: name=\S+ end=\S+ (.*)", text)
    return {name: int(value) for name, value in re.findall(r"(\S+)=(\d+)", line)}


def per_interrupt(counted):
    """(all exits, EOIs) a device interrupt. All windows are laid to the device's account."""
    interrupts = counted["device-interrupts"]
    most = counted["exits-device"] + counted["eoi"] + counted["window"]
    return most / interrupts, counted["eoi"] / interrupts


def switch_cost(text):
    """Ticks of the TSC from one guest's last instruction to the other's first, out of both guests' output: a gap is the
    other's turn between two switches."""
    turns = [int(n) for n in re.findall(r"bench: slice-turn=(\d+)", text)]
    gaps = [int(n) for n in re.findall(r"bench: slice-gap=(\d+)", text)]
    assert len(turns) == len(gaps) == 2, text
    return round((sum(gaps) - sum(turns)) / 4)


def missing(figure, unit, place):
    return Row(figure, None, unit, note="needs bochs", on=place.name)


# key of the guest's line, figure
EXIT_FIGURES = (("cpuid", "CPUID exit, round trip"), ("pm-timer", "PM timer read"),
                ("ioapic-read", "I/O APIC register access (MMIO, a nested page fault)"),
                ("lapic-read", "local APIC register read (MMIO)"), ("lapic-write", "local APIC register write (MMIO)"),
                ("injection", "self-IPI: write of the ICR to the handler"),
                ("self-ipi", "self-IPI and EOI, round trip"), ("hlt-wake", "timer due to its handler, out of HLT"))
CPUID_MOST = {SVM: 400, VMX: 300, VMX_PLAIN: 300}


def exits():
    rows = []
    for place in PLACES:
        run = boot(place, [guest_table("bench")])
        found = ticks(run.text) if run else {}
        for key, figure in EXIT_FIGURES:
            most = CPUID_MOST[place] if key == "cpuid" else None
            rows.append(Row(figure, found[key], INSTRUCTIONS, most, on=place.name) if run
                        else missing(figure, INSTRUCTIONS, place))
    return rows


def device_interrupts():
    """edu's MSI, to a guest that waits for it with interrupts on."""
    whole, ends, way = "exits per device interrupt (edu)", "EOI exits per device interrupt (edu)", \
        "edu's register to the guest's handler"
    rows = []
    for place in PLACES:
        run = boot(place, [guest_table("bench", "device=1", f'devices = ["{place.edu}"]\n')])
        if run is None:
            rows += [missing(whole, "exits", place), missing(ends, "exits", place), missing(way, INSTRUCTIONS, place)]
            continue
        by_all, by_eoi = per_interrupt(counters(run.text))
        apicv = place == VMX
        rows += [Row(whole, by_all, "exits", 1 if apicv else 2, on=place.name),
                 Row(ends, by_eoi, "exits", 0 if apicv else None, on=place.name),
                 Row(way, ticks(run.text)["device-interrupt"], INSTRUCTIONS, on=place.name)]
    return rows


def slices():
    rows = []
    for place, figure in ((SVM, "time slice: switch to another guest"), (VMX, "time slice: switch to another guest"),
                          (VMX_NO_TIMER, "the same, slices ended by the host's timer")):
        words = f"slice-gap={SLICE_US * place.ticks_a_us * 3 // 10}"  # no exit takes as long, every turn does
        run = boot(place, [guest_table(name, words, "share = true\n") for name in ("one", "two")], SLICE_US)
        rows.append(Row(figure, switch_cost(run.text), INSTRUCTIONS, on=place.name) if run
                    else missing(figure, INSTRUCTIONS, place))
    return rows


GROUPS = {"exits": exits, "device-interrupts": device_interrupts, "slices": slices}
