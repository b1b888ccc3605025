# SPDX-License-Identifier: GPL-2.0-only
"""The column Bulkhead, and the same guest on the machine without a hypervisor."""
import pathlib
import re
import tempfile

import images
import machine
import measure
import testbed

NAMES = {"host": "the hypervisor's log"}


def boot(table, modules, timeout, extra=()):
    with tempfile.TemporaryDirectory(prefix="bulkhead-") as folder:
        config = pathlib.Path(folder) / "bulkhead.toml"
        config.write_text("version = 1\n[guest.guest]\ncpus = [0]\n" + table)
        iso = testbed.make_iso(pathlib.Path(folder) / "peers.iso", testbed.BUILD / "bulkhead.elf", "exit panic=reset",
                               [testbed.Module(config, "bulkhead.toml"), *modules])
        watch = measure.Stopwatch(machine.SHELL)
        done = testbed.run_qemu([*machine.arguments(), *testbed.boot_arguments(iso), *extra], timeout, on_line=watch)
    if not done.having("guest: name=guest", "end="):
        raise RuntimeError("the guest did not end:\n" + done.text)
    return done, watch


def exits(exits_elf):
    done, _ = boot('memory = "64MiB"\nkernel = "kernel"\n', [testbed.Module(exits_elf, "kernel")], 300, machine.ICOUNT)
    return measure.ticks(done.text)


def linux():
    _, vmlinux, guest = images.linux_images()
    table = (f'memory = "{machine.GUEST_MIB}MiB"\nkernel = "kernel"\ninitrd = "initrd"\n'
             f'cmdline = "console=ttyS0 {machine.WORDS}"\ndevices = ["{machine.NVME}", "{machine.EDU}"]\n')
    return boot(table, [testbed.Module(vmlinux, "kernel"), testbed.Module(guest, "initrd")], 300)


def native():
    """The guest without a hypervisor, its devices untranslated."""
    _, vmlinux, guest = images.linux_images()
    done = testbed.run_qemu([*machine.arguments(), "-kernel", str(vmlinux), "-initrd", str(guest), "-append",
                             f"console=ttyS0 intel_iommu=off {machine.UNHURRIED} {machine.READ}"], 200)
    if not done.having("demo: peer done"):
        raise RuntimeError("Linux did not come to its end:\n" + done.text)
    return done


def memory(text, kept):
    """The most there was, of the log's last line, and the boot modules, which stay for restarts (`kept` bytes)."""
    match = re.search(r"all guests have ended.* memory-kib=(\d+)", text)
    return f"{int(match[1]) / 1024:.1f} MiB, and {kept / (1 << 20):.1f} of boot modules" if match else None


def kept_bytes():
    return sum(path.stat().st_size for path in images.linux_images()[1:])
