# SPDX-License-Identifier: GPL-2.0-only
"""The column Xen: Debian's hypervisor, Debian's kernel as its dom0 with Debian's Xen tools, and our guests in an HVM
domain."""
import images
import machine
import measure
import testbed
import xen_images

# Around the emulator: TCG 7.2's IRET from CPL 3, which a PV kernel executes, faults with SMAP on, its MWAIT takes no
# extensions, and it lets VT-d believe that tables of VMX (sharept) can be shared though the CPU has SVM.
XEN_WORDS = "smap=no cpuidle=no mwait-idle=no console=com1 com1=115200 iommu=on,no-sharept dom0_max_vcpus=1 " \
    f"dom0_mem={machine.GUEST_MIB}M,max:{machine.GUEST_MIB}M"
TO_XEN = b"\x01\x01\x01"  # the serial console's input to Xen and, again, to dom0
NAMES = {"host": "Xen's console", "guest": "the guest"}
PM_TIMER = 0xb008  # of a Xen guest (the public header hvm/ioreq.h)
# The TSC of the machine, as on Bulkhead and KVM: Xen would emulate one that is not invariant.
GUEST = 'type = "hvm"\nname = "guest"\nvcpus = 1\nserial = "file:/tmp/guest"\nvga = "none"\nvnc = 0\n' \
    'tsc_mode = "native"\non_poweroff = "destroy"\non_reboot = "destroy"\non_crash = "destroy"\n'


def cd(name, words, guest, files):
    """guest: what xl is told beyond GUEST."""
    bzimage = images.GUEST_IMAGES / "vmlinuz"
    commands = [f"multiboot2 /boot/xen {XEN_WORDS}", f"module2 /boot/vmlinuz console=hvc0 quiet {words}".rstrip(),
                "module2 --nounzip /boot/host.img"]
    return images.make_cd(images.OUT / name, commands, {
        "boot/xen": xen_images.hypervisor(), "boot/vmlinuz": bzimage, "boot/host.img": xen_images.host(),
        "guest/xl.cfg": (GUEST + guest).encode(), **xen_images.tools(), **files})


def run(iso, timeout, end, extra=(), answers=()):
    watch = measure.Stopwatch(machine.HOST_SHELL, machine.SHELL)
    done = testbed.run_qemu([*machine.arguments(), *testbed.boot_arguments(iso), *extra], timeout, on_line=watch,
                            answers=answers, stop_when=lambda line: end in line or "demo: peer host-done" in line)
    if not done.having(end):
        raise RuntimeError(f"Xen's guest did not come to its end: {measure.last_words(done.lines)}\n{done.text}")
    return done, watch


def exits(exits_elf):
    """{name: instructions} of an HVM guest. It boots by GRUB from a CD: QEMU would load an ELF file over hvmloader."""
    boot = images.make_cd(images.OUT / "exits.iso", [f"multiboot /boot/exits.elf pm-timer={PM_TIMER}"],
                          {"boot/exits.elf": exits_elf})
    guest = 'memory = 64\nboot = "d"\n' \
        'disk = ["format=raw,vdev=hdc,devtype=cdrom,access=ro,target=/cd/guest/exits.iso"]\n'
    done, _ = run(cd("xen-exits.iso", "", guest, {"guest/exits.iso": boot}), 500, "bench: pm-timer", machine.ICOUNT)
    return measure.ticks(done.text)


def linux():
    """(run, Stopwatch) of Linux with the NVMe and edu assigned."""
    bzimage, _, initrd = images.linux_images()
    guest = (f'memory = {machine.GUEST_MIB}\nkernel = "/cd/guest/vmlinuz"\nramdisk = "/cd/guest/guest.img"\n'
             f'cmdline = "console=ttyS0 {machine.UNHURRIED} {machine.WORDS}"\n'
             f'pci = ["{machine.NVME}", "{machine.EDU}"]\n')
    iso = cd("xen-linux.iso", f"assign={machine.NVME},{machine.EDU}", guest,
             {"guest/vmlinuz": bzimage, "guest/guest.img": initrd})
    return run(iso, 600, "demo: peer done", answers=[(machine.SHELL, TO_XEN + b"m" + TO_XEN)])
