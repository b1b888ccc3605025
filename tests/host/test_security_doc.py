# SPDX-License-Identifier: GPL-2.0-only
"""docs/security.md: each line of the checklist names tests, each test that is named exists and is run, and nothing is left
open. tests/test_docs.py looks at its links and codes."""
import re

import guestrun
import pytest
import testbed

TEXT = (testbed.ROOT / "docs" / "security.md").read_text()
NAMED = sorted(set(re.findall(r"`([\w/.-]+)::([\w-]+)`", TEXT)))
LINES = [part for part in re.split(r"\n\n(?=\*\*|## )", TEXT) if part.startswith("**")]
# What a line may not say of itself.
UNDONE = r"\bopen\b|\bno test\b|\bnot (?:yet )?(?:measured|tested|covered|shown)\b|\bnothing (?:tests|shows|checks)\b"


def in_words(name):
    return rf"(?<![\w-]){re.escape(name)}(?![\w-])"


def runs_unit(path, name):
    """`name` is in the list that the program's main() runs, and pytest runs the program."""
    before, _, main = path.read_text().partition("\nint main(")
    listed = "cmocka_unit_test" in before + main and re.search(in_words(name), main)
    return path.name.startswith("test_") and listed and f"static void {name}(void **state)" in before


def runs_python(path, name):
    return path.name.startswith("test_") and name.startswith("test_") and f"def {name}(" in path.read_text()


def runs_selftest(path, name):
    table = (testbed.ROOT / "tests" / "selftest" / "selftest.c").read_text()
    return re.search(rf"^enum status {in_words(name)}\(", path.read_text(), re.M) and f", {name}}}" in table


def runs_guest(path, name):
    """Defined in that file of a test guest's folder, and named once more there: by whoever calls it."""
    folder = testbed.ROOT / "tests" / "guest"
    guest = path.relative_to(folder).parts[0]
    text = "\n".join(file.read_text() for file in sorted((folder / guest).glob("*.[ch]")))
    defined = re.search(rf"^[\w *]*{in_words(name)}\([^;]*\)\n\{{", path.read_text(), re.M)
    used = len(re.findall(rf"{in_words(name)}(?=[(,)])", text)) > 1
    return defined and used and guest in set(guestrun.GUESTS) | guestrun.SEPARATE


def runs_seeded(path, name):
    return re.search(rf"^{re.escape(name)} \|", path.read_text(), re.M)


KINDS = {"tests/unit/": runs_unit, "tests/qemu/": runs_python, "tests/bochs/": runs_python, "tests/host/": runs_python,
         "tests/test_": runs_python, "tests/selftest/": runs_selftest, "tests/guest/": runs_guest,
         "tests/seeded/": runs_seeded}


def is_run(file, name):
    path = testbed.ROOT / file
    kinds = [runs for prefix, runs in KINDS.items() if file.startswith(prefix)]
    return path.is_file() and len(kinds) == 1 and bool(kinds[0](path, name))


def test_named_tests_are_run():
    assert len(NAMED) > 200
    assert [f"{file}::{name}" for file, name in NAMED if not is_run(file, name)] == []


@pytest.mark.parametrize("file, name", [
    ("tests/unit/vtd/test_unit.c", "setup"), ("tests/unit/vtd/test_unit.c", "test_no_such"),
    ("tests/unit/vtd/no_such.c", "test_dead_commands_time_out"), ("tests/qemu/test_boot.py", "is_ready"),
    ("tests/selftest/dma_cases.c", "selftest_no_such"), ("tests/guest/ports/ports.c", "guest_main"),
    ("tests/seeded/vtd.txt", "vtd"), ("tests/fake/vtd_rig.c", "vtd_rig_power"),
])
def test_what_is_no_test_is_told(file, name):
    assert not is_run(file, name)


def test_paths_exist():
    paths = re.findall(r"(?<![\w/.])(?:tests|guest|kernel|vmx|svm|vtd)/[\w/-]+\.(?:[chS]|py|txt)\b", TEXT)
    assert len(paths) > 200
    assert [path for path in paths if not (testbed.ROOT / path).exists()] == []


def test_each_line_has_its_test():
    """One that `make test` runs; seeded bugs come besides. Trust in firmware is said, not shown."""
    bare = [line.split("**")[1] for line in LINES
            if all(file.startswith("tests/seeded/") for file, _ in re.findall(r"`([\w/.-]+)::([\w-]+)`", line))]
    assert len(LINES) == 20 and bare == ["SMM and firmware are trusted."]


def test_nothing_is_open():
    words = re.sub(r"`[^`]*`", "", TEXT)
    assert re.findall(rf"[^.]*(?:{UNDONE})[^.]*\.", words) == []
