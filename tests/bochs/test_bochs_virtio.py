# SPDX-License-Identifier: GPL-2.0-only
"""A guest whose virtio driver is hostile harms its own device alone, on VMX."""
import guestrun


def test_only_its_own_device_breaks(bochs_boot, tmp_path):
    run = bochs_boot(cmdline="exit panic=reset", modules=guestrun.hostile_virtio(tmp_path, "slow=20"), timeout=300, cpus=3)
    guestrun.assert_hostile_virtio(run)
