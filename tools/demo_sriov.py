# SPDX-License-Identifier: GPL-2.0-only
"""`make run DEMO=sriov`: one NVMe's eight virtual functions in four guests, its physical function in a fifth, the
service guest, which brings them online with nvme-cli, and resets the device under them once."""

import testbed
from summary import Summary

TIMEOUT = 720  # a busy machine takes minutes; it ends by itself
CONFIG = testbed.ROOT / "tools" / "demo" / "sriov.toml"
MODULES = {"vmlinux": "guest/vmlinux", "sriov.img": "guest/sriov.img", "vfdisk.img": "guest/vfdisk.img",
           "vf": "guest-tests/vf.elf"}
PF = "0000:01:00.0"
VFS = [f"0000:01:0{n >> 3}.{n & 7}" for n in range(1, 9)]
# guest -> its VFs, the address that it aims at (tools/demo/sriov.toml), and whose memory of the machine that is
HOSTILE = {"one": (VFS[2:4], "0x134000000", "guest disk's RAM"), "two": (VFS[4:6], "0x138000000", "guest service's RAM"),
           "three": (VFS[6:8], "0x13ff80000", "the hypervisor")}
SUMMED = 4 << 20  # bytes of each namespace that guest disk sums up
SIZES = {"shared": 16, "own": 8}  # MiB of the namespaces


def disks():
    return {name: testbed.make_disk(testbed.BUILD / f"sriov-{name}.img", size, name) for name, size in SIZES.items()}


def devices(images):
    """The NVMe behind a root port: 16 of its 18 I/O queues and 8 of its 10 interrupts can be given to VFs. Its second
    namespace is nobody's until it is attached."""
    return ["-device", "pcie-root-port,id=rp1,bus=pcie.0,addr=3.0,chassis=1,slot=1",
            "-device", "nvme-subsys,id=subsystem",
            "-device", "nvme,id=pf,serial=BULKHEAD2,subsys=subsystem,bus=rp1,sriov_max_vfs=8,sriov_vq_flexible=16,"
                       "sriov_vi_flexible=8,max_ioqpairs=18,msix_qsize=10",
            "-drive", f"file={images['shared']},if=none,id=shared,format=raw,snapshot=on",
            "-device", "nvme-ns,drive=shared,bus=pf,nsid=1,shared=on",
            "-drive", f"file={images['own']},if=none,id=own,format=raw,snapshot=on",
            "-device", "nvme-ns,drive=own,bus=pf,nsid=2,shared=on,detached=on"]


def check_service(s):
    print("guest service (Debian vmlinux, nvme-cli; the NVMe's PF)")
    s.has("none of the VFs is online at first", "service", "online before: 0", count=2)
    s.has("gives all eight queues and brings them online (nvme virt-mgmt)", "service", "online: 8", count=2)
    s.has("cannot see SR-IOV in its PF, nor switch it", "service", "SR-IOV in the PF's view: no")
    s.has("powered off", "guest: name=service end=powered-off")


def check_disk(s, sums):
    print("guest disk (Debian vmlinux; two VFs)")
    shared, own = sums["shared"], sums["own"]
    s.has("finds two VFs with the PF's vendor and class", "disk", "1b36:0010 class 010802", count=2)
    s.has(f"sha256 of the shared namespace is the host's ({shared[:16]}...)", "disk", f"sha256 {shared}", count=2)
    s.has(f"sha256 of the namespace that its first VF alone has, too ({own[:16]}...)", "disk", f"sha256 {own}", count=2)


def check_hostile(s, first):
    for name, (vfs, target, whose) in HOSTILE.items():
        print(f"guest {name} (bare metal; two VFs)")
        s.has("both read the first block of the shared namespace", name, f"reads {first}", count=2)
        for vf in vfs:
            for access in ("write", "read"):
                s.has(f"{vf}: {access} of {whose} blocked, named by VF and guest", "fault: ", f"sid={vf} ",
                      f"guest={name} ", f"access={access}", f"addr={target} ", whose)
        s.has("reaches its own RAM alone, and goes on", name, "SUMMARY:", " 0 failed")
        s.has("powered off", f"guest: name={name} end=powered-off")


def place(lines, after, *words):
    """Of the first line behind `after` with all the words; len(lines) when there is none."""
    return next((i for i, line in enumerate(lines) if i > after and all(word in line for word in words)), len(lines))


ORDER = [
    ("service resets itself: guest disk, which has VFs, is stopped first", "guest: name=disk stops:", "reason=pf-reset",
     f"pf={PF}"),
    ("its VFs are taken from it", "guest: name=disk", f"device={VFS[0]} detached: ok"),
    ("then the PF is reset", f"pci: {PF}: reset (flr)"),
    ("the VFs are on again", f"sriov: {PF}: 8 VFs are on again"),
    ("service runs again", "guest: name=service runs again"),
    ("brings them online again", "service", "online: 8"),
    ("starts guest disk", "guest: name=disk order=start"),
    ("which reads the same", "disk", "disk ready"),
]


def check_reset(s):
    print("a reset of the PF under its VFs")
    at = place(s.lines, -1, "service", "resets itself, and the PF")
    for what, *words in ORDER:
        at = place(s.lines, at, *words)
        s.line(at < len(s.lines), what)


def show(timeout, on_line):
    """(run, its summary)"""
    accelerator, why = testbed.choose_accelerator(testbed.kvm_supported_cpuid())
    print(f"run: accelerator {accelerator}: {why}", flush=True)
    images = disks()
    modules = [testbed.Module(CONFIG, "bulkhead.toml"),
               *(testbed.Module(testbed.BUILD / path, name) for name, path in MODULES.items())]
    iso = testbed.make_iso(testbed.BUILD / "demo-sriov.iso", testbed.BUILD / "bulkhead.elf",
                           "exit panic=reset" + testbed.kernel_words(accelerator), modules)
    arguments = [*testbed.machine_arguments(accelerator=accelerator), *devices(images), *testbed.boot_arguments(iso)]
    run = testbed.run_qemu(arguments, timeout, on_line=on_line)

    print(f"\nsummary ({run.seconds:.0f} s)")
    summary = Summary(run)
    print("machine")
    summary.has("eight VFs are switched on, the last beyond function 7 (ARI)", f"sriov: pf={PF} vfs=8 ", "ari=yes")
    check_service(summary)
    check_disk(summary, {name: testbed.sha256_of(path, SUMMED) for name, path in images.items()})
    check_hostile(summary, images["shared"].read_bytes()[:16].hex())
    check_reset(summary)
    return run, summary
