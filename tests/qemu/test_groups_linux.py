# SPDX-License-Identifier: GPL-2.0-only
"""Groups of functions on the same machines by three parties: Debian's Linux without a hypervisor, Bulkhead at boot, and
the host tool from a dump that was taken inside that Linux."""
import json
import re
import subprocess

import faultline
import guestrun
import native
import pytest
import testbed
import topologies

VFS = {"virtual-functions": "vfs=0000:01:00.0,2"}
MACHINE = {"cpus": 2, "memory": "1024M"}
EACH = pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.xdist_group(f"groups-{name}"))
                                        for name in topologies.MACHINES])


def once(make):
    """make(name), called once a name."""
    made = {}

    def get(name):
        if name not in made:
            made[name] = make(name)
        return made[name]

    return get


@pytest.fixture(scope="session")
def linux(tmp_path_factory):
    """linux(machine's name) -> native.Native; its dump is the file .path."""

    def facts(name):
        folder = tmp_path_factory.mktemp(name)
        found = native.facts(folder, topologies.MACHINES[name], VFS.get(name, ""), MACHINE)
        found.path = folder / "dump"
        found.path.write_text(found.dump)
        return found

    return once(facts)


@pytest.fixture(scope="session")
def bulkhead(boot, tmp_path_factory):
    """bulkhead(machine's name) -> (the run with two guests that power off at once, the configuration's path)."""

    def run(name):
        one, two, _ = topologies.PLANS[name]
        config = guestrun.config(tmp_path_factory.mktemp(f"plan-{name}"), "[system]\ninventory = true\n",
                                 guestrun.guest("one", [0], "loader", devices=one),
                                 guestrun.guest("two", [1], "loader", devices=two))
        modules = [config, testbed.Module(guestrun.image("loader"), "loader")]
        return boot(modules=modules, devices=topologies.MACHINES[name], machine=MACHINE), config.path

    return once(run)


def tool(*arguments):
    return subprocess.run([native.TOOL, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def groups_at_boot(run):
    """{address: group} by the inventory in the log."""
    found = (re.search(r" inventory: device=(\S+) .* group=(\d+) ", line) for line in run.lines)
    return {match[1]: match[2] for match in found if match}


def groups_of_dump(path):
    done = tool("devices", "--json", "--machine", path)
    assert done.returncode == 0, done.stderr
    return {function["address"]: function["group"] for function in json.loads(done.stdout)["devices"]}


def assert_as_linux(name, ours, theirs):
    """Equal, but for what topologies.SAFE names; virtual functions, which Bulkhead has not switched on, left out."""
    virtual = {at for at in theirs if VFS.get(name) and at > "0000:01:00.0"}
    assert ours.keys() == theirs.keys() - virtual
    theirs = {at: group for at, group in theirs.items() if at not in virtual}
    ours, theirs = native.sets_of(ours), native.sets_of(theirs)
    merged = {frozenset(group) for group in topologies.SAFE.get(name, [])}
    split = {group for group in theirs if any(group < larger for larger in merged)}
    assert ours - theirs == merged and theirs - ours == split
    assert {at for group in merged for at in group} == {at for group in split for at in group}


@EACH
def test_the_dump_of_linux_gives_its_groups(linux, name):
    facts = linux(name)
    assert (facts.dump_status, facts.dump_errors) == (0, "") and all(facts.groups.values())
    assert_as_linux(name, groups_of_dump(facts.path), facts.groups)


@EACH
def test_bulkhead_has_the_groups_of_linux(linux, bulkhead, name):
    run, _ = bulkhead(name)
    assert run.having("bulkhead: ready") and not run.timed_out
    assert_as_linux(name, groups_at_boot(run), linux(name).groups)


@EACH
def test_inventory_of_the_dump_is_the_inventory_at_boot(linux, bulkhead, name):
    """Unit, group, resets and whether a guest can have it: line by line the same."""
    run, _ = bulkhead(name)
    done = tool("devices", "--lines", "--machine", linux(name).path)
    assert done.returncode == 0, done.stderr
    at_boot = [match[1] for line in run.lines if (match := re.search(r" inventory: (.*)", line))]
    assert done.stdout.splitlines() == at_boot != []


DIAGNOSTIC = re.compile(r"^(error|warning|note)\[BH\d{4}\] ")


def said_at_boot(run):
    """Diagnostics about the file and the plan in the log; a diagnostic too long for a line goes on behind its code."""
    wrong, plan = [], []
    for body in filter(None, map(faultline.body, run.lines)):
        match = DIAGNOSTIC.match(body)
        if match and body[match.end():].startswith("fix: "):
            wrong[-1] += f"; {body[match.end():]}"
        elif body.startswith("plan: "):
            plan.append(body.removeprefix("plan: "))
        elif match and " bulkhead.toml:" in body:
            wrong.append(body)
    return wrong, plan


def said_by_tool(done):
    """The same of `bulkhead plan`, without the lines of the file that it shows and its last word."""
    lines = [line.removeprefix("plan: ") for line in (done.stdout + done.stderr).splitlines()]
    plan = [line for line in lines if re.match(r"(guest|hypervisor|blocked)\b", line)]
    return [line for line in lines if DIAGNOSTIC.match(line)], plan


@EACH
def test_plan_of_the_dump_is_the_plan_at_boot(linux, bulkhead, name):
    """The same text, line by line, whether it is accepted or refused; interrupt lines too."""
    run, config = bulkhead(name)
    accepted = topologies.PLANS[name][2]
    done = subprocess.run([native.TOOL, "plan", config.name, "--machine", linux(name).path], cwd=config.parent,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == (0 if accepted else 1), done.stdout + done.stderr
    assert bool(run.having("no guest was started")) != accepted
    assert said_by_tool(done) == said_at_boot(run) != ([], [])
    if accepted:
        assert guestrun.end_of(run, "one") == guestrun.end_of(run, "two") == "powered-off"
