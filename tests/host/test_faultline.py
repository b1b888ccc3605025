# SPDX-License-Identifier: GPL-2.0-only
"""The fault line's regular expression takes what it should and nothing else."""
import faultline
import pytest

GOOD = ('fault: unit=0 sid=0000:00:05.0 device=- guest=- access=write addr=0x163000 reason=0x5 '
        'text="no write permission"')


def test_good():
    fault = faultline.parse(GOOD)
    assert fault == faultline.Fault(0, "0000:00:05.0", "-", "-", "write", 0x163000, None, 5, 0, "no write permission")
    more = faultline.parse(GOOD.replace("reason=0x5", "reason=0x5 suppressed=17"))
    assert more.suppressed == 17
    interrupt = faultline.parse(GOOD.replace("access=write addr=0x163000", "access=interrupt index=0x12"))
    assert (interrupt.addr, interrupt.index) == (None, 0x12)


@pytest.mark.parametrize("old, new", [
    ("unit=0", "unit=00"), ("sid=0000:00:05.0", "sid=00:05.0"), ("05.0", "25.0"), ("05.0", "05.8"), ("write", "wrote"),
    (" reason", "  reason"), ("0x163000", "163000"), ("0x163000", "0x16300G"), ("0x5 ", "5 "), ('"no', "no"),
    ("device=- ", ""), ("guest=- ", ""), ('permission"', 'permission" more=1'), ("device=- guest=-", "guest=- device=-"),
    ("reason=0x5", "reason=0x5 suppressed=0"),
])
def test_bad(old, new):
    assert old in GOOD
    with pytest.raises(ValueError):
        faultline.parse(GOOD.replace(old, new, 1))


def test_lines():
    lines = ["noise", "[   0.123456] warn  " + GOOD, "[  10.123456] info  vtd: fault: not one"]
    assert len(faultline.faults(lines)) == 1
    with pytest.raises(ValueError):
        faultline.faults(["[   0.123456] warn  fault: unit=0 overflow=1"])
