# SPDX-License-Identifier: GPL-2.0-only
"""A large machine: many small guests in turns on four CPUs, edu devices eight behind a root port, RAM that nobody
touches."""
import guestrun
import testbed

FUNCTIONS = 8  # of a device: one group
PORTS = 8      # root ports of a slot
CPUS = 4


def devices(count):
    """QEMU's arguments for so many edu functions, from bus 1 on."""
    out = []
    for port in range(count // FUNCTIONS):
        slot, function = 2 + port // PORTS, port % PORTS
        more = ",multifunction=on" if function == 0 else ""
        out += ["-device", f"pcie-root-port,id=rp{port},bus=pcie.0,addr={slot:x}.{function},chassis={port + 1},"
                           f"slot={port + 1}{more}"]
        for f in range(FUNCTIONS):
            out += ["-device", f"edu,bus=rp{port},addr=0.{f}{',multifunction=on' if f == 0 else ''}"]
    return out


def memory(gib):
    """Without swap or room for it all: pages come when they are touched."""
    return ["-object", f"memory-backend-ram,id=ram,size={gib}G,reserve=off", "-machine", "memory-backend=ram"]


def tables(guests, count):
    """Guest after guest gets a group, and again from the first one on."""
    groups = [f"group:0000:{bus + 1:02x}:00.0" for bus in range(count // FUNCTIONS)]
    for i in range(guests):
        mine = groups[i::guests]
        yield guestrun.guest(f"g{i}", [i % CPUS], "loader", share=True, **({"devices": mine} if mine else {}))


def boot(folder, guests, count, gib, arguments=(), timeout=240, resets=True):
    """One boot; every guest prints its line and powers off. resets: of the devices, which QEMU takes its time for."""
    table = "" if resets else '[device."1234:11e8"]\nreset = "none"\n'
    modules = [guestrun.config(folder, table, *tables(guests, count)), testbed.Module(guestrun.image("loader"), "loader")]
    iso = testbed.make_iso(folder / "scale.iso", testbed.BUILD / "bulkhead.elf", "exit", modules)
    return testbed.run_qemu([*memory(gib), *testbed.machine_arguments(cpus=CPUS, memory=f"{gib}G"), *devices(count),
                             *testbed.boot_arguments(iso), *arguments], timeout)
