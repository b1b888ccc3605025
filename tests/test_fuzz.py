# SPDX-License-Identifier: GPL-2.0-only
"""A short run of every fuzz target over its seed corpus; `make fuzz TIME=600` runs them for longer."""
import pathlib
import shutil
import subprocess

import pytest
import testbed

FUZZ = pathlib.Path(__file__).parent / "fuzz"
TARGETS = sorted(p.stem for p in FUZZ.glob("fuzz_*.c"))


@pytest.mark.parametrize("target", TARGETS)
def test_fuzz_smoke(target, tmp_path):
    seeds = FUZZ / "corpus" / target.removeprefix("fuzz_")
    corpus = tmp_path / "corpus"
    shutil.copytree(seeds, corpus)
    assert any(corpus.iterdir()), f"{seeds} holds no seed"
    command = [testbed.BUILD / "fuzz" / target, "-seed=1", "-runs=20000", "-max_total_time=15", "-timeout=10",
               f"-artifact_prefix={tmp_path}/", corpus]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-8000:]
