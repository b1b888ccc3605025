# SPDX-License-Identifier: GPL-2.0-only
"""Two guests exchange frames on a network between them, on VMX."""
import guestrun

FRAMES = 40


def test_two_guests_exchange_frames(bochs_boot, tmp_path):
    modules = guestrun.network_guests(tmp_path, FRAMES, hostile=False, words="slow=20")
    run = bochs_boot(cmdline="exit panic=reset", modules=modules, timeout=300, cpus=2)
    guestrun.assert_network_guests(run, FRAMES, hostile=False)
