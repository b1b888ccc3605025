# SPDX-License-Identifier: GPL-2.0-only
"""Inventory, groups and plan as the hypervisor prints them on Bochs' machine: a chipset whose south bridge has several
functions, a conventional network card, an edu; one unit with INCLUDE_ALL. And a plan that is refused."""
import re

import guestrun
import pytest
import testbed

HOST_BRIDGE, ISA, IDE, NETWORK, EDU = "0000:00:00.0", "0000:00:01.0", "0000:00:01.1", "0000:00:04.0", "0000:00:10.0"


def modules(tmp_path, one, two=(), system=""):
    config = guestrun.config(tmp_path, f"[system]\n{system}\n" if system else "",
                             guestrun.guest("one", [0], "loader", devices=list(one)),
                             guestrun.guest("two", [1], "loader", devices=list(two)))
    return [config, testbed.Module(guestrun.image("loader"), "loader")]


def lines_of(run, word):
    return [match[1] for line in run.lines if (match := re.search(rf"info  {word}: (.*)", line))]


def fields(row):
    """{"device": ..., "group": ..., ...} of one line of key=value."""
    return {key: value.strip('"') for key, value in re.findall(r'(\S+?)=("[^"]*"|\S+)', row)}


@pytest.fixture(scope="session")
def planned(bochs_boot, tmp_path_factory):
    folder = tmp_path_factory.mktemp("plan")
    return bochs_boot(cmdline="exit panic=reset", cpus=2, network=True,
                      modules=modules(folder, [EDU, NETWORK], system="inventory = true"))


@pytest.fixture(scope="session")
def inventory(planned):
    """{address: fields of its inventory line}."""
    return {row["device"]: row for row in map(fields, lines_of(planned, "inventory"))}


@pytest.mark.xdist_group("bochs-plan")
def test_inventory_has_every_function(planned, inventory):
    """Those that the hypervisor found when it started, and in their order."""
    found = [line.split()[0] for line in lines_of(planned, "pci") if re.match(r"[0-9a-f]{4}:\S+ ", line)]
    assert found and list(inventory) == found == sorted(found)
    assert {HOST_BRIDGE, ISA, IDE, NETWORK, EDU} <= set(inventory)
    assert inventory[EDU]["id"] == "1234:11e8" and inventory[NETWORK]["id"] == "8086:100e"
    assert {row["unit"] for row in inventory.values()} == {"0"}


@pytest.mark.xdist_group("bochs-plan")
def test_groups(inventory):
    """Functions of the south bridge are together, without ACS between them; devices of their own slots are alone."""
    groups = {}
    for address, row in inventory.items():
        groups.setdefault(row["group"], []).append(address)
    south = [address for address in inventory if address.startswith("0000:00:01.")]
    assert len(south) > 1 and groups[inventory[ISA]["group"]] == south
    assert all(groups[inventory[address]["group"]] == [address] for address in (HOST_BRIDGE, NETWORK, EDU))


@pytest.mark.xdist_group("bochs-plan")
def test_what_may_be_given(inventory):
    free = {address for address, row in inventory.items() if row["assignable"] == "yes"}
    assert free == {NETWORK, EDU}
    assert all(row["why"] for address, row in inventory.items() if address not in free)
    assert inventory[IDE]["why"] == f"shares its group with {ISA}, which is a bridge"
    assert inventory[EDU]["reset"] == inventory[EDU]["resets"] == "none"


@pytest.mark.xdist_group("bochs-plan")
def test_plan(planned, inventory):
    plan = lines_of(planned, "plan")
    assert plan[0].startswith("guest=one memory-mib=16 ") and plan[0].endswith("devices=2 reserved=0")
    rows = {row["device"]: row for row in map(fields, plan) if "device" in row}
    assert set(rows) == {EDU, NETWORK} and all(row["guest"] == "one" for row in rows.values())
    assert all(row[key] == inventory[address][key] for address, row in rows.items() for key in ("group", "unit", "reset"))
    blocked = ",".join(line.removeprefix("blocked=") for line in plan if line.startswith("blocked=")).split(",")
    assert set(rows).isdisjoint(blocked) and IDE in blocked
    assert guestrun.end_of(planned, "one") == guestrun.end_of(planned, "two") == "powered-off"


def test_a_group_with_the_isa_bridge_is_refused(bochs_boot, tmp_path):
    """All that is wrong at once, each with its place."""
    run = bochs_boot(cmdline="exit panic=reset", cpus=2, modules=modules(tmp_path, [ISA, EDU, IDE], [EDU]))
    assert run.having("error[BH0622] bulkhead.toml:", f"{IDE} cannot be given away", ISA), run.having("error")
    assert run.having("error[BH0602] bulkhead.toml:", f"{ISA} is a bridge")
    assert run.having("error[BH0601] bulkhead.toml:", EDU)
    assert run.having("bulkhead: all devices are blocked, no guest was started") and not run.having("guest: name=")
    assert run.ended and run.status == 0 and not run.having("panic:")
