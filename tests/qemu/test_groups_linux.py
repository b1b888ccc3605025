# SPDX-License-Identifier: GPL-2.0-only
"""Groups of functions on the same machines by three parties: Debian's Linux without a hypervisor, Bulkhead at boot, and
the host tool from a dump that was taken inside that Linux."""
import json
import re
import subprocess

import native
import pytest
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
def bulkhead(boot):
    """bulkhead(machine's name) -> the run."""
    return once(lambda name: boot(devices=topologies.MACHINES[name], machine=MACHINE))


def tool(*arguments):
    return subprocess.run([native.TOOL, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def groups_at_boot(run):
    """{address: group} by the inventory in the log."""
    found = (re.search(r" pci: (\S+) .* group=(\d+)$", line) for line in run.lines)
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
    run = bulkhead(name)
    assert run.having("bulkhead: ready") and not run.timed_out
    assert_as_linux(name, groups_at_boot(run), linux(name).groups)


def test_virtual_functions_are_alone_for_linux():
    """What is left out above is what sriov_numvfs= made."""
    assert list(VFS) == ["virtual-functions"]
