# SPDX-License-Identifier: GPL-2.0-only
"""The picture of a run: well-formed, with the telling lines and the whole summary, and nothing cut but long lines."""
import xml.etree.ElementTree

import run_picture

RUN = "\n".join(["[ 0.1] info  boot: Bulkhead, started by GRUB <2.06>", "[ 0.2] info  memory: 0x0..0x1000 ram",
                 *[f"[ 1.{i}] warn  fault: unit=0 guest=rogue access=write addr={i} & more" for i in range(9)],
                 "user| demo: nvme sha256 7568", "x" * 400, "summary (43 s)", "machine", "  ok      4 CPUs run", "  MISSING   " + "y" * 400,
                 "verified: NOT everything"])


def texts(svg):
    root = xml.etree.ElementTree.fromstring(svg)
    return [node.text or "" for node in root.iter("{http://www.w3.org/2000/svg}text")], root


def test_what_is_in_it():
    lines, root = texts(run_picture.of_output(RUN))
    assert lines[0].endswith("GRUB <2.06>") and not any("memory: 0x0" in line for line in lines)
    assert sum("guest=rogue" in line for line in lines) == 3 and "addr=0 & more" in lines[1]
    assert lines[lines.index("") + 1] == "summary (43 s)" and lines[-1] == "verified: NOT everything"
    assert all(len(line) <= run_picture.COLUMNS for line in lines)
    assert int(root.get("height")) >= run_picture.LINE * len(lines)


def test_an_output_without_a_summary():
    lines, _ = texts(run_picture.of_output("nothing\n[ 1.0] info  guest: name=user starts"))
    assert lines == ["[ 1.0] info  guest: name=user starts", ""]
