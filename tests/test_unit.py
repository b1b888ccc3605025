# SPDX-License-Identifier: GPL-2.0-only
"""Every host unit test program, as gcc and as clang built it, both with address and undefined-behaviour sanitizers."""
import pathlib
import subprocess

import pytest
import testbed

UNIT = pathlib.Path(__file__).parent / "unit"
PROGRAMS = sorted(str(p.relative_to(UNIT).with_suffix("")) for p in UNIT.rglob("test_*.c"))


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_unit(program, compiler):
    path = testbed.BUILD / f"host-{compiler}" / "unit" / program
    done = subprocess.run([path], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-8000:]
    assert "[  PASSED  ]" in done.stdout + done.stderr
