# SPDX-License-Identifier: GPL-2.0-only
"""The bench runner's output, on the group that needs no emulator."""
import json
import subprocess
import sys

import testbed

BENCH = [sys.executable, testbed.ROOT / "tests/bench/bench.py"]


def test_json():
    done = subprocess.run([*BENCH, "--json", "domain"], capture_output=True, text=True, timeout=200, check=True)
    rows = {row["figure"]: row for row in json.loads(done.stdout)}
    row = rows["1 TiB domain, 1 GiB pages: table pages a GiB"]
    assert row["most"] == 1 and 0 < row["value"] <= 1


def test_unknown_group():
    done = subprocess.run([*BENCH, "nothing"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "choose from domain" in done.stderr
