# SPDX-License-Identifier: GPL-2.0-only
"""Folders that look like /: a machine's /sys and /proc as Linux shows them, for `bulkhead dump --root`."""
import os
import struct

import dmar_table

CONFIG_BYTES, EXTENDED_BYTES = 256, 4096
IO, MEMORY, PREFETCH, WIDE = 0x100, 0x200, 0x2000, 0x100000  # Linux's resource flags
ENDPOINT, ROOT_PORT, UPSTREAM, DOWNSTREAM, TO_PCI, RC_ENDPOINT = 0, 4, 5, 6, 7, 9
ACS_ISOLATION = 0x1D


def power(no_soft_reset=True):
    return struct.pack("<BBHHBB", 1, 0, 0x0003, 8 if no_soft_reset else 0, 0, 0)


def msi(vectors=0):
    return struct.pack("<BBHIIH", 5, 0, 0x80 | vectors << 1, 0, 0, 0) + b"\0\0"


def msix(count, bar, table=0, pending=0x800):
    return struct.pack("<BBHII", 0x11, 0, count - 1, table | bar, pending | bar)


def express(kind=ENDPOINT, flr=False):
    return struct.pack("<BBHI", 0x10, 0, 2 | kind << 4, 0x8000 | (1 << 28 if flr else 0)) + bytes(0x34)


def acs(capability=ACS_ISOLATION, control=0):
    return struct.pack("<HHHH", 0x0D, 1, capability, control)


def sriov(total):
    return struct.pack("<HHIHHHH", 0x10, 1, 0, 0, 0, total, total) + bytes(0x40 - 16)


def bar(kind, address, size):
    return kind, address, size


class Tree:
    """Every method writes one thing; readable: what a user without root sees."""

    def __init__(self, root):
        self.root = root
        self.memory_ranges = 0
        self.write("proc/sys/kernel/osrelease", "6.1.0-test")
        self.write("sys/class/dmi/id/sys_vendor", "Test")
        self.write("sys/class/dmi/id/product_name", "Bench 1")
        (root / "sys/bus/pci/devices").mkdir(parents=True)
        (root / "sys/firmware/acpi/tables").mkdir(parents=True)

    def write(self, path, content):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else f"{content}\n".encode())

    def link(self, path, target):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        os.symlink(target, path)

    def memory(self, first, last, kind="System RAM"):
        folder = f"sys/firmware/memmap/{self.memory_ranges}"
        self.memory_ranges += 1
        for name, value in (("start", f"{first:#x}"), ("end", f"{last:#x}"), ("type", kind)):
            self.write(f"{folder}/{name}", value)

    def ordinary_memory(self, top=0x180000000):
        self.memory(0, 0x9FBFF)
        self.memory(0xF0000, 0xFFFFF, "Reserved")
        self.memory(0x100000, 0x7FFDFFFF)
        self.memory(0x7FFE0000, 0x7FFFFFFF, "ACPI Tables")
        self.memory(0xB0000000, 0xBFFFFFFF, "Reserved")
        self.memory(0x100000000, top - 1)

    def low_memory(self, at=0, content=b""):
        """/dev/mem: a MiB of zeros but for some bytes."""
        path = self.root / "dev/mem"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(at) + content + bytes(0x100000 - at - len(content)))

    def mp_table(self, *lines, at=0xF5A40):
        """Firmware's MP table with its floating pointer before it: (device, pin 1 to 4, input of I/O APIC 0) on PCI bus 0."""
        entries = [struct.pack("<BB6s", 1, 0, b"PCI   "), struct.pack("<BB6s", 1, 1, b"ISA   ")]
        entries += [struct.pack("<BBHBBBB", 3, 0, 0xF, 0, device << 2 | pin - 1, 0, number) for device, pin, number in lines]
        body = b"".join(entries)
        table = summed(struct.pack("<4sHBB8s12sIHHIHBB", b"PCMP", 44 + len(body), 4, 0, b"TEST", b"TEST", 0, 0,
                                   len(entries), 0xFEE00000, 0, 0, 0) + body, 7)
        pointer = summed(struct.pack("<4sIBBB5x", b"_MP_", at + 16, 1, 4, 0), 10)
        self.low_memory(at, pointer + table)
        return table

    def cpus(self, cores=4, threads=1):
        text, number = "", 0
        for thread in range(threads):
            for core in range(cores):
                text += (f"processor\t: {number}\ncpu family\t: 6\nmodel\t\t: 158\nstepping\t: 10\nphysical id\t: 0\n"
                         f"core id\t\t: {core}\napicid\t\t: {core * threads + thread}\n\n")
                number += 1
        self.write("proc/cpuinfo", text)
        self.table("APIC", madt([core * threads + thread for thread in range(threads) for core in range(cores)]))

    def table(self, name, content):
        self.write(f"sys/firmware/acpi/tables/{name}", content)

    def unit(self, number, address=dmar_table.UNIT, cap=0xD2008C22260286, ecap=0xF00F5A):
        folder = f"sys/class/iommu/dmar{number}/intel-iommu"
        for name, value in (("address", f"{address:x}"), ("version", "1:0"), ("cap", f"{cap:x}"), ("ecap", f"{ecap:x}")):
            self.write(f"{folder}/{name}", value)

    def pci(self, address, ids, class_code, *, bars=(), rom=0, caps=(), extended=(), buses=None, multifunction=False,
            pin=0, irq=None, group=None, driver=None, readable=EXTENDED_BYTES, command=7, revision=1, above="",
            physfn=None, subsystem=(0x1AF4, 0x1100), caps_at=0x40, raw=(), root=None):
        config = bytearray(EXTENDED_BYTES)
        struct.pack_into("<HHHHI", config, 0, *ids, command, 0x10 if caps else 0, class_code << 8 | revision)
        config[0x0E] = (1 if buses else 0) | (0x80 if multifunction else 0)
        resources, index = [(0, 0, 0)] * 13, 0
        for kind, at, size in bars:
            low = 1 if kind & IO else (8 if kind & PREFETCH else 0) | (4 if kind & WIDE else 0)
            struct.pack_into("<I", config, 0x10 + 4 * index, at & 0xFFFFFFFF | low)
            resources[index] = (at, at + size - 1, kind)
            index += 1
            if kind & WIDE:
                struct.pack_into("<I", config, 0x10 + 4 * index, at >> 32)
                index += 1
        if rom:
            resources[6] = (0, rom - 1, MEMORY | PREFETCH)
        if buses:
            struct.pack_into("<BBB", config, 0x18, *buses)
        else:
            struct.pack_into("<HH", config, 0x2C, *subsystem)
        config[0x3C], config[0x3D] = 10, pin
        for at, content in raw:
            config[at:at + len(content)] = content
        self.chain(config, caps, caps_at)
        self.extended_chain(config, extended)
        devices = f"{root or 'sys/devices'}/pci{address[:address.rindex(':')]}{above}/{address}"
        self.write(f"{devices}/config", bytes(config[:readable]))
        self.write(f"{devices}/resource", "\n".join(f"0x{a:016x} 0x{b:016x} 0x{c:016x}" for a, b, c in resources))
        self.link(f"sys/bus/pci/devices/{address}", "../../../" + devices.removeprefix("sys/"))
        for name, value in (("irq", irq), ("enable", 1 if irq else None)):
            if value is not None:
                self.write(f"{devices}/{name}", value)
        if group is not None:
            self.link(f"{devices}/iommu_group", f"../../kernel/iommu_groups/{group}")
        if driver:
            self.link(f"{devices}/driver", f"../../bus/pci/drivers/{driver}")
        if physfn:
            self.link(f"{devices}/physfn", f"../{physfn}")

    @staticmethod
    def chain(config, caps, at):
        pointer = 0x34
        for cap in caps:
            config[at:at + len(cap)] = cap
            config[pointer], pointer = at, at + 1
            at += (len(cap) + 3) & ~3

    @staticmethod
    def extended_chain(config, caps):
        at = 0x100
        for n, cap in enumerate(caps):
            following = at + len(cap) if n + 1 < len(caps) else 0
            config[at:at + len(cap)] = cap
            struct.pack_into("<H", config, at + 2, 1 | following << 4)
            at += len(cap)


def summed(content, at):
    """All bytes add up to 0."""
    return content[:at] + bytes([-sum(content) & 0xFF]) + content[at + 1:]


def acpi_header(signature, revision=1):
    return struct.pack("<4sIBB6s8sI4sI", signature, 0, revision, 0, b"BULKHD", b"TESTTREE", 1, b"TEST", 1)


def madt(apic_ids):
    cpus = b"".join(struct.pack("<BBBBI", 0, 8, n, apic, 1) for n, apic in enumerate(apic_ids))
    ioapic = struct.pack("<BBBBII", 1, 12, 0, 0, 0xFEC00000, 0)
    return dmar_table.sealed(acpi_header(b"APIC") + struct.pack("<II", 0xFEE00000, 1) + cpus + ioapic)


def mcfg(*windows):
    entries = b"".join(struct.pack("<QHBBI", base, segment, first, last, 0) for base, segment, first, last in windows)
    return dmar_table.sealed(acpi_header(b"MCFG") + bytes(8) + entries)


def hpet():
    return dmar_table.sealed(acpi_header(b"HPET") + struct.pack("<IBBBBQBHB", 0x8086A201, 0, 64, 0, 0, 0xFED00000, 0, 100, 0))


def q35(root, with_dmar=True, readable=EXTENDED_BYTES, remapping=True, structures=(), threads=1):
    """Like QEMU's: two root ports with a device each, conventional devices, a multifunction chipset."""
    tree = Tree(root)
    tree.ordinary_memory()
    tree.low_memory()
    tree.cpus(4 // threads, threads)
    tree.table("MCFG", mcfg((0xB0000000, 0, 0, 255)))
    tree.table("HPET", hpet())
    if with_dmar:
        tree.table("DMAR", dmar_table.dmar(dmar_table.unit(), *structures, flags=1 if remapping else 0))
        tree.unit(0, ecap=0xF00F5A if remapping else 0xF00F52)
    g = (lambda n: n) if with_dmar else (lambda n: None)
    tree.pci("0000:00:00.0", (0x8086, 0x29C0), 0x060000, group=g(0), readable=readable)
    tree.pci("0000:00:01.0", (0x1234, 0x1111), 0x030000, group=g(1), readable=readable, rom=0x10000,
             bars=[bar(MEMORY | PREFETCH, 0xFD000000, 0x1000000), bar(0, 0, 0), bar(MEMORY, 0xFEBF0000, 0x1000)])
    tree.pci("0000:00:02.0", (0x1B36, 0x000C), 0x060400, buses=(0, 1, 1), group=g(2), readable=readable,
             bars=[bar(MEMORY, 0xFEBF1000, 0x1000)], caps=[express(ROOT_PORT), msix(1, 0)], extended=[acs()],
             driver="pcieport")
    tree.pci("0000:00:03.0", (0x1B36, 0x000C), 0x060400, buses=(0, 2, 2), group=g(3), readable=readable,
             bars=[bar(MEMORY, 0xFEBF2000, 0x1000)], caps=[express(ROOT_PORT), msix(1, 0)], extended=[acs()],
             driver="pcieport")
    tree.pci("0000:00:04.0", (0x1234, 0x11E8), 0x00FF00, group=g(4), readable=readable, pin=1, irq=20,
             bars=[bar(MEMORY, 0xFE800000, 0x100000)], caps=[msi()])
    tree.pci("0000:00:1f.0", (0x8086, 0x2918), 0x060100, multifunction=True, group=g(5), readable=readable)
    tree.pci("0000:00:1f.2", (0x8086, 0x2922), 0x010601, multifunction=True, group=g(5), readable=readable, pin=1,
             bars=[bar(IO, 0, 0)] * 4 + [bar(IO, 0xC040, 0x20), bar(MEMORY, 0xFEBF3000, 0x1000)], caps=[msi()],
             driver="ahci")
    tree.pci("0000:00:1f.3", (0x8086, 0x2930), 0x0C0500, multifunction=True, group=g(5), readable=readable, pin=1,
             bars=[bar(IO, 0, 0)] * 4 + [bar(IO, 0x700, 0x40)], irq=16, driver="i801_smbus")
    tree.pci("0000:01:00.0", (0x1B36, 0x0010), 0x010802, group=g(6), readable=readable, pin=1, above="/0000:00:02.0",
             bars=[bar(MEMORY | WIDE, 0xFEA00000, 0x4000)], driver="nvme",
             caps=[power(), express(flr=True), msix(64, 0, 0x2000, 0x3000)])
    tree.pci("0000:02:00.0", (0x8086, 0x10D3), 0x020000, group=g(7), readable=readable, pin=1, above="/0000:00:03.0",
             rom=0x40000, driver="e1000e", caps=[power(), msi(), express(), msix(5, 3, 0, 0x2000)],
             bars=[bar(MEMORY, 0xFE600000, 0x20000), bar(MEMORY, 0xFE620000, 0x20000), bar(IO, 0xB000, 0x20),
                   bar(MEMORY, 0xFE640000, 0x4000)])
    return tree


def two_segments(root):
    """Segment 1 has its own unit, a switch without ACS, an SR-IOV function with a VF, and a VMD with a disk behind."""
    tree = q35(root, structures=[struct.pack("<HHBBHQ", 0, 16, 1, 0, 1, 0xFED91000)])
    tree.table("MCFG", mcfg((0xB0000000, 0, 0, 255), (0xA0000000, 1, 0, 127)))
    tree.unit(1, 0xFED91000)
    tree.pci("0001:00:00.0", (0x8086, 0x09A2), 0x088000, group=10, caps=[express(RC_ENDPOINT)])
    tree.pci("0001:00:01.0", (0x8086, 0x352A), 0x060400, buses=(0, 1, 4), group=11, caps=[express(ROOT_PORT)],
             extended=[acs()])
    tree.pci("0001:01:00.0", (0x10B5, 0x8748), 0x060400, buses=(1, 2, 4), group=12, caps=[express(UPSTREAM)])
    for n in (0, 1):
        tree.pci(f"0001:02:{n:02x}.0", (0x10B5, 0x8748), 0x060400, buses=(2, 3 + n, 3 + n), group=13 + n,
                 caps=[express(DOWNSTREAM)])
        tree.pci(f"0001:0{3 + n}:00.0", (0x144D, 0xA808), 0x010802, group=13 + n, caps=[express(flr=True), msix(33, 0)],
                 bars=[bar(MEMORY | WIDE, 0x90000000 + 0x100000 * n, 0x4000)], driver="nvme")
    tree.pci("0001:00:02.0", (0x8086, 0x352B), 0x060400, buses=(0, 5, 5), group=16, caps=[express(ROOT_PORT)],
             extended=[acs()])
    tree.pci("0001:05:00.0", (0x8086, 0x1521), 0x020000, group=17, caps=[express(flr=True), msix(10, 3)],
             bars=[bar(MEMORY, 0x90400000, 0x100000), bar(MEMORY, 0x90500000, 0x100000), bar(0, 0, 0),
                   bar(MEMORY, 0x90600000, 0x4000)], extended=[sriov(7)], driver="igb")
    tree.pci("0001:05:10.0", (0xFFFF, 0xFFFF), 0x020000, group=18, physfn="0001:05:00.0", caps=[express(flr=True)])
    vmd(tree, "0001:00:0e.0")
    return tree


def vmd(tree, address, device=0x28C0, mode=2, lock=0, shown=True, cfgbar=0x2000000000, group=19, resets=False):
    """A VMD endpoint; `shown`: Linux's driver is loaded, and a root port with a drive appears behind it. mode: VMCONFIG 9:8;
    resets: by D3hot."""
    base = cfgbar or 0x2000000000
    tree.pci(address, (0x8086, device), 0x010400, group=group, caps_at=0x80,
             caps=[express(RC_ENDPOINT), msix(19, 4, 0, 0x1000)] + ([power(False)] if resets else []),
             raw=[(0x40, struct.pack("<HxxH", 1, mode << 8)), (0x70, struct.pack("<H", lock))],
             bars=[bar(MEMORY | WIDE, cfgbar, 0x2000000), bar(MEMORY | WIDE, base + 0x2000000, 0x2000000),
                   bar(MEMORY | WIDE, base + 0x4000000, 0x100000)], driver="vmd" if shown else None)
    if shown:
        first = (0, 128, 224)[mode]
        root = f"sys/devices/pci{address[:7]}/{address}"
        tree.pci(f"10000:{first:02x}:06.0", (0x8086, 0x352C), 0x060400, buses=(first, first + 1, first + 1), group=group,
                 caps=[express(ROOT_PORT)], driver="pcieport", root=root)
        tree.pci(f"10000:{first + 1:02x}:00.0", (0x8086, 0x0A54), 0x010802, group=group, driver="nvme", root=root,
                 above=f"/10000:{first:02x}:06.0", caps=[power(), express(flr=True), msix(17, 0, 0x2000, 0x3000)],
                 bars=[bar(MEMORY | WIDE, base + 0x2000000, 0x4000)])
