# SPDX-License-Identifier: GPL-2.0-only
"""What the log says about writes to watched memory (docs/integrity.md)."""
import re


def integrity(run, by):
    """[(address, action, count)] of the log's lines about writes by `by`."""
    found = (re.search(rf"integrity: guest=\S+ by={by} address=(0x\w+) action=(\w+) count=(\d+)", line)
             for line in run.lines)
    return [(int(match[1], 16), match[2], int(match[3])) for match in found if match]
