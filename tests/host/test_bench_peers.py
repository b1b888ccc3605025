# SPDX-License-Identifier: GPL-2.0-only
"""`make bench-peers`: what is made of the consoles of the three hypervisors, without an emulator."""
import sys

import pytest
import testbed

sys.path.insert(0, str(testbed.ROOT / "tests/bench/peers"))
import machine  # noqa: E402
import measure  # noqa: E402
import peers  # noqa: E402
import xen  # noqa: E402

KVM_FAULT = "[   53.35] DMAR: [DMA Write NO_PASID] Request device [00:05.0] fault addr 0x70000000 [fault reason 0x05]"
KVM = f"""\
demo: peer host-shell
guest| demo: peer shell 438172
demo: peer memory total=2977180 free=2292748 cached=79632
guest| demo: bench 1m 290
guest| demo: bench 4k 345
guest| demo: bench 1m 182
guest| demo: bench 4k 609
guest| demo: bench 1m 425
guest| demo: bench 4k 634
[    1.000000] DMAR: [DMA Write NO_PASID] Request device [00:05.0] fault addr 0x1 [fault reason 0x05] before any order
guest| demo: peer rogue 0x70000000
[   53.348039] DMAR: DRHD: handling fault status reg 2
{KVM_FAULT}
guest| demo: peer rogue 0x3000000000
guest| demo: peer done
[   60.000000] DMAR: [DMA Write NO_PASID] Request device [00:05.0] fault addr 0x2 [fault reason 0x05] after the end
qemu| vfio: Cannot reset device 0000:00:05.0, no available reset mechanism.
""".splitlines()
XEN_FAULT = "(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:00:05.0] fault addr 70000000"
XEN = f"""\
demo: peer host-shell
xl| libxl: error: libxl_pci.c:1573:libxl__device_pci_reset: The kernel doesn't support reset from sysfs for PCI device
guest| demo: peer shell 436176
(XEN)     Xen heap: 0kB free
(XEN)     heap[21]: 557604kB free
demo: peer memory total=461744 free=367128 cached=79632
(XEN)     Dom heap: 2033280kB free
guest| demo: peer rogue 0x70000000
{XEN_FAULT}
(XEN) [VT-D]DMAR: reason 05 - PTE Write access is not set
guest| demo: peer rogue 0x3000000000
guest| demo: peer done
""".splitlines()
OURS = """\
guest| demo: peer rogue 0x70000000
[   36.205809] warn  fault: unit=0 sid=0000:00:05.0 device=1234:11e8 guest=guest access=write addr=0x70000000
guest| demo: peer done
[   39.228817] info  bulkhead: all guests have ended, faults=2 memory-kib=5336
""".splitlines()


def test_only_what_follows_an_order_is_a_report():
    assert measure.reports(KVM) == {"0x70000000": [("host", KVM_FAULT)], "0x3000000000": []}
    assert measure.reports(XEN) == {"0x70000000": [("host", XEN_FAULT)], "0x3000000000": []}
    ((where, line),) = measure.reports(OURS)["0x70000000"]
    assert where == "host" and "guest=guest" in line


def test_who_reports():
    names = {"host": "the log", "guest": "the guest"}
    assert measure.report_text([("host", "bad")], names) == "the log alone: `bad`"
    assert measure.report_text([("host", "bad"), ("guest", "worse")], names) == "the log and the guest: `bad`"
    assert measure.report_text([], names) == measure.NOTHING
    assert measure.report_text(None, names) is None
    assert measure.where_of("qemu| vfio error") == "QEMU's output"
    assert measure.where_of("xl| libxl: error") == "xl's output" and measure.where_of("(XEN) fault") == "host"


def test_disk():
    assert measure.disk("\n".join(KVM)) == {"1m": 182, "4k": 345}
    assert measure.disk("demo: bench done\n") == {}
    assert measure.ratio({"1m": 100}, {"1m": 200}, "1m") == "0.50 (537 against 1074 MB/s)"
    assert measure.ratio({"1m": 100}, {}, "1m") is None and measure.ratio({"4k": 100}, {"4k": 0}, "4k") is None


def test_memory():
    assert measure.kvm_memory("\n".join(KVM), 3072 << 10, 512 << 10) == "321 MiB (165 outside MemTotal, 78 page cache)"
    assert measure.kvm_memory("", 3072 << 10, 512 << 10) is None
    sizes = [3072 << 10, 512 << 10, 512 << 10]
    assert measure.xen_memory("\n".join(XEN), *sizes) == "62 MiB of Xen, 153 of dom0 (78 page cache)"
    for missing in ("Xen heap", "Dom heap", "peer memory"):
        assert measure.xen_memory("\n".join(line for line in XEN if missing not in line), *sizes) is None
    assert peers.ours.memory("\n".join(OURS), 3 << 20) == "5.2 MiB, and 3.0 of boot modules"
    assert peers.ours.memory("", 0) is None


def test_ticks():
    assert measure.ticks("guest| bench: cpuid=3164\nguest| bench: pm-timer=67\n") == {"cpuid": 3164, "pm-timer": 67}
    assert peers.of_exits({"cpuid": 396}) == {"cpuid": "396"}


def test_why_a_guest_of_xen_did_not_end():
    lines = ["a", "xl| libxl: error: no such device", "demo: peer host-done"]
    assert measure.last_words(lines).endswith("no such device")
    assert measure.last_words(["a", "b "]) == "b" and measure.last_words([]) == "nothing was printed"


def guest_of_xen(monkeypatch, lines):
    """What xen.exits() makes of a console."""
    done = testbed.Run()
    done.lines = lines
    monkeypatch.setattr(xen, "cd", lambda *_: "cd")
    monkeypatch.setattr(xen.images, "make_cd", lambda *_: "guest's CD")
    monkeypatch.setattr(xen.machine, "arguments", list)
    monkeypatch.setattr(testbed, "run_qemu", lambda *_, **__: done)
    return xen.exits("exits.elf")


def test_exits_of_xen(monkeypatch):
    lines = ["guest| bench: cpuid=5000", "guest| bench: pm-timer=6000"]
    assert guest_of_xen(monkeypatch, lines) == {"cpuid": 5000, "pm-timer": 6000}
    with pytest.raises(RuntimeError, match="did not come to its end: xl.* failed"):
        guest_of_xen(monkeypatch, [lines[0], "xl| libxl: Post DM startup configs failed", "demo: peer host-done"])


def test_xens_dom0_and_its_words():
    script = (testbed.ROOT / "tests/bench/peers/xen-host.sh").read_text()
    assert 'say "peer host-shell"' in script and 'say "peer memory total=' in script
    assert "$(word assign " in script and "/cd/guest/xl.cfg" in script and "</tmp/guest" in script
    assert 'serial = "file:/tmp/guest"' in xen.GUEST
    exits = (testbed.ROOT / "tests/bench/guest/exits.c").read_text()
    assert 'machine_option("pm-timer", PLATFORM_PM_TIMER_PORT)' in exits


def test_stopwatch():
    watch = measure.Stopwatch("shell", "other")
    watch("a shell")
    first = watch.found["shell"]
    watch("a shell again")
    assert watch.found == {"shell": first} and watch.text("other") is None
    watch.found["shell"] = (12.34, 10.06)
    assert watch.text("shell") == "12.3 s (CPU 10.1 s)"


def test_a_column_that_fails_says_why(monkeypatch):
    def fails(_):
        raise RuntimeError("the guest did not end:\nmuch text")

    said = []
    monkeypatch.setitem(peers.COLUMNS, "Bulkhead", (("exits", lambda _: {"cpuid": "396"}), ("Linux", fails)))
    cells, why = peers.measured("Bulkhead", {}, said.append)
    assert cells == {"cpuid": "396"} and why == "the guest did not end" and "much text" in said[-1]
    lines = peers.table({"Bulkhead": (cells, why), "Other": ({"ram": "a|b"}, "no packages")})
    assert len(lines) == 2 + len(peers.ROWS) and "| 396 | not measured: no packages |" in lines[2]
    assert any("| not measured: the guest did not end | a/b |" in line for line in lines)


def test_unknown_column(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["peers.py", "nothing"])
    with pytest.raises(SystemExit):
        peers.main()
    assert "choose from Bulkhead, KVM + VFIO, Xen (HVM)" in capsys.readouterr().err


def test_words_of_the_rogue_guest():
    script = (testbed.ROOT / "tests/bench/peers/guest.sh").read_text()
    assert "peer shell" in machine.SHELL and 'say "peer shell' in script
    assert f"rogue={machine.OTHERS_RAM},{machine.NOBODYS}" in machine.WORDS and 'say "peer rogue $target"' in script
