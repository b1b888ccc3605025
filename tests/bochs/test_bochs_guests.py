# SPDX-License-Identifier: GPL-2.0-only
"""The bare-metal test guests on VMX: all of them on the oldest and on the newest CPU model whose VMX Bulkhead can use, while
the models in between share them. The list is the one of tests/qemu/test_guests.py, and so is what is expected."""
import functools
import re

import bochs
import guestrun
import pytest
import testbed

CPUS = 4
SLOW = "slow=20"  # Bochs' clocks run fast against its instructions
# Guests that run side by side, each on its own CPUs: one boot for all of them.
TOGETHER = (("cpuid", "msr", "ports"), ("mmio", "exceptions", "windows", "loader"), ("smp",), ("oldpc",), ("apic",), ("fpu",),
            ("timers", "decode", "pages", "share"), ("stress", "triple", "forbidden"))
CRASHES = {"triple": "triple fault of vCPU 0"}
# What older models do not have, and what newer ones may be told to leave alone.
ALL_OFF = 'without = ["apic-registers", "virtual-interrupts", "virtual-x2apic", "vpid", "preemption-timer"]'


def kinds():
    """(model, configuration of the hypervisor); the newest model also with its conveniences switched off."""
    return [(model, "") for model in bochs.MODELS] + [(bochs.MODELS[-1], ALL_OFF)]


def each_guest():
    between = bochs.MODELS[1:-1]
    for model, system in kinds():
        part = TOGETHER[between.index(model)::len(between)] if model in between else TOGETHER
        for names in part:
            group = f"bochs-{model}-{'off' if system else 'on'}-{names[0]}"
            for name in names:
                yield pytest.param(model, system, names, name, id=f"{group[6:]}-{name}",
                                   marks=pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def together(bochs_boot, tmp_path_factory):
    """together(model, system, names): the run of these guests, booted once."""

    @functools.lru_cache(maxsize=None)
    def boot_once(model, system, names):
        tables, first = [f"[system]\n{system}\n"] if system else [], 0
        for name in names:
            cpus, memory, words, _ = guestrun.GUESTS.get(name, (1, "16MiB", "", 0))
            tables.append(guestrun.guest(name, list(range(first, first + cpus)), name, memory,
                                         cmdline=f"{words} {SLOW}".strip()))
            first += cpus
        assert first <= CPUS
        config = guestrun.config(tmp_path_factory.mktemp("guests"), *tables)
        modules = [config, *(testbed.Module(guestrun.image(name), name) for name in names)]
        return bochs_boot(cmdline="exit panic=reset", modules=modules, timeout=300, model=model, cpus=first)

    return boot_once


def test_every_guest_is_in_the_list():
    names = [name for group in TOGETHER for name in group]
    assert len(names) == len(set(names)) and set(names) == set(guestrun.GUESTS) | set(CRASHES)


@pytest.mark.parametrize("model, system, names, name", each_guest())
def test_guest(together, model, system, names, name):
    run = together(model, system, names)
    lines = guestrun.guest_lines(run.lines, name)
    assert run.having("cpu: backend=vmx") and run.having("audit: verdict=pass scope=all ")
    if name in CRASHES:
        assert lines[-1].startswith("READY") and guestrun.end_of(run, name) == "crashed"
        assert re.search(rf'error guest: name={name} crashed why="{CRASHES[name]}', run.text)
        guestrun.assert_memory_is_not_told(run)
    else:
        guestrun.assert_passed(lines, guestrun.GUESTS[name][3])
        assert guestrun.end_of(run, name) == "powered-off"
    assert run.ended and run.status == 0 and run.having("bulkhead: done")
    assert not run.having("fault: ") and not run.having("panic:")
