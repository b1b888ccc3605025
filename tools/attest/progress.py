# SPDX-License-Identifier: GPL-2.0-only
"""What a long run under an emulator is doing, on standard error: each guest's class or device, and about how long it still
takes."""
import re
import sys
import time

import derive

EVERY = 30  # seconds
LINE = re.compile(r"^([a-z0-9-]{1,31})\| ATTEST (.*)$")
CLASS = re.compile(r"progress class=(\S+) attempts=(\d+) of=(\d+)$")


def minutes(seconds):
    return f"{max(1, round(seconds / 60))} min"


class Guest:
    """One guest: what it does, and since when."""

    def __init__(self, devices):
        self.devices = devices
        self.begun = 0  # devices that it began to attack
        self.dma = 0  # attempts of the current one
        self.doing, self.left, self.over = "starts", None, False
        self.name = self.first = None

    def take(self, text, now):
        found = CLASS.match(text)
        if found:
            self.take_class(found[1], int(found[2]), int(found[3]), now)
        elif text.startswith("device="):
            self.begun, self.dma, self.left = self.begun + 1, 0, None
            self.doing = f"device {self.begun} of {self.devices}"
        elif text.startswith("dma "):
            self.dma += 1
            self.doing = f"device {self.begun} of {self.devices}, {self.dma} DMA attempts"
        elif text.startswith("class="):
            self.name = self.left = None
        elif text.startswith("attacked"):
            self.doing, self.left, self.over = "its attempts are over", None, True

    def take_class(self, name, done, of, now):
        if name != self.name:
            self.name, self.first = name, (now, done)
        since, at = self.first
        self.left = (of - done) * (now - since) / (done - at) if done > at else None
        self.doing = f"{name} {done} of {of}"


class Progress:
    """take(line) for each line of the console; says something every half minute."""

    def __init__(self, ticket, devices, say=None, clock=time.monotonic):
        """devices: guest -> how many it has."""
        self.guests = {name: Guest(count) for name, count in devices.items()}
        self.device_seconds = derive.device_ms(derive.DEPTHS[ticket["depth"]], len(ticket["targets"])) / 1000
        self.say = say or (lambda text: print(f"bulkhead attest: {text}", file=sys.stderr, flush=True))
        self.clock = clock
        self.start = self.told = clock()

    def begin(self, limit):
        """limit: seconds that the emulator gets."""
        devices = sum(guest.devices for guest in self.guests.values())
        most = self.device_seconds * devices
        if limit > 600:
            self.say(f"{devices} devices take up to {minutes(most)} in all, one after another, everything else minutes on an "
                     f"idle machine; the limit is {minutes(limit)} (--timeout)")

    def left(self):
        """Seconds for what is known of: the classes at work, and the devices to come."""
        classes = max((guest.left or 0 for guest in self.guests.values()), default=0)
        devices = sum(guest.devices - guest.begun for guest in self.guests.values() if not guest.over)
        return classes + devices * self.device_seconds

    def take(self, line):
        now = self.clock()
        found = LINE.match(line)
        if found and found[1] in self.guests:
            self.guests[found[1]].take(found[2], now)
        if now - self.told < EVERY:
            return
        self.told = now
        left = self.left()
        about = f", at least {minutes(left)} to go" if left else ""
        self.say(f"{minutes(now - self.start)}{about}: " +
                 "; ".join(f"{name}: {guest.doing}" for name, guest in self.guests.items()))
