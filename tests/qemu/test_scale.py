# SPDX-License-Identifier: GPL-2.0-only
"""As many guests as a configuration may have, on a machine with 512 GiB; `make bench BENCH_ARGS=scale` has more devices
and what each thing costs."""
import re

import guestrun
import scale

GUESTS, DEVICES, GIB = 64, 64, 512


def test_many_guests_much_memory(tmp_path):
    run = scale.boot(tmp_path, GUESTS, DEVICES, GIB, timeout=180)
    for i in range(GUESTS):
        guestrun.assert_passed(guestrun.guest_lines(run.lines, f"g{i}"))
        assert guestrun.end_of(run, f"g{i}") == "powered-off"
    assert run.having("bulkhead: all guests have ended, faults=0") and not run.having("panic:")
    audit = run.having("audit: verdict=pass", f"guests={GUESTS}", f"sources={DEVICES}", "findings=0")
    assert audit, run.having("audit:")
    assert len(run.having("plan: guest=", "devices=8")) == DEVICES // scale.FUNCTIONS
    top = max(int(end, 16) for end in re.findall(r"memory: 0x[0-9a-f]+\.\.0x([0-9a-f]+) ", run.text))
    assert top >= GIB << 30
    made = int(re.search(r"all guests made.* memory-kib=(\d+)", run.text)[1])
    assert made < 16384  # 64 guests, 64 devices, and no page of it by the size of the machine
