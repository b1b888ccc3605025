# SPDX-License-Identifier: GPL-2.0-only
"""What bulkhead-ctl sends and shows is what the hypervisor's sources take and answer: commands, their members, columns of
lists, states, types of events. Both sides are read as text."""
import json
import re

import pytest
import testbed

AGENT = testbed.ROOT / "tools/bulkheadd"
SERVICE = "\n".join(p.read_text() for p in sorted((testbed.ROOT / "service").glob("control_*.c")))
SCHEMA = testbed.ROOT / "docs/events.schema.json"


def members_in(text):
    """{name: may it be left out}"""
    return {m[1]: bool(m[2]) for m in re.finditer(r'\.name = "([a-z-]+)", \.kind = \w+,( \.optional = true,)?', text)}


def commands():
    """{name: its members} of the tables in service/control_*.c."""
    macros = {m[1]: members_in(m[2]) for m in re.finditer(r"#define (\w+_ARGUMENTS?)\b((?:.*\\\n)*.*)", SERVICE)}
    found = {}
    for entry in re.finditer(r'\{\.name = "([a-z-]+)",(?!\s*\.kind)(.*?)\.run = ', SERVICE, re.S):
        found[entry[1]] = members_in(entry[2])
        for macro, members in macros.items():
            found[entry[1]].update(members if re.search(rf"\b{macro}\b", entry[2]) else {})
    return found


def assert_fits(given, members, name):
    """What cannot be left out is there, and nothing that the command does not take."""
    assert {m for m, optional in members.items() if not optional} <= given <= set(members), name


def test_orders():
    orders = re.findall(r'^    \{"([a-z-]+)", (?:"([a-z]+)"|NULL), .*?(?:"([a-z]+)"|NULL)\},$', (AGENT / "orders.c").read_text(),
                        re.M)
    known = commands()
    assert len(orders) == 12 and len(known) > 15
    for name, member, extra in orders:
        assert_fits({m for m in (member, extra) if m}, known[name], name)


def test_actions_of_rules():
    actions = re.findall(r'\] = \{"([a-z-]+)", (?:"([a-z]+)"|NULL)\}', (AGENT / "policy.c").read_text())
    known = commands()
    assert len(actions) > 10
    for name, member in actions:
        if name != "log":
            assert_fits({m for m in (member,) if m}, known[name], name)


def test_columns_of_lists():
    text = (AGENT / "lists.c").read_text()
    columns = set(re.findall(r'"([a-z-]+)", "[A-Z]+", TABLE_', text))
    answered = set(re.findall(r'json_\w+\(&?(?:control->)?json, "([a-z-]+)"', SERVICE))
    assert len(columns) > 12 and columns - answered == set()
    for command, rows in re.findall(r'\{"([a-z]+)",\s*"([a-z]+)",', text):
        assert "from" in commands()[command] and f'control_list_begin(control, "{rows}")' in SERVICE


def test_states():
    source = (testbed.ROOT / "guest/vm_order.c").read_text()
    body = source[source.index("*vm_order_state_text("):]
    words = set(re.findall(r'"([a-z-]+)"', body[:body.index("}")]))
    metrics = (AGENT / "metrics.c").read_text()
    body = metrics[metrics.index("states[] = {"):]
    assert words == set(re.findall(r'"([a-z-]+)"', body[:body.index("}")])) and "running" in words


@pytest.mark.skipif(not SCHEMA.exists(), reason="no docs/events.schema.json")
def test_types_of_events():
    types = set(json.loads(SCHEMA.read_text())["$defs"]) - {"common", "guest", "device", "sbdf"}
    source = (AGENT / "policy_parse.c").read_text()
    body = source[source.index("event_types[] = {"):]
    assert types - set(re.findall(r'"([a-z-]+)"', body[:body.index("};")])) == set()
