# SPDX-License-Identifier: GPL-2.0-only
"""docs/events.schema.json, docs/events.md and docs/control.md have what the sources send and take, and the validator of
tests/events.py refuses what is wrong."""
import re

import events
import pytest
import testbed

GOOD = {"seq": 3, "time-ns": 1, "severity": "info", "type": "guest-started", "guest": "user", "starts": 0}


def sources(*folders):
    return {path: path.read_text() for folder in folders for path in sorted((testbed.ROOT / folder).glob("*.c"))}


def documented(name, head):
    """Words in the first column of the table with that head."""
    text = (testbed.ROOT / "docs" / name).read_text()
    rows = text.split(head)[1].split("\n\n")[0]
    return {word for row in rows.splitlines() if row.startswith("| `") for word in re.findall("`([a-z-]+)`", row.split("|")[1])}


def test_every_type_is_in_the_schema_and_described():
    types = {branch["$ref"].split("/")[-1] for branch in events.SCHEMA["oneOf"]}
    begun = set()
    for text in sources("kernel/core", "kernel", "guest", "service", "vtd").values():
        begun |= set(re.findall(r'event_begin\([^;"]*"([a-z-]+)"', text))
    assert begun <= types, begun - types
    assert len(begun) >= 3
    assert documented("events.md", "| Type | When |\n") == types


def test_every_command_is_described():
    commands = set()
    for path, text in sources("service").items():
        if path.name.startswith("control_"):
            commands |= set(re.findall(r'\{\.name = "([a-z-]+)"(?:, |,\s+)(?:\.arguments|\.run)', text))
    assert len(commands) >= 18
    assert documented("control.md", "| Command | Members | What it does |\n") == commands


def test_every_code_is_described():
    codes = set()
    for text in sources("service").values():
        codes |= set(re.findall(r'control_refuse\(control,\s*"([a-z-]+)"', text))
    assert documented("control.md", "| Code | Meaning |\n") == codes


@pytest.mark.parametrize("change, wrong", [
    ({}, None), ({"cut": True}, None), ({"seq": -1}, "below"), ({"seq": "3"}, "not of type"), ({"seq": True}, "not of type"),
    ({"severity": "bad"}, "none of"), ({"type": "no"}, "no such type"), ({"guest": "A b"}, "does not match"),
    ({"guest": None}, "not of type"), ({"more": 1}, "nobody documented"), ({"cut": False}, "is not True")])
def test_the_validator_refuses(change, wrong):
    found = events.event_problems({**GOOD, **change})
    assert (found == []) if wrong is None else any(wrong in problem for problem in found), found


def test_a_missing_member_or_number_is_found():
    assert events.event_problems({key: value for key, value in GOOD.items() if key != "starts"})
    events.assert_complete([{**GOOD, "type": "hello", "seq": 0}, {**GOOD, "seq": 1}, {"type": "dropped", "seq": 4, "count": 3}])
    with pytest.raises(AssertionError):
        events.assert_complete([{**GOOD, "seq": 1}, {**GOOD, "seq": 3}])
    with pytest.raises(AssertionError):
        events.assert_complete([{**GOOD, "seq": 1}, {"type": "dropped", "seq": 4, "count": 2}])
