# SPDX-License-Identifier: GPL-2.0-only
"""Guests for the suites in tests/qemu and tests/bochs: configurations as text, one guest's own lines, tools/run-guest as a program."""
import dataclasses
import os
import re
import subprocess

import testbed

TEST_GUESTS = testbed.BUILD / "guest-tests"
LINUX = testbed.BUILD / "guest"

# The bare-metal test guests, on every emulator with the same expectations:
# name -> vCPUs, memory, command line, fewest PASS lines
GUESTS = {
    "cpuid": (2, "16MiB", "", 50),
    "msr": (1, "16MiB", "", 80),
    "ports": (1, "16MiB", "", 30),
    "mmio": (1, "16MiB", "", 45),
    "exceptions": (1, "16MiB", "", 50),
    "windows": (1, "16MiB", "", 22),
    "smp": (4, "16MiB", "cpus=4", 16),
    "timers": (1, "16MiB", "", 46),
    "apic": (4, "16MiB", "cpus=4", 80),
    "fpu": (4, "16MiB", "", 16),
    "pages": (1, "192MiB", "ram-mib=192", 10),
    "decode": (1, "16MiB", "", 5),
    "loader": (1, "16MiB", "", 1),
    "stress": (2, "16MiB", "seconds=3", 4),
    "oldpc": (2, "16MiB", "cpus=2", 14),
    "share": (1, "16MiB", "ms=500", 4),
    "forbidden": (1, "16MiB", "", 60),
}
# They need a device, or others beside them.
SEPARATE = {"ats", "attest", "config", "msi", "net", "policy", "restart", "rogue", "triple", "vf", "virtio", "vmd", "watch",
            "wild"}


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
    if isinstance(value, int):
        return str(value)
    return str(value).replace("'", '"') if isinstance(value, list) else f'"{value}"'


def guest(name, cpus, kernel, memory="16MiB", **more):
    """One [guest.NAME] table; further keys are strings, lists or booleans; "__" is "-" in a key."""
    keys = {"cpus": cpus, "memory": memory, "kernel": kernel, **more}
    values = {key.replace("__", "-"): toml(value) for key, value in keys.items()}
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


def ctl_answers(run, names):
    """name -> (exit status, text) of the commands, in this order, that the service guest of tests/linux/agent gave."""
    lines = guest_lines(run.lines, "service")
    assert "demo: agent done" in lines, run.text[-3000:]
    found = {}
    for number, name in enumerate(names, 1):
        (status,) = [int(line.split()[3]) for line in lines if line.startswith(f"ctl {number} exit ")]
        text = [line.removeprefix(f"ctl {number}:").removeprefix(" ") for line in lines if line.startswith(f"ctl {number}:")]
        found[name] = status, "\n".join(text)
    return found


SECRET = b"tOpS3cre"  # tests/guest/triple


def assert_memory_is_not_told(run):
    """No four bytes of what guest `triple` has in memory: neither as text nor as digits, in whatever order and grouping."""
    assert image("triple").read_bytes().count(SECRET) >= 128
    digits = re.sub(r"0x|[^0-9a-f]", "", run.text.lower())
    for at in range(len(SECRET)):
        part = (2 * SECRET)[at:at + 4]
        assert part.decode() not in run.text
        assert part.hex() not in digits and part[::-1].hex() not in digits


def kib_at_restarts(run, name, beside):
    """KiB of memory the hypervisor has in use each time this guest runs again, as long as the one beside it has neither
    ended nor begun to give back its device: what that one frees says nothing of this one."""
    both = re.split(rf"guest: name={re.escape(beside)} (?:device=\S+ detached|end=)", run.text)[0]
    return [int(kib) for kib in re.findall(rf"guest: name={re.escape(name)} runs again, .* memory-kib=(\d+)", both)]


def assert_passed(lines, least=1):
    """What a test guest printed: no FAIL, a summary that agrees with its PASS lines, and enough of these."""
    failed = [line for line in lines if line.startswith("FAIL")]
    summary = [re.fullmatch(r"SUMMARY: (\d+) passed, 0 failed", line) for line in lines[-1:]]
    assert not failed, failed
    assert summary and summary[0], f"no summary: {lines[-3:]}"
    assert int(summary[0][1]) == sum(line.startswith("PASS: ") for line in lines) >= least


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


def hostile_virtio(folder, words=""):
    """Modules for a guest that breaks its virtio console in every way, beside one that is to notice nothing."""
    text = config(folder, '[system]\nservice = "beside"\n',
                  guest("hostile", [0, 1], "virtio", cmdline=f"cpus=2 {words}".strip()),
                  guest("beside", [2], "stress", cmdline=f"seconds=3 {words}".strip()))
    return [text, testbed.Module(image("virtio"), "virtio"), testbed.Module(image("stress"), "stress")]


def assert_hostile_virtio(run):
    """Every attack is a PASS line there, the other guest passed too, and Bulkhead says little about it."""
    lines = guest_lines(run.lines, "hostile")
    assert_passed(lines, 38)
    for text in ("ring says hello", "by the line", "still here", "the last line"):
        assert sum(line.endswith(text) for line in lines) == 1, text
    assert_passed(guest_lines(run.lines, "beside"))
    assert end_of(run, "hostile") == end_of(run, "beside") == "powered-off"
    broke = re.findall(r"warn  virtio: guest hostile broke its console: queue \d+: [^;]+; it waits for a reset", run.text)
    assert 4 <= len(broke) <= 12, broke
    assert not re.search(r"fault: |panic:", run.text)


def network_guests(folder, frames, hostile=True, words=""):
    """Modules for guests on one network: one sends numbered frames, one sends them back, one is hostile."""
    names = ["first", "second", "hostile"][:3 if hostile else 2]
    guests = [guest(name, [i], "net", cmdline=f"role={i + 1} frames={frames} {words}".strip())
              for i, name in enumerate(names)]
    macs = [f"52:54:00:00:00:{i + 1:02}" for i in range(len(names))]
    network = "[network.lan]\nguests = " + toml(names) + "\nmacs = " + toml(macs) + "\n"
    return [config(folder, *guests, network), testbed.Module(image("net"), "net")]


def assert_network_guests(run, frames, hostile=True):
    """Every frame came back as it was, whatever the hostile one did, which broke its own device alone."""
    for name, passes in {"first": 5, "second": 5, **({"hostile": 32} if hostile else {})}.items():
        assert_passed(guest_lines(run.lines, name), passes)
        assert end_of(run, name) == "powered-off"
    assert f"PASS: all of {frames} frames came back as they were" in guest_lines(run.lines, "first")
    broke = re.findall(r"warn  virtio: guest (\w+) broke its network", run.text)
    assert set(broke) == ({"hostile"} if hostile else set()) and len(broke) < 12, broke
    assert not re.search(r"fault: |panic:", run.text)
