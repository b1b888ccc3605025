# SPDX-License-Identifier: GPL-2.0-only
"""How soon the service guest can act, and how soon a guest runs again: from the fault of another guest's device to the
hypervisor's hearing of the service guest's order (a shell script of Linux reads the event and writes a command: an upper
bound of event to line), and from that order to the guest's next run."""
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import native  # noqa: E402
import testbed  # noqa: E402
from row import Row  # noqa: E402

ICOUNT = ["-icount", "shift=0,sleep=off"]
INSTRUCTIONS = "instructions"
CONFIG = """version = 1
[system]
service = "service"
[guest.service]
cpus = [0]
memory = "128MiB"
kernel = "kernel"
initrd = "initrd"
cmdline = "console=ttyS0 quiet"
[guest.rogue]
cpus = [1]
memory = "16MiB"
kernel = "rogue"
cmdline = "targets=0x7000000000"
devices = ["0000:00:05.0"]
autostart = false
"""


def at_ns(text, *words):
    """Time of the first log line with all these words; under -icount a nanosecond is an instruction."""
    for line in text.splitlines():
        found = re.match(r"\[ *(\d+)\.(\d{6})\]", line)
        if found and all(word in line for word in words):
            return (int(found[1]) * 1000000 + int(found[2])) * 1000
    raise RuntimeError(f"no line with {words}:\n{text}")


def service():
    with tempfile.TemporaryDirectory(prefix="bulkhead-") as name:
        folder = pathlib.Path(name)
        image = native.image(folder / "latency.img", "latency", ["virtio_pci", "virtio_console"])
        config = folder / "bulkhead.toml"
        config.write_text(CONFIG)
        iso = testbed.make_iso(folder / "bench.iso", testbed.BUILD / "bulkhead.elf", "exit panic=reset",
                               [testbed.Module(config, "bulkhead.toml"), testbed.Module(image, "initrd"),
                                testbed.Module(testbed.BUILD / "guest" / "vmlinux", "kernel"),
                                testbed.Module(testbed.BUILD / "guest-tests" / "rogue.elf", "rogue")])
        disk = testbed.make_disk(testbed.BUILD / "disk.img")
        text = testbed.run_qemu([*testbed.machine_arguments(cpus=2), *testbed.demo_devices(disk),
                                 *testbed.boot_arguments(iso), *ICOUNT], 240,
                                stop_when=lambda line: "runs again, starts=2" in line).text
    fault = at_ns(text, "fault: ", "guest=rogue")
    order = at_ns(text, "name=rogue order=restart by=service")
    again = at_ns(text, "name=rogue runs again, starts=2")
    return [Row("fault of a device to the service guest's order", order - fault, INSTRUCTIONS, None,
                "both CPUs' together; Linux and a shell script in between: an upper bound of fault to event line"),
            Row("order to a guest of 16 MiB and one device running again", again - order, INSTRUCTIONS, None,
                "both CPUs' together; scrubbing, loading and the audit in it")]


GROUPS = {"service": service}
