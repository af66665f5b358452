"""Why a model's statement was corrected or rejected: a short list that is chosen with one key, beside free words. Pure.

An outline that was dragged says by itself how the model was wrong: it was too small, too large, or lay elsewhere. That
is the reason until the clinician names another. One cause does more than explain: a region rejected as outside the
scalp takes its pixels out of the scalp (:mod:`vision.corrections`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from accounts.errors import Invalid


class Cause(StrEnum):
    """What was wrong with the model's statement. Stored with the decision; the words are :data:`WORDS`."""

    TOO_SMALL = "outline_too_small"
    TOO_LARGE = "outline_too_large"
    MISPLACED = "outline_misplaced"
    OTHER_KIND = "other_kind"
    SHADOW = "shadow_or_glare"
    PARTING = "parting"
    STYLED = "wet_or_styled"
    OUTSIDE = "outside_scalp"
    DOES_NOT_FIT = "does_not_fit"


WORDS: Final[Mapping[Cause, Any]] = {
    Cause.TOO_SMALL: _("The outline was too small"),
    Cause.TOO_LARGE: _("The outline was too large"),
    Cause.MISPLACED: _("The outline lay elsewhere"),
    Cause.OTHER_KIND: _("Bald and thinning were mixed up"),
    Cause.SHADOW: _("Shadow or glare"),
    Cause.PARTING: _("Parting, not thinning"),
    Cause.STYLED: _("Wet or styled hair"),
    Cause.OUTSIDE: _("Outside the scalp"),
    Cause.DOES_NOT_FIT: _("Does not fit what I see"),
}

REJECTING: Final = (Cause.SHADOW, Cause.PARTING, Cause.STYLED, Cause.OUTSIDE, Cause.DOES_NOT_FIT)
"""What a rejection may be put down to."""

SHAPED: Final = (Cause.TOO_SMALL, Cause.TOO_LARGE, Cause.MISPLACED)
"""What the shape of a correction says by itself; redrawing it may change which."""

EXPLAINING: Final = (*SHAPED, Cause.SHADOW, Cause.PARTING, Cause.STYLED)
"""What a redrawn outline may be put down to."""

KEYS: Final[Mapping[Cause, str]] = {
    Cause.TOO_SMALL: "s",
    Cause.TOO_LARGE: "l",
    Cause.MISPLACED: "e",
    Cause.SHADOW: "g",
    Cause.PARTING: "r",
    Cause.STYLED: "w",
}
"""The key of the review screen that names a cause."""

CLEARLY: Final = 1.1
"""An outline that grew or shrank by this factor was too small or too large; by less, it lay elsewhere."""


@dataclass(frozen=True, slots=True)
class Because:
    """A cause, if one of the list was named, and the words that the record keeps."""

    cause: Cause | None
    words: str


def because(cause: str, words: str) -> Because:
    """What a person gave: a cause, words, or words that are those of a cause. Raises Invalid ``unknown_cause``."""
    said = words.strip()
    if cause:
        try:
            named = Cause(cause)
        except ValueError:
            raise Invalid("unknown_cause", str(_("Choose one of the reasons in the list."))) from None
        return Because(named, said or str(WORDS[named]))
    same = next((one for one in REJECTING if str(WORDS[one]).casefold() == said.casefold()), None)
    return Because(same, said)


def of_outline(before: Sequence[Sequence[float]], after: Sequence[Sequence[float]]) -> Because:
    """What redrawing the model's outline ``before`` as ``after`` (picture fractions) says by itself."""
    was, is_now = area(before), area(after)
    if is_now > was * CLEARLY:
        cause = Cause.TOO_SMALL
    elif is_now < was / CLEARLY:
        cause = Cause.TOO_LARGE
    else:
        cause = Cause.MISPLACED
    return Because(cause, str(WORDS[cause]))


def area(polygon: Sequence[Sequence[float]]) -> float:
    """The area inside a polygon in the square of its unit (shoelace formula)."""
    following = [*polygon[1:], *polygon[:1]]
    return abs(sum(x * ny - nx * y for (x, y), (nx, ny) in zip(polygon, following, strict=True))) / 2
