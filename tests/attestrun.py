# SPDX-License-Identifier: GPL-2.0-only
"""bulkhead attest under an emulator, for the suites in tests/qemu and tests/bochs: the attack suite of both backends,
with the same expectations."""
import json
import os
import subprocess
import sys

import events
import guestrun
import testbed

FOLDER = testbed.ROOT / "tools" / "attest"
sys.path.insert(0, str(FOLDER))
import emulate  # noqa: E402

SCHEMA = json.loads((testbed.ROOT / "docs" / "attest.schema.json").read_text())
CLASSES = {"instructions", "msr-read", "msr-write", "ports-in", "ports-out", "ipis", "pages-hot", "pages-low",
           "pages-high", "config-absent"}


def user_configuration(folder, guests):
    """guests: (name, CPU, devices)."""
    config = folder / "user.toml"
    config.write_text("\n".join(["version = 1", "", *(
        guestrun.guest(name, [cpu], "vmlinuz", **({"devices": devices} if devices else {}))
        for name, cpu, devices in guests)]))
    return config


def command(*words, timeout=60):
    """The command as a user gives it."""
    environment = {**os.environ, "BULKHEAD_BUILD": str(testbed.BUILD), "BULKHEAD_ATTEST": str(FOLDER / "attest")}
    done = subprocess.run([str(word) for word in [testbed.BUILD / "host-gcc" / "bulkhead", "attest", *words]],
                          capture_output=True, text=True, timeout=timeout, env=environment)
    print(done.stdout, done.stderr, sep="\n--\n")
    return done


def attest(folder, emulator, guests, *words, timeout=240):
    """(exit status, report or None, text) of a run under an emulator."""
    out, log = folder / "report.json", folder / "log"
    done = command(user_configuration(folder, guests), "--emulator", emulator, "--timeout", timeout, "--report-json", out,
                   "--save-log", log, *words, timeout=timeout + 60)
    print(log.read_text() if log.exists() else "")
    return done.returncode, json.loads(out.read_text()) if out.exists() else None, done.stdout


def image(folder, dump, guests, *words):
    """(image for the machine of tests/data/machine/DUMP, where its log goes)."""
    out = folder / "attest.iso"
    done = command(user_configuration(folder, guests), "--machine", testbed.ROOT / "tests" / "data" / "machine" / dump,
                   "--image", out, *words)
    assert done.returncode == 0
    return out, folder / "log"


def read_report(folder, ticket, log):
    out = folder / "report.json"
    done = command("--ticket", ticket, "--report", log, "--report-json", out)
    print(log.read_text())
    return done.returncode, json.loads(out.read_text()), done.stdout


def enough(guests):
    return emulate.Enough(guests)


def assert_passed(status, report, text, guests, recorded_messages):
    """No escape, every class tried in every guest, every device driven as said, every request blocked and recorded."""
    assert status == 0 and text.startswith("bulkhead attest: PASS: "), text[:2000]
    assert report["verdict"] == "pass" and not report["escapes"] and not report["problems"]
    assert events.problems(report, SCHEMA, "report") == []
    assert [guest["name"] for guest in report["guests"]] == [name for name, _, _ in guests]
    for guest, (_, _, devices) in zip(report["guests"], guests):
        assert {entry["class"] for entry in guest["classes"]} == CLASSES
        assert all(entry["as_expected"] > 0 and entry["escapes"] == 0 for entry in guest["classes"])
        assert guest["witness"]["changed"] == guest["witness"]["stray_interrupts"] == 0
        assert guest["witness"]["bytes"] > 14 << 20 and guest["witness"]["looks"] >= 1
        assert [device["address"] for device in guest["devices"]] == devices
        for device in guest["devices"]:
            assert_device(device, guest["name"], recorded_messages)


def assert_device(device, name, recorded_messages):
    own = [entry for entry in device["classes"] if entry["class"] == "config-own"]
    assert own[0]["attempts"] == 64 * 4 + 64 * 4 + 960 * 2 and own[0]["as_expected"] == own[0]["attempts"]
    assert device["driver"] and device["works_before"] == device["works_after"] and any(device["works_before"].values())
    assert len(device["dma"]) >= 7 and {entry["seen"] for entry in device["dma"]} == {"blocked"}
    aimed = {entry["whose"] for entry in device["dma"]}
    assert {"the hypervisor", "a remapping unit", "nothing"} <= aimed
    assert any(owner.startswith("guest ") and owner != f"guest {name}" and "its own" not in owner for owner in aimed)
    if recorded_messages:
        assert {entry["seen"] for entry in device["messages"]} <= {"blocked"}


def driver_of(report, address):
    return next(device for guest in report["guests"] for device in guest["devices"] if device["address"] == address)
