# SPDX-License-Identifier: GPL-2.0-only
"""The tool's man page and bash completion: without warnings, and about the commands and options that there are."""
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = pathlib.Path(os.environ.get("BULKHEAD_TOOL", ROOT / "build/host/bulkhead"))
FOLDER = ROOT / "tools/bulkhead"


def output(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def commands():
    listed = output(TOOL, "--help").split("commands:\n")[1].split("\n\n")[0]
    return re.findall(r"^  (\w+) ", listed, re.M)


def options(command):
    """In the usage lines of its help."""
    return set(re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)", output(TOOL, command, "--help").split("\n\n")[0]))


def complete(*words):
    """What bash offers for the last word."""
    script = (f"source {FOLDER}/completion.bash; COMP_WORDS=({' '.join(map(repr, words))}); "
              f"COMP_CWORD={len(words) - 1}; _bulkhead; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    return set(output("bash", "-euc", script).split())


def test_the_man_page_has_no_warnings():
    page = FOLDER / "bulkhead.1"
    assert output("groff", "-man", "-Tutf8", "-ww", "-z", page) == ""
    done = subprocess.run(["man", "--warnings", "-l", page], capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, "LC_ALL": "C.UTF-8", "MANPAGER": "cat", "MANWIDTH": "100"})
    assert done.stderr == "" and "SYNOPSIS" in done.stdout


@pytest.mark.parametrize("command", commands())
def test_the_man_page_tells_every_command_and_option(command):
    page = (FOLDER / "bulkhead.1").read_text().replace("\\-", "-")
    assert f".B bulkhead {command}\n" in page and f".TP\n.B {command}\n" in page
    synopsis = page.split(f".B bulkhead {command}\n")[1].split(".br\n.B bulkhead")[0].split(".SH")[0]
    assert not [option for option in options(command) if option not in synopsis]


def test_completion_of_commands():
    assert set(commands()) <= complete("bulkhead", "")
    assert complete("bulkhead", "de") == {"devices"}


@pytest.mark.parametrize("command", commands())
def test_completion_of_options(command):
    assert complete("bulkhead", command, "-") >= options(command) | {"--help"}


def test_completion_of_files(tmp_path):
    (tmp_path / "machine.txt").write_text("")
    assert complete("bulkhead", "plan", "--machine", f"{tmp_path}/ma") == {f"{tmp_path}/machine.txt"}
    assert complete("bulkhead", "dump", "--root", f"{tmp_path}/ma") == set()


def test_the_format_names_every_line(tmp_path):
    """docs/dump-format.md against what the sources write."""
    text = (ROOT / "docs/dump-format.md").read_text()
    for source in FOLDER.glob("dump*.c"):
        for word in re.findall(r'printf\([^"]*"(?: ?)([a-z][a-z-]+) [%0]', source.read_text()):
            assert re.search(rf"`\s?{word} ", text), f"{source.name}: {word}"
