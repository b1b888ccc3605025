# SPDX-License-Identifier: GPL-2.0-only
"""Two guests exchange frames while a third on their network is hostile, on SVM; tests/bochs/test_bochs_network.py: on
VMX."""
import guestrun

FRAMES = 200


def test_a_hostile_guest_harms_its_own_queues_alone(boot, tmp_path):
    run = boot(machine={"cpus": 3, "memory": "512M"}, modules=guestrun.network_guests(tmp_path, FRAMES), timeout=120)
    guestrun.assert_network_guests(run, FRAMES)
