"""What the quality gate says of a photo (C5): its checks, and which of them refuse."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class QualityCheck(StrEnum):
    """What the quality gate looks at (C5)."""

    SIZE = "size"
    BLUR = "blur"
    TOO_DARK = "too_dark"
    BURNT_OUT = "burnt_out"
    LOW_CONTRAST = "low_contrast"
    UNEVEN_LIGHT = "uneven_light"
    NO_SCALP = "no_scalp"
    TOO_FAR = "too_far"
    WRONG_VIEW = "wrong_view"
    COLOUR_CAST = "colour_cast"
    GLARE = "glare"  # reflexes on hair or skin: wet, oiled, or a lamp too near
    COVERED = "covered"  # something lies across the scalp
    TILTED = "tilted"
    MIRRORED = "mirrored"  # left and right are exchanged; asked where a calibration card shows it


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check: the number, the threshold it was held against, whether it passed, and whether failing it refuses."""

    check: QualityCheck
    value: float
    threshold: float
    passed: bool
    refuses: bool = True
    detail: str = ""  # of a wrong view: the view that the picture seems to show


@dataclass(frozen=True, slots=True)
class QualityReport:
    """All checks of one photo. ``passed`` when no check that refuses failed."""

    checks: tuple[CheckResult, ...]

    @property
    def passed(self) -> bool:
        return not self.failures

    @property
    def failures(self) -> tuple[QualityCheck, ...]:
        """Why the photo is not measured."""
        return tuple(check.check for check in self.checks if not check.passed and check.refuses)

    @property
    def warnings(self) -> tuple[QualityCheck, ...]:
        """What a person should know, though the photo is measured: signs that are often, but not surely, a fault."""
        return tuple(check.check for check in self.checks if not check.passed and not check.refuses)
