"""What a reader commits to before anything else is shown: condition, affected share and severity. Pure.

The smallest set that can be held against another reader and against the models: all three exist for every case,
whatever the pattern of loss, and each has a counterpart among the models' findings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from django.utils.translation import gettext as _

from accounts.errors import Invalid
from vision.types import Condition

SEVERITY_LOW: Final = 1
SEVERITY_HIGH: Final = 10
BANDS: Final = ((0, 0), (1, 20), (21, 49), (50, 94), (95, 100))
"""Bands of affected scalp in percent (AA-IGA, clinical notes)."""


class Difference(StrEnum):
    """In what two grades differ beyond the clinic's policy."""

    CONDITION = "condition"
    SHARE = "share"
    SEVERITY = "severity"


@dataclass(frozen=True, slots=True)
class Grade:
    """One reader's grade. ``share_percent``: affected scalp, 0..100; ``severity``: 1..10, as the models' index."""

    condition: Condition
    share_percent: int
    severity: int

    @property
    def band(self) -> int:
        """Index into :data:`BANDS`."""
        return next(index for index, (_low, high) in enumerate(BANDS) if self.share_percent <= high)

    def to_dict(self) -> dict[str, Any]:
        """As stored."""
        return {**asdict(self), "condition": self.condition.value}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Grade:
        """Back from storage."""
        return cls(Condition(stored["condition"]), int(stored["share_percent"]), int(stored["severity"]))

    @classmethod
    def checked(cls, *, condition: str, share_percent: int | None, severity: int | None) -> Grade:
        """From what was typed. Raises :class:`Invalid` ``grade_incomplete`` or ``out_of_bounds``."""
        if condition not in set(Condition) or share_percent is None or severity is None:
            raise Invalid("grade_incomplete", _("Choose a condition, and give the affected share and the severity."))
        if not 0 <= share_percent <= 100 or not SEVERITY_LOW <= severity <= SEVERITY_HIGH:
            raise Invalid("out_of_bounds", _("The share is between 0 and 100 percent, the severity between 1 and 10."))
        return cls(Condition(condition), share_percent, severity)


def band_words(band: int) -> str:
    """A band as it is read: "1–20 %"."""
    low, high = BANDS[band]
    return f"{low} %" if low == high else f"{low}–{high} %"


def differences(one: Grade, other: Grade, *, severity_points: int, share_points: int) -> tuple[Difference, ...]:
    """In what the two differ by more than the policy allows (``share_points``: percentage points of affected scalp).

    Different conditions always count, and so does "unsure" beside a named one: a third reader then decides.
    """
    found = []
    if one.condition is not other.condition:
        found.append(Difference.CONDITION)
    if abs(one.share_percent - other.share_percent) > share_points:
        found.append(Difference.SHARE)
    if abs(one.severity - other.severity) > severity_points:
        found.append(Difference.SEVERITY)
    return tuple(found)
