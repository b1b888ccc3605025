# SPDX-License-Identifier: GPL-2.0-only
"""bulkhead devices, plan, suggest and topology over dumps of synthetic machines."""
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tomllib

import dmar_table
import machine_tree
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = pathlib.Path(os.environ.get("BULKHEAD_TOOL", ROOT / "build/host/bulkhead"))
NAMES = """8086  Intel Corporation
\t10d3  82574L "Gigabit" Network \\ Connection
1b36  Red Hat, Inc.
C 01  Mass storage controller
\t08  Non-Volatile memory controller
"""
GUEST = '[guest.a]\ncpus = [0]\nmemory = "64MiB"\nkernel = "k"\n'


def run(*arguments):
    assert TOOL.exists(), f"{TOOL} is missing: run make"
    return subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)


def threads(root):
    return machine_tree.q35(root, threads=2)


def rmrr(root):
    """Firmware's memory for the disk at 01:00.0 and for the function at 00:04.0."""
    def region(base, device, *hops):
        path = b"".join(bytes(hop) for hop in hops)
        scope = struct.pack("<BBHBB", 1, 6 + len(path), 0, 0, 0) + path
        return struct.pack("<HHHHQQ", 1, 24 + len(scope), 0, 0, base, base + 0xFFFF) + scope
    return machine_tree.q35(root, structures=[region(0x7FFE0000, 0, (2, 0), (0, 0)), region(0x7FFF0000, 0, (4, 0))])


def no_dmar(root):
    return machine_tree.q35(root, with_dmar=False)


def no_remapping(root):
    return machine_tree.q35(root, remapping=False)


SOUND = {"q35": machine_tree.q35, "segments": machine_tree.two_segments, "threads": threads, "rmrr": rmrr}


@pytest.fixture(scope="module")
def dumps(tmp_path_factory):
    """dumps(make): path of that machine's dump."""
    made = {}

    def dump(make):
        if make not in made:
            folder = tmp_path_factory.mktemp("machine")
            make(folder / "root")
            made[make] = folder / "dump.txt"
            run("dump", "--root", folder / "root", "-o", made[make])
        return made[make]

    return dump


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    path = tmp_path_factory.mktemp("ids") / "pci.ids"
    path.write_text(NAMES)
    return path


def devices(dump, names):
    done = run("devices", "--machine", dump, "--json", "--pci-ids", names)
    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout)
    return got, {d["address"]: d for d in got["devices"]}


def plan(tmp_path, dump, text, *arguments):
    path = tmp_path / "bulkhead.toml"
    path.write_text("version = 1\n" + text)
    done = run("plan", path, "--machine", dump, *arguments)
    return done.returncode, done.stdout, done.stderr


def test_devices_of_q35(dumps, names):
    got, by_address = devices(dumps(machine_tree.q35), names)
    assert got["vtd"] is True and got["interrupt_remapping"] is True
    nvme, nic, sata = (by_address[at] for at in ("0000:01:00.0", "0000:02:00.0", "0000:00:1f.2"))
    assert nvme["name"] == "Red Hat, Inc. Non-Volatile memory controller"
    assert nic["name"] == 'Intel Corporation 82574L "Gigabit" Network \\ Connection'
    assert (nvme["reset"], nic["reset"]) == ("flr", "bus")
    assert nvme["assignable"] and nic["assignable"] and nvme["group"] != nic["group"]
    assert sata["why_not"] == "shares its group with 0000:00:1f.0, which is a bridge"
    assert by_address["0000:00:02.0"]["bridge"] is True


def test_devices_on_two_segments(dumps, names):
    got, by_address = devices(dumps(machine_tree.two_segments), names)
    assert "0001:05:10.0" not in by_address, "Linux made it: the hypervisor finds none"
    assert by_address["0001:05:00.0"]["vfs_of_linux"] == 1 and (got["left_out_vfs"], got["left_out_behind_vmd"]) == (1, 0)
    assert by_address["0001:05:00.0"]["vfs"] == 7 and by_address["0001:00:0e.0"]["behind_vmd"] == 2
    assert by_address["0001:03:00.0"]["unit"] == 1 and by_address["0000:01:00.0"]["unit"] == 0
    assert by_address["0001:03:00.0"]["group"] == by_address["0001:04:00.0"]["group"], "a switch without ACS"


def test_reserved_memory_is_seen(dumps, names):
    _, by_address = devices(dumps(rmrr), names)
    assert {at for at, d in by_address.items() if d["rmrr"]} == {"0000:01:00.0", "0000:00:04.0"}


@pytest.mark.parametrize("make, words", [(no_dmar, "no remapping unit"), (no_remapping, "interrupts are not remapped")])
def test_why_nothing_can_be_given(dumps, names, make, words):
    got, by_address = devices(dumps(make), names)
    assert not any(d["assignable"] for d in got["devices"])
    assert words in by_address["0000:01:00.0"]["why_not"]


def test_devices_as_a_table_and_as_lines(dumps):
    dump = dumps(machine_tree.two_segments)
    lines = run("devices", "--machine", dump).stdout.splitlines()
    assert lines[0].split() == ["address", "id", "class", "unit", "group", "reset", "name"]
    at = next(n for n, line in enumerate(lines) if line.startswith("0001:03:00.0"))
    assert lines[at + 1].strip() == "to a guest: yes, together with 0001:04:00.0"
    lines = run("devices", "--machine", dump, "--lines").stdout.splitlines()
    assert len(lines) == 22 and all(line.startswith("device=") for line in lines)


def test_names_that_cannot_be_read(dumps):
    assert run("devices", "--machine", dumps(machine_tree.q35), "--pci-ids", "/no/such/file").returncode == 2


@pytest.mark.parametrize("name", SOUND)
def test_what_is_suggested_is_accepted(tmp_path, dumps, names, name):
    dump = dumps(SOUND[name])
    done = run("suggest", "--machine", dump, "--pci-ids", names)
    assert done.returncode == 0, done.stderr
    path = tmp_path / "bulkhead.toml"
    path.write_text(done.stdout)
    assert run("check", path).returncode == 0
    planned = run("plan", path, "--machine", dump, "--json")
    assert planned.returncode == 0, planned.stdout
    got = json.loads(planned.stdout)
    assert [g["name"] for g in got["guests"]] == ["service", "work"]
    assert got["guests"][0]["devices"] == [] and got["guests"][1]["devices"]
    assert tomllib.loads(done.stdout)["system"]["service"] == "service"
    assert not [d for d in got["diagnostics"] if d["severity"] == "error"]
    for at in re.findall(r"^pci (0\S+)", dump.read_text(), re.M):
        function = [d for d in devices(dump, names)[0]["devices"] if d["address"] == at]
        assert not function or function[0]["bridge"] or at in done.stdout, f"{at} is not mentioned"


@pytest.mark.parametrize("path", sorted((ROOT / "tests/data/machine").glob("*.txt")), ids=lambda p: p.stem)
def test_what_is_suggested_for_a_real_dump_is_accepted(tmp_path, path):
    """Dumps that the static tool took inside of a Linux under QEMU."""
    done = run("suggest", "--machine", path)
    assert done.returncode == 0, done.stderr
    (tmp_path / "s.toml").write_text(done.stdout)
    planned = run("plan", tmp_path / "s.toml", "--machine", path)
    assert planned.returncode == 0 and "guest=work device=" in planned.stdout, planned.stdout
    assert run("devices", "--machine", path, "--json").returncode == 0


def test_a_line_that_linux_knows_is_suggested(tmp_path):
    tree = machine_tree.q35(tmp_path / "root")
    tree.pci("0000:00:05.0", (0x10EC, 0x8139), 0x020000, pin=1, irq=21, caps=[machine_tree.power(False)],
             bars=[machine_tree.bar(machine_tree.MEMORY, 0xFE900000, 0x1000)], driver="8139cp")
    done = run("dump", "--root", tmp_path / "root", "-o", tmp_path / "dump.txt")
    assert done.returncode == 0
    text = run("suggest", "--machine", tmp_path / "dump.txt").stdout
    assert '[device."0000:00:05.0"]\ngsi = 21\n' in text
    (tmp_path / "s.toml").write_text(text)
    assert run("plan", tmp_path / "s.toml", "--machine", tmp_path / "dump.txt").returncode == 0


def test_threads_of_a_core_stay_together(dumps):
    text = run("suggest", "--machine", dumps(threads)).stdout
    assert "cpus = [0, 2]" in text and "cpus = [1, 3]" in text


def test_one_core(tmp_path):
    tree = machine_tree.q35(tmp_path / "root")
    tree.cpus(1)
    run("dump", "--root", tmp_path / "root", "-o", tmp_path / "dump.txt")
    text = run("suggest", "--machine", tmp_path / "dump.txt").stdout
    assert text.count("cpus = [0]") == 2 and text.count("share = true") == 2
    (tmp_path / "s.toml").write_text(text)
    assert run("plan", tmp_path / "s.toml", "--machine", tmp_path / "dump.txt").returncode == 0


def test_nothing_is_suggested_without_vtd(dumps):
    done = run("suggest", "--machine", dumps(no_dmar))
    assert done.returncode == 1 and done.stdout == "" and "BH0403" in done.stderr


def test_a_list_says_once_that_vtd_is_missing(dumps):
    done = run("devices", "--machine", dumps(no_dmar))
    assert done.returncode == 0 and done.stderr.count("error[BH0403] ") == 1 and "fix: turn on \"VT-d\"" in done.stderr
    assert run("devices", "--machine", dumps(machine_tree.q35)).stderr == ""


def test_a_plan_as_text(tmp_path, dumps):
    status, out, _ = plan(tmp_path, dumps(machine_tree.q35), GUEST + 'devices = ["0000:01:00.0"]\n')
    assert status == 0
    lines = out.splitlines()
    assert lines[-1].startswith("bulkhead.toml: accepted; known only at boot: ")
    assert any(line.startswith("guest=a device=0000:01:00.0 id=1b36:0010 ") and "reset=flr" in line for line in lines)


def test_a_refused_plan_shows_the_line(tmp_path, dumps):
    status, out, _ = plan(tmp_path, dumps(machine_tree.two_segments), GUEST + 'devices = ["0001:03:00.0"]\n')
    assert status == 1 and "error[BH0619] bulkhead.toml:6:12: " in out and "0001:04:00.0" in out
    assert '    6 | devices = ["0001:03:00.0"]\n      |            ^\n' in out
    assert out.endswith("bulkhead.toml: refused\n"
                        "bulkhead.toml: left out: 1 virtual function that Linux made (at boot there are none)\n")


def test_all_errors_of_a_text_are_told_before_any_plan(tmp_path, dumps):
    status, out, _ = plan(tmp_path, dumps(machine_tree.q35), "[guest.a]\ncpus = [0]\n")
    assert status == 1 and "guest=" not in out
    status, out, _ = plan(tmp_path, dumps(machine_tree.q35), "[guest.a]\ncpus = [0]\n", "--json")
    got = json.loads(out)
    assert status == 1 and got["accepted"] is False and len(got["diagnostics"]) == 2


def test_the_system_table_and_devices_are_told_together(tmp_path, dumps):
    text = '[system]\nconsole = "com9"\nwithout = ["nonsense"]\n' + GUEST + 'devices = ["0000:00:02.0"]\n'
    status, out, _ = plan(tmp_path, dumps(machine_tree.q35), text)
    assert status == 1
    assert [line.split(" ")[1] for line in out.splitlines() if line.startswith("error")] == [
        f"bulkhead.toml:{at}:" for at in ("3:11", "4:12", "9:12")]


def test_a_machine_without_vtd_is_refused(tmp_path, dumps):
    status, out, _ = plan(tmp_path, dumps(no_dmar), GUEST)
    assert status == 1 and "error[BH0403] DMAR: " in out


def test_the_order_of_a_dump_changes_nothing(tmp_path, dumps):
    """Functions and tables in reverse: the same plan."""
    text = dumps(machine_tree.two_segments).read_text().removesuffix("end\n")
    blocks = re.split(r"^(?=pci |acpi )", text, flags=re.M)
    (tmp_path / "reversed.txt").write_text("".join(blocks[:1] + blocks[:0:-1]) + "end\n")
    guest = GUEST + 'devices = ["0001:03:00.0", "0001:04:00.0", "0000:02:00.0"]\n'
    first = plan(tmp_path, dumps(machine_tree.two_segments), guest)
    assert first[0] == 0 and plan(tmp_path, tmp_path / "reversed.txt", guest) == first


def test_linux_traces_are_taken_back(tmp_path):
    """ACS as Linux left it, MSI switched on, bus mastering: the same plan whatever they are."""
    plans = set()
    for n, (control, command) in enumerate(((0, 0), (0x1D, 0x507))):
        root = tmp_path / str(n)
        tree = machine_tree.q35(root / "root")
        tree.pci("0000:00:06.0", (0x8086, 0x352A), 0x060400, buses=(0, 3, 3), caps=[machine_tree.express(4)],
                 extended=[machine_tree.acs(control=control)], command=command)
        tree.pci("0000:03:00.0", (0x8086, 0x1521), 0x020000, caps=[machine_tree.express(flr=True), machine_tree.msi()],
                 bars=[machine_tree.bar(machine_tree.MEMORY, 0xFE000000, 0x4000)], command=command)
        assert run("dump", "--root", root / "root", "-o", root / "dump.txt").returncode == 0
        plans.add(plan(tmp_path, root / "dump.txt", GUEST + 'devices = ["0000:03:00.0"]\n'))
    assert len(plans) == 1 and plans.pop()[0] == 0


def test_an_incomplete_dump_gives_no_plan(tmp_path):
    tree = machine_tree.q35(tmp_path / "root", readable=64)
    shutil.rmtree(tree.root / "sys/firmware")
    run("dump", "--root", tmp_path / "root", "-o", tmp_path / "dump.txt")
    status, out, err = plan(tmp_path, tmp_path / "dump.txt", GUEST)
    assert status == 2 and out == "" and "take it as root" in err
    done = run("devices", "--machine", tmp_path / "dump.txt")
    assert done.returncode == 0 and "0000:01:00.0" in done.stdout and "this is not all" in done.stderr
    assert run("suggest", "--machine", tmp_path / "dump.txt").returncode == 2


@pytest.mark.parametrize("change, words", [
    (lambda t: "x" + t, "line 1: not a dump"), (lambda t: t.replace("machine 1", "machine 2"), "line 1: not a dump"),
    (lambda t: t.removesuffix("end\n"), "cut short"), (lambda t: t[:1000], "line "),
    (lambda t: t.replace("0000:01:00.0", "0000:02:00.0"), "two functions have one address"),
    (lambda t: t.replace(" 000: ", " 000: zz ", 1), "not a byte"), (lambda t: t.replace(" 000: ", " fff: ", 1), "bytes"),
    (lambda t: t.replace("memory 0x0-", "memory 0x-", 1), "not a number"),
    (lambda t: t.replace(" 4096\n", " 4095\n", 1), "64, 256 or 4096"),
    (lambda t: t + "\0", "NUL"), (lambda t: t + "a " * 80, "words"), (lambda t: t + "b" * 600, "long")])
def test_damaged_dumps_are_named(tmp_path, dumps, change, words):
    path = tmp_path / "dump.txt"
    path.write_text(change(dumps(machine_tree.q35).read_text()))
    done = run("devices", "--machine", path)
    assert done.returncode == 2 and done.stdout == "" and words in done.stderr and done.stderr.count("\n") == 1


def test_words_of_a_later_version_are_passed_over(tmp_path, dumps):
    path = tmp_path / "dump.txt"
    text = dumps(machine_tree.q35).read_text()
    path.write_text(text.replace(" bar 0", " colour red\n bar 0", 1).replace("\nacpi", "\nweather fine\nacpi", 1))
    assert run("devices", "--machine", path).stdout == run("devices", "--machine", dumps(machine_tree.q35)).stdout


def test_a_picture(tmp_path, dumps, names):
    dump = dumps(machine_tree.two_segments)
    text = run("topology", "--dot", "--machine", dump, "--pci-ids", names).stdout
    assert text.count("subgraph cluster_") == 5, "chipset, the switch's ports, VMD's group and its domain, the legend"
    assert '82574L \\"Gigabit\\"' in text
    (tmp_path / "b.toml").write_text("version = 1\n" + GUEST + 'devices = ["0000:01:00.0"]\n')
    text = run("topology", "--dot", "--machine", dump, tmp_path / "b.toml").stdout
    assert "guest a" in text and "a guest can have it" not in text
    if shutil.which("dot"):
        done = run("topology", "--svg", "--machine", dump, tmp_path / "b.toml")
        assert done.returncode == 0 and done.stdout.count("<svg") == 1 and done.stdout.rstrip().endswith("</svg>")


def test_no_dot(dumps):
    done = subprocess.run([TOOL, "topology", "--svg", "--machine", dumps(machine_tree.q35)], env={"PATH": "/nowhere"},
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == ("bulkhead: Graphviz's dot is not installed (Debian: graphviz); --dot prints what it would "
                           "draw\n")


def test_a_picture_of_a_refused_configuration(tmp_path, dumps):
    (tmp_path / "b.toml").write_text("version = 1\n" + GUEST + 'devices = ["0000:00:02.0"]\n')
    done = run("topology", "--dot", "--machine", dumps(machine_tree.q35), tmp_path / "b.toml")
    assert done.returncode == 1 and done.stdout == "" and "BH0602" in done.stderr


@pytest.mark.parametrize("arguments", [("plan",), ("plan", "a", "b"), ("plan", "/no/such"), ("suggest", "x"),
                                       ("devices", "--machine"), ("devices", "--machine", "/no/such"), ("topology",),
                                       ("topology", "--dot", "--svg"), ("plan", "--machine", "/dev/null", "/dev/null")])
def test_wrong_usage(arguments):
    done = run(*arguments)
    assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1


def test_the_dmar_of_two_tables_is_refused(tmp_path):
    tree = machine_tree.q35(tmp_path / "root")
    tree.table("DMAR1", dmar_table.dmar(dmar_table.unit()))
    run("dump", "--root", tmp_path / "root", "-o", tmp_path / "dump.txt")
    status, out, _ = plan(tmp_path, tmp_path / "dump.txt", GUEST)
    assert status == 1 and "BH0404" in out


def with_card(root):
    """A conventional card without MSI, whose line Linux hears as 21 and the MP table has as 19."""
    tree = machine_tree.q35(root)
    tree.pci("0000:00:05.0", (0x10EC, 0x8139), 0x020000, group=20, pin=1, irq=21,
             bars=[machine_tree.bar(machine_tree.MEMORY, 0xFE900000, 0x1000)])
    return tree


def test_lines_of_the_mp_table(tmp_path, dumps):
    """Known lines are in the plan; where the dump cannot tell, Linux's number is in the fix, and a line says so."""
    text = GUEST + 'devices = ["0000:00:05.0"]\n'

    def known(root):
        with_card(root).mp_table((5, 1, 19), (5, 2, 20))

    def hidden(root):
        (with_card(root).root / "dev/mem").unlink()

    status, out, _ = plan(tmp_path, dumps(known), text)
    assert status == 0 and "gsi=19" in out and "BH0615" not in out and "MP table" not in out
    status, out, _ = plan(tmp_path, dumps(with_card), text)
    assert status == 0 and "gsi=none" in out and "BH0615" in out and "gsi = 21, as Linux on this machine had it" in out
    assert "MP table" not in out, "there is none, and the hypervisor will find none"
    status, out, _ = plan(tmp_path, dumps(hidden), text)
    assert status == 0 and "gsi=none" in out
    assert "bulkhead.toml: the dump has no MP table: the hypervisor may know interrupt lines (gsi) that are not known here" in out


def test_memory_that_is_not_write_back(tmp_path, dumps):
    """As on a boot with VMX: what the MTRRs leave uncached is nobody's; SVM does not look at them."""
    def uncached(root, flags="fpu vmx sse2"):
        tree = machine_tree.q35(root)
        path = root / "proc/cpuinfo"
        path.write_text(path.read_text().replace("apicid", f"flags\t\t: {flags}\napicid", 1))
        tree.write("proc/mtrr", "reg00: base=0x000000000 (    0MB), size= 2048MB, count=1: write-back")

    def with_svm(root):
        uncached(root, "fpu svm vmxish")

    text = GUEST.replace('64MiB', '3GiB')
    assert plan(tmp_path, dumps(with_svm), text)[0] == 0
    status, out, _ = plan(tmp_path, dumps(uncached), text)
    assert status == 1 and "memory" in out
