# SPDX-License-Identifier: GPL-2.0-only
"""Boot Bulkhead under Debian's stock Bochs 2.7: the second emulator, with VMX, and with VT-d by our own plugin
(tests/bochs/plugin). The same testbed.Run comes back as from QEMU.

Bochs' machine: i440fx, PCI bus 0 alone, configuration space by ports, no HPET; its firmware has no DMAR, so GRUB hands
over one that iasl compiles here. The I/O APIC's id is the number of CPUs."""
import dataclasses
import os
import pathlib
import subprocess
import tempfile
import tty

import testbed

PLUGINS = "/usr/lib/x86_64-linux-gnu/bochs/plugins"
OUR_PLUGINS = testbed.BUILD / "bochs"
FIRMWARE = "/usr/share/bochs/BIOS-bochs-latest"
VGA_FIRMWARE = "/usr/share/bochs/VGABIOS-lgpl-latest"

# The models whose VMX Bulkhead can use, oldest first; docs/testing.md says how they differ.
MODELS = ("corei7_sandy_bridge_2600k", "corei7_haswell_4770", "corei7_skylake_x", "corei7_icelake_u")
MODEL = "corei7_skylake_x"
MODEL_WITHOUT_EPT = "core2_penryn_t9600"

UNIT_BASE = 0xFED90000
ECAM_BASE = 0xB0000000  # tests/bochs/plugin/ecam.cc: there is one where an edu has extended registers
IOAPIC_SOURCE = (0xF0, 0x1F, 0)  # the requester id of the I/O APIC's messages: bus, device, function
# Instructions a second by Bochs' clock, and its TSC. Slow clocks make fast runs: what waits for time waits for fewer
# instructions.
IPS = 10000000
LINUX_IPS = 25000000  # 250 timer ticks a second should not be most of what a kernel does
QUANTUM = 32  # instructions that a CPU runs in its turn; the most that Bochs takes


@dataclasses.dataclass
class Machine:
    """One emulated computer."""

    model: str = MODEL
    cpus: int = 2
    mebibytes: int = 512
    vtd: bool = True  # our plugin, and a DMAR for it
    preset: str = "full"  # what its unit can do (tests/model/platform_options.h)
    disk: pathlib.Path = None  # on ata0; what is written to it is lost
    network: bool = False  # an e1000 in a simulated network of its own: Bochs itself is 192.168.10.1
    ips: int = IPS
    edus: str = None  # where edu devices are, and which keep translations (BULKHEAD_EDU, tests/bochs/plugin/README.md)
    vmd: str = ""  # a VMD by our plugin: what BULKHEAD_VMD says (tests/bochs/plugin/README.md)
    machine_checks: bool = False  # a register of edu causes them, and there is one bank (BULKHEAD_MACHINE_CHECK)
    errors: bool = False  # Bochs says what software did wrong: why an entry was refused, which MSR does not exist ...


# One machine-check bank that holds an error of this CPU's own load, uncorrected, whose context is whole (SDM 3B 16.9.3):
# the CPU would fill it, Bochs does not.
# Address, type, then halves of the value after a reset, of its reserved bits and of its ignored ones.
MACHINE_CHECK_STATUS, MACHINE_CHECK_ADDRESS = 0xB580000000000134, 0x1234000
MACHINE_CHECK_MSRS = {0x179: 1, 0x17A: 5, 0x401: MACHINE_CHECK_STATUS, 0x402: MACHINE_CHECK_ADDRESS}

DMAR_HEADER = """Signature : "DMAR"
Table Length : 00000000
Revision : 01
Checksum : 00
Oem ID : "BULKHD"
Oem Table ID : "BOCHS"
Oem Revision : 00000001
Asl Compiler ID : "INTL"
Asl Compiler Revision : 00000000
Host Address Width : 26
Flags : 01
Reserved : 00 00 00 00 00 00 00 00 00 00
"""

DMAR_UNIT = """Subtable Type : 0000
Length : 0018
Flags : 01
Reserved : 00
PCI Segment Number : 0000
Register Base Address : {base:016X}
Device Scope Type : 03
Entry Length : 08
Reserved : 0000
Enumeration ID : {cpus:02X}
PCI Bus Number : {source[0]:02X}
PCI Path : {source[1]:02X},{source[2]:02X}
"""


MCFG = """Signature : "MCFG"
Table Length : 00000000
Revision : 01
Checksum : 00
Oem ID : "BULKHD"
Oem Table ID : "BOCHS"
Oem Revision : 00000001
Asl Compiler ID : "INTL"
Asl Compiler Revision : 00000000
Reserved : 0000000000000000
Base Address : {base:016X}
Segment Group Number : 0000
Start Bus Number : 00
End Bus Number : 00
Reserved : 00000000
"""


def dmar_source(cpus):
    """The DMAR as iasl reads it: one unit for everything, which also has the I/O APIC."""
    return DMAR_HEADER + DMAR_UNIT.format(base=UNIT_BASE, cpus=cpus, source=IOAPIC_SOURCE)


def compile_table(folder, name, text):
    """The compiled table."""
    source = pathlib.Path(folder) / f"{name}.asl"
    source.write_text(text)
    done = subprocess.run(["iasl", str(source)], capture_output=True, text=True, cwd=folder)
    if done.returncode != 0:
        raise RuntimeError(f"iasl failed: {done.stdout}{done.stderr}")
    return source.with_suffix(".aml")


def make_dmar(folder, cpus):
    return compile_table(folder, "dmar", dmar_source(cpus))


def has_ecam(machine):
    return ":ats" in (machine.edus or "")


def make_iso(out, kernel, machine, cmdline="", modules=()):
    """A GRUB image for that machine."""
    with tempfile.TemporaryDirectory(prefix="bulkhead-") as folder:
        if not machine.vtd:
            return testbed.make_iso(out, kernel, cmdline, modules)
        tables = [make_dmar(folder, machine.cpus)]
        if has_ecam(machine):
            tables.append(compile_table(folder, "mcfg", MCFG.format(base=ECAM_BASE)))
        command = "acpi -2 " + " ".join(f"/boot/{table.name}" for table in tables)
        files = [testbed.Module(table, None) for table in tables]
        return testbed.make_iso(out, kernel, cmdline, [*files, *modules], [command])


def configuration(machine, iso, console):
    """The text of a bochsrc."""
    plugins = ["unmapped=1", "biosdev=1", "extfpuirq=1", "serial=1", "speaker=0", "parallel=0", "gameport=0",
               "iodebug=0"]
    plugins += ["bulkhead=1"] if machine.vtd else []
    plugins += ["e1000=1"] if machine.network else []
    lines = [
        f"plugin_ctrl: {', '.join(plugins)}",
        "config_interface: textconfig",
        "display_library: term",
        f"cpu: model={machine.model}, count={machine.cpus}, ips={machine.ips}, quantum={QUANTUM}, "
        "reset_on_triple_fault=0, ignore_bad_msrs=0" + (", msrs=msrs" if machine.machine_checks else ""),
        f"memory: guest={machine.mebibytes}, host={min(machine.mebibytes, 2048)}",
        f"romimage: file={FIRMWARE}",
        f"vgaromimage: file={VGA_FIRMWARE}",
        "ata1: enabled=1, ioaddr1=0x170, ioaddr2=0x370, irq=15",
        f"ata1-master: type=cdrom, path={iso}, status=inserted",
        "boot: cdrom",
        f"com1: enabled=1, mode=term, dev={console}",
        "clock: sync=none, time0=1700000000",
        "panic: action=fatal",
        f"error: action={'report' if machine.errors else 'ignore'}",
        "info: action=ignore",
    ]
    slots = [""] * 5
    if machine.network:
        slots[2] = "e1000"  # slots count from 1 at device 2
        lines.append("e1000: card=0, mac=52:54:00:b0:1c:01, ethmod=vnet, ethdev=., script=none")
    slot_text = "".join(f", slot{number}={name}" for number, name in enumerate(slots, 1) if name)
    lines.append(f"pci: enabled=1, chipset=i440fx{slot_text}")
    if machine.disk:
        lines += ["ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14",
                  f"ata0-master: type=disk, mode=volatile, path={machine.disk}"]
    return "\n".join(lines) + "\n"


def environment(machine):
    """Bochs' terminal display needs a TERM, though no terminal; our plugin comes before its own. A caller's
    own variables for the plugin win."""
    paths = ([str(OUR_PLUGINS)] if machine.vtd else []) + [PLUGINS]
    unit = {"BULKHEAD_VTD": f"{UNIT_BASE:x}:preset={machine.preset}"} if machine.vtd else {}
    unit |= {"BULKHEAD_VMD": machine.vmd} if machine.vmd else {}
    unit |= {"BULKHEAD_MACHINE_CHECK": "edu"} if machine.machine_checks else {}
    unit |= {"BULKHEAD_EDU": machine.edus} if machine.edus is not None else {}
    return {**unit, **os.environ, "TERM": "vt100", "LTDL_LIBRARY_PATH": ":".join(paths)}


def run(machine, iso, timeout, on_line=None, stop_when=None, answers=()):
    """Boot and collect the serial console until Bochs ends, the time is up, or stop_when(line); answers as in
    testbed.run_qemu. Run.status is Bochs' own; what Bochs itself wrote goes to Run.emulator."""
    result = testbed.Run()
    master, slave = os.openpty()
    try:
        tty.setraw(slave)
        with tempfile.TemporaryDirectory(prefix="bulkhead-") as name:
            folder = pathlib.Path(name)
            (folder / "bochsrc").write_text(configuration(machine, iso, os.ttyname(slave)))
            (folder / "msrs").write_text("".join(f"0x{number:x} 0 {value >> 32:08x} {value & 0xffffffff:08x}{' 00000000' * 4}\n"
                                                 for number, value in MACHINE_CHECK_MSRS.items()))
            (folder / "go").write_text("c\n")  # Debian's Bochs has the debugger: "continue"
            with open(folder / "out", "wb") as out:
                process = testbed.start(["bochs-bin", "-q", "-f", "bochsrc", "-rc", "go"], cwd=folder,
                                        env=environment(machine), stdin=subprocess.DEVNULL, stdout=out,
                                        stderr=subprocess.STDOUT, pass_fds=[slave])
            os.close(slave)
            slave = None
            testbed.drive(result, process, testbed.Console(master, master), timeout, on_line, stop_when, answers)
            result.emulator = (folder / "out").read_text(errors="replace")
    finally:
        os.close(master)
        if slave is not None:
            os.close(slave)
    return result
