# SPDX-License-Identifier: GPL-2.0-only
"""The scripts in tools/: check-layers finds what it is there for, setup says what to do when it cannot install."""
import shutil
import subprocess

import pytest
import testbed


def check_layers(root):
    done = subprocess.run([testbed.ROOT / "tools/check-layers", root], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout.strip().split("\n")


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


SOUND = {"kernel/lib/a.h": "#include <stdint.h>\n", "kernel/hw/b.h": '#include "kernel/lib/a.h"\n', "vtd/c.h": "",
         "vtd/c.c": '#include "vtd/c.h"\n\n#include "kernel/hw/b.h"\n', "boot/boot_info.h": "", "svm/s.h": "",
         "vmx/v.h": "", "kernel/main.c": '#include "boot/boot_info.h"\n#include "vtd/c.h"\n',
         "tests/unit/t.c": '#include <stdio.h>\n#include "vtd/c.h"\n'}


def test_a_sound_tree_passes(tmp_path):
    write(tmp_path, SOUND)
    assert check_layers(tmp_path) == (0, [""])


@pytest.mark.parametrize("name, text, line, words", [
    ("kernel/lib/a.h", '\n#include "kernel/hw/b.h"\n', 2, "kernel/lib may not include kernel/hw/b.h"),
    ("kernel/hw/b.h", '#include "vtd/c.h"\n', 1, "may not include"),
    ("vmx/v.h", '#include "svm/s.h"\n', 1, "may not include"),
    ("vtd/c.h", '#include "tests/unit/t.c"\n', 1, "may not include"),
    ("vtd/c.h", '#include "boot/boot_info.h"\n', 1, "may not include"),
    ("boot/boot_info.h", '#include "kernel/hw/b.h"\n', 1, "may not include"),
    ("vtd/c.h", '#include "c.h"\n', 1, "not a path from the root"),
    ("vtd/c.h", "#include <stdio.h>\n", 1, "not freestanding"),
    ("vtd/c.h", "#  include <string.h>\n", 1, "not freestanding"),
    ("vtd/c.c", '#include "kernel/hw/b.h"\n#include "vtd/c.h"\n', 1, "must be the first include"),
])
def test_a_wrong_include_is_named(tmp_path, name, text, line, words):
    write(tmp_path, {**SOUND, name: text})
    status, lines = check_layers(tmp_path)
    assert status == 1 and len(lines) == 1
    assert lines[0].startswith(f"{name}:{line}: ") and words in lines[0]


@pytest.fixture
def setup(tmp_path):
    """setup(what, missing, uid): run tools/setup where dpkg-query lacks these packages; (result, apt-get calls)."""
    stubs = tmp_path / "bin"
    stubs.mkdir()
    for program in ("bash", "dirname", "grep", "awk", "env"):
        (stubs / program).symlink_to(shutil.which(program))

    def stub(name, body):
        (stubs / name).write_text(f"#!/bin/bash\n{body}\n")
        (stubs / name).chmod(0o755)

    def run(what, missing, uid, sudo=None):
        calls = tmp_path / "apt-get.txt"
        lacks = "|".join(missing) or "-"
        stub("dpkg-query", f'case ${{!#}} in {lacks}) exit 1;; *) printf installed;; esac')
        stub("id", f"echo {uid}")
        stub("apt-get", f'echo "$*" >>{calls}')
        if sudo:
            stub("sudo", sudo)
        done = subprocess.run([testbed.ROOT / "tools/setup", what], env={"PATH": str(stubs)}, capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=60)
        return done, calls.read_text().splitlines() if calls.exists() else []

    return run


@pytest.mark.parametrize("sudo", [None, "exit 1"], ids=["no-sudo", "sudo-asks"])
def test_setup_that_cannot_install_prints_one_line(setup, sudo):
    done, calls = setup("run", ["xorriso", "mtools"], 1000, sudo)
    assert done.returncode == 1 and calls == []
    lines = [line.strip() for line in done.stderr.splitlines() if "apt-get" in line]
    assert lines == ["apt-get update && apt-get install -y --no-install-recommends xorriso mtools"]


def test_setup_with_nothing_missing_is_silent(setup):
    done, calls = setup("test", [], 1000)
    assert (done.returncode, done.stdout, done.stderr, calls) == (0, "", "", [])


def test_setup_as_root_installs(setup):
    done, calls = setup("run", ["xorriso"], 0)
    assert done.returncode == 0
    assert calls == ["update -qq", "install -y -qq --no-install-recommends xorriso"]


def test_setup_by_sudo(setup):
    done, calls = setup("test", ["clang-tidy"], 1000, '[ "$1" = -n ] && exit 0; exec "$@"')
    assert done.returncode == 0
    assert calls[-1] == "install -y -qq --no-install-recommends clang-tidy"


def test_run_needs_no_test_packages(setup):
    done, calls = setup("run", ["clang-tidy"], 1000)
    assert (done.returncode, calls) == (0, [])


def test_setup_refuses_an_unknown_set(setup):
    done, _ = setup("everything", [], 0)
    assert done.returncode == 2 and "use run or test" in done.stderr


def test_every_seeded_bug_still_has_its_place():
    """`make seeded` builds and runs them; that each script changes something is cheap to see."""
    lines = [line for path in sorted((testbed.ROOT / "tests" / "seeded").glob("*.txt"))
             for line in path.read_text().splitlines() if line and not line.startswith("#")]
    stale = []
    for line in lines:
        name, file, *script, _ = line.split("|")
        source = (testbed.ROOT / file.strip()).read_bytes()
        changed = subprocess.run(["sed", "-E", "|".join(script).strip()], input=source, capture_output=True, check=True)
        if changed.stdout == source:
            stale.append(name.strip())
    assert len(lines) > 100 and stale == []


def test_no_test_builds_a_program():
    """`make test-programs` builds what tests run: two workers that build a program at once run it half written."""
    files = (testbed.ROOT / "tests").rglob("*.py")
    assert {path.name for path in files if '["make"' in path.read_text()} == {"test_lint.py", "test_tools.py"}
