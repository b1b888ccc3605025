# SPDX-License-Identifier: GPL-2.0-only
"""Booting Bulkhead under Bochs with our plugin. A run that did something hardware leaves undefined is an error here,
whatever else it shows: the plugin then ends with a status of its own, and says what it was."""
import bochs
import pytest
import testbed


def strict(run):
    """What the plugin found wrong; nothing but an empty list will do."""
    return [line for line in run.emulator.splitlines() if "plugin: error:" in line or "plugin: cannot work" in line]


@pytest.fixture(scope="session")
def bochs_boot(tmp_path_factory):
    """bochs_boot(image="bulkhead.elf", cmdline="exit", modules=(), model=..., cpus=..., ...) -> testbed.Run; further
    arguments are bochs.Machine's."""

    def boot_once(image="bulkhead.elf", cmdline="exit", modules=(), timeout=120, stop_when=None, answers=(), **machine):
        folder = tmp_path_factory.mktemp("bochs")
        machine = bochs.Machine(**machine)
        iso = bochs.make_iso(folder / "boot.iso", testbed.BUILD / image, machine, cmdline, modules)
        run = bochs.run(machine, iso, timeout, stop_when=stop_when, answers=answers)
        print(run.text, run.emulator[-4000:], sep="\n--\n")
        assert not strict(run), strict(run)
        return run

    return boot_once
