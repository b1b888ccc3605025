# SPDX-License-Identifier: GPL-2.0-only
"""A TPM2 table by GRUB and a log in the machine's memory: found, copied, counted. Without: one line says so."""
import guestrun
import pytest
import testbed
import tpm_table

AT = 0x18000000  # RAM that nobody uses before the hypervisor looks


def run(boot, folder, log, table=None):
    path = folder / "log.bin"
    path.write_bytes(log)
    (folder / "tpm2.aml").write_bytes(table or tpm_table.tpm2(AT, len(log)))
    config = guestrun.config(folder, guestrun.guest("once", [0], "loader"))
    return boot(modules=[config, testbed.Module(guestrun.image("loader"), "loader"),
                         testbed.Module(folder / "tpm2.aml", None)],
                devices=["-device", f"loader,file={path},addr={AT:#x},force-raw=on"],
                machine={"cpus": 1, "memory": "512M"}, grub_before=["acpi -2 /boot/tpm2.aml"])


@pytest.mark.parametrize("make", [tpm_table.plain_log, tpm_table.agile_log])
def test_a_log_is_found(boot, tmp_path, make):
    log = make()
    done = run(boot, tmp_path, log)
    assert done.having(f"measured: log=yes at={AT:#x} bytes={len(log)} events={len(tpm_table.EVENTS)} unsound=no")
    assert guestrun.end_of(done, "once") == "powered-off"


def test_an_unsound_log_is_read_as_far_as_it_is_sound(boot, tmp_path):
    log = bytearray(tpm_table.plain_log())
    second = 32 + len(tpm_table.EVENTS[0][2])
    log[second:second + 4] = b"\x77\x77\x77\x77"  # no such register
    done = run(boot, tmp_path, bytes(log))
    assert done.having("measured: log=yes", "events=1 unsound=yes")


def test_a_log_nowhere(boot, tmp_path):
    done = run(boot, tmp_path, tpm_table.plain_log(), tpm_table.tpm2(1 << 45, 4096))
    assert done.having('measured: log=no text="the log is not in memory that the memory map knows"')
    assert guestrun.end_of(done, "once") == "powered-off"


def test_no_table(boot, tmp_path):
    config = guestrun.config(tmp_path, guestrun.guest("once", [0], "loader"))
    done = boot(modules=[config, testbed.Module(guestrun.image("loader"), "loader")],
                machine={"cpus": 1, "memory": "512M"})
    assert done.having('measured: log=no text="there is neither a table TPM2 nor TCPA"')
