# SPDX-License-Identifier: GPL-2.0-only
"""What the emulator says of a machine's PCI functions, whatever the hypervisor claims."""
import re

ECAM = 0xB0000000  # SeaBIOS on q35
COMMAND = 4
BUS_MASTER = 1 << 2
FUNCTION = re.compile(r"^ *Bus +(\d+), device +(\d+), function (\d+):", re.MULTILINE)


def command_registers(monitor):
    """{"00:1f.2": command register} of every function, read through the ECAM window by the monitor."""
    registers = {}
    for match in FUNCTION.finditer(monitor.human("info pci")):
        bus, device, function = (int(number) for number in match.groups())
        at = ECAM + (bus << 20 | device << 15 | function << 12) + COMMAND
        text = monitor.human(f"xp /1hx {at:#x}")
        registers[f"{bus:02x}:{device:02x}.{function}"] = int(text.split(":")[1].strip(), 16)
    return registers


def bus_masters(registers):
    return sorted(at for at, command in registers.items() if command & BUS_MASTER)
