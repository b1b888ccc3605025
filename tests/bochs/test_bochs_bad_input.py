# SPDX-License-Identifier: GPL-2.0-only
"""What is wrong with a CPU or a guest on VMX: CPUs that cannot do are refused by name, a guest that misbehaves ends or
runs on alone, entries that the CPU refuses are explained as the CPU itself sees them."""
import functools
import re

import badguests
import bochs
import faultline
import guestrun
import pytest
import testbed

NEWEST = bochs.MODELS[-1]


@pytest.fixture(scope="session")
def beside(bochs_boot, tmp_path_factory):
    """beside(kind): the run of a wild guest beside one that goes on, booted once."""

    @functools.lru_cache(maxsize=None)
    def boot_once(kind):
        modules = badguests.modules(tmp_path_factory.mktemp("guests"), kind, slow="slow=20")
        return bochs_boot(modules=modules, model=NEWEST, cpus=2, stop_when=badguests.stop_for(kind))

    return boot_once


@pytest.mark.parametrize("kind", badguests.ENDLESS, ids=badguests.ENDLESS.get)
def test_endless_accesses_harm_nobody(beside, kind):
    badguests.assert_endless(beside(kind))


GROUP = pytest.mark.xdist_group("bochs-wild")
ENDS = {**badguests.ENDS, 7: "delivery of vector 6 reached 0xd0000f"}


@GROUP
@pytest.mark.parametrize("kind", ENDS)
def test_wild_guest_ends_alone(beside, kind):
    badguests.assert_ends(beside(kind), ENDS[kind])


@GROUP
@pytest.mark.parametrize("kind", badguests.ENDS)
def test_nothing_leaks(beside, kind):
    """Bulkhead's own memory was at most as much as with a guest that powered off."""
    assert badguests.memory(beside(kind)) == badguests.memory(beside(badguests.BENIGN))


def test_a_state_that_no_cpu_has(bochs_boot, tmp_path):
    """Paging without protection: VMX lets the CPU's own #GP through."""
    run = bochs_boot(modules=badguests.modules(tmp_path, 6, slow="slow=20"), model=NEWEST, cpus=2)
    badguests.assert_goes_on(run)
    guestrun.assert_passed(guestrun.guest_lines(run.lines, "wild"), 3)


def test_a_machine_check_ends_the_guest_that_ran(bochs_boot, tmp_path):
    """Its device's registers cause one in the middle of a store. The log has the bank and whose it was, the guest is never
    handed it (it would have said so), and its neighbour goes on."""
    config = guestrun.config(tmp_path, guestrun.guest("wild", [1], "wild", cmdline="wild=8 cpu=1", devices=["0000:00:10.0"]),
                             guestrun.guest("goes-on", [0], "stress", cmdline="seconds=3 slow=20"))
    modules = [config, *(testbed.Module(guestrun.image(name), name) for name in ("wild", "stress"))]
    run = bochs_boot(modules=modules, cpus=2, machine_checks=True)
    badguests.assert_ends(run, "machine check while it ran")
    status, address = bochs.MACHINE_CHECK_STATUS, bochs.MACHINE_CHECK_ADDRESS
    assert len(run.having(f"machine check: while wild ran bank=0 status={status:#x} address={address:#x}")) == 1
    assert guestrun.guest_lines(run.lines, "wild")[-1] == "PASS: an edu"


# --- CPUs that cannot do


@pytest.mark.parametrize("model, what", [
    (bochs.MODEL_WITHOUT_EPT, r"this CPU's VMX has no EPT \(extended page tables\): .*"),
    ("p4_prescott_celeron_336", r"this CPU has neither VMX nor SVM"),
])
def test_cpu_that_cannot_do(bochs_boot, tmp_path, model, what):
    config = guestrun.config(tmp_path, guestrun.guest("one", [0], "loader"))
    run = bochs_boot(modules=[config, testbed.Module(guestrun.image("loader"), "loader")], model=model, cpus=1,
                     stop_when=lambda line: "no guest was started" in line)
    errors = [text for text in map(faultline.body, run.lines) if text and text.startswith("error[")]
    assert len(errors) == 1 and re.fullmatch(rf"error\[BH0703\] CPU: {what}; fix: .+", errors[0]), errors
    assert run.having("bulkhead: all devices are blocked, no guest was started")
    assert not run.having("guest: name=one starts") and not run.having("panic:")


# --- refused entries: part of Bulkhead's words, and of what Bochs itself writes into its log

REASONS = [
    ("guest CR0 lacks", "guest invalid CR0"),
    ("guest CR0.PG without CR0.PE", "guest CR0.PG without CR0.PE"),
    ("guest CR4 lacks", "guest invalid CR4"),
    ("guest CR4 sets", "guest invalid CR4"),
    ("guest CR4.PCIDE", "CR4.PCIDE set in 32-bit guest"),
    ("guest CR3", "guest invalid CR3"),
    ("guest DR7", "guest invalid DR7"),
    ("guest SYSENTER_EIP", "guest SYSENTER_EIP_MSR non canonical"),
    ("guest PAT", "in guest MSR_PAT"),
    ("guest EFER sets a reserved bit", "guest EFER reserved bits"),
    ("guest EFER.LMA", "guest EFER.LMA doesn't match"),
    ("guest TR selector", "guest TR.TI set"),
    ("guest FS base", "guest FS.BASE non canonical"),
    ("guest CS base", "guest CS.BASE > 32 bit"),
    ("guest CS has a type", "guest CS.TYPE"),
    ("guest CS is not present", "guest CS not present"),
    ("guest SS has a privilege level", "guest SS.DPL != 0"),
    ("guest DS limit and granularity", "guest DS.AR/LIMIT malformed"),
    ("guest TR is not a busy TSS", "guest incorrect TR type"),
    ("guest TR is unusable", "guest TR invalid"),
    ("guest LDTR is not present", "guest LDTR not present"),
    ("guest GDTR limit", "GDTR/IDTR limit > 0xFFFF"),
    ("guest IDTR base", "BASE non canonical"),
    ("the activity state", "guest activity state 4"),
    ("the pending debug exceptions", "guest tmpDR6 reserved bits"),
    ("the VMCS link pointer", "VMCS link pointer malformed"),
    ("host CR0 lacks", "host state invalid CR0"),
    ("host CR4 lacks", "host state invalid CR4"),
    ("host CR4.PAE", "host CR4.PAE=0"),
    ("host CR3", "host state invalid CR3"),
    ("host EFER.LMA", "host EFER"),
    ("host PAT", "in host MSR_PAT"),
    ("host CS has", "host segreg 1 TI/RPL != 0"),
    ("host CS is null", "host CS selector 0"),
    ("host TR is null", "invalid host TR selector"),
    ("host GS base", "host GS BASE non canonical"),
    ("host RIP", "host RIP non-canonical"),
    ("a pin-based control", "pin-based controls allowed 0-settings"),
    ("virtual NMIs without NMI exiting", "misconfigured virtual NMI control"),
    ("a secondary control is set", "secondary controls allowed 1-settings"),
    ("unrestricted guest without EPT", "unrestricted guest without EPT"),
    ("an exit control", "vmexit controls allowed 0-settings"),
    ("an entry control", "vmentry controls allowed 0-settings"),
    ("an entry to SMM", "from outside SMM"),
    ("I/O bitmap A", "I/O bitmap A phy addr malformed"),
    ("the MSR bitmap", "MSR bitmap phy addr malformed"),
    ("the virtual-APIC page", "virtual apic phy addr malformed"),
    ("the EPT", "invalid EPTPTR value"),
    ("more CR3 targets", "CR3 targets 5"),
    ("the VPID is 0", "guest VPID == 0"),
    ("the MSR area that exits load from", "msr load addr malformed"),
]
# Two rules are broken at once, or Bochs' words do not fit (a bit of CR0 above 31).
OTHER_ORDER = {"a 64-bit guest without CR0.PG": "guest CR4.PAE=0 in x86-64 mode",
               "guest CR0 sets": "guest CR0.PG without CR0.PE"}


def cpus_own(words):
    """What Bochs has to have written beside these words of ours."""
    found = [theirs for ours, theirs in [*REASONS, *OTHER_ORDER.items()] if words.startswith(ours)]
    assert len(found) == 1, words
    return found[0]


@pytest.mark.parametrize("model", [bochs.MODELS[0], NEWEST])
def test_refused_entries_are_explained_as_the_cpu_sees_them(bochs_boot, model):
    run = bochs_boot(image="bulkhead-selftest.elf", model=model, cpus=1, errors=True)
    assert run.having("selftest: vmx entry: pass") and run.status == 0
    ours = re.findall(r"selftest: entry refused: (.+) \(SDM 3C 27\.\d", run.text)
    theirs = re.findall(r"(?:VMENTER FAIL|VMFAIL): (.+)", run.emulator)
    assert len(ours) == len(theirs) >= 54
    for mine, its in zip(ours, theirs):
        assert cpus_own(mine) in its, (mine, its)
    assert {reason for reason, _ in REASONS} <= {reason for reason, _ in REASONS for mine in ours if mine.startswith(reason)}
