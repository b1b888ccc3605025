# SPDX-License-Identifier: GPL-2.0-only
"""The isolation audit on the live machine: it passes at boot, finds every table that was spoiled (on SVM), and `bulkhead
audit` reads what it wrote and refuses a log in which two guests reach one page."""
import json
import re
import subprocess

import corrupt
import guestrun
import pytest
import testbed

TOOL = testbed.BUILD / "host-gcc" / "bulkhead"


def tool(*arguments):
    return subprocess.run([TOOL, "audit", *arguments], capture_output=True, text=True, timeout=60)


def test_audit_at_boot(tmp_path, boot, disk):
    config = guestrun.config(tmp_path, guestrun.guest("msi", [1, 2], "msi", cmdline="cpus=2", devices=["0000:00:05.0"]),
                             guestrun.guest("once", [0], "cpuid"))
    run = boot(cmdline="exit audit=full", modules=[config, testbed.Module(guestrun.image("msi"), "msi"),
                                                       testbed.Module(guestrun.image("cpuid"), "cpuid")],
               devices=testbed.demo_devices(disk), machine={"cpus": 3})
    verdicts = run.having("audit: verdict=")
    assert len(verdicts) == 1 and "verdict=pass scope=all guests=2 units=1 sources=1 " in verdicts[0], verdicts
    assert len(run.having("audit: vcpu=")) == 3  # each one's tables, as its control block says
    log = tmp_path / "log"
    log.write_text("\n".join(run.lines))
    done = tool(log, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert said["verdict"] == "pass" and not said["problems"]
    assert [s["source"] for s in said["sources"]] == ["0000:00:05.0"]
    assert {r["guest"] for r in said["reaches"]} == {"msi", "once"}
    assert all(r["rights"] == "rw" for r in said["reaches"] if r["kind"] == "registers")
    ram = [r for r in said["reaches"] if r["by"] == "cpu" and r["kind"] == "ram"]
    assert sum(int(r["bytes"], 16) for r in ram) == 2 * 16 << 20
    forged = [line for line in run.lines if re.search("audit: reach guest=once by=cpu .* kind=ram", line)][0]
    log.write_text("\n".join([*run.lines, forged.replace("guest=once", "guest=msi")]))
    done = tool(log)
    assert done.returncode == 1 and "problem: two guests reach 0x" in done.stdout


def test_no_audit_in_the_log(tmp_path):
    (tmp_path / "log").write_text("[ 0.1] info  boot\nweb| audit: verdict=pass\n")
    done = tool(tmp_path / "log")
    assert done.returncode == 2 and "no line of the isolation audit" in done.stderr


@pytest.mark.parametrize("word", corrupt.FINDINGS)
def test_spoiled_tables_are_refused(tmp_path, boot, disk, word):
    devices = ["0000:01:00.0", "0000:00:05.0"]
    run = boot(image=corrupt.IMAGE, cmdline=f"exit panic=reset corrupt={word}", machine={"cpus": 1},
               modules=corrupt.modules(tmp_path, devices), devices=testbed.demo_devices(disk))
    corrupt.assert_refused(run, word, devices)


def test_a_vcpu_on_the_wrong_tables_does_not_run(tmp_path, boot, disk):
    run = boot(image=corrupt.IMAGE, cmdline="exit panic=reset corrupt=root", machine={"cpus": 1},
               modules=corrupt.modules(tmp_path, ["0000:01:00.0", "0000:00:05.0"]), devices=testbed.demo_devices(disk))
    corrupt.assert_one_refused(run)


def test_a_guest_with_spoiled_tables_does_not_start_anew(tmp_path, boot, disk):
    run = boot(image=corrupt.IMAGE, cmdline="exit panic=reset corrupt=again", machine={"cpus": 1},
               modules=corrupt.modules(tmp_path, ["0000:01:00.0", "0000:00:05.0"], "reset=1"),
               devices=testbed.demo_devices(disk))
    corrupt.assert_restart_refused(run)
