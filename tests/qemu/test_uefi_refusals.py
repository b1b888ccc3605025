# SPDX-License-Identifier: GPL-2.0-only
"""What Bulkhead's EFI loader cannot load, it refuses in words that say why, and the firmware goes on to the next medium:
one machine with little memory tries six."""
import bootimage
import ovmf
import pytest
import testbed

KEY = ("press a key", b" ")
NAME_ON_FAT = b"MODULE  BIN"
REFUSALS = 7


def change_size(image, size):
    """The module's directory entry says another size than the file has (Microsoft, FAT 1.03: at byte 28)."""
    data = bytearray(image.read_bytes())
    assert data.count(NAME_ON_FAT) == 1
    at = data.index(NAME_ON_FAT)
    data[at + 28:at + 32] = size.to_bytes(4, "little")
    image.write_bytes(data)


class Media:
    """FAT images that hold the loader, and something that it cannot load."""

    def __init__(self, folder):
        self.folder = folder

    def make(self, name, prepare=lambda esp: None, lines=("kernel /bulkhead.elf", "module /module.bin")):
        esp, image = self.folder / name, self.folder / f"{name}.img"
        efi = esp / "EFI/BOOT"
        efi.mkdir(parents=True)
        (efi / "BOOTX64.EFI").write_bytes((testbed.BUILD / "bulkhead.efi").read_bytes())
        (efi / "boot.cfg").write_text("\n".join(lines) + "\n")
        bootimage.command("objcopy", "--strip-debug", testbed.BUILD / "bulkhead.elf", esp / "bulkhead.elf")
        prepare(esp)
        bootimage.write_fat(image, esp)
        return image

    def missing(self):
        """On FAT32."""
        image = self.make("missing", lines=["kernel /none/bulkhead.elf"])
        bootimage.format_fat(image, 600 << 20)
        bootimage.fill_fat(image, self.folder / "missing")
        return image

    def empty(self):
        return self.make("empty", lambda esp: (esp / "module.bin").write_bytes(b""))

    def subfolder(self):
        return self.make("subfolder", lambda esp: (esp / "module.bin").mkdir())

    def sized(self, name, size):
        image = self.make(name, lambda esp: (esp / "module.bin").write_bytes(b"module"))
        change_size(image, size)
        return image

    def unwilling(self):
        def prepare(esp):
            efi = esp / "EFI/BOOT"
            (efi / "BOOTX64.EFI").rename(efi / "NEXT.EFI")
            (efi / "BOOTX64.EFI").write_bytes((testbed.BUILD / "unwilling.efi").read_bytes())
        return self.make("unwilling", prepare, ["kernel /bulkhead.elf"])


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    folder = tmp_path_factory.mktemp("refusals")
    media = Media(folder)
    sticks = ovmf.usb_sticks(media.missing(), media.unwilling(), media.empty(), media.subfolder(),
                             media.sized("large", (2 << 30) + 1), media.sized("memory", 1 << 30))
    accelerator, _ = testbed.choose_accelerator(testbed.kvm_supported_cpuid())
    arguments = [*testbed.machine_arguments(cpus=1, memory="512M", accelerator=accelerator), *sticks, *ovmf.arguments(folder)]
    run = testbed.run_qemu(arguments, 120, answers=[KEY] * REFUSALS,
                           stop_when=lambda line: "no memory below" in line or "FAILED" in line)
    print(run.text)
    return run


@pytest.mark.xdist_group("uefi-refusals")
@pytest.mark.parametrize("said", [
    "/none/bulkhead.elf: there is no such file; fix: put it there, or correct its path in boot.cfg",
    "/module.bin: it is empty; fix: put the right file there",
    "/module.bin: it is a folder; fix: name a file in boot.cfg",
    "/module.bin: it is larger than 2 GiB; fix: load smaller files",
    "/module.bin: no memory below 4 GiB for it; fix: give the machine more memory, or load smaller files",
    "firmware keeps 0x300000..0x301000, where the hypervisor goes; fix: update the firmware, turn off what it keeps there",
    "firmware gives no memory map to leave it with; fix: update the firmware, or boot by GRUB",
])
def test_each_refusal_says_why(refused, said):
    assert len(refused.having(f"loader: refused: {said}")) == 1


@pytest.mark.xdist_group("uefi-refusals")
def test_nothing_else_was_refused_and_nothing_was_entered(refused):
    assert not refused.timed_out and len(refused.having("loader: refused: ")) == REFUSALS
    assert not refused.having("FAILED") and not refused.having("boot: Bulkhead, started by")
