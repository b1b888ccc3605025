# SPDX-License-Identifier: GPL-2.0-only
"""The column KVM + VFIO: Debian's kernel as the host, Debian's QEMU with vfio-pci, and our guests in it."""
import images
import machine
import measure
import testbed

# A one-shot timer is lost now and then in TCG's SVM (svm/quirks.c has the repair); a periodic tick lives on.
HOST_WORDS = f"console=ttyS0 quiet intel_iommu=on {machine.UNHURRIED} highres=off nohz=off"
NAMES = {"host": "the host's kernel log", "guest": "the guest"}


def cd(name, words, files):
    bzimage = images.GUEST_IMAGES / "vmlinuz"
    host = images.initramfs("kvm-host.sh", images.HOST_MODULES)
    commands = [f"linux /boot/vmlinuz {HOST_WORDS} {words}", "initrd /boot/host.img"]
    return images.make_cd(images.OUT / name, commands, {"boot/vmlinuz": bzimage, "boot/host.img": host,
                                                        **images.qemu_files(), **files})


def run(iso, timeout, extra=()):
    watch = measure.Stopwatch(machine.HOST_SHELL, machine.SHELL)
    done = testbed.run_qemu([*machine.arguments(), *testbed.boot_arguments(iso), *extra], timeout, on_line=watch)
    if not done.having("demo: peer host-done"):
        raise RuntimeError("the KVM host did not come to its end:\n" + done.text)
    return done, watch


def exits(exits_elf):
    """{name: instructions} of a guest on KVM."""
    done, _ = run(cd("kvm-exits.iso", f"guest={exits_elf.name}", {f"guest/{exits_elf.name}": exits_elf}), 500,
                  machine.ICOUNT)
    return measure.ticks(done.text)


def linux():
    """(run, Stopwatch) of Linux with the NVMe and edu assigned."""
    _, vmlinux, guest = images.linux_images()
    append = f"console=ttyS0 {machine.WORDS}".replace(" ", "~")
    words = f"memory={machine.GUEST_MIB} append={append} vfio={machine.NVME},{machine.EDU}"
    return run(cd("kvm-linux.iso", words, {"guest/vmlinux": vmlinux, "guest/guest.img": guest}), 400)
