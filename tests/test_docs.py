# SPDX-License-Identifier: GPL-2.0-only
"""The documents agree with the tree: generated ones are fresh, codes that they name exist, links lead somewhere (for
docs/security.md also tests/host/test_security_doc.py). `make docs` writes the generated ones anew."""
import fnmatch
import html
import re
import subprocess

import pytest
import testbed

DOCS = sorted([*testbed.ROOT.glob("*.md"), *(testbed.ROOT / "docs").glob("*.md")])
GENERATED = {
    "config.md": [testbed.BUILD / "host" / "doc_tables", "config"],
    "config-space.md": [testbed.BUILD / "host" / "doc_tables", "config-space"],
    "diagnostics.md": [testbed.ROOT / "tools" / "diagnostics-doc"],
}


def output_of(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_generated_document_is_fresh(name):
    kept = (testbed.ROOT / "docs" / name).read_text()
    assert kept == output_of(GENERATED[name]), f"docs/{name} is stale: run `make docs` and commit it"


def test_every_refusal_of_a_configuration_is_tested():
    """Each code of plan/ and of kernel/launch.h is named in a test: by number or name, or by the number alone in
    tests/qemu/test_guest_errors.py, whose table has code, place, text and fix."""
    tests = [path for path in (testbed.ROOT / "tests").rglob("*") if path.suffix in (".c", ".py")]
    words = set(re.findall(r"\w+", "\n".join(path.read_text() for path in tests)))
    table = (testbed.ROOT / "tests" / "qemu" / "test_guest_errors.py").read_text()
    words |= {f"BH{number:0>4}" for number in re.findall(r"(?<= )(\d{3})(?=, )", table)}
    parts = (testbed.ROOT / "docs" / "diagnostics.md").read_text().split("\nFrom `")
    mine = [part for part in parts if part.startswith(("plan/", "kernel/launch.h"))]
    codes = [row for part in mine for row in re.findall(r"^\| (BH\d{4}) \| `(\w+)`", part, re.M)]
    assert len(codes) > 70
    assert [code for code in codes if not words & set(code)] == []


def codes_in(text):
    """All that a text names, "BH0501 to BH0551" being all between."""
    numbers = set()
    for first, last in re.findall(r"BH(\d{4})(?: to BH(\d{4}))?", text):
        numbers |= set(range(int(first), int(last or first) + 1))
    return {f"BH{number:04}" for number in numbers}


def test_what_to_do_about_every_refusal():
    """Each code of plan/ and of kernel/launch.h is in the table of docs/hardware.md."""
    section = (testbed.ROOT / "docs" / "hardware.md").read_text().split("\n## When it refuses\n")[1].split("\n## ")[0]
    rows = codes_in("\n".join(re.findall(r"^\| (BH[^|]*) \|", section, re.M)))
    parts = (testbed.ROOT / "docs" / "diagnostics.md").read_text().split("\nFrom `")
    mine = [part for part in parts if part.startswith(("plan/", "kernel/launch.h"))]
    codes = {code for part in mine for code in re.findall(r"^\| (BH\d{4}) \|", part, re.M)}
    assert len(codes) > 70 and sorted(codes - rows) == []


def test_every_fault_reason_is_documented():
    section = (testbed.ROOT / "docs" / "faults.md").read_text().split("\n## Reasons\n")[1].split("\n## ")[0]
    kept = [line for line in section.splitlines() if line.startswith("| 0x")]
    rows = output_of([testbed.BUILD / "host" / "doc_tables", "faults"]).splitlines()
    assert len(rows) > 10
    assert kept == rows


def test_the_week_of_reading_holds_every_file_once():
    """docs/architecture.md, "Read in a week": a file belongs to the longest pattern that it matches, each day's lines
    are as stated (a tenth more or less), and no day has more than 12 000."""
    text = (testbed.ROOT / "docs" / "architecture.md").read_text().split("\n## Read in a week\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")]
    days = {day: (int(lines), re.findall(r"[\w/]+[*.][.*]?", files), first) for day, lines, files, first in rows[1:]}
    folders = (testbed.ROOT / "Makefile").read_text().split("\nLAYERS := ")[1].split("\n")[0].split()
    held = dict.fromkeys(days, 0)
    for folder in [*folders, "boot/efi"]:
        for path in (testbed.ROOT / folder).glob("*.*"):
            name = f"{folder}/{path.name}"
            if path.suffix in (".c", ".h", ".S", ".asl"):
                match = [(len(p), day) for day, (_, patterns, _) in days.items() for p in patterns
                         if fnmatch.fnmatch(name, p) and p.count("/") == name.count("/")]
                held[max(match)[1]] += len(path.read_text().splitlines())
    for day, (lines, patterns, first) in days.items():
        assert abs(held[day] - lines) < lines / 10 and held[day] < 12000, f"day {day}: {held[day]} lines"
        assert all((testbed.ROOT / name).is_file() for name in first.split(", ")), first
        assert all(list(testbed.ROOT.glob(pattern)) for pattern in patterns), patterns
    stated = int(re.search(r"(\d+ \d+) lines", text)[1].replace(" ", ""))
    assert abs(sum(held.values()) - stated) < stated / 20, sum(held.values())


def test_the_picture_is_drawn_from_its_source():
    """By its words: drawing it anew needs Graphviz, and gives other numbers with each version."""
    source = (testbed.ROOT / "docs" / "architecture.dot").read_text()
    words = [line for label in re.findall(r'\blabel = "([^"]+)"', source) for line in label.split("\\n")]
    drawn = [html.unescape(text) for text in re.findall(r"<text [^>]*>([^<]*)</text>",
                                                        (testbed.ROOT / "docs" / "architecture.svg").read_text())]
    assert len(words) > 20
    assert sorted(words) == sorted(drawn), "docs/architecture.svg is stale: run `make docs` with Graphviz and commit it"


@pytest.mark.parametrize("document", DOCS, ids=lambda p: p.name)
def test_codes_and_links(document):
    text = document.read_text()
    known = set(re.findall(r"BH\d{4}", output_of(GENERATED["diagnostics.md"])))
    assert set(re.findall(r"BH\d{4}", text)) - known == set()
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert [link for link in links if link and not (document.parent / link).exists()] == []
