# SPDX-License-Identifier: GPL-2.0-only
"""The column Xen: Debian's hypervisor, and Debian's kernel as its dom0, which is the only guest here."""
import gzip

import images
import machine
import measure
import testbed

# Around the emulator: TCG 7.2's IRET from CPL 3, which a PV kernel executes, faults with SMAP on, and its MWAIT
# takes no extensions.
XEN_WORDS = "smap=no cpuidle=no mwait-idle=no console=com1 com1=115200 iommu=on dom0_max_vcpus=1 " \
    f"dom0_mem={machine.GUEST_MIB}M,max:{machine.GUEST_MIB}M"
TO_XEN = b"\x01\x01\x01"  # the serial console's input to Xen and, again, to dom0
NAMES = {"host": "Xen's console"}


def cd():
    bzimage, _, guest = images.linux_images()
    boot = images.guest_images.unpack(images.XEN) / "boot"
    packed = next(boot.glob("xen-*.gz"))
    commands = [f"multiboot2 /boot/xen {XEN_WORDS}", f"module2 /boot/vmlinuz console=hvc0 {machine.WORDS}",
                "module2 --nounzip /boot/guest.img"]
    return images.make_cd(images.OUT / "xen.iso", commands, {"boot/xen": gzip.decompress(packed.read_bytes()),
                                                             "boot/vmlinuz": bzimage, "boot/guest.img": guest})


def linux():
    """(run, Stopwatch) of dom0."""
    watch = measure.Stopwatch(machine.SHELL)
    done = testbed.run_qemu([*machine.arguments(), *testbed.boot_arguments(cd())], 300, on_line=watch,
                            answers=[(machine.SHELL, TO_XEN + b"m" + TO_XEN)],
                            stop_when=lambda line: "demo: peer done" in line)
    if not done.having("demo: peer done"):
        raise RuntimeError("Xen's dom0 did not come to its end:\n" + done.text)
    return done, watch
