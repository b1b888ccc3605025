# SPDX-License-Identifier: GPL-2.0-only
"""The gates of `make lint`, one test each; clang-tidy's analyzer shallow (tools/lint.mk)."""
import subprocess

import pytest
import testbed


@pytest.mark.parametrize("gate", ["format", "headers", "layers", "tidy"])
def test_lint(gate):
    done = subprocess.run(["make", "-s", "-C", testbed.ROOT, f"lint-{gate}", "ANALYZER=shallow"], capture_output=True, text=True,
                          timeout=1500)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-4000:]
