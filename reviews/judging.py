"""A change of a value: improved, no detectable change, worse, or why it cannot be compared (L3, L4). Pure.

A number of a view is compared only where the two photographs were proven to show the same place; numbers of the whole
session need the same views. The rest is :func:`vision.repeatability.verdict`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vision.registration import ComparisonReason
from vision.repeatability import Noise, NoiseSource, Outcome, verdict
from vision.types import Measured, Metric, NotMeasurable, Reason

Text = str | Promise


class Standing(StrEnum):
    """What is known about two photographs of one view."""

    COMPARABLE = "comparable"
    PENDING = "pending"  # a worker is still at it
    NOT_COMPARABLE = "not_comparable"  # with a ComparisonReason
    UNPROVEN = "unproven"  # nobody could lay them over each other: no consent, no networks, or it failed
    NO_PHOTO = "no_photo"  # one of the visits has no photograph of the view
    NOT_NEEDED = "not_needed"  # numbers of the whole session


@dataclass(frozen=True, slots=True)
class Pairing:
    """How two photographs stand to each other. ``reason``: a ComparisonReason where they cannot be compared."""

    standing: Standing
    reason: str = ""


class Said(StrEnum):
    """What a page says of a change."""

    IMPROVED = "improved"
    NO_DETECTABLE_CHANGE = "no_detectable_change"
    WORSE = "worse"
    PENDING = "pending"
    NOT_COMPARABLE = "not_comparable"
    NOT_KNOWN = "not_known"  # too few photographs were taken twice to hold the change against


SAID_WORDS: Final[dict[Said, Text]] = {
    Said.IMPROVED: gettext_lazy("Improved"),
    Said.NO_DETECTABLE_CHANGE: gettext_lazy("No detectable change"),
    Said.WORSE: gettext_lazy("Worse"),
    Said.PENDING: gettext_lazy("Being compared"),
    Said.NOT_COMPARABLE: gettext_lazy("Not comparable"),
    Said.NOT_KNOWN: gettext_lazy("No verdict yet"),
}

TONES: Final[dict[Said, tuple[str, str]]] = {
    Said.IMPROVED: ("success", "check-circle"),
    Said.NO_DETECTABLE_CHANGE: ("neutral", "dash-circle"),
    Said.WORSE: ("warning", "exclamation-triangle"),
    Said.PENDING: ("info", "hourglass-split"),
    Said.NOT_COMPARABLE: ("neutral", "slash-circle"),
    Said.NOT_KNOWN: ("neutral", "question-circle"),
}
"""Tone and icon of a verdict's badge."""

REASON_WORDS: Final[dict[str, Text]] = {
    ComparisonReason.OTHER_VIEW: gettext_lazy("the photographs show different views"),
    ComparisonReason.QUALITY_FAILED: gettext_lazy("one photograph is not sharp or bright enough"),
    ComparisonReason.NO_SCALP: gettext_lazy("the scalp cannot be made out in one of the photographs"),
    ComparisonReason.TOO_FEW_MATCHES: gettext_lazy(
        "too little in the two photographs agrees to prove that they show the same place"
    ),
    ComparisonReason.TOO_LITTLE_OVERLAP: gettext_lazy("the photographs show too little of the same scalp"),
    ComparisonReason.MIRRORED: gettext_lazy("one of the photographs is a mirror image"),
    ComparisonReason.TOO_TILTED: gettext_lazy("the head was photographed from too different an angle or distance"),
    ComparisonReason.TOO_FEW_HAIRS: gettext_lazy("too few hairs can be seen to recognise the spot"),
    ComparisonReason.NOT_THE_SAME_SPOT: gettext_lazy("the close-ups do not show the same spot"),
}

CURE_WORDS: Final[dict[str, Text]] = {
    ComparisonReason.OTHER_VIEW: gettext_lazy("Take the same views at each visit."),
    ComparisonReason.QUALITY_FAILED: gettext_lazy("Take this view again in even light, and hold still."),
    ComparisonReason.NO_SCALP: gettext_lazy(
        "Check that the right photograph was chosen, and that the head fills the picture."
    ),
    ComparisonReason.TOO_FEW_MATCHES: gettext_lazy(
        "Check that both show the same person. Another haircut, wet hair or a new angle can be the reason too: take "
        "the next one dry, unstyled, and lined up with the first photograph, which the camera in the page shows."
    ),
    ComparisonReason.TOO_LITTLE_OVERLAP: gettext_lazy(
        "Line the next one up with the first photograph, so that the whole area is in the picture."
    ),
    ComparisonReason.MIRRORED: gettext_lazy(
        "Take this view again with the rear camera, or with mirroring switched off in the camera’s settings."
    ),
    ComparisonReason.TOO_TILTED: gettext_lazy(
        "Line the next one up with the first photograph, which the camera in the page shows, from the same distance."
    ),
    ComparisonReason.TOO_FEW_HAIRS: gettext_lazy("Take a larger field, or one with more hairs in it."),
    ComparisonReason.NOT_THE_SAME_SPOT: gettext_lazy(
        "Put the lens back on the marked spot; a photograph of where it stood helps to find it."
    ),
}
"""What to do about each reason."""

SOURCE_WORDS: Final[dict[NoiseSource, Text]] = {
    NoiseSource.SHIPPED: gettext_lazy("how much repeated photographs varied in the tests of the portal"),
    NoiseSource.CLINIC: gettext_lazy("how much repeated photographs vary in this clinic"),
    NoiseSource.OWN: gettext_lazy("how much this patient’s own repeated photographs vary"),
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """A change of one number between two visits, with everything a page says about it.

    ``change`` and its interval and ``fall``/``rise`` (the smallest change either way that can be told from noise) are
    in the metric's unit; ``change`` is given for numbers even where no verdict may be.
    """

    metric: str
    then: Measured
    now: Measured
    said: Said
    why: str = ""
    change: float | None = None
    change_low: float | None = None
    change_high: float | None = None
    percent: float | None = None
    fall: float | None = None
    rise: float | None = None
    rests_on: str = ""

    @property
    def words(self) -> str:
        return str(SAID_WORDS[self.said])

    @property
    def unit(self) -> str:
        return self.now.unit


def judge(
    metric: str,
    then: Measured,
    now: Measured,
    noise: Noise | NotMeasurable | None,
    pairing: Pairing,
    *,
    takes: tuple[int, int] = (1, 1),
) -> Judgement:
    """What may be said of now against then. ``noise`` None: nothing is known about how the number varies;
    ``takes``: of how many photographs each is the mean."""
    change = now.value - then.value
    percent = 100 * change / then.value if then.value > 0 else None
    if metric == Metric.NORWOOD_STAGE:
        why = _("a stage is judged by the clinician, not by how much photographs vary")
        return Judgement(metric, then, now, Said.NOT_COMPARABLE, why, change)
    if metric not in set(Metric) or noise is None:
        return Judgement(metric, then, now, Said.NOT_COMPARABLE, _no_better_side(), change)
    found = verdict(Metric(metric), then, now, noise, then_repeats=takes[0], now_repeats=takes[1])
    if isinstance(found, NotMeasurable):
        said, why = _unjudged(found, pairing)
        return Judgement(metric, then, now, said, why, change, percent=percent)
    said, why = _said(pairing, found.outcome)
    return Judgement(
        metric=metric,
        then=then,
        now=now,
        said=said,
        why=why,
        change=found.change.value,
        change_low=found.change.low,
        change_high=found.change.high,
        percent=percent,
        fall=found.detectable_fall,
        rise=found.detectable_rise,
        rests_on=str(SOURCE_WORDS[found.noise.source]),
    )


def why_words(pairing: Pairing) -> str:
    """Why two photographs are not compared; empty where they are."""
    match pairing.standing:
        case Standing.COMPARABLE | Standing.NOT_NEEDED:
            return ""
        case Standing.PENDING:
            return _("the two photographs are still being laid over each other")
        case Standing.NO_PHOTO:
            return _("there is no photograph of this view from both visits")
        case Standing.UNPROVEN:
            return _("nobody has proven yet that the two photographs show the same place")
        case Standing.NOT_COMPARABLE:
            return str(REASON_WORDS.get(pairing.reason, pairing.reason.replace("_", " ")))


def cure_words(pairing: Pairing) -> str:
    """What to do so that two photographs can be compared; empty where nothing is to be done."""
    if pairing.standing is not Standing.NOT_COMPARABLE:
        return ""
    return str(CURE_WORDS.get(pairing.reason, ""))


def _said(pairing: Pairing, outcome: Outcome) -> tuple[Said, str]:
    if pairing.standing in (Standing.COMPARABLE, Standing.NOT_NEEDED):
        return Said(outcome.value), ""
    said = Said.PENDING if pairing.standing is Standing.PENDING else Said.NOT_COMPARABLE
    return said, why_words(pairing)


def _unjudged(found: NotMeasurable, pairing: Pairing) -> tuple[Said, str]:
    """What stands in a verdict's place: first why the photographs are not compared, then why the number is not."""
    if found.reason is not Reason.TOO_FEW_REPEATS:
        return Said.NOT_COMPARABLE, _no_better_side()
    if pairing.standing not in (Standing.COMPARABLE, Standing.NOT_NEEDED):
        return _said(pairing, Outcome.NO_DETECTABLE_CHANGE)
    return Said.NOT_KNOWN, _("it is not known yet how much two photographs of the same day differ in this number")


def _no_better_side() -> str:
    return _("a change of this number alone says neither better nor worse")
