# SPDX-License-Identifier: GPL-2.0-only
"""Boot Bulkhead under QEMU: make the GRUB image, choose the accelerator, run, collect the serial console.

Used by tools/run, tools/run-guest and the suites in tests/qemu, so that all of them mean the same machine."""
import dataclasses
import fcntl
import hashlib
import os
import pathlib
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import time

import monitor

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("BULKHEAD_BUILD", ROOT / "build"))

KVM_GET_SUPPORTED_CPUID = 0xC008AE05
KVM_CPUID_ENTRIES = 256


def kvm_supported_cpuid(path="/dev/kvm"):
    """{leaf: (eax, ebx, ecx, edx)} that KVM offers to guests; None when there is no usable KVM."""
    try:
        fd = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        buffer = bytearray(struct.pack("II", KVM_CPUID_ENTRIES, 0) + bytes(40 * KVM_CPUID_ENTRIES))
        fcntl.ioctl(fd, KVM_GET_SUPPORTED_CPUID, buffer, True)
    except OSError:
        return None
    finally:
        os.close(fd)
    (count,) = struct.unpack_from("I", buffer)
    leaves = {}
    for i in range(count):
        function, _, _, eax, ebx, ecx, edx = struct.unpack_from("7I", buffer, 8 + 40 * i)
        leaves.setdefault(function, (eax, ebx, ecx, edx))
    return leaves


def choose_accelerator(leaves):
    """("kvm-svm", "kvm-vmx" or "tcg", why) from what kvm_supported_cpuid() gave. /dev/kvm alone is not enough: it must
    nest."""
    if leaves is None:
        return "tcg", "no usable /dev/kvm"
    if leaves.get(0x80000001, (0, 0, 0, 0))[2] & 1 << 2:
        return "kvm-svm", "KVM offers SVM to guests"
    if leaves.get(1, (0, 0, 0, 0))[2] & 1 << 5:
        return "kvm-vmx", "KVM offers VMX to guests"
    return "tcg", "KVM here does not nest (no VMX, no SVM in its CPUID)"


def accelerator_arguments(accelerator):
    if accelerator != "tcg":
        return ["-machine", "q35,kernel-irqchip=split", "-accel", "kvm", "-cpu",
                f"host,+{accelerator.removeprefix('kvm-')}"]
    return ["-machine", "q35,kernel-irqchip=off", "-accel", "tcg", "-cpu", "EPYC,+svm,+npt"]


def iommu_of(accelerator):
    """The remapping unit's options; with KVM's VMX in the mode for 32-bit APIC ids, which wants x2APIC."""
    extended = ",eim=on" if accelerator == "kvm-vmx" else ""
    return f"intel-iommu,intremap=on{extended},caching-mode=on"


def kernel_words(accelerator):
    """What Bulkhead's own command line needs there, each word behind a space."""
    return " x2apic" if accelerator == "kvm-vmx" else ""


@dataclasses.dataclass
class Module:
    """One multiboot2 module: a file and the text that names it."""

    path: pathlib.Path
    text: str


def copy_kernel(kernel, out):
    """GRUB holds the whole file in memory: an ELF file goes without what only a debugger reads."""
    if pathlib.Path(kernel).read_bytes()[:4] == b"\x7fELF":
        subprocess.run(["objcopy", "--strip-debug", str(kernel), str(out)], check=True)
    else:
        shutil.copy(kernel, out)


def make_iso(out, kernel, cmdline="", modules=(), grub_before=()):
    """Write a bootable GRUB image; grub_before are grub.cfg lines that come first ("acpi -2 /boot/x.aml").
    Files that those lines name are given as (path, name) pairs through `modules` with text None."""
    out = pathlib.Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        boot = pathlib.Path(folder) / "boot"
        (boot / "grub").mkdir(parents=True)
        copy_kernel(kernel, boot / "bulkhead.elf")
        lines = ["set timeout=0", "serial --unit=0 --speed=115200", "terminal_output serial", *grub_before]
        lines.append(f"multiboot2 /boot/bulkhead.elf {cmdline}".rstrip())
        for number, module in enumerate(modules):
            name = f"m{number}" if module.text is not None else pathlib.Path(module.path).name
            shutil.copy(module.path, boot / name)
            if module.text is not None:
                lines.append(f"module2 /boot/{name} {module.text}")
        lines.append("boot")
        (boot / "grub" / "grub.cfg").write_text("\n".join(lines) + "\n")
        command = ["grub-mkrescue", "-d", "/usr/lib/grub/i386-pc", "--locales=", "--themes=", "--fonts=",
                   "--install-modules=multiboot2 normal acpi echo sleep serial iso9660 biosdisk mmap", "-o", str(out), folder]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"grub-mkrescue failed: {done.stderr}")
    return out


class Run:
    """What one boot printed, and how it ended."""

    def __init__(self):
        self.lines = []
        self.ended = False  # the emulator ended by itself (the hypervisor reset the machine)
        self.timed_out = False
        self.status = None
        self.emulator = ""  # what Bochs itself wrote
        self.seconds = 0.0

    @property
    def text(self):
        return "\n".join(self.lines)

    def having(self, *words):
        """The lines that contain every word."""
        return [line for line in self.lines if all(word in line for word in words)]


class WholeLines:
    """Puts guests' lines together again: what a guest has not ended with a newline is shown after a while as
    "name> part", and what follows as "name| rest"."""

    TAG = re.compile(r"^([a-z0-9-]{1,31})([|>]) (.*)$")

    def __init__(self):
        self.parts = {}

    def add(self, line):
        """The line with the parts that came before it."""
        match = self.TAG.match(line)
        if not match:
            return line
        name, mark, text = match.groups()
        whole = self.parts.pop(name, "") + text
        if mark == ">":
            self.parts[name] = whole
        return f"{name}{mark} {whole}"


def whole_lines(lines):
    """Lines of a console with guests' parts put together; what never ended stays, as "name> text"."""
    joiner = WholeLines()
    joined = [joiner.add(line) for line in lines]
    whole = [line for line in joined if not re.match(r"^[a-z0-9-]{1,31}> ", line)]
    return whole + [f"{name}> {text}" for name, text in joiner.parts.items()]


# What QEMU itself writes about events that the tests cause on purpose.
EMULATOR_NOISE = ("TCG doesn't support requested feature", "qemu-system-x86_64: vtd_", "compression of faults")


def clean(line):
    """A serial line without carriage returns and GRUB's terminal sequences."""
    out, skip = [], False
    for char in line:
        if char == "\x1b":
            skip = True
        elif skip:
            skip = not char.isalpha()
        elif char >= " " or char == "\t":
            out.append(char)
    return "".join(out)


def run_qemu(arguments, timeout, on_line=None, stop_when=None, answers=(), at_end=None, environment=(),
             resets=False):
    """Run QEMU with its serial port on our pipe until it ends, the time is up, or stop_when(line) is true; in the last
    case at_end(monitor.Monitor) may look at the machine before it is ended. answers: (text, bytes) pairs; when a line
    contains the text of the first one left, its bytes are typed on the serial console; a tuple of texts: when all were
    seen.
    environment: NAME=VALUE for QEMU alone. resets: the machine starts again when it is reset, with its memory as it was;
    else QEMU ends. When the time is up, the last lines say where the CPUs stand."""
    run = Run()
    command = [*(["env", *environment] if environment else []), "qemu-system-x86_64", *arguments]
    with tempfile.TemporaryDirectory(prefix="bulkhead-") as folder:
        command += [] if resets else ["-no-reboot"]
        drive_qemu(run, command, timeout, on_line, stop_when, answers, at_end, pathlib.Path(folder) / "qmp")
    return run


def answer_is_due(text, seen):
    """text in the last line seen; for a tuple, each of its texts in any of them."""
    if isinstance(text, tuple):
        return all(any(part in line for line in seen) for part in text)
    return text in seen[-1]


def start(command, **options):
    """An emulator that dies with whoever started it: a killed test would leave it running for ever."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *map(str, command)], **options)


@dataclasses.dataclass
class Console:
    """The two ends of a serial line, as file descriptors."""

    input: int
    output: int

    def read(self):
        """What came; empty when the other end is gone (a terminal says so by an error)."""
        try:
            return os.read(self.input, 65536)
        except OSError:
            return b""

    def write(self, data):
        while data:
            data = data[os.write(self.output, data):]


def late_lines(console):
    """What came after the time was up, and waits now; not all of one that never ceases to print."""
    data = b""
    for _ in range(64):
        if not select.select([console.input], [], [], 0)[0]:
            break
        data += console.read()
    return [clean(raw.decode("utf-8", "replace")) for raw in data.splitlines()]


def drive(run, process, console, timeout, on_line=None, stop_when=None, answers=(), at_stop=None, at_timeout=None):
    """Collect the console of an emulator into run until it ends, the time is up, or stop_when(line); then end it.
    at_timeout(): lines to add when the time is up."""
    started = time.monotonic()
    pending, joiner, seen, answers = b"", WholeLines(), [], list(answers)
    try:
        stop = False
        while not stop:
            left = timeout - (time.monotonic() - started)
            if left <= 0:
                run.timed_out = True
                break
            ready, _, _ = select.select([console.input], [], [], min(left, 1.0))
            if not ready:
                continue
            data = console.read()
            if not data:
                run.ended = True
                break
            *whole, pending = (pending + data).split(b"\n")
            for raw in whole:
                line = clean(raw.decode("utf-8", "replace"))
                if any(noise in line for noise in EMULATOR_NOISE):
                    continue
                run.lines.append(line)
                if on_line:
                    on_line(line)
                line = joiner.add(line)
                seen.append(line)
                if answers and answer_is_due(answers[0][0], seen):
                    console.write(answers.pop(0)[1])
                stop = stop or bool(stop_when and stop_when(line))
        if pending:
            run.lines.append(clean(pending.decode("utf-8", "replace")))
        if stop and at_stop:
            at_stop()
        if run.timed_out and at_timeout:
            told = at_timeout()
            run.lines += late_lines(console) + told
    finally:
        if not run.ended:
            process.kill()
        run.status = process.wait()
    run.seconds = time.monotonic() - started


def drive_qemu(run, command, timeout, on_line, stop_when, answers, at_end, socket_path):
    command = [*command, "-name", "machine,debug-threads=on", "-display", "none", "-serial", "stdio", "-monitor", "none",
               "-qmp", f"unix:{socket_path},server=on,wait=off"]

    def look():
        with monitor.monitor_of(socket_path) as view:
            at_end(view)

    with start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0) as process:
        console = Console(process.stdout.fileno(), process.stdin.fileno())
        drive(run, process, console, timeout, on_line, stop_when, answers, look if at_end else None,
              lambda: monitor.standing(socket_path, process.pid))


def machine_arguments(cpus=4, memory="3072M", iommu=True, accelerator="tcg"):
    """iommu: True for the usual one, None for none, or its options."""
    arguments = [*accelerator_arguments(accelerator), "-smp", str(cpus), "-m", str(memory), "-vga", "none",
                 "-nodefaults", "-no-user-config"]
    if iommu:
        arguments += ["-device", iommu_of(accelerator) if iommu is True else iommu]
    return arguments


def make_disk(path, mebibytes=64, seed="bulkhead"):
    """A disk image with known pseudo-random content; made once."""
    path = pathlib.Path(path)
    if not path.exists() or path.stat().st_size != mebibytes << 20:
        path.parent.mkdir(parents=True, exist_ok=True)
        block = b"".join(hashlib.sha256(f"{seed}{i}".encode()).digest() for i in range(32768))
        partial = path.with_suffix(f".{os.getpid()}")
        partial.write_bytes(b"".join(hashlib.sha256(f"{seed}-{i}".encode()).digest() + block[32:]
                                     for i in range(mebibytes)))
        partial.replace(path)
    return path


def sha256_of(path, first_bytes):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read(first_bytes)).hexdigest()


def demo_devices(disk, edu=True, edus=1):
    """The demo's devices: an NVMe and an e1000e each behind its own root port, and edu, the rogue DMA engine, at slot 5
    (edus: and in the slots behind it)."""
    arguments = [
        "-device", "pcie-root-port,id=rp1,bus=pcie.0,addr=3.0,chassis=1,slot=1",
        "-drive", f"file={disk},if=none,id=disk0,format=raw,snapshot=on",
        "-device", "nvme,drive=disk0,serial=BULKHEAD1,bus=rp1",
        "-device", "pcie-root-port,id=rp2,bus=pcie.0,addr=4.0,chassis=2,slot=2",
        "-netdev", "user,id=net0,restrict=on",
        "-device", "e1000e,netdev=net0,bus=rp2,mac=52:54:00:b0:1c:01",
    ]
    for slot in range(5, 5 + edus if edu else 5):
        arguments += ["-device", f"edu,addr={slot}.0,dma_mask=0xffffffffffffffff"]
    return arguments


def boot_arguments(iso):
    return ["-drive", f"file={iso},media=cdrom,if=none,id=cd0,readonly=on", "-device", "ide-cd,drive=cd0,bus=ide.0",
            "-boot", "d"]


def fail(message):
    print(message, file=sys.stderr)
    sys.exit(1)
