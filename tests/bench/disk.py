# SPDX-License-Identifier: GPL-2.0-only
"""What an NVMe of the benches reads."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "tools"))
import testbed  # noqa: E402


def bench_disk():
    """1 GiB that takes no room."""
    path = testbed.BUILD / "bench.img"
    if not path.exists():
        with open(path, "wb") as file:
            file.truncate(1 << 30)
    return path
