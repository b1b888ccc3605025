# SPDX-License-Identifier: GPL-2.0-only
"""bulkhead-ctl shutdown, from Bulkhead's own service guest: a Debian kernel with its own button and evdev modules, and
busybox' acpid, hears of it, ends by itself, and stays off; one whose system does not listen is named at once."""
import guestrun
import native
import pytest
import testbed

pytestmark = pytest.mark.xdist_group("linux")

RULES = """\
version = 1
[on.guest-paused]
action = "shutdown"
target = "second"
"""
READY = "until timeout 5 bulkhead-ctl console {} </dev/null | grep -q 'tidy: ready'; do :; done"
OFF = "for i in $(seq 100); do bulkhead-ctl guests | grep -q '^second *powered-off' && break; usleep 100000; done"
COMMANDS = {
    "ready": "; ".join(READY.format(guest) for guest in ("first", "second", "deaf")),
    "wait": "bulkhead-ctl shutdown first --wait 60",
    "again": "bulkhead-ctl shutdown first",
    "is-off": "bulkhead-ctl shutdown first --wait 1",
    "deaf": "bulkhead-ctl shutdown deaf",
    "service": "bulkhead-ctl shutdown service",
    "rule": f"bulkhead-ctl pause deaf; {OFF}; bulkhead-ctl guests",
}


def ready(folder):
    """(tables, modules) of the Linux guests first and second with a button, and deaf without."""
    button = native.image(folder / "tidy.img", "tidy", ["button", "evdev"])
    more = {"initrd": "tidy.img", "restart": "always", "share": True}
    tables = [guestrun.guest(name, [1], "vmlinux", "96MiB", cmdline=f"console=ttyS0 quiet {word}", **more)
              for name, word in (("first", ""), ("second", ""), ("deaf", "deaf"))]
    return tables, [testbed.Module(button, "tidy.img")]


@pytest.fixture(scope="module")
def session(boot, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shutdown")
    programs = {f"bin/{name}": (testbed.BUILD / "host" / name).read_bytes() for name in ("bulkheadd", "bulkhead-ctl")}
    programs |= {"commands": "\n".join([*COMMANDS.values(), ""]).encode(), "rules": RULES.encode()}
    initrd = native.image(folder / "service.img", "agent", ["virtio_pci", "virtio_console"], programs)
    tables, modules = ready(folder)
    service = guestrun.guest("service", [0], "vmlinux", "256MiB", initrd="service.img", cmdline="console=ttyS0 quiet")
    return boot(modules=[guestrun.config(folder, '[system]\nservice = "service"\n', service, *tables), *modules,
                         testbed.Module(guestrun.linux("vmlinux"), "vmlinux"), testbed.Module(initrd, "service.img")],
                machine={"cpus": 2}, cmdline="exit panic=reset", timeout=150)


@pytest.fixture(scope="module")
def told(session):
    """name of a command -> (exit status, text)"""
    return guestrun.ctl_answers(session, COMMANDS)


def test_its_own_system_switches_it_off(session, told):
    assert told["wait"] == (0, "shutdown first: accepted\nshutdown first: powered-off")
    lines = guestrun.guest_lines(session.lines, "first")
    assert [line for line in lines if line.startswith("tidy: ") and line != "tidy: ready"] == [
        "tidy: button", "tidy: written out"]
    assert guestrun.end_of(session, "first") == "powered-off"


def test_it_stays_off_though_it_always_starts_again(session, told):
    assert session.having("name=first rests") and not session.having("starts again in")
    status, text = told["again"]
    assert status == 1 and "guest 'first' is powered-off: 'shutdown' is not possible" in text and "\n  fix: " in text


def test_to_wait_for_one_that_is_off_is_done(told):
    assert told["is-off"] == (0, "shutdown first: powered-off")


def test_who_does_not_listen_is_named(told):
    status, text = told["deaf"]
    assert status == 1 and "guest 'deaf' does not listen to its power button" in text
    assert "systemd-logind or acpid" in text and "or use stop" in text
    status, text = told["service"]
    assert status == 1 and "guest 'service' is the service guest" in text


def test_a_rule_shuts_down(session, told):
    status, table = told["rule"]
    states = {words[0]: words[1] for words in (line.split() for line in table.splitlines()[2:])}
    assert status == 0 and states == {"service": "running", "first": "powered-off", "second": "powered-off", "deaf": "paused"}
    assert "tidy: written out" in guestrun.guest_lines(session.lines, "second")
