# SPDX-License-Identifier: GPL-2.0-only
"""Guests for the suites in tests/qemu: configurations as text, one guest's own lines, tools/run-guest as a program."""
import dataclasses
import os
import re
import subprocess

import testbed

TEST_GUESTS = testbed.BUILD / "guest-tests"
LINUX = testbed.BUILD / "guest"


def image(name):
    """A test guest; `make guest-tests` builds them."""
    path = TEST_GUESTS / f"{name}.elf"
    assert path.exists(), f"{path} is missing: make guest-tests"
    return path


def linux(name):
    path = LINUX / name
    assert path.exists(), f"{path} is missing: tools/guest_images.py"
    return path


def toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).replace("'", '"') if isinstance(value, list) else f'"{value}"'


def guest(name, cpus, kernel, memory="16MiB", **more):
    """One [guest.NAME] table; further keys are strings, lists or booleans."""
    keys = {"cpus": cpus, "memory": memory, "kernel": kernel, **more}
    values = {key: toml(value) for key, value in keys.items()}
    return "\n".join([f"[guest.{name}]", *(f"{key} = {value}" for key, value in values.items()), ""])


def config(folder, *guests):
    """The module with this configuration."""
    path = folder / "bulkhead.toml"
    path.write_text("\n".join(["version = 1", "", *guests]))
    return testbed.Module(path, "bulkhead.toml")


def guest_lines(lines, name):
    """What one guest printed: its whole lines, parts ("name> ") put together."""
    out, part = [], ""
    for line in lines:
        match = re.match(rf"^{re.escape(name)}([|>]) (.*)$", line)
        if match and match[1] == ">":
            part += match[2]
        elif match:
            out.append(part + match[2])
            part = ""
    return out + ([part] if part else [])


def end_of(run, name):
    """How a guest ended by Bulkhead's own account; None while it runs."""
    found = re.search(rf"guest: name={re.escape(name)} end=(\S+)", run.text)
    return found[1] if found else None


@dataclasses.dataclass
class GuestRun:
    status: int
    out: str
    err: str
    log: str


def run_guest(folder, *arguments, timeout=60, log=True):
    """tools/run-guest with these arguments; its log in .log."""
    path = folder / "run-guest.log"
    command = [str(testbed.ROOT / "tools" / "run-guest"), "--timeout", str(timeout), *map(str, arguments)]
    command += ["--log", str(path)] if log else []
    environment = {**os.environ, "BULKHEAD_BUILD": str(testbed.BUILD)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout + 60, env=environment)
    text = path.read_text() if log and path.exists() else ""
    print(done.stdout, done.stderr, text, sep="\n--\n")
    return GuestRun(done.returncode, done.stdout, done.stderr, text)
