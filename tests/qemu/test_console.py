# SPDX-License-Identifier: GPL-2.0-only
"""What is typed on the physical console reaches the guest that has the focus; Ctrl-] moves it on."""
import guestrun
import testbed

NEXT_GUEST = b"\x1d"


def test_input_follows_the_focus(boot, tmp_path):
    modules = [guestrun.config(tmp_path,
                               guestrun.guest("first", [0], "vmlinux", "256MiB", initrd="shell.img",
                                              cmdline="console=ttyS0 quiet"),
                               guestrun.guest("second", [1], "vmlinux", "256MiB", initrd="shell.img",
                                              cmdline="console=ttyS0 quiet")),
               testbed.Module(guestrun.linux("vmlinux"), "vmlinux"),
               testbed.Module(guestrun.linux("shell.img"), "shell.img")]
    started = []

    def both_wait(line):
        started.extend(name for name in ("first", "second") if line.startswith(name) and "shell ready" in line)
        return False

    run = boot(machine={"cpus": 2}, modules=modules, timeout=120, stop_when=both_wait, answers=[
        (("first| demo: shell ready", "second| demo: shell ready"), b"echo typed-$((40 + 2)); echo done-$((1 + 1))\n"),
        ("first| done-2", NEXT_GUEST),
        ("console: input goes to guest second", b"echo other-$((50 + 5)); poweroff -f\n"),
        ("guest: name=second end=powered-off", NEXT_GUEST + b"poweroff -f\n"),
    ])
    assert set(started) == {"first", "second"}
    assert "typed-42" in guestrun.guest_lines(run.lines, "first")
    assert "other-55" in guestrun.guest_lines(run.lines, "second")
    assert not any("other-55" in line for line in guestrun.guest_lines(run.lines, "first"))
    assert guestrun.end_of(run, "first") == guestrun.end_of(run, "second") == "powered-off"
