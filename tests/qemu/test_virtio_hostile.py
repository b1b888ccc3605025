# SPDX-License-Identifier: GPL-2.0-only
"""A guest whose virtio driver is hostile harms its own device alone, on SVM; tests/bochs/test_bochs_virtio.py: on VMX."""
import guestrun


def test_only_its_own_device_breaks(boot, tmp_path):
    run = boot(machine={"cpus": 3, "memory": "512M"}, modules=guestrun.hostile_virtio(tmp_path), timeout=90)
    guestrun.assert_hostile_virtio(run)


def test_no_console_without_a_service_guest(tmp_path):
    done = guestrun.run_guest(tmp_path, "--kernel", guestrun.image("virtio"), "--cpus", 2, "--memory", "16MiB",
                              "--cmdline", "cpus=2", "--machine-memory", "512M")
    assert "FAIL: a virtio console is at 00:1f.0" in done.out
