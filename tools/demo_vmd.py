# SPDX-License-Identifier: GPL-2.0-only
"""The demo of `make run DEMO=vmd`, and what tests/bochs/test_bochs_vmd.py runs: a whole VMD domain, two disks, given to
a Debian guest under Bochs; the model of the hardware is tests/model/vmd_model.h."""
import dataclasses
import hashlib
import pathlib
import random
import re

import bochs
import testbed
from summary import Summary

TIMEOUT = 900
ENDPOINT, EDU = "0000:00:11.0", "0000:00:10.0"
DISK_BYTES = 1 << 20
MARK_AT, MARK_BYTES = 64 * 4096, 4096  # as tools/guest-scripts/vmd
SERIALS = ("BHVMD000", "BHVMD001")
# What edu aims at: the VMD's CFGBAR and MEMBAR1 (tests/bochs/plugin/vmd.cc), and the hypervisor's memory.
TARGETS = ("0x2000000000", "0xf0000000", "0x1ff80000")


@dataclasses.dataclass
class Part:
    """One kind of VMD; behind it is one root port a disk."""

    device: str
    options: str
    first_bus: int
    how: str  # a guest learns host addresses

    def child(self, number):
        return f"10000:{self.first_bus + 1 + number:02x}:00.0"


SERVER = Part("28c0", "busmode=1,lock=1", 0x80, "shadow registers")
OFF = Part("28c0", "busmode=2,lock=0,numbered=1", 0xE0, "shadow registers, which firmware left off")
CLIENT = Part("201d", "busmode=0", 0x00, "the SHDW capability")


def contents(number):
    """What is on a disk before the guest comes."""
    return random.Random(number).randbytes(DISK_BYTES)


def marked(data, text):
    mark = (text + "\n").encode().ljust(MARK_BYTES, b"\0")
    return data[:MARK_AT] + mark + data[MARK_AT + MARK_BYTES:]


MARKS = ("written once", "written twice")  # of a guest's first and second start


def make_disks(folder, starts=2):
    """Two files; for one start alone, as the first of two would have left them."""
    paths = [pathlib.Path(folder) / f"vmd-{number}.img" for number in range(2)]
    for number, path in enumerate(paths):
        path.write_bytes(contents(number) if starts == 2 else marked(contents(number), MARKS[0]))
    return paths


def guest(name, cpu, memory, kernel, devices, cmdline, initrd=""):
    lines = [f"[guest.{name}]", f"cpus = [{cpu}]", f'memory = "{memory}"', f'kernel = "{kernel}"',
             f'cmdline = "{cmdline}"', f'devices = ["{devices}"]']
    return "\n".join(lines + ([f'initrd = "{initrd}"'] if initrd else [])) + "\n\n"


def storage():
    """Without walks over all page tables and without self-tests of ciphers: a third of what Linux does until its shell."""
    words = "console=ttyS0 quiet rodata=off cryptomgr.notests"
    return guest("storage", 0, "128MiB", "vmlinux", ENDPOINT, words, "vmd.img")


def rogue(device=EDU):
    return guest("rogue", 1, "16MiB", "rogue", device, f"targets={','.join(TARGETS)}")


def bochs_run(folder, part, disks, modules, timeout, on_line):
    machine = bochs.Machine(cpus=2, ips=bochs.LINUX_IPS, vmd=describe(part, disks))
    iso = bochs.make_iso(folder / "vmd.iso", testbed.BUILD / "bulkhead.elf", machine, "exit panic=reset", modules)
    return bochs.run(machine, iso, timeout, on_line=on_line)


def qemu_run(folder, part, disks, modules, timeout, on_line):
    """Debian's QEMU with the same model, preloaded (tests/qemu/preload)."""
    iso = testbed.make_iso(folder / "vmd.iso", testbed.BUILD / "bulkhead.elf", "exit panic=reset", modules)
    arguments = [*testbed.machine_arguments(cpus=2, memory="1024M"), "-device", f"bulkhead-vmd,addr={ENDPOINT[8:]}",
                 "-device", f"edu,addr={EDU[8:]},dma_mask=0xffffffffffffffff", *testbed.boot_arguments(iso)]
    environment = [f"LD_PRELOAD={testbed.BUILD / 'qemu' / 'vmd.so'}", f"BULKHEAD_VMD={describe(part, disks)}"]
    return testbed.run_qemu(arguments, timeout, on_line=on_line, environment=environment)


def describe(part, disks):
    """As tests/model/vmd_options.h reads it."""
    return f"id={part.device},{part.options},disks={disks[0]}+{disks[1]}"


def boot(folder, part, text, timeout, on_line=None, emulator=bochs_run, starts=2):
    """(run, the disks' files)"""
    config = folder / "vmd.toml"
    config.write_text("version = 1\n\n" + text)
    disks = make_disks(folder, starts)
    files = {"vmlinux": "guest/vmlinux", "vmd.img": "guest/vmd.img", "rogue": "guest-tests/rogue.elf"}
    modules = [testbed.Module(testbed.BUILD / path, name) for name, path in files.items() if f'"{name}"' in text]
    return emulator(folder, part, disks, [testbed.Module(config, "bulkhead.toml"), *modules], timeout, on_line), disks


def sums(summary, serial):
    return re.findall(rf"demo: disk {serial} at \S+ sha256 ([0-9a-f]+)", summary.run.text)


def check_disk(s, part, number, path, starts):
    """What the guest read at each start, and what is left."""
    first, serial = contents(number), SERIALS[number]
    before = [first, marked(first, MARKS[0])][-starts:]
    s.has(f"disk {serial} is {part.child(number)}", "storage", f"disk {serial} at {part.child(number)} ", count=starts)
    found = sums(s, serial)
    for start, data in enumerate(before):
        total = hashlib.sha256(data).hexdigest()
        when = "after a restart of the guest " if start == 1 else ""
        s.line(found[start:start + 1] == [total], f"{when}its sha256 is the host file's ({total[:16]}...)")
        s.has("written and read back", f"disk {serial} {MARKS[start - starts]} and read back")
    s.line(path.read_bytes() == marked(first, MARKS[1]), "and the host's file holds exactly that")


def check_domain(s, part, disks, starts):
    print(f"machine: VMD 8086:{part.device} at {ENDPOINT}, two disks behind it")
    s.has("the domain is found", f"pci: {ENDPOINT} 8086:{part.device}")
    for number in range(2):
        s.has(f"{part.child(number)} is found in it", f"pci: {part.child(number)} 1b36:0010")
    print(f"guest storage (Debian vmlinux, its own vmd and nvme drivers; host addresses by {part.how})")
    s.has("its vmd driver binds the endpoint", "storage", "vmd bound 10000")
    modes = re.findall(r"vmd vectors own (\d+) remapped (\d+) bypassed (\d+)", s.run.text)
    s.line(len(modes) == starts and all(int(own) > 0 and int(mapped) > 0 and past == "0" for own, mapped, past in modes),
           "interrupts of the disks come by the endpoint's own vectors (no bypass)")
    for number, path in enumerate(disks):
        check_disk(s, part, number, path, starts)
    s.has("restarted once", "guest: name=storage runs again", count=starts - 1)
    s.has("powered off", "guest: name=storage end=powered-off")


def check_hardware(s):
    print("the model of the hardware")
    said = [line for line in (s.run.text + s.run.emulator).splitlines() if "plugin: " in line]
    counts = dict(re.findall(r"(\w+)=(\d+)", next((line for line in said if "plugin: vmd strays=" in line), "")))
    s.line(counts.get("strays") == "0", "no root port ever decoded an address outside the MEMBARs")
    s.line(counts.get("unread") == counts.get("concurrent") == "0",
           "each write to CFGBAR was read back before anything else came there")
    s.line(counts.get("bypassed") == "0" and int(counts.get("messages", 0)) > 0,
           f"{counts.get('messages')} messages of children became the endpoint's, none passed unchanged")
    s.line(s.run.status == 0 and not any("plugin: error" in line for line in said),
           "nothing was done that hardware leaves undefined (the model's verdict)")


def check_rogue(s):
    print("guest rogue (bare metal, edu)")
    for target in TARGETS:
        s.has(f"its DMA to {target} is blocked and named", "fault: ", "guest=rogue", "access=write", f"addr={target} ")
    s.has("got and changed nothing", "rogue", "SUMMARY:", " 0 failed")


def check_refusal(s, part, folder, timeout):
    """Another boot: a child alone is no guest's."""
    print(f"one disk of it alone ({part.child(0)}), in another boot")
    run, _ = boot(folder, part, rogue(part.child(0)), timeout)
    other = Summary(run)
    refused = any("error[BH0624]" in line and part.child(0) in line for line in other.lines)
    s.line(refused and any("name the endpoint" in line for line in other.lines),
           "is refused (BH0624), and the endpoint is to be named:")
    for line in other.lines:
        if part.child(0) in line and (" error " in line or "fix" in line):
            print(f"            {line}")
    s.line(not any(line.startswith("rogue|") for line in other.lines), "and no guest ran")


def prove(folder, part, timeout, on_line=None, hostile=True, emulator=bochs_run, starts=2):
    """(run, its summary), everything printed. starts: of the guest, 1 or 2."""
    run, disks = boot(folder, part, storage() + (rogue() if hostile else ""), timeout, on_line, emulator, starts)
    print(f"\nsummary ({run.seconds:.0f} s)")
    s = Summary(run)
    check_domain(s, part, disks, starts)
    check_hardware(s)
    if hostile:
        check_rogue(s)
        check_refusal(s, part, folder, timeout)
    return run, s


def show(timeout, on_line):
    folder = testbed.BUILD / "demo-vmd"
    folder.mkdir(parents=True, exist_ok=True)
    print(f"run: Bochs with VMX, VT-d and a VMD by {bochs.OUR_PLUGINS.relative_to(testbed.BUILD.parent)}: some minutes; "
          "serial console follows", flush=True)
    return prove(folder, SERVER, timeout, on_line)
