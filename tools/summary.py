# SPDX-License-Identifier: GPL-2.0-only
"""The summary at the end of a demo."""
import testbed


class Summary:
    """What a run has to show, line by line."""

    def __init__(self, run):
        self.run, self.missing, self.lines = run, 0, testbed.whole_lines(run.lines)

    def line(self, ok, what):
        self.missing += not ok
        print(f"  {'ok     ' if ok else 'MISSING'} {what}")

    def has(self, what, *words, count=1):
        self.line(sum(all(word in line for word in words) for line in self.lines) >= count, what)
