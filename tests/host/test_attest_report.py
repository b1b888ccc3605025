# SPDX-License-Identifier: GPL-2.0-only
"""bulkhead attest without an emulator: what it makes of configurations and dumps, and how it reads logs, good ones, bad
ones, and ones that were cut. tests/data/attest is a run under QEMU: web has edu, store is its neighbour."""
import argparse
import json
import os
import random
import re
import subprocess
import sys
import tomllib

import events
import pytest
import testbed

FOLDER = testbed.ROOT / "tools" / "attest"
sys.path.insert(0, str(FOLDER))
import derive  # noqa: E402
import emulate  # noqa: E402
import report  # noqa: E402
import required  # noqa: E402

DATA = testbed.ROOT / "tests" / "data"
LOG = (DATA / "attest" / "run.log").read_text().splitlines()
TICKET = json.loads((DATA / "attest" / "run.ticket").read_text())
SCHEMA = json.loads((testbed.ROOT / "docs" / "attest.schema.json").read_text())
DUMP = DATA / "machine" / "qemu-levels.txt"
EDU, EDU_ID = "0000:00:05.0", "1234:11e8"


def attest(*words, tool=testbed.BUILD / "host-gcc" / "bulkhead", timeout=60, **environment):
    """The command as a user gives it."""
    known = {"BULKHEAD_BUILD": str(testbed.BUILD), "BULKHEAD_ATTEST": str(FOLDER / "attest")}
    return subprocess.run([str(tool), "attest", *map(str, words)], capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, **known, **environment})


def changed(old, new, count=1):
    """The log with a text replaced, which must be there."""
    text = "\n".join(LOG)
    assert old in text, old
    return text.replace(old, new, count).splitlines()


def without(pattern):
    left = [line for line in LOG if not re.search(pattern, line)]
    assert len(left) < len(LOG), pattern
    return left


# --- a good log

def test_a_run_without_an_escape_passes():
    result = report.make(TICKET, LOG)
    assert result["verdict"] == "pass" and not result["escapes"] and not result["problems"]
    assert events.problems(result, SCHEMA, "report") == []
    assert result["sha256"]["configuration"] == TICKET["sha256"]["configuration"]
    web, store = result["guests"]
    (edu,) = web["devices"]
    assert (edu["address"], edu["id"], edu["driver"]) == (EDU, EDU_ID, "edu") and not store["devices"]
    assert {(entry["access"], entry["target"]) for entry in edu["dma"]} == {
        (access, target) for access in ("read", "write") for target in TICKET["targets"]}
    assert {entry["seen"] for entry in edu["dma"]} == {"blocked"}
    assert {"guest store", "the hypervisor", "a remapping unit", "nothing"} <= {entry["whose"] for entry in edu["dma"]}
    assert {entry["class"] for entry in web["classes"]} == set(required.NEEDED) | {"pages-high"}
    assert store["witness"]["bytes"] > 14 << 20


def test_the_text_says_what_the_object_says():
    result = report.make(TICKET, LOG)
    text = report.text(result)
    assert text.startswith(f"bulkhead attest: PASS: {result['attempts']} attempts, 0 escapes, 0 problems\n")
    for value in filter(None, result["sha256"].values()):
        assert value in text
    assert f"device {EDU} {EDU_ID}" in text and "(guest store): blocked" in text and "witness: " in text
    for entry in report.EXPECTED.values():
        assert entry in text


def test_what_was_not_attempted_is_counted():
    """In one line, beside the lines where it belongs; it changes no verdict."""
    lines = [*LOG, 'web| ATTEST not-attempted device=00:01.0 class=message-dma why="no such command"',
             'store| ATTEST not-attempted class=pages-high why="no such pages"']
    result = report.make(TICKET, lines)
    assert result["verdict"] == "pass" and len(result["notes"]) == len(report.make(TICKET, LOG)["notes"]) + 1
    assert result["notes"][-1].startswith("not attempted: 1 x message-dma, 1 x pages-high; ")
    assert "    not attempted: message-dma: no such command\n" in report.text(result)


def test_what_a_guest_prints_is_not_the_hypervisors():
    """Lines of the log's form behind a guest's name, and a neighbour's lines in another's name, change nothing."""
    forged = ["web| [    9.000000] info  audit: verdict=fail", "web| panic: CPU 0: nothing",
              "web| store| ATTEST witness round=9 bytes=0x10 changed=9 first=0x0 stray=9"]
    assert report.make(TICKET, LOG + forged)["verdict"] == "pass"


def test_every_class_is_described():
    table = (testbed.ROOT / "docs" / "attest.md").read_text().split("| Class | Attempts | Expected |")[1].split("\n\n")[0]
    assert set(re.findall(r"[a-z-]+", "".join(row.split("|")[1] for row in table.splitlines()[2:]))) == set(report.EXPECTED)
    names = re.findall(r'attest_begin\("([a-z-]+)"|all_\w+\("([a-z-]+)"', "".join(
        path.read_text() for path in (testbed.ROOT / "tests" / "guest" / "attest").glob("*.c")))
    assert {name for pair in names for name in pair if name} == set(report.EXPECTED)


# --- bad ones

FAULT = next(line for line in LOG if "fault: " in line)
ESCAPES = {
    "an attempt that got through": (r"web\| ATTEST class=ports-in .*", "web| ATTEST escape class=ports-in what=\"x\"\n\\g<0>"),
    "a class that counts one": (r"(store\| ATTEST class=ipis attempts=)(\d+)( .*expected=)(\d+) own=0 escapes=0",
                                r"\g<1>1017 of=1017 expected=1016 own=0 escapes=1"),
    "memory that changed": (r"(store\| ATTEST witness .*)changed=0 first=0x0", r"\g<1>changed=8 first=0x123000"),
    "an interrupt from nowhere": (r"(store\| ATTEST witness .*)stray=0", r"\g<1>stray=1"),
    "bytes that a device brought": (r"(access=read target=\S+) result=done", r"\g<1> result=leaked"),
    "an audit that failed": ("audit: verdict=pass", "audit: verdict=fail"),
    "a panic": (r"\Z", "\n[   99.000000] error panic: CPU 1: page fault"),
}


@pytest.mark.parametrize("name", ESCAPES)
def test_an_escape_is_one(name):
    pattern, new = ESCAPES[name]
    text, count = re.subn(pattern, new, "\n".join(LOG), count=1)
    assert count == 1
    result = report.make(TICKET, text.splitlines())
    assert result["verdict"] == "escape" and result["escapes"]
    assert events.problems(result, SCHEMA, "report") == []
    assert "ESCAPE: " in report.text(result)


PROBLEMS = {
    "a request without a record": without(re.escape(FAULT[16:])),
    "a request that nobody ordered": LOG + [re.sub("addr=0x[0-9a-f]+", "addr=0x66666000", FAULT)],
    "another device's request": LOG + [re.sub("sid=[0-9a-f:.]+", "sid=0000:00:1f.2", FAULT)],
    "another guest's request": LOG + [FAULT.replace("guest=web", "guest=store")],
    "no audit": without("audit: verdict"),
    "no class": without(r"store\| ATTEST class=msr-write"),
    "a class without attempts": [re.sub(r"(store\| ATTEST class=pages-low) attempts=.*",
                                        r"\1 attempts=0 of=9 expected=0 own=0 escapes=0", line) for line in LOG],
    "no end of the attempts": without(r"web\| ATTEST attacked"),
    "no last look": without(r"store\| ATTEST look"),
    "a guest twice": LOG + [next(line for line in LOG if "web| ATTEST begin" in line)],
    "a guest's crash": LOG + ["[   99.000000] info  guest: name=store end=crashed exits-device=0"],
    "a device that it did not find": without(r"web\| ATTEST device="),
    "a device whose registers nobody wrote": without(r"web\| ATTEST class=config-own"),
    "a device that works no more": changed("when=after reads=1", "when=after reads=0"),
    "a refusal": ["[    1.000000] error bulkhead: refused: no memory"],
    "no DMA of the device": without(r"web\| ATTEST dma|class=dma|fault: "),
    "nothing of the device but its registers":
        without(r"web\| ATTEST (dma|message|driver|control|class=(dma|msi|message-dma)) ?.*|fault: "),
    "one target's lines, with its records": without(r"(target|addr)=0x13b400000"),
    "one target's reads": without(r"access=read (target|addr)=0x13b400000"),
    "no device": without(r"web\| ATTEST .*device=|attached, reset|fault: "),
    "no messages in its registers": without(r"web\| ATTEST class=msi "),
    "no messages by DMA": without(r"web\| ATTEST (class=message-dma|message )"),
    "one message": without(r"web\| ATTEST message .*data=0x82"),
    "no control": without(r"web\| ATTEST control .*when=before"),
    "no control afterwards": without(r"web\| ATTEST control .*when=after"),
    "reads that did not work and are not told": changed("when=before reads=1", "when=before reads=0"),
    "escapes that no class counts": [re.sub(r"(web\| ATTEST attacked .*)escapes=0", r"\1escapes=7", line) for line in LOG],
    "attempts that no class counts": [re.sub(r"(web\| ATTEST attacked attempts=)", r"\g<1>1", line) for line in LOG],
    "attempts of its own alone": changed("attempts=784 of=784 expected=782 own=2", "attempts=784 of=784 expected=0 own=784"),
    "another guest": LOG + ["third| ATTEST begin version=1 ticket=1"],
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_what_is_missing_is_a_problem(name):
    result = report.make(TICKET, PROBLEMS[name])
    assert result["verdict"] == "incomplete" and result["problems"] and not result["escapes"]


def test_what_the_hypervisor_does_not_call_free_is_its_own():
    """And the other way round: a target in free RAM shows nothing of the hypervisor's."""
    free = "[    1.000000] info  memory: free 0x00013fdbd000..0x000140000000"
    result = report.make(TICKET, [free, *LOG])
    assert result["verdict"] == "incomplete"
    assert "no target lies in the hypervisor's memory" in "".join(result["problems"])
    assert "free RAM" in {entry["whose"] for entry in result["guests"][0]["devices"][0]["dma"]}
    result = report.make(TICKET, without("memory: free"))
    assert result["verdict"] == "incomplete" and "does not say what memory is free" in "".join(result["problems"])


def test_targets_in_no_other_guest_are_a_problem():
    """Where its memory was elsewhere than guessed; but not where all of it is, as numbers, the attacker's own."""
    elsewhere = changed("host=0x13ac00000", "host=0x120000000")
    result = report.make(TICKET, elsewhere)
    assert "no target lies in another guest's memory" in "".join(result["problems"])
    own = [line.replace("host=0x13ac00000", "host=0x1000000") for line in LOG]
    skipped = report.make(TICKET, own)["guests"][0]["devices"][0]["not_attempted"]
    assert [entry["class"] for entry in skipped] == ["dma-target"] and "another guest's memory" in skipped[0]["why"]


def test_a_guest_alone_is_not_shown_to_leave_others_alone():
    ticket = {**TICKET, "guests": ["web"]}
    lines = [line for line in LOG if "store" not in line]
    (web,) = report.make(ticket, lines)["guests"]
    assert [entry["class"] for entry in web["not_attempted"]] == ["neighbour"]
    assert [entry["class"] for entry in web["devices"][0]["not_attempted"]] == ["dma-target"]


@pytest.mark.parametrize("emulator, verdict", [("qemu", "pass"), ("bochs", "incomplete"), (None, "incomplete")])
def test_messages_that_no_unit_recorded_are_qemus_alone(emulator, verdict):
    result = report.make({**TICKET, "emulator": emulator}, LOG)
    assert result["verdict"] == verdict
    told = result["notes"] if emulator == "qemu" else result["problems"]
    assert sum("7 forged messages were not recorded" in line for line in told) == 1
    assert emulator == "qemu" or "QEMU" not in "".join(result["problems"] + result["notes"])


MACHINES = {
    "less RAM": ({"ram": [["0x0", "0x80000000"], ["0x100000000", "0x180000000"]]}, "lacks RAM at 0x140000000..0x180000000"),
    "more RAM": ({"ram": [["0x0", "0x80000000"]]}, "has RAM at 0x100000000..0x140000000"),
    "another unit": ({"units": ["0xfed91000"]}, "has remapping units at 0xfed90000"),
    "a unit less": ({"units": ["0xfed90000", "0xfed91000"]}, "lacks remapping units at 0xfed91000"),
}


@pytest.mark.parametrize("name", MACHINES)
def test_another_machine_than_the_dumps_is_told(name):
    change, said = MACHINES[name]
    result = report.make({**TICKET, "machine": {**TICKET["machine"], **change}}, LOG)
    assert result["verdict"] == "incomplete" and any(said in line for line in result["problems"]), result["problems"]


def test_another_device_than_the_tickets_is_told():
    result = report.make({**TICKET, "devices": {"web": ["0000:00:07.0"]}}, LOG)
    assert result["problems"] == ["guest web: device 0000:00:07.0 of the ticket was not given to it"]


def test_a_record_that_the_log_left_out_shows_nothing():
    """The log's rate limit leaves lines out and says how many; this one may be among them, or may not."""
    (first, *_, last) = [line for line in LOG if "fault: " in line]
    lines = [line.replace(" what=", " suppressed=1 what=", 1) if line == last else line for line in LOG if line != first]
    result = report.make(TICKET, lines)
    seen = [entry["seen"] for entry in result["guests"][0]["devices"][0]["dma"]]
    assert result["verdict"] == "incomplete" and seen.count("not shown") == 1 and "left records" in result["problems"][0]


def test_a_cut_log_never_passes():
    """At every line but the last ones, which come after everything was seen."""
    needed = max(i for i, line in enumerate(LOG) if "| ATTEST witness" in line and line.startswith("web"))
    for cut in range(needed):
        try:
            assert report.make(TICKET, LOG[:cut])["verdict"] != "pass", cut
        except ValueError:
            assert cut < 60
    text = "\n".join(LOG)
    for cut in range(1, len(text) * 9 // 10, 997):
        try:
            assert report.make(TICKET, text[:cut].splitlines())["verdict"] != "pass", cut
        except ValueError:
            pass


def test_a_damaged_log_is_read_or_refused():
    """Bytes changed, cut and doubled at random: a report, or ValueError, and nothing else."""
    chance, text, read = random.Random(1), "\n".join(LOG), 0
    for _ in range(600):
        damaged = list(text)
        for _ in range(chance.choice((1, 3, 30))):
            at = chance.randrange(len(damaged))
            what = chance.randrange(4)
            if what == 0:
                damaged[at] = chr(chance.choice((0, 9, 10, 32, 34, 61, 124, 255, 0x2028, chance.randrange(33, 127))))
            elif what == 1:
                del damaged[at:at + chance.randrange(1, 200)]
            elif what == 2:
                damaged[at:at] = damaged[at:at + 300]
            else:
                damaged[at:at + 1] = list(chance.choice(("-1", "0x", "99999999999999999999", "\"", "=", "00:05.0")))
        try:
            result = report.make(TICKET, "".join(damaged).splitlines())
            assert not events.problems(result, SCHEMA, "report") and report.text(result)
            read += 1
        except ValueError:
            pass
    assert read > 100


REFUSED = {
    "empty": [],
    "another log": ["[    0.1] hello", "boot"],
    "no number": changed("attempts=34", "attempts=many"),
    "counts that do not add up": changed("attempts=34", "attempts=35"),
    "another ticket": changed(f"ticket={TICKET['number']}", "ticket=1"),
    "no ticket": changed(f" ticket={TICKET['number']}", ""),
    "an unknown class": changed("class=ipis", "class=magic"),
    "a huge number": changed("attempts=34", f"attempts={1 << 64}"),
    "no access": changed("access=read target", "access=fetch target"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_log_of_this_run_is_refused(name):
    with pytest.raises(ValueError):
        report.make(TICKET, REFUSED[name])


# --- the command

def test_exit_statuses(tmp_path):
    ticket, log, out = tmp_path / "ticket", tmp_path / "log", tmp_path / "out.json"
    ticket.write_text(json.dumps(TICKET))
    for lines, status in ((LOG, 0), (changed("changed=0 first=0x0", "changed=8 first=0x10"), 1),
                          (without("audit: verdict"), 1), ([], 2), (["\0\xff"], 2)):
        log.write_text("\n".join(lines))
        done = attest("--ticket", ticket, "--report", log, "--report-json", out)
        assert done.returncode == status, done.stdout + done.stderr
        if status < 2:
            assert events.problems(json.loads(out.read_text()), SCHEMA, "report") == []
        else:
            assert done.stderr.startswith("bulkhead: ") and not done.stdout


@pytest.mark.parametrize("spoil", [lambda t: {**t, "targets": []}, lambda t: {**t, "format": "x"}, lambda t: [],
                                   lambda t: {key: value for key, value in t.items() if key != "sha256"}])
def test_a_changed_ticket_is_refused(tmp_path, spoil):
    (tmp_path / "ticket").write_text(json.dumps(spoil(TICKET)))
    (tmp_path / "log").write_text("\n".join(LOG))
    done = attest("--ticket", tmp_path / "ticket", "--report", tmp_path / "log")
    assert done.returncode == 2 and "ticket" in done.stderr


@pytest.mark.parametrize("words", [[], ["x.toml"], ["--report", "x"], ["--emulator", "qemu"], ["--magic"],
                                   [DUMP, "--image", "x.iso"], [DUMP, "--emulator", "vmware"],
                                   [DUMP, "--emulator", "qemu", "--seed", "-1"],
                                   ["/nonexistent", "--emulator", "qemu"]])
def test_wrong_usage(words):
    done = attest(*words)
    assert done.returncode == 2 and "error: " in done.stderr and not done.stdout


def test_without_its_script_the_command_says_so(tmp_path):
    tool = tmp_path / "bulkhead"
    tool.write_bytes((testbed.BUILD / "host" / "bulkhead").read_bytes())
    tool.chmod(0o755)
    environment = {key: value for key, value in os.environ.items() if key != "BULKHEAD_ATTEST"}
    done = subprocess.run([tool, "attest"], capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == 2 and "BULKHEAD_ATTEST" in done.stderr
    done = attest(BULKHEAD_ATTEST="/nonexistent")
    assert done.returncode == 2 and "No such file" in done.stderr


# --- configurations and dumps

def options(path, **more):
    attacker = hypervisor = testbed.BUILD / "guest-tests" / "attest.elf"
    wanted = {"config": path, "machine": None, "emulator": "qemu", "depth": "quick", "timeout": 0, "budget_ms": None, "seed": 1,
              "attacker": attacker, "hypervisor": hypervisor, "spoil": None, **more}
    return argparse.Namespace(**wanted)


USER = """version = 1
[system]
service = "a"
slice-us = 2000
[guest.a]
cpus = [0]
memory = "32MiB"
kernel = "vmlinuz"
initrd = "a.img"
kernel-sha256 = "%s"
cmdline = "console=\\"ttyS0\\""
devices = ["0000:00:05.0", "group:0000:01:00.0"]
on-fault = "stop-device"
fault-limit = "0/1s"
rmrr = "map"
[guest.b]
cpus = [1]
memory = "1GiB"
kernel = "vmlinuz"
share = true
[network.lan]
guests = ["a", "b"]
[device."0000:00:05.0"]
gsi = 17
on-fault = "reboot"
[device."8086:10d3"]
irq-limit = "5/1s"
""" % ("0" * 64)


def derived(tmp_path, text, **more):
    (tmp_path / "user.toml").write_text(text)
    ticket, out = derive.derive(options(tmp_path / "user.toml", **more))
    return ticket, out, tomllib.loads(out)


def test_guests_keep_what_isolates_them_and_lose_the_rest(tmp_path):
    ticket, text, made = derived(tmp_path, USER)
    assert ticket["guests"] == ["a", "b"] and ticket["added_witness"] is None
    a, b = made["guest"]["a"], made["guest"]["b"]
    assert a["cpus"] == [0] and a["memory"] == "32MiB" and a["rmrr"] == "map" and b["share"] is True
    assert a["devices"] == ["0000:00:05.0", "group:0000:01:00.0"] and "devices" not in b
    assert a["kernel"] == b["kernel"] == "attest" and a["kernel-sha256"] == ticket["sha256"]["attacker"]
    assert not {"initrd", "on-fault", "fault-limit"} & set(a)
    assert made["device"] == {"0000:00:05.0": {"gsi": 17}} and "network" not in made
    assert made["system"] == {"slice-us": 2000, "audit": True}
    assert f"ticket={ticket['number']} " in a["cmdline"] and len(a["cmdline"]) < 2048
    (tmp_path / "derived.toml").write_text(text)
    done = subprocess.run([testbed.BUILD / "host-gcc" / "bulkhead", "check", tmp_path / "derived.toml"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


def test_devices_attack_one_guest_at_a_time(tmp_path):
    _, _, made = derived(tmp_path, USER)
    turns = [int(re.search(r" turn=(\d+)", made["guest"][name]["cmdline"])[1]) for name in ("a", "b")]
    assert turns[0] == 0 and turns[1] == 2 * derive.DEPTHS["quick"].device_ms


def test_what_is_dropped_is_a_key():
    """Keys that isolate are kept without being named; what is dropped must be one of docs/config.md."""
    text = (testbed.ROOT / "docs" / "config.md").read_text()
    for kind, keys in derive.DROPPED.items():
        part = re.split(r"\n## ", text.split(f"\n## [{kind}")[1])[0]
        assert keys <= set(re.findall(r"^\| `([a-z0-9-]+)` \|", part, re.M)), kind


def test_keys_of_devices_are_kept(tmp_path):
    _, _, made = derived(tmp_path, USER.replace("gsi = 17", "vfs = 4\ntrusted = true\nats = true"))
    assert made["device"]["0000:00:05.0"] == {"vfs": 4, "trusted": True, "ats": True}


ALONE = 'version = 1\n[guest.only]\ncpus = [0]\nmemory = "16MiB"\nkernel = "k"\n'


def test_a_guest_alone_gets_a_witness_where_a_cpu_is_free(tmp_path):
    ticket, _, made = derived(tmp_path, ALONE)
    assert ticket["added_witness"] == "attest-witness" and made["guest"]["attest-witness"]["cpus"] == [1]
    ticket, _, made = derived(tmp_path, ALONE.replace("[0]", "[0, 1]"), emulator=None, machine=DUMP)
    assert ticket["added_witness"] is None and list(made["guest"]) == ["only"]


def test_every_guest_is_aimed_at_where_it_will_be(tmp_path):
    """The largest is placed first, whatever the order of the file; bulkhead suggest gives the devices to the larger one.
    What was there in the end is in tests/data/attest/run.log."""
    text = USER.replace('"32MiB"', '"16MiB"').replace('"1GiB"', '"64MiB"')
    for order in (text, text.replace("[guest.a]", "[guest.x]").replace("[guest.b]", "[guest.a]").replace("[guest.x]", "[guest.b]")
                  .replace('service = "a"', 'service = "b"')):
        ticket, _, made = derived(tmp_path, order)
        top = 0x140000000 - derive.placing.OWN_TOP
        assert {f"{top - (32 << 20):#x}", f"{top - (64 << 20) - (8 << 20):#x}"} <= set(ticket["targets"])
    large = USER.split("[guest.a]")[0] + "".join(f'[guest.g{i}]\ncpus = [{i}]\nmemory = "16MiB"\nkernel = "k"\n' for i in range(12))
    ticket, _, made = derived(tmp_path, large.replace('service = "a"\n', ""))
    top = int(ticket["targets"][0], 16)
    assert sum(top - (300 << 20) < int(at, 16) < top for at in ticket["targets"]) == 12
    assert all(len(guest["cmdline"]) < 2048 for guest in made["guest"].values())


def test_guests_lie_where_they_were_expected():
    """Of the sample: the same blocks as the hypervisor's; and pages of 1 GiB where a guest can have them."""
    placing, ram = derive.placing, [tuple(int(at, 16) for at in part) for part in TICKET["machine"]["ram"]]
    seen = {name: guest.memory for name, guest in report.logread.read(LOG).guests.items()}
    assert placing.blocks_of(ram, {name: sum(size for _, size in blocks) for name, blocks in seen.items()}) == seen
    gib, ram = 1 << 30, [(0, 0xC0000000), (1 << 32, 10 << 30)]
    blocks = placing.blocks_of(ram, {"small": 32 << 20, "large": 5 * gib, "huge": 1 << 50})
    assert blocks["huge"] == [] and blocks["small"] == [(10 * gib - placing.OWN_TOP - (32 << 20), 32 << 20)]
    assert blocks["large"] == [(6 * gib, 3 * gib), (4 * gib, 2 * gib)]
    assert placing.log_of([(1 << 20, 0x3FFE0000)]) == [(0x1F000000, 0x1F200000)] and not placing.log_of([(0, 64 << 20)])


SUGGESTED = """version = 1
[guest.service]
cpus = [0]
memory = "64MiB"
kernel = "k"
[guest.work]
cpus = [1]
memory = "%s"
kernel = "k"
devices = ["group:0000:06:00.1"]
"""


@pytest.mark.parametrize("memory, start", [("478MiB", 432), ("640MiB", 312)])
def test_what_suggest_gives_is_aimed_at(tmp_path, memory, start):
    """The service guest lies below the large one, and below the log at 496 MiB: aimed at where that is, as a number, no
    RAM of the large one, if there is such a place."""
    ticket, _, _ = derived(tmp_path, SUGGESTED % memory, emulator=None, machine=DUMP)
    work = derive.size_of(memory)
    inside = [int(at, 16) for at in ticket["targets"] if start <= int(at, 16) >> 20 < start + 64]
    assert len(inside) == 1 and (inside[0] >= work or start + 64 <= work >> 20)


def test_the_ticket_has_the_machine_and_its_devices(tmp_path):
    planned = {"guests": [{"name": "work", "devices": [{"address": "0000:06:00.0"}, {"address": "0000:06:00.1"}]}]}
    (tmp_path / "user.toml").write_text(SUGGESTED % "478MiB")
    ticket, _ = derive.derive(options(tmp_path / "user.toml", emulator=None, machine=DUMP), planned)
    assert ticket["devices"] == {"service": [], "work": ["0000:06:00.0", "0000:06:00.1"]}
    assert ["0x100000", "0x3ffe0000"] in ticket["machine"]["ram"] and ticket["machine"]["units"] == ["0xfed90000"]
    ticket, _, _ = derived(tmp_path, USER)
    assert ticket["devices"]["a"] == ["0000:00:05.0", "0000:01:00.0"]


def test_an_emulator_is_not_the_machine_of_the_dump(tmp_path):
    """Both given: the targets are those of what boots."""
    with_dump, _, _ = derived(tmp_path, ALONE, machine=DUMP)
    without_it, _, _ = derived(tmp_path, ALONE)
    assert with_dump["targets"] == without_it["targets"] and with_dump["machine"] == without_it["machine"]
    assert ["0x100000000", "0x140000000"] in with_dump["machine"]["ram"]


def test_targets_of_a_dump(tmp_path):
    ticket, _, _ = derived(tmp_path, ALONE, emulator=None, machine=DUMP)
    assert {"0xfed90000", "0xfec00000", "0xfed00000", "0x7000000000", "0xb0000000"} <= set(ticket["targets"])
    assert ticket["sha256"]["dump"] == derive.sha256(DUMP.read_bytes())
    ram = [int(at, 16) for at in ticket["targets"] if int(at, 16) < 0x3FFE0000]
    assert ram and all(at > 1 << 20 and at % 0x1000 == 0 for at in ram)
    full, _, made = derived(tmp_path, ALONE, emulator=None, machine=DUMP, depth="full")
    assert 16 < len(full["targets"]) <= 64 and len(made["guest"]["only"]["cmdline"]) < 2048
    assert len(set(full["targets"])) == len(full["targets"]) and full["budget_ms"] == 0


@pytest.mark.parametrize("text", ["", "version = ", "version = 1\n", "[guest.a]\nmemory = \"1MiB\"\n",
                                  '[guest.a]\ncpus = [0]\nmemory = "much"\n', "\xff", "guest = 5\n", "[guest]\na = 1\n",
                                  'device = 1\n[guest.a]\ncpus = [0]\nmemory = "1MiB"\n',
                                  'system = [1]\n[guest.a]\ncpus = [0]\nmemory = "1MiB"\n',
                                  '[guest.a]\ncpus = ["x"]\nmemory = "1MiB"\n', "[guest.a]\ncpus = []\nmemory = \"1MiB\"\n",
                                  '[guest.a]\ncpus = [0]\nmemory = "1MiB"\ndevices = 7\n'])
def test_bad_configurations(tmp_path, text):
    (tmp_path / "user.toml").write_bytes(text.encode("latin-1"))
    done = attest(tmp_path / "user.toml", "--emulator", "qemu")
    assert done.returncode == 1 and "error[BH" in done.stderr and "Traceback" not in done.stderr
    assert "user.toml:" in done.stderr and "attest-derived" not in done.stderr


REFUSED_KEYS = {
    "a bad word": ('on-fault = "bogus"\n', "'on-fault'"),
    "a bad type": ("restart = 5\n", "'restart'"),
    "an unknown service guest": ('[system]\nservice = "nobody"\n', "nobody"),
}


@pytest.mark.parametrize("name", REFUSED_KEYS)
@pytest.mark.parametrize("words", [["--emulator", "qemu"], ["--machine", DUMP, "--image", "out.iso"]])
def test_the_users_own_file_is_checked(tmp_path, name, words):
    """Although what the derived one leaves out would not stop it; with the user's file's name and line."""
    lines, said = REFUSED_KEYS[name]
    (tmp_path / "user.toml").write_text(ALONE + lines)
    done = attest(tmp_path / "user.toml", *[tmp_path / word if word == "out.iso" else word for word in words])
    assert done.returncode == 1 and "user.toml:" in done.stderr and said in done.stderr and not done.stdout
    assert not (tmp_path / "out.iso").exists()


def test_warnings_are_printed(tmp_path, capsys):
    """By a tool that warns, of the user's file and of the derived one."""
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\necho \"warning[BH0001] $(basename $2):1:1: odd\"\necho 'guest=a cpus=0'\n"
                    "test \"$1\" = check || test -z \"$5\" || { echo '{}'; exit; }\n")
    tool.chmod(0o755)
    os.environ["BULKHEAD_TOOL"] = str(tool)
    try:
        emulate.asked(tmp_path / "user.toml", None)
        emulate.asked(tmp_path / emulate.NAME, None)
    finally:
        del os.environ["BULKHEAD_TOOL"]
    told = capsys.readouterr().err
    assert "user.toml:1:1: odd" in told and "attest-derived.toml:1:1: odd" in told and "guest=" not in told


@pytest.mark.parametrize("cut", [0, 100, -5])
def test_a_cut_dump_is_refused(tmp_path, cut):
    (tmp_path / "user.toml").write_text(ALONE)
    (tmp_path / "dump").write_text(DUMP.read_text()[:cut])
    done = attest(tmp_path / "user.toml", "--machine", tmp_path / "dump", "--image", tmp_path / "out.iso")
    assert done.returncode == 2 and "dump" in done.stderr and not (tmp_path / "out.iso").exists()


def test_an_image_for_a_machine(tmp_path):
    """With its ticket; and not when the planner refuses: it says why."""
    (tmp_path / "user.toml").write_text(ALONE)
    done = attest(tmp_path / "user.toml", "--machine", DUMP, "--image", tmp_path / "out.iso")
    assert done.returncode == 0 and (tmp_path / "out.iso").stat().st_size > 1 << 20, done.stdout + done.stderr
    derive.check_ticket(json.loads((tmp_path / "out.iso.ticket").read_text()))
    (tmp_path / "user.toml").write_text(ALONE + 'devices = ["0000:77:00.0"]\n')
    done = attest(tmp_path / "user.toml", "--machine", DUMP, "--image", tmp_path / "no.iso")
    assert done.returncode == 1 and "0000:77:00.0" in done.stdout + done.stderr and not (tmp_path / "no.iso").exists()
