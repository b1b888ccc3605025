# SPDX-License-Identifier: GPL-2.0-only
"""APIC virtualisation: each part of it switched off alone, and what the exits of a guest show of who did the work.
tests/bochs/test_bochs_guests.py runs all guests with everything on, and with everything off."""
import functools
import re

import bochs
import guestrun
import pytest
import testbed

MODEL = "corei7_skylake_x"
OFF = {"all": [], "delivery": ["virtual-interrupts"], "x2apic": ["virtual-x2apic"], "registers": ["apic-registers"]}
GUESTS = {"apic": (2, "cpus=2"), "timers": (1, ""), "windows": (1, "")}


@pytest.fixture(scope="module")
def boot(bochs_boot, tmp_path_factory):
    @functools.lru_cache(maxsize=None)
    def boot_once(off, model=MODEL):
        tables = [f"[system]\nwithout = {OFF[off]}\n"] if OFF[off] else []
        first = 0
        for name, (cpus, words) in GUESTS.items():
            tables.append(guestrun.guest(name, list(range(first, first + cpus)), name, "16MiB",
                                         cmdline=f"{words} slow=20".strip()))
            first += cpus
        config = guestrun.config(tmp_path_factory.mktemp("apic"), *tables)
        modules = [config, *(testbed.Module(guestrun.image(name), name) for name in GUESTS)]
        return bochs_boot(cmdline="exit panic=reset", modules=modules, timeout=300, model=model, cpus=first)

    return boot_once


def exits(run, name):
    (line,) = run.having(f"guest: name={name} end=powered-off")
    return {word: int(count) for word, count in re.findall(r"([a-z-]+)=(\d+)", line)}


@pytest.mark.xdist_group("bochs-apic")
@pytest.mark.parametrize("name", GUESTS)
@pytest.mark.parametrize("off", OFF)
def test_guests_with_a_part_off(boot, off, name):
    run = boot(off)
    guestrun.assert_passed(guestrun.guest_lines(run.lines, name), guestrun.GUESTS[name][3])
    assert run.having("cpu: backend=vmx quirk=bochs")


@pytest.mark.xdist_group("bochs-apic")
def test_edges_end_without_an_exit(boot):
    """More than 200 interrupts of the I/O APIC and the timer, all edges: no exit by an EOI."""
    assert exits(boot("all"), "timers")["eoi"] == 0
    for off in ("delivery", "registers"):
        assert exits(boot(off), "timers")["eoi"] > 200


@pytest.mark.xdist_group("bochs-apic")
def test_registers_are_served_by_the_cpu(boot):
    """The guest reads and writes them; what is left over are the I/O APIC and the registers that ask for something."""
    served, exited = exits(boot("all"), "apic"), exits(boot("registers"), "apic")
    assert served["mmio"] < exited["mmio"] and served["msr"] < exited["msr"]
    assert exits(boot("x2apic"), "apic")["msr"] == exited["msr"]


@pytest.mark.xdist_group("bochs-apic")
def test_levels_end_with_one(boot):
    """Guest apic sees 5 level-triggered interrupts each by 4 ways; the I/O APIC hears of every EOI."""
    assert exits(boot("all"), "apic")["eoi"] >= 20


@pytest.mark.xdist_group("bochs-apic")
def test_a_cpu_without_it(boot):
    """Sandy Bridge has none of it: the same as with all of it off."""
    run = boot("all", "corei7_sandy_bridge_2600k")
    assert exits(run, "timers")["eoi"] == exits(boot("registers"), "timers")["eoi"]
    guestrun.assert_passed(guestrun.guest_lines(run.lines, "apic"), guestrun.GUESTS["apic"][3])
