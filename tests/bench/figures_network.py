# SPDX-License-Identifier: GPL-2.0-only
"""A packet's cost: two Linux guests ping each other over a network between guests, and the same kernel without a
hypervisor pings the gateway of QEMU's user network by QEMU's own virtio-net. Each ping is two packets."""
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import native  # noqa: E402
import testbed  # noqa: E402
from row import Row  # noqa: E402

PINGS = 300
ICOUNT = ["-icount", "shift=0,sleep=off"]
INSTRUCTIONS = "instructions"


def average_ns(text):
    """Of the round trips; under -icount a nanosecond is an instruction."""
    found = re.search(r"round-trip min/avg/max = [\d.]+/([\d.]+)/", text)
    if not found:
        raise RuntimeError("no pings came back:\n" + text)
    return float(found[1]) * 1e6


def between_guests(folder, image):
    tables = [f'[guest.{name}]\ncpus = [{i}]\nmemory = "128MiB"\nkernel = "kernel"\ninitrd = "initrd"\n'
              f'cmdline = "console=ttyS0 quiet address=10.5.0.{i + 1} {words}"\n'
              for i, (name, words) in enumerate((("a", f"ping=10.5.0.2 count={PINGS}"), ("b", "")))]
    config = folder / "bulkhead.toml"
    config.write_text("version = 1\n" + "".join(tables) + '[network.lan]\nguests = ["a", "b"]\n')
    iso = testbed.make_iso(folder / "bench.iso", testbed.BUILD / "bulkhead.elf", "exit panic=reset",
                           [testbed.Module(config, "bulkhead.toml"), testbed.Module(testbed.BUILD / "guest" / "vmlinux", "kernel"),
                            testbed.Module(image, "initrd")])
    return testbed.run_qemu([*testbed.machine_arguments(cpus=2), *testbed.boot_arguments(iso), *ICOUNT], 240,
                            stop_when=lambda line: "round-trip" in line).text


def without_hypervisor(image):
    devices = ["-netdev", "user,id=net0,restrict=on", "-device", "virtio-net-pci,netdev=net0"]
    return testbed.run_qemu(
        [*testbed.machine_arguments(cpus=1), *devices, "-kernel", str(testbed.BUILD / "guest" / "vmlinux"), "-initrd",
         str(image), "-append", f"console=ttyS0 quiet intel_iommu=off address=10.0.2.15 ping=10.0.2.2 count={PINGS}",
         *ICOUNT], 120, stop_when=lambda line: "round-trip" in line).text


def network():
    with tempfile.TemporaryDirectory(prefix="bulkhead-") as name:
        folder = pathlib.Path(name)
        image = native.image(folder / "ping.img", "ping", ["virtio_pci", "virtio_net"])
        both = {"between guests": average_ns(between_guests(folder, image)),
                "QEMU's user network, no hypervisor": average_ns(without_hypervisor(image))}
    rows = []
    for where, ns in both.items():
        note = f"{2e9 / ns:,.0f} packets a second at 10^9 instructions a second".replace(",", " ")
        rows.append(Row(f"virtio-net, a packet of a ping, {where}", round(ns / 2), INSTRUCTIONS, None, note))
    return rows


GROUPS = {"network": network}
