# SPDX-License-Identifier: GPL-2.0-only
"""Events of the service channel against docs/events.schema.json, by the part of JSON Schema that it uses."""
import json
import re

import testbed

SCHEMA = json.loads((testbed.ROOT / "docs" / "events.schema.json").read_text())
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "null": type(None)}
KNOWN = {"$schema", "$id", "$ref", "$defs", "title", "description", "type", "properties", "required", "items", "enum",
         "const", "pattern", "minimum", "additionalProperties", "oneOf", "allOf", "unevaluatedProperties"}


def resolve(schema):
    return SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")] if "$ref" in schema else schema


def is_type(value, name):
    names = name if isinstance(name, list) else [name]
    return any(isinstance(value, TYPES[n]) and not (n == "integer" and isinstance(value, bool)) for n in names)


def problems(value, schema, at="event"):
    """Everything that is wrong, each with its place."""
    schema = resolve(schema)
    assert set(schema) <= KNOWN, f"{at}: this validator does not know {set(schema) - KNOWN}"
    if "type" in schema and not is_type(value, schema["type"]):
        return [f"{at}: {value!r} is not of type {schema['type']}"]
    found = []
    if "const" in schema and value != schema["const"]:
        found.append(f"{at}: {value!r} is not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: {value!r} is none of {schema['enum']}")
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        found.append(f"{at}: {value!r} does not match {schema['pattern']}")
    if "minimum" in schema and value < schema["minimum"]:
        found.append(f"{at}: {value} is below {schema['minimum']}")
    if isinstance(value, list) and "items" in schema:
        found += [p for i, item in enumerate(value) for p in problems(item, schema["items"], f"{at}[{i}]")]
    if isinstance(value, dict):
        found += [f"{at}: no member {name}" for name in schema.get("required", []) if name not in value]
        for name, member in value.items():
            if name in schema.get("properties", {}):
                found += problems(member, schema["properties"][name], f"{at}.{name}")
            elif schema.get("additionalProperties", True) is False:
                found.append(f"{at}: a member {name} that nobody documented")
    return found


def schema_of(kind):
    """The event's own members with those that all events have."""
    for branch in SCHEMA["oneOf"]:
        branch = resolve(branch)
        if branch["properties"]["type"]["const"] == kind:
            common = SCHEMA["$defs"]["common"]
            return {"type": "object", "additionalProperties": False,
                    "required": [*common["required"], *branch.get("required", [])],
                    "properties": {**common["properties"], **branch["properties"]}}
    return None


def event_problems(event):
    schema = schema_of(event.get("type"))
    return problems(event, schema) if schema else [f"no such type: {event.get('type')!r}"]


def validate_all(events):
    found = [(event, event_problems(event)) for event in events]
    assert events and not any(wrong for _, wrong in found), [pair for pair in found if pair[1]]


def assert_complete(events):
    """Numbers go up by one, or by what a line "dropped" says; "hello" has that of the one before."""
    last = None
    for event in events:
        if event["type"] == "hello":
            assert last is None or event["seq"] == last, event
        elif last is not None:
            assert event["seq"] == last + (event["count"] if event["type"] == "dropped" else 1), event
        last = event["seq"]
