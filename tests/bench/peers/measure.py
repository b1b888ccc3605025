# SPDX-License-Identifier: GPL-2.0-only
"""What a run of one column says: parsed from its console, with the time at which a line came."""
import os
import re
import time

TICKS = os.sysconf("SC_CLK_TCK")
FAULT_WORDS = re.compile(r"\bDMAR\b.*(fault addr|DMA (Read|Write))|\bfault: |IOMMU.*fault|vfio.*(error|fault)",
                         re.IGNORECASE)
NOTHING = "nobody: no console showed a line about it"


class Stopwatch:
    """Wall time, and CPU time of the emulator, from power-on to the first line that contains a text."""

    def __init__(self, *texts):
        self.waiting, self.found = list(texts), {}
        self.start = time.monotonic()

    def __call__(self, line):
        for text in [text for text in self.waiting if text in line]:
            self.waiting.remove(text)
            self.found[text] = (time.monotonic() - self.start, children_seconds())

    def text(self, mark):
        """"12.3 s (CPU 10.1 s)"; None when that line never came."""
        if mark not in self.found:
            return None
        wall, cpu = self.found[mark]
        return f"{wall:.1f} s (CPU {cpu:.1f} s)"


def children_seconds():
    """CPU seconds of our children, which is the one emulator."""
    total = 0
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        for pid in file.read().split():
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
                    fields = stat.read().rpartition(")")[2].split()
            except FileNotFoundError:
                continue
            total += int(fields[11]) + int(fields[12])  # utime, stime
    return total / TICKS


def ticks(text):
    """{name: instructions} of tests/bench/guest/exits.c."""
    return {name: int(value) for name, value in re.findall(r"bench: (\S+)=(\d+)", text)}


def disk(text):
    """{"1m": hundredths of a second, "4k": the same}, the fastest of the rounds: what else a machine does only adds.
    Empty when the disk was not read."""
    found = {block: [int(n) for n in re.findall(rf"demo: bench {block} (\d+)", text)] for block in ("1m", "4k")}
    return {block: min(values) for block, values in found.items() if values}


def ratio(native, guest, block):
    """"0.48 (512 against 1066 MB/s)" or None."""
    if block not in native or block not in guest or not guest[block] or not native[block]:
        return None
    size = {"1m": 1024 << 20, "4k": 4096 << 12}[block]
    speeds = [size / 1e4 / times[block] for times in (guest, native)]
    return f"{native[block] / guest[block]:.2f} ({speeds[0]:.0f} against {speeds[1]:.0f} MB/s)"


def after_rogue(lines):
    """{target: the lines between its order and the next, or the end}"""
    found, target = {}, None
    for line in lines:
        match = re.search(r"demo: peer rogue (0x[0-9a-f]+)", line)
        if match:
            target = match[1]
            found[target] = []
        elif "demo: peer done" in line:
            target = None
        elif target:
            found[target].append(line)
    return found


def where_of(line):
    """Which console a line is of."""
    match = re.match(r"^(guest|qemu|xl)[|>] ", line)
    return {"guest": "guest", "qemu": "QEMU's output", "xl": "xl's output"}[match[1]] if match else "host"


def reports(lines):
    """{target: [(where, line)]}: what any console said of a fault after each order."""
    return {target: [(where_of(line), line.strip()) for line in said if FAULT_WORDS.search(line)]
            for target, said in after_rogue(lines).items()}


def report_text(found, names):
    """One cell: who said it, and the first line; names: {"host": what that console is}."""
    if found is None:
        return None
    if not found:
        return NOTHING
    places = list(dict.fromkeys(names.get(where, where) for where, _ in found))
    return f"{' and '.join(places)}{' alone' if len(places) == 1 else ''}: `{found[0][1]}`"


def meminfo(text):
    """{"total": KiB, "free": KiB, "cached": KiB} of the host on which a guest runs; empty without the line."""
    match = re.search(r"demo: peer memory (.*)", text)
    return {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", match[1])} if match else {}


def kvm_memory(text, machine_kib, guest_kib):
    """What is neither the guest's nor free."""
    found = meminfo(text)
    if not found:
        return None
    parts = (machine_kib - guest_kib - found["free"], machine_kib - found["total"], found["cached"])
    mib = [kib / 1024 for kib in parts]
    return f"{mib[0]:.0f} MiB ({mib[1]:.0f} outside MemTotal, {mib[2]:.0f} page cache)"


def xen_memory(text, machine_kib, dom0_kib, guest_kib):
    """By Xen's own count of free memory (key m on its console) and by dom0's MemFree, both while the guest runs."""
    free = [int(kib) for kib in re.findall(r"\b(?:Xen|Dom) heap: (\d+)kB free", text)]
    dom0 = meminfo(text)
    if len(free) != 2 or not dom0:
        return None
    parts = (machine_kib - dom0_kib - guest_kib - sum(free), dom0_kib - dom0["free"], dom0["cached"])
    mib = [kib / 1024 for kib in parts]
    return f"{mib[0]:.0f} MiB of Xen, {mib[1]:.0f} of dom0 ({mib[2]:.0f} page cache)"


def last_words(lines):
    """The last line in which a tool or the hypervisor says that something failed, or the last line."""
    bad = [line for line in lines if re.search(r"error|fail|panic|crash|fault", line, re.IGNORECASE)]
    return (bad or lines or ["nothing was printed"])[-1].strip()
