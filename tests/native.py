# SPDX-License-Identifier: GPL-2.0-only
"""Debian's Linux without a hypervisor on the machines of tests/topologies.py: its groups, and a dump taken by `bulkhead`."""
import dataclasses
import pathlib
import re
import sys

import testbed

sys.path.insert(0, str(testbed.ROOT / "tools"))
import guest_images  # noqa: E402

SCRIPTS = testbed.ROOT / "tests" / "linux"
MODULES = ["nvme", "e1000e", "e1000", "virtio_pci", "virtio_blk"]
TIMEOUT = 270  # a busy machine may take minutes; Linux ends by itself
TOOL = testbed.BUILD / "host" / "bulkhead"


@dataclasses.dataclass
class Native:
    groups: dict  # "0000:00:03.0" -> number, or "" when Linux gave it none
    dump: str
    dump_status: int
    dump_errors: str

    def sets(self):
        """The groups as sets of addresses."""
        return sets_of(self.groups)


def sets_of(groups):
    """{address: group} -> the set of its groups, each a frozenset of addresses."""
    return {frozenset(at for at, other in groups.items() if other == group) for group in groups.values()}


def image(path, script, modules, programs=None):
    """Write an initramfs: busybox, kernel modules, a script of tests/linux."""
    downloads = testbed.BUILD / "download"
    (linux,) = (path for path in downloads.glob("linux-image-*") if path.is_dir())
    files = guest_images.module_order(linux / "lib" / "modules", modules)
    busybox = (downloads / "busybox-static" / "bin" / "busybox").read_bytes()
    path = pathlib.Path(path)
    path.write_bytes(guest_images.initramfs(busybox, files, SCRIPTS / script, programs))
    return path


def parse(text):
    parts = {"": ""}
    name = ""
    for line in text.splitlines(keepends=True):
        match = re.match(r"^--- (.*)$", line)
        if match:
            name = match[1]
            parts[name] = ""
        else:
            parts[name] = parts.get(name, "") + line
    assert name == "end", f"Linux did not come to its end: {text[-300:]}"
    groups = dict((line.split() + [""])[:2] for line in parts["groups"].splitlines())
    (status,) = (name for name in parts if name.startswith("dump status "))
    return Native(groups, parts["dump"], int(status.split()[2]), parts[status])


def boot(initrd, devices, words="", machine=None):
    """Run Linux with that initramfs on that machine; testbed.Run."""
    arguments = [*testbed.machine_arguments(**{"cpus": 2, "memory": "1024M", **(machine or {})}), *devices,
                 "-kernel", str(testbed.BUILD / "guest" / "vmlinux"), "-initrd", str(initrd),
                 "-append", f"console=ttyS0 quiet panic=-1 no_timer_check intel_iommu=on {words}"]
    run = testbed.run_qemu(arguments, TIMEOUT)
    print(run.text)
    assert not run.timed_out, "Linux hangs"
    return run


def facts(folder, devices, words="", machine=None):
    """What Linux says of that machine, a Native."""
    out = pathlib.Path(folder) / "facts.txt"
    initrd = image(out.with_suffix(".img"), "facts", ["nvme"], {"bin/bulkhead": TOOL.read_bytes()})
    port = ["-chardev", f"file,id=facts,path={out}", "-device", "isa-serial,chardev=facts,index=1"]
    boot(initrd, [*devices, *port], words, machine)
    return parse(out.read_text())
