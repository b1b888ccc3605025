# SPDX-License-Identifier: GPL-2.0-only
"""Secure Boot with keys of our own, and the network: what is signed and whole starts, and nothing else. One machine tries
five media in turn: each that is refused makes the firmware go on to the next."""
import re
import struct

import bootimage
import guestrun
import ovmf
import ovmf_variables
import pytest
import testbed

REFUSED_LIST = "loader: refused: Secure Boot is on, and this loader has no list of hashes inside it"
REFUSED_FILE = "loader: refused: /bulkhead/loader is not the file that line"
KEY = ("press a key", b" ")


def small_list(folder):
    """One bare-metal guest that says how it was started and ends."""
    config = guestrun.config(folder, guestrun.guest("once", [0], "loader"))
    modules = [bootimage.BootFile(config.path, config.text), bootimage.BootFile(guestrun.image("loader"), "loader")]
    return bootimage.BootList(testbed.BUILD / "bulkhead.elf", "exit", modules)


def start(folder, medium, variables, answers=()):
    accelerator, _ = testbed.choose_accelerator(testbed.kvm_supported_cpuid())
    arguments = [*testbed.machine_arguments(cpus=1, memory="512M", accelerator=accelerator), *medium,
                 *ovmf.arguments(folder, variables)]
    run = testbed.run_qemu(arguments, 120, answers=answers, stop_when=lambda line: "Press any key to enter the Boot" in line)
    print(run.text)
    return run


def damage(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


class Media:
    """FAT images that differ in how they are signed."""

    def __init__(self, folder):
        self.folder, self.loader = folder, testbed.BUILD / "bulkhead.efi"
        self.signer = ovmf_variables.make_key(folder, "owner")
        self.wanted = small_list(folder)

    def make(self, name, signer, change=lambda partition: None):
        partition, image = self.folder / name, self.folder / f"{name}.img"
        bootimage.write_system_partition(partition, self.wanted, self.loader, signer)
        change(partition)
        bootimage.write_fat(image, partition)
        return image

    def unsigned(self):
        return self.make("unsigned", None)

    def other_list(self):
        """A signed loader whose list was changed afterwards, to pin a changed file."""
        def change(partition):
            loader = partition / "EFI/BOOT/BOOTX64.EFI"
            data = loader.read_bytes()
            assert data.count(b"cmdline exit") == 1
            loader.write_bytes(data.replace(b"cmdline exit", b"cmdline wild"))
        return self.make("other-list", self.signer, change)

    def without_list(self):
        """Signed without a list, with a boot.cfg beside it that anybody could have written."""
        def change(partition):
            (partition / "EFI/BOOT/boot.cfg").write_text(bootimage.loader_list(self.wanted, partition))
            bootimage.sign(self.loader, *self.signer, partition / "EFI/BOOT/BOOTX64.EFI")
        return self.make("without-list", self.signer, change)

    def changed_file(self):
        return self.make("changed", self.signer, lambda partition: damage(partition / "bulkhead/loader"))

    def sound(self):
        return self.make("sound", self.signer)


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    folder = tmp_path_factory.mktemp("secure")
    media = Media(folder)
    variables = ovmf_variables.enroll(ovmf.FIRMWARE / "OVMF_VARS_4M.fd", folder / "keys.fd",
                                      ovmf_variables.der_of(media.signer[1]))
    sticks = ovmf.usb_sticks(media.unsigned(), media.other_list(), media.without_list(), media.changed_file(), media.sound())
    return start(folder, sticks, variables, [KEY, KEY])


@pytest.mark.xdist_group("uefi-secure")
def test_firmware_refuses_what_is_not_signed(secure):
    """Without a signature, and with one that the list inside no longer fits."""
    assert len(secure.having("BdsDxe: failed to load", "Access Denied")) == 2
    assert "wild" not in secure.text


@pytest.mark.xdist_group("uefi-secure")
def test_a_signed_loader_without_a_list_loads_nothing(secure):
    assert len(secure.having(REFUSED_LIST, "fix: ")) == 1


@pytest.mark.xdist_group("uefi-secure")
def test_a_changed_file_is_refused(secure):
    """Its own hash and the pinned one are said."""
    assert len(secure.having(REFUSED_FILE, "fix: ")) == 1
    good = bootimage.sha256_of(guestrun.image("loader"))
    assert secure.having(f"loader: /bulkhead/loader is pinned to sha256={good}")
    assert len(secure.having("loader: /bulkhead/loader bytes=", "as pinned")) == 1


@pytest.mark.xdist_group("uefi-secure")
def test_what_is_signed_and_whole_starts(secure):
    assert len(secure.having("Secure Boot is on")) == 3 + 1  # three starts of the loader, and one refusal says it too
    assert len(secure.having("boot: Bulkhead, started by Bulkhead's EFI loader")) == 1
    guestrun.assert_passed(guestrun.guest_lines(secure.lines, "once"))
    assert guestrun.end_of(secure, "once") == "powered-off" and secure.ended


def spcr(port, rate):
    """The ACPI table that names the firmware's serial console."""
    body = struct.pack("<B3xBBBBQ", 0, 1, 8, 0, 1, port) + bytes(6) + struct.pack("<B", rate) + bytes(21)
    head = struct.pack("<4sIBB6s8sI4sI", b"SPCR", 36 + len(body), 2, 0, b"BULKHD", b"TESTSPCR", 1, b"TEST", 1)
    table = bytearray(head + body)
    table[9] = -sum(table) & 0xFF
    return bytes(table)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """Started by PXE, with a TPM, a firmware that names its serial console, and a second port on a card."""
    folder = tmp_path_factory.mktemp("network")
    bootimage.write_system_partition(folder / "served", small_list(folder), testbed.BUILD / "bulkhead.efi")
    (folder / "spcr").write_bytes(spcr(0x3F8, 7))
    more = ["-acpitable", f"file={folder / 'spcr'}", "-device", "pci-serial,addr=9.0"]
    with ovmf.tpm(folder) as tpm:
        return start(folder, [*ovmf.network(folder / "served"), *tpm, *more], ovmf.FIRMWARE / "OVMF_VARS_4M.fd")


@pytest.mark.xdist_group("uefi-network")
def test_the_network(network):
    """The firmware fetches the loader by PXE, and the loader fetches the rest from there."""
    assert network.having('loader: files are read by TFTP from 10.0.2.2, folder "EFI/BOOT/"')
    assert len(network.having("loader: /bulkhead/", "as pinned")) == 3
    guestrun.assert_passed(guestrun.guest_lines(network.lines, "once"))
    assert guestrun.end_of(network, "once") == "powered-off" and network.ended


@pytest.mark.xdist_group("uefi-network")
def test_what_is_loaded_is_measured(network):
    """Into the TPM, and its event log comes along: the firmware's entries, then the command line and three files."""
    assert network.having("loader: TPM: what is loaded is measured")
    size = re.search(r"loader: TPM: event log of (\d+) bytes$", network.text, re.M)
    log = re.search(r"measured: log=yes at=0x[0-9a-f]+ bytes=(\d+) events=(\d+) unsound=no", network.text)
    assert size and log and size[1] == log[1] and int(log[2]) > 4


@pytest.mark.xdist_group("uefi-network")
def test_serial_ports(network):
    """All that there are; the firmware's own is the hypervisor's when nothing else is asked for."""
    assert network.having("loader: serial: the firmware's own console is console=0x3f8,115200")
    (card,) = network.having("loader: serial: PCI 0000:00:09.0 is console=0x")
    (bar,) = re.findall(r"pci: 0000:00:09\.0 .* bar0=io:([0-9a-f]+)\+8 ", network.text)
    assert card.endswith(f"console=0x{bar},115200")
    assert network.having("boot: Bulkhead, started by Bulkhead's EFI loader", 'with "exit console=0x3f8,115200"')
