# SPDX-License-Identifier: GPL-2.0-only
"""A picture of a run: what `tools/run` printed, the console's telling lines and the whole summary, as an SVG."""
import html
import io
import re
import sys

WIDTH, COLUMNS, LINE = 1180, 160, 17  # pixels, characters, pixels
# What a console line must contain to be in the picture, and how many such lines at most.
TELLING = (("boot: Bulkhead", 1), ("bus mastering is off", 1), ("translation on", 1), ("memory guest=", 1),
           ("attached, reset", 2), (" starts", 3), ("guest=rogue access=", 3), ("demo: nvme sha256", 2),
           ('"type":"fault"', 1), ("device-stopped", 1), ("order=restart", 1), ("runs again", 1), ("disk still here", 1),
           ("all guests have ended", 1))
COLOURS = ((r"\] (warn|error) ", "#ffb454"), (r"^\S+[|>] ", "#7fc8ff"), (r"^  ok ", "#9fe08a"), (r"^(  MISSING|  bad)", "#ff6b6b"),
           (r"^(summary|verified|[a-z].*)", "#ffffff"))


class Tee(io.TextIOBase):
    """Standard output that also remembers."""

    def __init__(self):
        self.out, self.text = sys.stdout, ""

    def write(self, text):
        self.text += text
        return self.out.write(text)

    def flush(self):
        self.out.flush()


def telling(lines):
    """The lines of TELLING in the order of the run; the first ones that fit each."""
    left = dict(TELLING)
    out = []
    for line in lines:
        words = next((words for words, count in left.items() if words in line and count > 0), None)
        if words:
            left[words] -= 1
            out.append(line)
    return out


def colour(line):
    return next((value for pattern, value in COLOURS if re.search(pattern, line)), "#c8c8c8")


def cut(line):
    return line if len(line) <= COLUMNS else line[:COLUMNS - 3] + "..."


def svg(lines):
    rows = [f'<text x="14" y="{30 + LINE * i}" fill="{colour(line)}" xml:space="preserve">{html.escape(cut(line), quote=False)}</text>'
            for i, line in enumerate(lines)]
    height = 30 + LINE * len(lines)
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
                      'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="12">',
                      f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#1d1f27"/>', *rows, "</svg>", ""])


def of_output(text):
    """text: all that tools/run printed."""
    lines = text.splitlines()
    at = next((i for i, line in enumerate(lines) if line.startswith("summary (")), len(lines))
    return svg([*telling(lines[:at]), "", *lines[at:]])
