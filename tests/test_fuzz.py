# SPDX-License-Identifier: GPL-2.0-only
"""A short run of every fuzz target over its seed corpus; `make fuzz TIME=600` runs them for longer."""
import importlib.machinery
import importlib.util
import pathlib
import re
import shutil
import subprocess

import pytest
import testbed

FUZZ = pathlib.Path(__file__).parent / "fuzz"
TARGETS = sorted(p.stem for p in FUZZ.glob("fuzz_*.c"))


def test_every_target_is_described():
    text = (testbed.ROOT / "docs" / "testing.md").read_text().split("## Fuzz targets")[1].split("\n## ")[0]
    rows = [row.split("|")[1] for row in text.splitlines() if row.startswith("| fuzz_")]
    assert set(TARGETS) <= set(re.findall(r"fuzz_\w+", " ".join(rows)))


COVERED = """SF:{root}/vtd/dmar.c
DA:1,3
DA:2,0
SF:{root}/tests/fuzz/fuzz_dmar.c
DA:1,9
SF:/usr/include/stdio.h
DA:1,9
SF:{root}/vtd/unit.c
DA:7,0
"""


def test_coverage_is_summed():
    """tests/fuzz/coverage: the tree's own files, each line once whoever reaches it, files that nobody reaches left out."""
    loader = importlib.machinery.SourceFileLoader("coverage_of_fuzzers", str(FUZZ / "coverage"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    first = module.parse(COVERED.format(root=testbed.ROOT))
    assert first == {"vtd/dmar.c": {1: True, 2: False}, "vtd/unit.c": {7: False}}
    lines = module.report({"fuzz_a": first, "fuzz_b": {"vtd/dmar.c": {1: False, 2: True, 3: False}}}).splitlines()
    assert lines[1].split() == ["2", "3", "66%", "vtd/dmar.c", "(a,", "b)"] and len(lines) == 5
    assert lines[-1] == "all: 2 of 3 lines (66%) of 1 files that targets reach"
    done = subprocess.run([FUZZ / "coverage"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "usage:" in done.stderr


@pytest.mark.parametrize("target", TARGETS)
def test_fuzz_smoke(target, tmp_path):
    seeds = FUZZ / "corpus" / target.removeprefix("fuzz_")
    corpus = tmp_path / "corpus"
    shutil.copytree(seeds, corpus)
    assert any(corpus.iterdir()), f"{seeds} holds no seed"
    command = [testbed.BUILD / "fuzz" / target, "-seed=1", "-runs=20000", "-max_total_time=8", "-timeout=10",
               f"-artifact_prefix={tmp_path}/", corpus]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-8000:]
