# SPDX-License-Identifier: GPL-2.0-only
"""Where the hypervisor will put each guest's memory, before it boots: plan/plan_memory.c and plan/memory_pool.c in short.
The report takes what came out from the log, and says when a guess was wrong."""
import dataclasses

MIB, GIB = 1 << 20, 1 << 30
STEP = 2 * MIB
LOW_RAM_END = 0xC0000000  # of a guest
PIECES = 16
OWN_TOP = 4 * MIB  # the hypervisor's own blocks, at the top of RAM
OWN_BOTTOM = 8 * MIB  # about what it keeps for itself at the bottom
LOG_PLACES = (0x3F000000, 0x1F000000, 0x0F000000, 0x07000000, 0x03000000)  # of the log that outlives a reset
LOG_AHEAD = 64 * MIB  # of RAM behind it


@dataclasses.dataclass
class Pool:
    """Free (start, end), sorted."""

    free: list

    def cut(self, start, size):
        index = next(i for i, (first, end) in enumerate(self.free) if first <= start < end)
        first, end = self.free[index]
        self.free[index:index + 1] = [part for part in ((first, start), (start + size, end)) if part[0] < part[1]]
        return start, size

    def whole(self, size, align):
        for first, end in reversed(self.free):
            start = (end - size) // align * align
            if start >= first:
                return self.cut(start, size)
        return None

    def largest(self, most, align):
        sizes = [(end // align * align - -(-first // align) * align, end // align * align) for first, end in self.free]
        size, end = max(reversed(sizes), key=lambda item: item[0], default=(0, 0))
        return self.cut(end - min(size, most), min(size, most)) if size > 0 else None

    def next(self, left, large):
        """(block or None, whether blocks of 1 GiB are still wanted)."""
        large = large and left >= GIB
        block = large and (self.whole(left, GIB) or self.largest(left // GIB * GIB, GIB))
        if block:
            return block, True
        return self.whole(left, STEP) or self.largest(left, STEP), False

    def take(self, size):
        """Blocks of (start, bytes); none when they do not fit."""
        before = list(self.free)
        for large in (True, False):
            blocks = self.try_take(size, large)
            if blocks:
                return blocks
            self.free = list(before)
        return []

    def try_take(self, size, large):
        blocks = []
        for left in (min(size, LOW_RAM_END), size - min(size, LOW_RAM_END)):
            still = large
            while left > 0:
                block, still = self.next(left, still)
                if not block or len(blocks) == PIECES:
                    return []
                blocks.append(block)
                left -= block[1]
        return blocks


def log_of(ram):
    """The piece that kernel/lib/last_log.c takes out of the first GiB."""
    for at in LOG_PLACES:
        if any(start <= at and at + LOG_AHEAD <= end for start, end in ram):
            return [(at, at + STEP)]
    return []


def free_of(ram):
    """What guests can have of the machine's RAM."""
    top = max((end for _, end in ram), default=0)
    left = minus(sorted(ram), [(0, OWN_BOTTOM), (top - OWN_TOP, top), *log_of(ram)])
    free = [(-(-start // STEP) * STEP, end // STEP * STEP) for start, end in left]
    return [(start, end) for start, end in free if start < end]


def blocks_of(ram, sizes):
    """Guest -> [(start, bytes)]: the largest first, then by name. sizes: guest -> bytes."""
    pool = Pool(free_of(ram))
    order = sorted(sizes, key=lambda name: (-sizes[name], name))
    return {name: pool.take(sizes[name]) for name in order}


def inside(at, ranges):
    return any(start <= at < end for start, end in ranges)


def own_ram(size):
    """A guest's RAM by its own addresses, which its devices use: (start, end)."""
    low = min(size, LOW_RAM_END)
    return [(0, low)] + ([(4 * GIB, 4 * GIB + size - low)] if size > low else [])


def minus(ranges, taken):
    """Ranges (start, end) without the parts that lie in others."""
    for first, last in taken:
        ranges = [part for start, end in ranges for part in ((start, min(end, first)), (max(start, last), end))
                  if part[0] < part[1]]
    return ranges


def middle(ranges):
    """Of the largest one; None: there is none."""
    start, end = max(ranges, key=lambda part: part[1] - part[0], default=(0, 0))
    return (start + end) // 2 if end > start else None


def aims(ram, sizes, attackers):
    """A host address in each guest's memory: in its middle; but where that is, as a number, RAM of a guest whose devices
    aim there, in the middle of what is not. attackers: names of guests with devices."""
    out = []
    for name, blocks in blocks_of(ram, sizes).items():
        ranges = [(start, start + size) for start, size in blocks]
        taken = [part for other in attackers if other != name for part in own_ram(sizes[other])]
        at = middle(minus(ranges, taken)) or middle(ranges)
        if at is not None:
            out.append(at)
    return out
