# SPDX-License-Identifier: GPL-2.0-only
"""Groups of functions, by Debian's Linux without a hypervisor and by Bulkhead, on the same machines."""
import native
import pytest
import testbed
import topologies

VFS = {"virtual-functions": "vfs=0000:01:00.0,2"}


@pytest.fixture(scope="session")
def linux(tmp_path_factory):
    """linux(machine's name) -> native.Native, each booted once."""
    booted = {}

    def facts(name):
        if name not in booted:
            booted[name] = native.facts(tmp_path_factory.mktemp(name), topologies.MACHINES[name], VFS.get(name, ""))
        return booted[name]

    return facts


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.xdist_group(f"groups-{name}")) for name in topologies.MACHINES])
def test_linux(linux, name):
    facts = linux(name)
    assert all(facts.groups.values())
