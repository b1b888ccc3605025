# SPDX-License-Identifier: GPL-2.0-only
"""The agent's Debian package, its unit, its manual pages and completion."""
import gzip
import hashlib
import pathlib
import re
import shutil
import subprocess

import pytest
import testbed

FOLDER = testbed.ROOT / "tools/bulkheadd"
PAGES = {"bulkheadd.8": "bulkheadd", "bulkhead-ctl.1": "bulkhead-ctl"}


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """(file, folder with its contents, folder with its control files)"""
    root = tmp_path_factory.mktemp("deb")
    deb = root / "bulkheadd.deb"
    output(testbed.ROOT / "tools/agent-package", testbed.BUILD / "host", deb)
    output("dpkg-deb", "-x", deb, root / "files")
    output("dpkg-deb", "-e", deb, root / "control")
    return deb, root / "files", root / "control"


def test_contents(package):
    deb, files, _ = package
    listed = {line.split()[5] for line in output("dpkg-deb", "-c", deb).splitlines() if not line.startswith("d")}
    assert listed == {
        "./usr/sbin/bulkheadd", "./usr/bin/bulkhead-ctl", "./lib/systemd/system/bulkheadd.service",
        "./etc/default/bulkheadd", "./etc/bulkhead/policy.toml", "./usr/share/doc/bulkheadd/agent.md",
        "./usr/share/doc/bulkheadd/copyright", "./usr/share/man/man8/bulkheadd.8.gz",
        "./usr/share/man/man1/bulkhead-ctl.1.gz", "./usr/share/bash-completion/completions/bulkhead-ctl",
        "./usr/share/bash-completion/completions/bulkheadd"}
    assert all(" root/root " in line for line in output("dpkg-deb", "-c", deb).splitlines())
    for program in ("usr/sbin/bulkheadd", "usr/bin/bulkhead-ctl"):
        assert (files / program).stat().st_mode & 0o777 == 0o755
        assert "There is no dynamic section" in output("readelf", "-d", files / program)
        assert " 0.1\n" in output(files / program, "--version")
    page = gzip.decompress((files / "usr/share/man/man8/bulkheadd.8.gz").read_bytes())
    assert page == (FOLDER / "bulkheadd.8").read_bytes()


def test_control_files(package):
    deb, files, control = package
    fields = output("dpkg-deb", "-f", deb)
    assert "Package: bulkheadd\n" in fields and re.search(r"^Installed-Size: \d+$", fields, re.M)
    assert (control / "conffiles").read_text().split() == ["/etc/default/bulkheadd", "/etc/bulkhead/policy.toml"]
    for line in (control / "md5sums").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.md5((files / name).read_bytes()).hexdigest() == digest
    for script in ("postinst", "prerm", "postrm"):
        output("sh", "-n", control / script)


def test_the_rules_that_are_shipped(package):
    """As they are, and with every example in them switched on."""
    _, files, _ = package
    rules = files / "etc/bulkhead/policy.toml"
    assert "accepted, rules=0" in output(files / "usr/sbin/bulkheadd", "--check-policy", rules)
    rules.write_text(re.sub(r"^#(?=[\[a-z])", "", rules.read_text(), flags=re.M))
    assert "accepted, rules=2" in output(files / "usr/sbin/bulkheadd", "--check-policy", rules)


@pytest.mark.parametrize("document", ["docs/agent.md", "tools/bulkheadd/bulkheadd.8"])
def test_rules_in_documents(document, tmp_path):
    text = (testbed.ROOT / document).read_text()
    start = text.index("version = 1")
    block = text[start:text.index(".fi\n", start) if document.endswith(".8") else text.index("\n\n`", start)]
    (tmp_path / "p.toml").write_text(re.sub(r"^    ", "", block, flags=re.M))
    assert re.search(r"accepted, rules=[12]", output(testbed.BUILD / "host/bulkheadd", "--check-policy", tmp_path / "p.toml"))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")
def test_the_unit(package, tmp_path):
    _, files, _ = package
    unit = (files / "lib/systemd/system/bulkheadd.service").read_text()
    path = tmp_path / "bulkheadd.service"
    path.write_text(unit.replace("/usr/sbin/bulkheadd", str(files / "usr/sbin/bulkheadd")))
    said = output("systemd-analyze", "verify", "--man=no", path)
    assert "bulkheadd.service" not in said, said
    command = re.search(r"^ExecStart=(.*)$", unit, re.M).group(1).split()
    known = output(testbed.BUILD / "host/bulkheadd", "--help")
    assert all(word in known for word in command if word.startswith("--"))


@pytest.mark.parametrize("page", PAGES)
def test_pages_have_no_warnings(page):
    assert output("groff", "-man", "-Tutf8", "-ww", "-z", FOLDER / page) == ""
    done = subprocess.run(["man", "--warnings", "-l", FOLDER / page], capture_output=True, text=True, timeout=60,
                          check=True)
    assert done.stderr == ""


@pytest.mark.parametrize("page", PAGES)
def test_pages_and_completion_know_every_option(page):
    program = PAGES[page]
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", output(testbed.BUILD / "host" / program, "--help")))
    text = (FOLDER / page).read_text().replace("\\-", "-")
    completion = (FOLDER / "completion.bash").read_text()
    assert len(named) > 5
    assert {o for o in named if o not in text} == set() and {o for o in named if o not in completion} == set()


def test_the_page_knows_every_command():
    listed = output(testbed.BUILD / "host/bulkhead-ctl", "--help").split("commands:\n")[1].split("\n\n")[0]
    text = (FOLDER / "bulkhead-ctl.1").read_text().replace("\\-", "-")
    commands = {line.split()[0] for line in listed.splitlines() if re.match(r"  [a-z]", line)}
    assert len(commands) > 20 and {c for c in commands if c not in text} == set()


def test_metrics_in_the_document_exist():
    written = set(re.findall(r"`(bulkhead_[a-z_]+)`", (testbed.ROOT / "docs/agent.md").read_text()))
    source = pathlib.Path(FOLDER / "metrics.c").read_text()
    known = {"bulkhead_" + name for name in re.findall(r'"([a-z]+(?:_[a-z]+)*)", "(?:counter|gauge)"', source)}
    known |= {"bulkhead_" + name for name in re.findall(r'\{"(guest_[a-z_]+_total)"', source)}
    assert written == known and len(known) > 10
