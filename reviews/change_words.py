"""A comparison of two photographs in words: where something changed, and what of a difference is the camera's doing.

For the desk and for the patient's progress; numbers and reasons come from :mod:`vision.change`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reviews.wording import METRICS, number, quantity
from vision.change import Area, Attribution, Cause, ComparisonWarning, HairMatches, LightDifference, PhotoComparison
from vision.change_codec import comparison_from_json
from vision.types import Measured

Text = str | Promise

AREA_WORDS: Final[Mapping[Area, Text]] = {
    Area.COMMON: gettext_lazy("All that both show"),
    Area.UPPER: gettext_lazy("Upper third"),
    Area.MIDDLE: gettext_lazy("Middle third"),
    Area.LOWER: gettext_lazy("Lower third"),
    Area.LEFT: gettext_lazy("Left half of the picture"),
    Area.RIGHT: gettext_lazy("Right half of the picture"),
}

CAUSE_WORDS: Final[Mapping[Cause, tuple[Text, Text]]] = {
    Cause.POSE: (gettext_lazy("Angle"), gettext_lazy("parts of the scalp that only one photograph shows")),
    Cause.LIGHT: (gettext_lazy("Light"), gettext_lazy("brightness and colour of the light")),
    Cause.SCALE: (gettext_lazy("Distance"), gettext_lazy("how near the camera was")),
    Cause.REST: (gettext_lazy("Rest"), gettext_lazy("what is left: change of the hair, and chance")),
}

WARNING_WORDS: Final[Mapping[ComparisonWarning, Text]] = {
    ComparisonWarning.SMALL_OVERLAP: gettext_lazy("Much of the scalp is shown by only one of the two photographs."),
    ComparisonWarning.WEAK_REGISTRATION: gettext_lazy(
        "The two photographs agree just enough to be laid over each other: look closely."
    ),
    ComparisonWarning.LARGE_LIGHT_DIFFERENCE: gettext_lazy("The light of the two photographs differs a lot."),
    ComparisonWarning.OTHER_SCALE_SOURCE: gettext_lazy(
        "The scales of the two photographs come from different sources: lengths and areas are not compared."
    ),
    ComparisonWarning.SCALES_DISAGREE: gettext_lazy(
        "The stated scales contradict what laying the photographs over each other shows."
    ),
    ComparisonWarning.NOT_REMEASURED: gettext_lazy("Light and distance could not be told apart from the rest."),
}


@dataclass(frozen=True, slots=True)
class AreaRow:
    """The change of one metric on a part of the scalp that both photographs show."""

    metric: str
    area: str
    then: str
    now: str
    change: str
    interval: str
    percent: str
    whole: bool  # all that both show


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a naive difference. ``amount`` empty: it could not be told apart and is inside the rest."""

    name: str
    about: str
    amount: str


@dataclass(frozen=True, slots=True)
class AttributionRow:
    """The difference of the two photographs' own values, and what it is put down to."""

    metric: str
    difference: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """What a finished comparison says, in words."""

    areas: tuple[AreaRow, ...]
    attributions: tuple[AttributionRow, ...]
    places: tuple[str, ...]
    light: str
    overlap: str
    hairs: str
    warnings: tuple[str, ...]


COLOUR_SAID_STOPS: Final = 0.3
"""From here on a difference in the colour of the light is said: smaller ones the eye does not see beside each other."""


def facts_of(result: Mapping[str, Any] | None, *, metrics: Iterable[str] | None = None) -> ChangeFacts | None:
    """The words of a stored comparison; None where there is none. ``metrics``: only these may be spoken of."""
    found = comparison_from_json(result) if result else None
    if not isinstance(found, PhotoComparison):
        return None
    allowed = None if metrics is None else set(metrics)
    return ChangeFacts(
        areas=tuple(_areas(found, allowed)),
        attributions=tuple(
            _attribution(one) for one in found.attributions if allowed is None or one.metric.value in allowed
        ),
        places=tuple(_places(found)),
        light=_light(found.light),
        overlap=_("%(share)s %% of the scalp in the earlier photograph is seen in both.")
        % {"share": number(100 * found.registration.overlap)},
        hairs=_hairs(found.hairs),
        warnings=tuple(str(WARNING_WORDS[one]) for one in found.warnings),
    )


def _areas(found: PhotoComparison, allowed: set[str] | None) -> Iterable[AreaRow]:
    for one in found.changes:
        if allowed is not None and one.metric.value not in allowed:
            continue
        if not (isinstance(one.then, Measured) and isinstance(one.now, Measured) and isinstance(one.change, Measured)):
            continue
        change = one.change
        yield AreaRow(
            metric=_metric(one.metric.value),
            area=str(AREA_WORDS[one.area]),
            then=quantity(one.then.value, one.then.unit),
            now=quantity(one.now.value, one.now.unit),
            change=_signed(change.value, change.unit),
            interval=_("%(low)s to %(high)s")
            % {"low": _signed(change.low, ""), "high": _signed(change.high, change.unit)},
            percent=percent_words(one.percent),
            whole=one.area is Area.COMMON,
        )


def _attribution(one: Attribution) -> AttributionRow:
    parts = []
    for cause, (name, about) in CAUSE_WORDS.items():
        part = one.parts.get(cause)
        if part is not None:
            amount = _signed(part.value, part.unit) if isinstance(part, Measured) else ""
            parts.append(Part(str(name), str(about), amount))
    return AttributionRow(_metric(one.metric.value), _signed(one.naive, one.unit), tuple(parts))


def _places(found: PhotoComparison) -> Iterable[str]:
    for place in found.change_map.places if found.change_map else ():
        words = _("thinner now") if place.change.value < 0 else _("fuller now")
        yield _(
            "%(where)s: %(words)s by %(points)s points of cover (%(low)s to %(high)s), on %(share)s %% of the scalp"
        ) % {
            "where": _where(place.position),
            "words": words,
            "points": number(abs(place.change.value)),
            "low": _signed(place.change.low, ""),
            "high": _signed(place.change.high, ""),
            "share": number(place.share_of_scalp),
        }


def _where(position: tuple[float, float]) -> str:
    column = 0 if position[0] < 1 / 3 else 2 if position[0] > 2 / 3 else 1
    row = 0 if position[1] < 1 / 3 else 2 if position[1] > 2 / 3 else 1
    names = (
        (_("Upper left"), _("Upper middle"), _("Upper right")),
        (_("Left middle"), _("Middle"), _("Right middle")),
        (_("Lower left"), _("Lower middle"), _("Lower right")),
    )
    return names[row][column]


def _light(light: LightDifference) -> str:
    stops = light.exposure_stops
    if abs(stops) < 0.1:
        words = _("The later photograph is as bright as the earlier one.")
    elif stops > 0:
        words = _("The later photograph is %(stops)s stops brighter; this was taken out.") % {"stops": f"{stops:.1f}"}
    else:
        words = _("The later photograph is %(stops)s stops darker; this was taken out.") % {"stops": f"{-stops:.1f}"}
    return " ".join(filter(None, (words, _colour(light))))


def _colour(light: LightDifference) -> str:
    """In which direction the lamp, or the camera's white balance, was another one; empty where it was the same."""
    red, green, blue = light.colour_shift
    warmer, greener = red - blue, green - (red + blue) / 2
    size = max(abs(warmer), abs(greener))
    if size < COLOUR_SAID_STOPS:
        return ""
    if abs(warmer) >= abs(greener):
        words = _("warmer (more red, less blue)") if warmer > 0 else _("colder (more blue, less red)")
    else:
        words = _("greener") if greener > 0 else _("more purple")
    return _("Its light is %(stops)s stops %(words)s, which was taken out too. Use the same lamp next time.") % {
        "stops": f"{size:.1f}",
        "words": words,
    }


def _hairs(hairs: HairMatches | None) -> str:
    if hairs is None:
        return ""
    return _(
        "Hair by hair: %(kept)d found again, %(lost)d gone, %(new)d new. The same spot is proven: %(share)s %% of the "
        "hairs lie where they lay."
    ) % {
        "kept": len(hairs.kept),
        "lost": len(hairs.lost),
        "new": len(hairs.new),
        "share": number(100 * hairs.share_matched),
    }


def _metric(code: str) -> str:
    return str(METRICS[code][0]) if code in METRICS else code.replace("_", " ").capitalize()


def percent_words(percent: float | None) -> str:
    """A change in percent of the earlier value: ``+5 %``, ``−12 %``, ``0 %``; empty where there is none."""
    if percent is None:
        return ""
    whole = round(percent)
    return f"{whole:+d} %".replace("-", "−") if whole else "0 %"


def _signed(value: float, unit: str) -> str:
    """A change with its sign; a share changes by points, not by percent."""
    size = _("%(n)s points") % {"n": number(abs(value))} if unit == "%" else quantity(abs(value), unit)
    sign = "" if float(number(abs(value))) == 0 else "−" if value < 0 else "+"
    return sign + size
