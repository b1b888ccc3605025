# SPDX-License-Identifier: GPL-2.0-only
"""Bulkhead under QEMU: CPUs, inventory, units on, real DMA blocked and reported, several shapes of machine."""
import re

import faultline
import machine_view
import pytest
import testbed

UNIT_ON = "vtd: unit=0 translation on, interrupt remapping on, compatibility format blocked"
IOMMU = "intel-iommu,intremap=on,caching-mode=on"
EDU = "0000:00:05.0"
CASES = re.findall(r'\{"([a-z ]+)", selftest_', (testbed.ROOT / "tests/selftest/selftest.c").read_text())
DMA_CASES = [case for case in CASES if case.startswith(("dma", "irq"))]


def is_ready(line):
    return "bulkhead: ready" in line or "bulkhead: refused" in line


def assert_up(run, cpus):
    assert not run.timed_out
    assert run.having(f"smp: {cpus} CPUs online")
    assert run.having(f"cpu: count={cpus} model=")
    assert run.having(UNIT_ON)
    assert run.having("bulkhead: ready")
    assert not run.having("panic:") and not run.having("refused")
    assert not [line for line in run.lines if " error " in line]


@pytest.mark.parametrize("cpus", [1, 2, 4, 8])
def test_cpus(boot, disk, cpus):
    run = boot(machine={"cpus": cpus}, devices=testbed.demo_devices(disk))
    assert_up(run, cpus)
    assert run.having("bulkhead: done") and run.ended


def test_max_cpus(boot):
    assert_up(boot(cmdline="exit max-cpus=2"), 2)


def test_every_apic_id_in_the_debug_log(boot):
    run = boot(cmdline="exit debug", machine={"cpus": 3})
    assert [int(line.split("apic=")[1]) for line in run.having("cpu: index=")] == [0, 1, 2]


@pytest.fixture(scope="session")
def demo(boot, disk, tmp_path_factory):
    """The demo machine, seen by the emulator once Bulkhead is up, and its trace of how it came there."""
    registers, trace = {}, tmp_path_factory.mktemp("demo") / "trace"
    run = boot(cmdline="", devices=[*testbed.demo_devices(disk), "-trace", "pci_cfg_write", "-trace", "vtd_dmar_enable",
                                    "-D", str(trace)],
               stop_when=is_ready, at_end=lambda monitor: registers.update(machine_view.command_registers(monitor)))
    return run, registers, trace.read_text().splitlines()


@pytest.mark.xdist_group("demo")
@pytest.mark.parametrize("words", [
    ["pci: 0000:01:00.0 1b36:0010 class=010802", "type=endpoint", "caps=msix,", "bar0=mem64:", "unit=0"],
    ["pci: 0000:02:00.0 8086:10d3 class=020000", "type=endpoint", "caps=msi,msix,", "bar0=mem32:", "unit=0"],
    ["pci: 0000:00:05.0 1234:11e8 class=00ff00", "type=pci", "caps=msi ", "unit=0"],
    ["pci: 0000:00:03.0 1b36:000c class=060400", "type=root-port bus=01-01", "acs", "unit=0"],
    ["pci: 0000:00:04.0 1b36:000c class=060400", "type=root-port bus=02-02", "acs", "unit=0"],
    ["ioapic: id=0 base=0xfec00000 gsi=0"],
    ["dmar: unit=0xfed90000 segment=0 window-kib=4 include-all=no"],
    ["dmar: unit=0xfed90000 scope=ioapic path=ff:00.0 id=0"],
    ["dmar: unit=0xfed90000 scope=endpoint path=00:05.0"],
    ["dmar: unit=0xfed90000 scope=bridge path=00:03.0"],
    ["vtd: unit=0 segment=0000 base=0xfed90000 cap=0xd2008c22260286 ecap=0xf00f4a domains=65536 address-bits=39 "
     "levels=3 pages=4k,2m,1g fault-records=1"],
    ["vtd: unit=0 queue=1 coherent=0 snoop-control=0 caching-mode=1 write-buffer-flush=0 interrupt-remapping=1 "
     "x2apic=0 posting=0 device-tlb=0 live=0"],
    ["memory: ram-mib=306"],
    ["cpu: count=4 model=\"AMD EPYC Processor\""],
], ids=lambda words: words[0][:40])
def test_inventory(demo, words):
    run, _, _ = demo
    assert len(run.having(*words)) == 1


@pytest.mark.xdist_group("demo")
def test_every_function_of_the_emulator_is_in_the_inventory(demo):
    run, registers, _ = demo
    seen = [line.split("pci: 0000:")[1].split()[0] for line in run.having("pci: 0000:")]
    assert seen == sorted(registers) and len(seen) == 9
    assert run.having(f"pci: bus mastering is off in all {len(seen)} functions")


@pytest.mark.xdist_group("demo")
def test_no_function_masters_the_bus(demo):
    _, registers, _ = demo
    assert len(registers) == 9
    assert machine_view.bus_masters(registers) == []


@pytest.mark.xdist_group("demo")
def test_devices_stop_before_translation(demo):
    """By the emulator's trace: firmware left some mastering the bus, and none is when the unit's tables go into force."""
    _, _, trace = demo
    masters, ever = set(), set()
    for line in trace:
        write = re.match(r"pci_cfg_write \S+ (\S+) @0x4 <- 0x([0-9a-f]+)$", line)
        if write:
            (masters.add if int(write[2], 16) & machine_view.BUS_MASTER else masters.discard)(write[1])
            ever |= masters
        if line == "vtd_dmar_enable enable 1":
            break
    else:
        pytest.fail("translation was never switched on")
    assert {"00:1f.2", "01:00.0"} <= ever and masters == set()


def test_firmware_left_bus_masters_on(boot, disk):
    """Else the tests that find none would show nothing."""
    registers = {}
    boot(devices=testbed.demo_devices(disk), grub_before=["echo before the hypervisor", "sleep 30"],
         stop_when=lambda line: "before the hypervisor" in line,
         at_end=lambda monitor: registers.update(machine_view.command_registers(monitor)))
    assert {"00:1f.2", "01:00.0"} <= set(machine_view.bus_masters(registers))


@pytest.fixture(scope="session")
def selftest(boot, disk):
    return boot(image="bulkhead-selftest.elf", cmdline="exit panic=reset", devices=testbed.demo_devices(disk))


def test_the_cases_are_known():
    assert len(CASES) >= 15 and len(DMA_CASES) >= 7


@pytest.mark.xdist_group("selftest")
@pytest.mark.parametrize("case", CASES)
def test_selftest(selftest, case):
    assert selftest.having(f"selftest: {case}: pass") and not selftest.having(f"selftest: {case}: FAIL")


@pytest.mark.xdist_group("selftest")
def test_selftest_ends_well(selftest):
    assert_up(selftest, 4)
    assert selftest.having("bulkhead: done") and selftest.ended
    assert not selftest.having("DMA is not tested")


# The targets of tests/selftest/dma_cases.c: hypervisor data, its image, the unit's registers, nothing at all, and
# the page after the mapped one; each written, then read. Last the page that was mapped and is withdrawn.
ROGUE = [0x200000, 0xFED90000, 0x7000000000, 0x10001000]
REASONS = {"write": (0x5, "no write permission: the second-level tables do not map this address for writing"),
           "read": (0x6, "no read permission: the second-level tables do not map this address for reading")}


def assert_rogue_faults(run):
    found = faultline.faults(run.lines)
    secret = found[0].addr
    page = int(run.having("selftest: dma sid=40 bytes=2048 arrived translated")[0].rsplit("0x", 1)[1], 16)
    assert secret != page and secret % 4096 == 0 and secret > 0x100000
    wanted = [(access, addr) for addr in [secret, *ROGUE] for access in ("write", "read")] + [("write", 0x10000000)]
    assert [(fault.access, fault.addr) for fault in found] == wanted
    for fault in found:
        assert (fault.unit, fault.sid, fault.device, fault.guest) == (0, EDU, "-", "-")
        assert (fault.reason, fault.text) == REASONS[fault.access]
        assert fault.index is None and fault.suppressed == 0


@pytest.mark.xdist_group("selftest")
def test_each_rogue_access_is_one_line(selftest):
    assert_rogue_faults(selftest)


@pytest.mark.xdist_group("selftest")
def test_interrupts_arrive_remapped(selftest):
    assert re.search(r"selftest: msi handle=\d+ arrived remapped on cpu=3 vector=0x[3-9a-e][0-9a-f]", selftest.text)
    assert re.search(r"selftest: ioapic id=0 gsi=2 handle=\d+ arrived remapped on cpu=1 vector=0x", selftest.text)
    assert selftest.having("selftest: forged interrupts reached no handler, cfis=0")


@pytest.mark.parametrize("option, words", [
    ("aw-bits=48", ["cap=0xd2008c222f0686", "address-bits=48 levels=4"]),
    ("device-iotlb=on", ["device-tlb=1"]),
    ("caching-mode=off", ["caching-mode=0"]),
    ("snoop-control=on", ["snoop-control=1"]),
])
def test_other_units(boot, disk, option, words):
    iommu = f"{IOMMU},{option}" if "caching" not in option else f"intel-iommu,intremap=on,{option}"
    run = boot(image="bulkhead-selftest.elf", cmdline="exit panic=reset", machine={"iommu": iommu},
               devices=testbed.demo_devices(disk))
    assert_up(run, 4)
    assert run.having("vtd: unit=0", *words)
    assert not run.having("FAIL")
    assert all(run.having(f"selftest: {case}: pass") for case in DMA_CASES)
    assert_rogue_faults(run)


def test_a_tree_of_bridges(boot):
    """Another host bridge, several root ports, a switch, a conventional bus, functions without ACS beside each other."""
    devices = [
        "pxb-pcie,id=pxb1,bus_nr=0x80,bus=pcie.0", "pcie-root-port,id=far,bus=pxb1,chassis=9,slot=9", "e1000e,bus=far",
        "pcie-root-port,id=rp1,bus=pcie.0,addr=3.0,chassis=1,slot=1,multifunction=on",
        "pcie-root-port,id=rp2,bus=pcie.0,addr=3.1,chassis=2,slot=2",
        "pcie-root-port,id=rp3,bus=pcie.0,addr=4.0,chassis=3,slot=3",
        "pcie-pci-bridge,id=old,bus=rp1", "e1000,bus=old,addr=1.0", "edu,bus=old,addr=2.0",
        "qemu-xhci,bus=rp2", "x3130-upstream,id=up,bus=rp3",
        "xio3130-downstream,id=down1,bus=up,chassis=11,slot=1", "xio3130-downstream,id=down2,bus=up,chassis=12,slot=2",
        "e1000e,bus=down1", "e1000e,bus=down2",
    ]
    registers = {}
    run = boot(cmdline="", devices=[word for device in devices for word in ("-device", device)], stop_when=is_ready,
               at_end=lambda monitor: registers.update(machine_view.command_registers(monitor)))
    assert_up(run, 4)
    for words in ("type=pcie-to-pci bus=", "type=upstream-port", "type=downstream-port", "0000:80:00.0", "0000:81:00.0"):
        assert run.having("pci: 0000:", words), words
    assert not run.having("pci: 0000:", "unit=none")
    assert len(run.having("pci: 0000:")) == len(registers) >= 19
    assert machine_view.bus_masters(registers) == []


def test_six_gibibytes(boot, disk):
    run = boot(image="bulkhead-selftest.elf", cmdline="exit panic=reset", machine={"memory": "6G"},
               devices=testbed.demo_devices(disk))
    assert_up(run, 4)
    assert run.having("memory: 0x000100000000..0x000200000000 ram")
    assert run.having("memory: ram-mib=614") and not run.having("FAIL")
    assert_rogue_faults(run)


def test_little_memory(boot, disk):
    """Eight mebibytes do."""
    assert_up(boot(machine={"memory": "8M"}, devices=testbed.demo_devices(disk)), 4)


def test_modules_are_kept(boot, tmp_path):
    module = tmp_path / "module.bin"
    module.write_bytes(bytes(3 << 20))
    run = boot(modules=[testbed.Module(module, "first word"), testbed.Module(module, "second")])
    assert_up(run, 4)
    kept = [line.split("memory: ")[1].split() for line in run.having("memory: 0x", " loader")]
    sizes = [int(ends[1], 16) - int(ends[0], 16) for ends in (words[0].split("..") for words in kept)]
    assert sum(sizes) >= 2 * module.stat().st_size


@pytest.mark.xdist_group("demo")
def test_ready_line(demo):
    run, _, _ = demo
    assert re.search(r"bulkhead: ready ns=\d+ waited-us=\d+ memory-kib=\d+$", run.having("bulkhead: ready")[0])
