# SPDX-License-Identifier: GPL-2.0-only
"""The service guest's channel on VMX under Bochs: Linux reads events and sends commands, beside a guest that crashes."""
import json

import bochs
import events
import guestrun
import native
import testbed

CONSOLE = "console=ttyS0 quiet rodata=off off=reboot"  # rodata=off: without two walks over all page tables


def said(run, word):
    return [line.removeprefix(word + " ") for line in guestrun.guest_lines(run.lines, "service")
            if line.startswith(word + " ")]


def test_events_and_commands(bochs_boot, tmp_path):
    lines = ['{"id":1,"command":"status"}', "@user crashed", '{"id":2,"command":"start","guest":"user"}', "@user crashed",
             '{"id":3,"command":"pause","guest":"user"}', "no command"]
    initrd = native.image(tmp_path / "service.img", "service", ["virtio_pci", "virtio_console"],
                          {"commands": "\n".join([*lines, ""]).encode()})
    config = guestrun.config(tmp_path, '[system]\nservice = "service"\n',
                             guestrun.guest("service", [0], "vmlinux", "128MiB", initrd="service.img", cmdline=CONSOLE),
                             guestrun.guest("user", [1], "triple", "4MiB"))
    run = bochs_boot(modules=[config, testbed.Module(guestrun.linux("vmlinux"), "vmlinux"),
                              testbed.Module(initrd, "service.img"), testbed.Module(guestrun.image("triple"), "triple")],
                     model="corei7_haswell_4770", ips=bochs.LINUX_IPS, timeout=900)
    assert run.ended and not run.having("panic:") and run.having("cpu: backend=vmx")
    answers = [json.loads(line) for line in said(run, "answer")]
    assert [answer["ok"] for answer in answers] == [True, True, False, False]
    assert answers[0]["guest-count"] == 2 and answers[2]["code"] == "not-possible" and answers[3]["code"] == "not-json"
    told = [json.loads(line) for line in said(run, "event")]
    events.validate_all(told)
    events.assert_complete(told)
    of_user = [event["type"] for event in told if event.get("guest") == "user"]
    assert told[0]["type"] == "hello" and of_user == 2 * ["guest-started", "guest-crashed"], told
    assert run.having("bulkhead: the service guest wants the machine to be reset")
