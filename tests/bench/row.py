# SPDX-License-Identifier: GPL-2.0-only
"""One figure, and the tables they are printed in."""
import dataclasses


@dataclasses.dataclass
class Row:
    figure: str
    value: float | None  # None: it could not be measured here; `note` says why
    unit: str
    most: float | None = None  # the goal: at most this
    note: str = ""
    least: float | None = None  # or at least this
    on: str = ""  # the machine, for figures that are shown side by side

    @property
    def number_text(self):
        return (f"{self.value:,}" if isinstance(self.value, int) else f"{self.value:.3f}").replace(",", " ")

    @property
    def value_text(self):
        if self.value is None:
            return f"not measured: {self.note}"
        return f"{self.number_text} {self.unit}" + (f" ({self.note})" if self.note else "")

    @property
    def cell_text(self):
        """Of a table that has the unit in a column of its own."""
        if self.value is None:
            return f"not measured: {self.note}"
        return self.number_text + (f" ({self.goal_text.replace(f' {self.unit}', '')})" if self.goal_text != "-" else "")

    @property
    def goal_text(self):
        if self.most is None and self.least is None:
            return "-"
        sign, goal = ("<=", self.most) if self.most is not None else (">=", self.least)
        met = self.value is not None and (self.value <= goal if sign == "<=" else self.value >= goal)
        verdict = "" if self.value is None else (", met" if met else ", MISSED")
        return f"{sign} {goal:,} {self.unit}".rstrip().replace(",", " ").replace("  ", " ") + verdict


def table(rows):
    """The figures of one machine, a line each."""
    lines = [f"| {row.figure} | {row.value_text} | {row.goal_text} |" for row in rows if not row.on]
    return ["| figure | value | goal |", "|---|---|---|", *lines] if lines else []


def side_by_side(rows):
    """The figures of several machines, each a column."""
    rows = [row for row in rows if row.on]
    places = list(dict.fromkeys(row.on for row in rows))
    cells = {(row.figure, row.on): row.cell_text for row in rows}
    units = {row.figure: row.unit for row in rows}
    lines = [f"| {figure} | {unit} | {' | '.join(cells.get((figure, place), '-') for place in places)} |"
             for figure, unit in units.items()]
    return [f"| figure | unit | {' | '.join(places)} |", "|---|---|" + "---|" * len(places), *lines] if lines else []
