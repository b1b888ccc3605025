# SPDX-License-Identifier: GPL-2.0-only
"""One line of the table of figures."""
import dataclasses


@dataclasses.dataclass
class Row:
    figure: str
    value: float | None  # None: it could not be measured here; `note` says why
    unit: str
    most: float | None = None  # the goal: at most this
    note: str = ""
    least: float | None = None  # or at least this

    @property
    def value_text(self):
        if self.value is None:
            return f"not measured: {self.note}"
        number = f"{self.value:,}" if isinstance(self.value, int) else f"{self.value:.3f}"
        return f"{number} {self.unit}".replace(",", " ") + (f" ({self.note})" if self.note else "")

    @property
    def goal_text(self):
        if self.most is None and self.least is None:
            return "-"
        sign, goal = ("<=", self.most) if self.most is not None else (">=", self.least)
        met = self.value is not None and (self.value <= goal if sign == "<=" else self.value >= goal)
        verdict = "" if self.value is None else (", met" if met else ", MISSED")
        return f"{sign} {goal:,} {self.unit}".rstrip().replace(",", " ").replace("  ", " ") + verdict
