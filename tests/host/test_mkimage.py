# SPDX-License-Identifier: GPL-2.0-only
"""tools/mkimage: what it writes, read again by other tools, and what it refuses, all of it at once. Nothing is booted here:
tests/qemu/test_mkimage_disk.py and test_uefi.py do that."""
import hashlib
import os
import pathlib
import re
import subprocess

import bootimage
import machine_tree
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MKIMAGE = ROOT / "tools/mkimage"
TOOL = pathlib.Path(os.environ.get("BULKHEAD_TOOL", ROOT / "build/host/bulkhead"))
BUILD = pathlib.Path(os.environ.get("BULKHEAD_BUILD", ROOT / "build"))
IMG = "it's.img"
CONFIG = """version = 1

[system]
console = "com2,57600"

[guest.a]
cpus    = [0]
memory  = "64MiB"
kernel  = "vmlinuz"
initrd  = "it's.img"
"""


def run(*arguments):
    command = [MKIMAGE, *arguments, "--tool", TOOL, "--kernel", BUILD / "bulkhead.elf", "--efi", BUILD / "bulkhead.efi"]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def made(tmp_path):
    """A folder with a configuration and its images."""
    (tmp_path / "guests.toml").write_text(CONFIG)
    (tmp_path / "vmlinuz").write_bytes(b"kernel" * 1000)
    (tmp_path / IMG).write_bytes(b"initrd" * 100000)
    return tmp_path


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def listed(image):
    """Files of the ISO 9660 part."""
    return subprocess.run(["xorriso", "-indev", image, "-find", "/", "-type", "f"], capture_output=True, text=True,
                          check=True).stdout.replace("'\"'\"'", "'")


def extract(image, inside, out):
    subprocess.run(["xorriso", "-osirrox", "on", "-indev", image, "-extract", inside, out], capture_output=True, check=True)
    return out


def boot_ways(image):
    return subprocess.run(["xorriso", "-indev", image, "-report_el_torito", "plain", "-report_system_area", "plain"],
                          capture_output=True, text=True, check=True).stdout


def assert_hybrid(image):
    """A CD that BIOS and UEFI start, and a disk with an EFI system partition and boot code in its first sector."""
    ways = boot_ways(image)
    assert re.search(r"boot img +: +\d+ +BIOS +y ", ways) and re.search(r"boot img +: +\d+ +UEFI +y ", ways), ways
    assert "28732ac11ff8d211ba4b00a0c93ec93b" in ways, "no EFI system partition in the GPT"
    assert image.read_bytes()[510:512] == b"\x55\xaa" and any(image.read_bytes()[:440])


def test_an_image_by_grub(made):
    done = run(made / "guests.toml")
    assert done.returncode == 0, done.stderr
    image = made / "guests.img"
    assert_hybrid(image)
    config = extract(image, "/boot/grub/grub.cfg", made / "grub.cfg").read_text()
    assert "serial --unit=1 --speed=57600" in config and "set timeout=3" in config
    assert "multiboot2 /bulkhead/bulkhead.elf console=com2,57600\n" in config
    assert "module2 /bulkhead/bulkhead.toml bulkhead.toml\n" in config
    assert "module2 /bulkhead/vmlinuz vmlinuz\n" in config
    assert "module2 /bulkhead/module2 'it'\\''s.img'\n" in config, "a name that FAT and GRUB would read otherwise"
    for inside, source in (("bulkhead.toml", "guests.toml"), ("vmlinuz", "vmlinuz"), ("module2", IMG)):
        assert sha256(extract(image, f"/bulkhead/{inside}", made / f"out-{inside}")) == sha256(made / source)


def test_what_was_checked_and_made_is_said(made):
    done = run(made / "guests.toml")
    assert "its text is accepted; devices, memory and CPUs were not checked" in done.stdout
    assert f"image vmlinuz bytes=6000 sha256={sha256(made / 'vmlinuz')}" in done.stdout
    assert f"configuration sha256={sha256(made / 'guests.toml')}" in done.stdout
    assert f"sudo dd if={made / 'guests.img'} of=/dev/sdX" in done.stdout


def test_an_image_by_our_loader(made):
    done = run(made / "guests.toml", "--loader", "efi", "-o", made / "own.img", "--cmdline", "debug")
    assert done.returncode == 0, done.stderr
    assert_hybrid(made / "own.img")
    partition = extract(made / "own.img", "/efi.img", made / "efi.img")
    text = subprocess.run(["mtype", "-i", partition, "::EFI/BOOT/boot.cfg"], capture_output=True, text=True, check=True).stdout
    assert "cmdline console=com2,57600 debug\n" in text
    assert f"module  /bulkhead/vmlinuz vmlinuz\nsha256  {sha256(made / 'vmlinuz')}\n" in text
    assert f"module  /bulkhead/module2 {IMG}\nsha256  {sha256(made / IMG)}\n" in text


def test_a_signed_loader(made):
    """Its signature is the certificate's; the list is in it and nowhere else."""
    key, certificate = made / "k.key", made / "k.pem"
    subprocess.run(["openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x/", "-keyout", key, "-out",
                    certificate], check=True, capture_output=True)
    done = run(made / "guests.toml", "--folder", "-o", made / "files", "--sign", key, certificate)
    assert done.returncode == 0, done.stderr
    loader = made / "files/EFI/BOOT/BOOTX64.EFI"
    assert sorted(path.name for path in loader.parent.iterdir()) == ["BOOTX64.EFI"]
    verify = subprocess.run(["sbverify", "--cert", certificate, loader], capture_output=True, text=True, check=False)
    assert verify.returncode == 0, verify.stderr
    assert sha256(made / "vmlinuz").encode() in loader.read_bytes()
    loader.write_bytes(loader.read_bytes().replace(b"cmdline", b"cmdlime"))
    assert subprocess.run(["sbverify", "--cert", certificate, loader], capture_output=True, check=False).returncode != 0


def test_a_plan_for_a_machine(made):
    """Refused with the planner's own words, and accepted for a machine that has what is asked for."""
    root = made / "root"
    machine_tree.q35(root)
    dump = made / "machine.dump"
    subprocess.run([TOOL, "dump", "--root", root, "-o", dump], check=True, capture_output=True)
    done = run(made / "guests.toml", "--machine", dump)
    assert done.returncode == 0 and f"accepted for the machine in {dump}" in done.stdout, done.stderr
    (made / "guests.toml").write_text(CONFIG.replace("[0]", "[63]"))
    done = run(made / "guests.toml", "--machine", dump, "-o", made / "other.img")
    assert done.returncode == 1 and re.search(r"error\[BH\d{4}\]", done.stderr) and "63" in done.stderr
    assert not (made / "other.img").exists()


def test_a_wrong_configuration(made):
    (made / "guests.toml").write_text(CONFIG.replace("cpus ", "cpu "))
    done = run(made / "guests.toml")
    assert done.returncode == 1 and "guests.toml:7" in done.stderr and "no image is made" in done.stderr
    assert not (made / "guests.img").exists()


def test_everything_that_is_wrong_with_files_at_once(made):
    (made / "vmlinuz").unlink()
    (made / IMG).write_bytes(b"")
    done = run(made / "guests.toml")
    assert done.returncode == 1
    missing, empty = done.stderr.strip().splitlines()
    assert re.search(r"guests.toml:9:11: guest a: no file vmlinuz in \S+; fix: .*--image vmlinuz=FILE", missing)
    assert re.search(r"guests.toml:10:11: .*it's.img has 0 bytes; fix: ", empty)


def test_each_guest_is_told_at_its_own_line(made):
    """Two guests with the same missing kernel; the second's heading and key are written with other blanks."""
    second = '\n[ guest . "b" ]  # another\ncpus = [1]\nmemory = "64MiB"\nkernel   =   "vmlinuz"\n'
    (made / "guests.toml").write_text(CONFIG + second)
    (made / "vmlinuz").unlink()
    done = run(made / "guests.toml")
    assert done.returncode == 1
    assert re.findall(r"guests.toml:(\d+:\d+): guest (\w): no file vmlinuz", done.stderr) == [("9:11", "a"), ("15:14", "b")]


def test_files_from_elsewhere(made):
    other = made / "other"
    other.mkdir()
    (made / "vmlinuz").rename(other / "renamed")
    (made / IMG).rename(other / IMG)
    done = run(made / "guests.toml", "--images", made, "--images", other, "--image", f"vmlinuz={other / 'renamed'}")
    assert done.returncode == 0, done.stderr


def test_a_pin_is_compared(made):
    text = CONFIG + f'kernel-sha256 = "{"0" * 64}"\n'
    (made / "guests.toml").write_text(text)
    done = run(made / "guests.toml")
    assert done.returncode == 1
    assert "guests.toml:11:17: guest a:" in done.stderr and f'write kernel-sha256 = "{sha256(made / "vmlinuz")}"' in done.stderr
    (made / "guests.toml").write_text(text.replace("0" * 64, sha256(made / "vmlinuz")))
    assert run(made / "guests.toml").returncode == 0


@pytest.mark.parametrize("arguments, said", [
    (["--sign", "a", "b"], "only Bulkhead's own loader is signed; fix: add --loader efi"),
    (["--loader", "efi", "--sign", "nokey", "nocert"], "there is no file nokey; fix: "),
    (["-o", "/dev"], "/dev: it is a folder; fix: "),
    (["--cmdline", "\u00e4"], "--cmdline: not plain ASCII"),
    (["--timeout", "-1"], "--timeout: it is below 0; fix: "),
    (["--images", "/nowhere", "--image", "a=/nowhere/b"], "--image a=/nowhere/b: there is no file /nowhere/b; fix: "),
])
def test_wrong_options(made, arguments, said):
    done = run(made / "guests.toml", *arguments)
    assert done.returncode == 1 and said in done.stderr


CONSOLE = "console=com2,57600 "


@pytest.mark.parametrize("words, fits", [("x" * (1023 - len(CONSOLE)), True), ("x" * (1024 - len(CONSOLE)), False),
                                         ("console=none " + "x" * 1010, True), ("console=none " + "x" * 1011, False)])
def test_the_longest_command_line(made, words, fits):
    """1023 characters, with the console that the configuration names in front when --cmdline has none."""
    done = run(made / "guests.toml", "--folder", "-o", made / "files", "--cmdline", words)
    if fits:
        assert done.returncode == 0, done.stderr
        (line,) = re.findall("^cmdline (.*)$", (made / "files/EFI/BOOT/boot.cfg").read_text(), re.M)
        assert len(line) == 1023 and line.endswith(words)
        return
    room = 1023 if words.startswith("console=") else 1023 - len(CONSOLE)
    assert done.returncode == 1
    assert "--cmdline: too long: the command line has 1024 characters" in done.stderr
    assert f"use at most {room} here" in done.stderr and not (made / "files").exists()


@pytest.mark.parametrize("mebibytes, kind, clusters", [(511, "FAT16", range(4085, 65525)), (512, "FAT32", range(65525, 1 << 28))])
def test_a_fat_of_either_kind(tmp_path, mebibytes, kind, clusters):
    """Sparse, so nothing large is written. The kind is what firmware takes it for, which counts clusters alone."""
    image, folder = tmp_path / "image", tmp_path / "folder"
    (folder / "EFI").mkdir(parents=True)
    (folder / "EFI/file").write_bytes(b"content" * 5000)
    bootimage.format_fat(image, mebibytes << 20)
    bootimage.fill_fat(image, folder)
    assert image.stat().st_size == mebibytes << 20 and image.stat().st_blocks < 16 << 11
    said = subprocess.run(["minfo", "-i", image, "::"], capture_output=True, text=True, check=True).stdout
    (per_cluster,) = re.findall(r"cluster size: (\d+) sectors", said)
    assert f'disk type="{kind}   "' in said and (mebibytes << 11) // int(per_cluster) in clusters, said
    assert subprocess.run(["mtype", "-i", image, "::EFI/file"], capture_output=True, check=True).stdout == b"content" * 5000


def test_unreadable(made):
    assert run(made / "none.toml").returncode == 2
    assert run(made / "guests.toml", "--image", "x").returncode == 2
    assert run().returncode == 2


def test_names_that_clash_on_fat():
    files = [bootimage.BootFile("x", name) for name in ("Image", "image", "a b", "bulkhead.ELF", "ok-1.img", "")]
    names = bootimage.names_on_medium(bootimage.BootList(pathlib.Path("k"), modules=files))
    assert names == ["Image", "module1", "a", "module3", "ok-1.img", "module5"]


def test_the_man_page():
    """No warnings, and every option."""
    page = ROOT / "tools/mkimage.1"
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", page], capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""
    options = set(re.findall(r"(?<![\w-])(--[a-z-]+)", run("--help").stdout)) - {"--help"}
    text = page.read_text().replace("\\-", "-")
    assert len(options) > 8 and not [option for option in options if option not in text]
