# SPDX-License-Identifier: GPL-2.0-only
"""Figures of guests: how many exits an NVMe's interrupt takes, the way to the first guest instruction, the
hypervisor's memory with four guests, and an assigned NVMe against the same kernel without a hypervisor."""
import pathlib
import re
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "tools"))
import guest_images  # noqa: E402
import testbed  # noqa: E402
from disk import bench_disk  # noqa: E402
from row import Row  # noqa: E402

EXITS = testbed.BUILD / "bench" / "exits.elf"
IMAGES = testbed.BUILD / "guest"
NVME = "0000:01:00.0"
# Without sleep=off an idle machine waits in real time, which the clock then shows.
ICOUNT = ["-icount", "shift=0,sleep=off"]
INSTRUCTIONS = "instructions"
MIB_READS, SMALL_READS = 1024, 4096  # as in tools/guest-scripts/bench


def images():
    if not (IMAGES / "bench.img").exists():
        guest_images.make(IMAGES)


def guest_table(name, cpus, memory, modules="", extra=""):
    return f'[guest.{name}]\ncpus = {cpus}\nmemory = "{memory}"\nkernel = "kernel"\n{modules}{extra}\n'


def boot(tables, modules, cpus, arguments=(), disk=None, timeout=240):
    """One boot of the demo machine with these guests; the run, or RuntimeError when not all of them powered off."""
    with tempfile.TemporaryDirectory(prefix="bulkhead-") as folder:
        config = pathlib.Path(folder) / "bulkhead.toml"
        config.write_text("version = 1\n" + "".join(tables))
        iso = testbed.make_iso(pathlib.Path(folder) / "bench.iso", testbed.BUILD / "bulkhead.elf", "exit panic=reset",
                               [testbed.Module(config, "bulkhead.toml"), *modules])
        disk = disk or testbed.make_disk(testbed.BUILD / "disk.img")
        run = testbed.run_qemu([*testbed.machine_arguments(cpus=cpus), *testbed.demo_devices(disk),
                                *testbed.boot_arguments(iso), *arguments], timeout)
    if len(run.having("guest: name=", "end=powered-off")) != len(tables):
        raise RuntimeError("not every guest powered off:\n" + run.text)
    return run


def number(run, line, key):
    return int(re.search(rf"\b{key}=(\d+)", run.having(line)[0])[1])


def first_instruction():
    rows = []
    for memory in ("16MiB", "1GiB"):
        run = boot([guest_table("bench", [0], memory)], [testbed.Module(EXITS, "kernel")], 1, ICOUNT)
        made = "all guests made"
        entered = number(run, "end=powered-off", "entered-ns")
        waited = number(run, made, "waited-us") * 1000
        scrub, copy = number(run, made, "scrub-ns"), number(run, made, "copy-ns")
        note = f"apart: waits {waited:,}, scrubbing {scrub:,}, image copies {copy:,}".replace(",", " ").replace(
            "  ", ", ").replace(":,", ":")
        rows.append(Row(f"entry to first guest instruction, guest of {memory}", entered - waited - scrub - copy,
                        INSTRUCTIONS, 10000000, note))
    return rows


def audit_at_boot():
    """The isolation audit of a boot. Guests' RAM is in 2 MiB pages, the tables of the unit are 16 pages."""
    rows = []
    for memory, devices in (("16MiB", []), ("1GiB", []), ("1GiB", [NVME])):
        extra = f"devices = {devices}\n".replace("'", '"') if devices else ""
        run = boot([guest_table("bench", [0], memory, extra=extra)], [testbed.Module(EXITS, "kernel")], 1, ICOUNT)
        count, pages, leaves = (number(run, "audit: verdict=pass", key) for key in ("ns", "tables", "leaves"))
        what = f"guest of {memory}{' with an NVMe' if devices else ''}"
        rows.append(Row(f"audit at boot, {what}", count, INSTRUCTIONS, 1000000, f"{pages} table pages, {leaves} leaves"))
    return rows


def memory_of_four():
    tables = [guest_table(f"bench{i}", [i], "64MiB") for i in range(4)]
    run = boot(tables, [testbed.Module(EXITS, "kernel")], 4)
    return [Row("hypervisor memory at most, 4 CPUs, 4 guests", number(run, "all guests have ended", "memory-kib"),
                "KiB", 8192)]


def interrupts():
    images()
    extra = f'initrd = "initrd"\ncmdline = "console=ttyS0 quiet"\ndevices = ["{NVME}"]\n'
    run = boot([guest_table("storage", [0, 1], "512MiB", extra=extra)],
               [testbed.Module(IMAGES / "vmlinux", "kernel"), testbed.Module(IMAGES / "bench.img", "initrd")], 2,
               disk=bench_disk())

    def count(key):
        return number(run, "end=powered-off", key)

    device = count("device-interrupts")
    # Its EOI is one more exit. All window exits are laid to the devices' account, though some are the timers'.
    most = (count("exits-device") + device + count("window")) / device
    rows = [Row("exits per device interrupt, at most", most, "exits", 2, f"{device} interrupts of the NVMe")]
    for key, text in (("exits-device", "by a device's interrupt"), ("window", "by an interrupt window"),
                      ("interrupt", "by a timer or kick of the host"), ("eoi", "by EOI"),
                      ("timer", "by setting the timer"), ("ipi", "by sending an IPI (two writes)"),
                      ("hlt", "by HLT")):
        rows.append(Row(f"the same run: exits {text}", count(key), "exits"))
    return rows


def times(run):
    """{"1m": [hundredths], "4k": [...]} of one run of the bench image."""
    found = {"1m": [], "4k": []}
    for block, hundredths in re.findall(r"demo: bench (1m|4k) (\d+)", run.text):
        found[block].append(int(hundredths))
    if len(found["1m"]) != 3 or len(found["4k"]) != 3:
        raise RuntimeError("the bench image did not finish:\n" + run.text)
    return found


def nvme():
    images()
    kernel, initrd, disk = IMAGES / "vmlinux", IMAGES / "bench.img", bench_disk()
    native = times(testbed.run_qemu(
        [*testbed.machine_arguments(cpus=1), *testbed.demo_devices(disk), "-kernel", str(kernel), "-initrd",
         str(initrd), "-append", "console=ttyS0 quiet intel_iommu=off"], 120))
    extra = f'initrd = "initrd"\ncmdline = "console=ttyS0 quiet"\ndevices = ["{NVME}"]\n'
    guest = times(boot([guest_table("storage", [0], "512MiB", extra=extra)],
                       [testbed.Module(kernel, "kernel"), testbed.Module(initrd, "initrd")], 1, disk=disk))
    rows = []
    for block, text, goal, bytes_all in (("1m", "1 MiB", 0.9, MIB_READS << 20), ("4k", "4 KiB", 0.75,
                                                                                SMALL_READS << 12)):
        without, with_ = statistics.median(native[block]), statistics.median(guest[block])
        speeds = ", ".join(f"{bytes_all / 1e4 / t:.0f}" for t in (with_, without))
        rows.append(Row(f"NVMe {text} direct reads, guest / no hypervisor", without / with_, "", None,
                        f"MB/s: {speeds}", goal))
    return rows


GROUPS = {"first": first_instruction, "memory-guests": memory_of_four, "interrupts": interrupts, "nvme": nvme}
