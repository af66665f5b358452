"""Findings in words: what the clinician's report states and what it means for the patient. Pure.

Every number comes with its meaning and its range; where there is none, the reason stands in its place. The sentences
are frozen into the report at signing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vision.types import Condition, Metric, Reason, View


@dataclass(frozen=True, slots=True)
class Words:
    """``title`` names the finding, ``statement`` says it with its range, ``meaning`` says it for the patient."""

    title: str
    statement: str
    meaning: str


VIEW_NAMES: Mapping[str, Any] = {
    View.CROWN: gettext_lazy("Crown (from above)"),
    View.HAIRLINE: gettext_lazy("Hairline (front)"),
    View.TEMPLE_LEFT: gettext_lazy("Left temple"),
    View.TEMPLE_RIGHT: gettext_lazy("Right temple"),
    View.PART: gettext_lazy("Part line"),
    View.OCCIPUT: gettext_lazy("Back of the head"),
    View.TRICHOSCOPY: gettext_lazy("Trichoscopy (close-up)"),
}

METRIC_NAMES: Mapping[str, Any] = {
    Metric.COVERAGE_INDEX: gettext_lazy("Coverage index"),
    Metric.SCALP_VISIBILITY: gettext_lazy("Scalp visibility"),
    Metric.THINNING_SHARE: gettext_lazy("Thinning area"),
    Metric.BALD_SHARE: gettext_lazy("Bald area"),
    Metric.AFFECTED_SHARE: gettext_lazy("Affected share"),
    Metric.SCALP_IN_FRAME: gettext_lazy("Scalp in the picture"),
    Metric.THINNING_AREA_MM2: gettext_lazy("Thinning area (projected)"),
    Metric.BALD_AREA_MM2: gettext_lazy("Bald area (projected)"),
    Metric.PART_WIDTH_MM: gettext_lazy("Width of the parting"),
    Metric.PART_WIDTH_RATIO: gettext_lazy("Width of the parting, of the head’s width"),
    Metric.HAIRLINE_MIDDLE_MM: gettext_lazy("Hairline in the middle"),
    Metric.HAIRLINE_LEFT_MM: gettext_lazy("Hairline at the left temple"),
    Metric.HAIRLINE_RIGHT_MM: gettext_lazy("Hairline at the right temple"),
    Metric.HAIRLINE_MIDDLE_RATIO: gettext_lazy("Hairline in the middle, of the pupils’ distance"),
    Metric.HAIRLINE_LEFT_RATIO: gettext_lazy("Hairline at the left temple, of the pupils’ distance"),
    Metric.HAIRLINE_RIGHT_RATIO: gettext_lazy("Hairline at the right temple, of the pupils’ distance"),
    Metric.HAIR_DENSITY: gettext_lazy("Hair density"),
    Metric.FOLLICULAR_UNIT_DENSITY: gettext_lazy("Follicular unit density"),
    Metric.CALIBRE_MEAN: gettext_lazy("Mean hair thickness"),
    Metric.VELLUS_SHARE: gettext_lazy("Share of thin (vellus) hairs"),
    Metric.CUMULATIVE_THICKNESS: gettext_lazy("Cumulative hair thickness"),
    Metric.SEVERITY_INDEX: gettext_lazy("Severity index"),
    Metric.SALT_ESTIMATE: gettext_lazy("SALT estimate"),
    Metric.NORWOOD_STAGE: gettext_lazy("Norwood stage"),
    Metric.LUDWIG_SINCLAIR: gettext_lazy("Ludwig or Sinclair grade"),
}

_HAIRLINE_MEANING = gettext_lazy("How far above your eyes the hair begins.")
_HAIRLINE_RATIO_MEANING = gettext_lazy(
    "How far above your eyes the hair begins, in percent of the distance between your pupils."
)

METRIC_MEANINGS: Mapping[str, Any] = {
    Metric.COVERAGE_INDEX: gettext_lazy("This is how much of the scalp seen in this photograph is covered by hair."),
    Metric.SCALP_VISIBILITY: gettext_lazy(
        "This is how much of the scalp in this photograph shows skin between the hair."
    ),
    Metric.THINNING_SHARE: gettext_lazy("Here skin can be seen clearly through the hair."),
    Metric.BALD_SHARE: gettext_lazy("Here hardly any hair covers the skin."),
    Metric.AFFECTED_SHARE: gettext_lazy("Bald area plus half of the thinning area, as a share of the scalp seen."),
    Metric.SCALP_IN_FRAME: gettext_lazy("This says how well the photograph frames the scalp, nothing about the hair."),
    Metric.THINNING_AREA_MM2: gettext_lazy("A flat projection: the curved head is somewhat larger than its picture."),
    Metric.BALD_AREA_MM2: gettext_lazy("A flat projection: the curved head is somewhat larger than its picture."),
    Metric.PART_WIDTH_MM: gettext_lazy("How wide the bare strip of skin along your parting is."),
    Metric.PART_WIDTH_RATIO: gettext_lazy(
        "How wide the bare strip of skin along your parting is, in percent of the width of your head in the photograph."
    ),
    Metric.HAIRLINE_MIDDLE_MM: _HAIRLINE_MEANING,
    Metric.HAIRLINE_LEFT_MM: _HAIRLINE_MEANING,
    Metric.HAIRLINE_RIGHT_MM: _HAIRLINE_MEANING,
    Metric.HAIRLINE_MIDDLE_RATIO: _HAIRLINE_RATIO_MEANING,
    Metric.HAIRLINE_LEFT_RATIO: _HAIRLINE_RATIO_MEANING,
    Metric.HAIRLINE_RIGHT_RATIO: _HAIRLINE_RATIO_MEANING,
    Metric.HAIR_DENSITY: gettext_lazy("Hairs on one square centimetre. Compare it only with your own earlier values."),
    Metric.FOLLICULAR_UNIT_DENSITY: gettext_lazy("Groups of hairs on one square centimetre, counted on the close-up."),
    Metric.CALIBRE_MEAN: gettext_lazy("How thick the hairs in the close-up are on average; 1,000 µm are a millimetre."),
    Metric.VELLUS_SHARE: gettext_lazy("How many of the measured hairs are finer than the clinic's limit."),
    Metric.CUMULATIVE_THICKNESS: gettext_lazy("All hairs of one square centimetre laid side by side."),
    Metric.SEVERITY_INDEX: gettext_lazy("It orders the queue of cases; it is not a diagnosis."),
    Metric.SALT_ESTIMATE: gettext_lazy(
        "How much of the hair of the whole scalp is lost, from 0 (none) to 100 (all). Photographs show the sides only "
        "in part, so it is an estimate."
    ),
    Metric.NORWOOD_STAGE: gettext_lazy("The usual scale for pattern hair loss in men runs from stage 1 to stage 7."),
    Metric.LUDWIG_SINCLAIR: gettext_lazy("The usual scales for pattern hair loss in women; the clinician grades them."),
}

REASONS: Mapping[str, Any] = {
    Reason.QUALITY_FAILED: gettext_lazy("the photograph was not sharp or bright enough to measure"),
    Reason.NOT_A_SCALP: gettext_lazy("the photograph does not show enough of the scalp"),
    Reason.TOO_LITTLE_SCALP: gettext_lazy("too little of the scalp can be seen"),
    Reason.OUT_OF_DOMAIN: gettext_lazy("the photograph is unlike those the model was tested on"),
    Reason.VIEW_NOT_SUPPORTED: gettext_lazy("this view is not measured"),
    Reason.SEVERAL_CARDS: gettext_lazy("there are two calibration cards in the photograph"),
    Reason.SEVERAL_BARS: gettext_lazy("several lines in the picture could be its scale bar"),
    Reason.CARD_MIRRORED: gettext_lazy("the photograph is a mirror image"),
    Reason.CARD_UNUSABLE: gettext_lazy("the calibration card in the photograph cannot be read"),
    Reason.NO_SCALE: gettext_lazy("the photograph carries no scale"),
    Reason.VIEWS_MISSING: gettext_lazy("photographs from other sides are missing"),
    Reason.MODEL_OFF: gettext_lazy("the clinic has switched this model off"),
    Reason.NO_RELEASED_MODEL: gettext_lazy("no released model measures this"),
    Reason.TOO_COARSE: gettext_lazy("the close-up is not magnified enough"),
    Reason.NOT_SHARP: gettext_lazy("what was to be measured is not sharp enough in the photograph"),
    Reason.TOO_FEW_HAIRS: gettext_lazy("too few hairs in the close-up lie free"),
    Reason.NO_PARTING: gettext_lazy("no parting with hair on both sides was found"),
    Reason.WIDER_THAN_A_PARTING: gettext_lazy("the skin that shows is wider than a parting"),
    Reason.HEAD_CUT_OFF: gettext_lazy("a side of the head lies outside the photograph"),
    Reason.NO_LANDMARKS: gettext_lazy("the eyes could not be found in the photograph"),
    Reason.HAIRLINE_COVERED: gettext_lazy("hair covers the forehead"),
    Reason.HAIRLINE_OUT_OF_SIGHT: gettext_lazy("no hair begins above the forehead in the photograph"),
    Reason.NOT_PATTERN_LOSS: gettext_lazy("the photographs do not show pattern hair loss of a man"),
    Reason.NOT_OFFERED: gettext_lazy("this scale is graded by the clinician alone"),
    Reason.TOO_FEW_REPEATS: gettext_lazy("too few views were photographed twice"),
    Reason.NOT_COMPARED: gettext_lazy("a change of this number by itself says nothing"),
    Reason.NOT_GRADABLE: gettext_lazy("the photographs do not settle the stage"),
}

CONDITION_NAMES: Mapping[str, Any] = {
    Condition.ALOPECIA: gettext_lazy("hair loss (alopecia)"),
    Condition.PSORIASIS: gettext_lazy("psoriasis of the scalp"),
    Condition.FOLLICULITIS: gettext_lazy("inflamed hair follicles (folliculitis)"),
    Condition.NO_FINDING: gettext_lazy("none of the conditions that the model knows"),
    Condition.OTHER: gettext_lazy("another condition of the scalp"),
    Condition.UNSURE: gettext_lazy("unsure"),
}

SEVERITY_CAPTION = gettext_lazy("The index orders the clinic’s queue. It is not a diagnosis.")
RESEARCH_STATEMENT = gettext_lazy(
    "Research use: the measurements were made by models that are not certified medical devices. "
    "A clinician looked at each one and accepted or corrected it."
)
ATTENTION_NOT_EMERGENCY = gettext_lazy(
    "This report is not for emergencies. With fever, spreading redness, pus or severe pain, see a doctor today."
)


def view_name(view: str) -> str:
    """A view's name; a view this release does not know shows as it is stored."""
    return str(VIEW_NAMES.get(view, view.replace("_", " ")))


def reason_words(reason: str) -> str:
    """Why a number does not exist."""
    return str(REASONS.get(reason, reason.replace("_", " ")))


def number(value: float) -> str:
    """Two significant digits where they matter: 0.4, 3.7, 12, 143."""
    if abs(value) < 10:
        text = f"{value:.1f}"
        return text[:-2] if text.endswith(".0") else text
    return f"{value:.0f}"


def amount(value: float, unit: str) -> str:
    """A number with its unit: ``12 %``, ``143 /cm²``."""
    return f"{number(value)}{_unit(unit)}"


def quantity(payload: Mapping[str, Any]) -> str:
    """``12 % (95 % interval 9 to 15 %)``; without the interval where there is none."""
    unit = _unit(str(payload.get("unit", "")))
    text = f"{number(payload['value'])}{unit}"
    low, high = payload.get("low"), payload.get("high")
    if low is None or high is None or not low < high:
        return text
    return _("%(value)s (95 %% interval %(low)s to %(high)s%(unit)s)") % {
        "value": text,
        "low": number(low),
        "high": number(high),
        "unit": unit,
    }


def measure_words(code: str, payload: Mapping[str, Any], *, corrected: bool) -> Words:
    """A measure of one photo, or of the session."""
    title = str(METRIC_NAMES.get(code, code.replace("_", " ").capitalize()))
    if "value" not in payload:
        return _not_measurable(title, payload)
    meaning = " ".join(filter(None, (str(METRIC_MEANINGS.get(code, "")), *_conditions(payload))))
    return Words(title, _statement(quantity(payload), corrected=corrected), meaning)


def _conditions(payload: Mapping[str, Any]) -> Iterator[str]:
    """What a number holds under: the cut-off that vellus hairs were sorted by, and why a length is not told in mm."""
    if "vellus_cutoff_um" in payload:
        yield _("Here the limit is %(cutoff)g µm.") % {"cutoff": payload["vellus_cutoff_um"]}
    if "not_in_mm" in payload:
        reason = reason_words(str(payload["not_in_mm"]))
        yield _("It is not measurable in millimetres, because %(reason)s.") % {"reason": reason}


def region_words(payload: Mapping[str, Any], *, corrected: bool) -> Words:
    """A thinning or bald region: where it lies in the picture and how much of the visible scalp it covers."""
    bald = payload.get("kind") == "bald"
    title = _("Bald region") if bald else _("Thinning region")
    place = place_words(payload.get("position"))
    share = payload.get("share_of_scalp")
    if share is None:
        statement = _("Seen in the %(place)s of the scalp") % {"place": place}
    elif payload.get("share_low") is None or payload.get("share_high") is None:
        statement = _("%(share)s %% of the scalp seen, in the %(place)s") % {"share": number(share), "place": place}
    else:
        statement = _("%(share)s %% of the scalp seen (95 %% interval %(low)s to %(high)s %%), in the %(place)s") % {
            "share": number(share),
            "low": number(payload["share_low"]),
            "high": number(payload["share_high"]),
            "place": place,
        }
    meaning = _("Hardly any hair covers the skin here.") if bald else _("Skin can be seen through the hair here.")
    return Words(title, _statement(statement, corrected=corrected), meaning)


def place_words(position: Any) -> str:
    """``upper left`` and so on, as seen in the picture; position is (right, down) in 0..1 of the scalp's box."""
    if not position:
        return _("marked part")
    across, down = float(position[0]), float(position[1])
    column = 0 if across < 1 / 3 else 2 if across > 2 / 3 else 1
    row = 0 if down < 1 / 3 else 2 if down > 2 / 3 else 1
    names = (
        (_("upper left"), _("upper middle"), _("upper right")),
        (_("left middle"), _("middle"), _("right middle")),
        (_("lower left"), _("lower middle"), _("lower right")),
    )
    return names[row][column]


def condition_words(payload: Mapping[str, Any], *, corrected: bool) -> Words:
    """The condition model's suggestion, or what the clinician put in its place."""
    title = _("Condition of the scalp")
    if "shown" not in payload:
        return _not_measurable(title, payload)
    shown = str(payload["shown"])
    name = str(CONDITION_NAMES.get(shown, shown.replace("_", " ")))
    if corrected:
        return Words(
            title,
            _statement(name[:1].upper() + name[1:], corrected=True),
            _("The clinician’s own words further below say what this means for you."),
        )
    if shown == Condition.UNSURE:
        return Words(
            title,
            _("The model was unsure and suggests nothing"),
            _("This is common and means nothing by itself; your clinician judged the photographs."),
        )
    probability = payload.get("probability")
    statement = name[:1].upper() + name[1:]
    if probability is not None:
        statement = _("%(name)s (calibrated probability %(percent)s %%)") % {
            "name": statement,
            "percent": number(100 * probability),
        }
    return Words(
        title, statement, _("A hint from photographs, which the clinician accepted. It is not a diagnosis by itself.")
    )


def severity_words(payload: Mapping[str, Any], *, corrected: bool) -> Words:
    """The Bald Spot Severity Index with its range, the affected share and the views that were missing."""
    title = str(METRIC_NAMES[Metric.SEVERITY_INDEX])
    index = payload.get("index")
    if not index:
        return _not_measurable(title, payload)
    statement = _("%(value)s of 10") % {"value": number(index["value"])}
    if index.get("low") is not None and index["low"] < index["high"]:
        statement = _("%(value)s of 10 (95 %% interval %(low)s to %(high)s)") % {
            "value": number(index["value"]),
            "low": number(index["low"]),
            "high": number(index["high"]),
        }
    share = payload.get("affected_share")
    parts = []
    if share:
        parts.append(_("About %(share)s of the scalp seen is affected.") % {"share": quantity(share)})
    missing = payload.get("missing_views") or []
    if missing:
        views = ", ".join(view_name(view) for view in missing)
        parts.append(_("The range is wide because these views are missing: %(views)s.") % {"views": views})
    parts.append(str(SEVERITY_CAPTION))
    return Words(title, _statement(statement, corrected=corrected), " ".join(parts))


def salt_words(payload: Mapping[str, Any], *, corrected: bool) -> Words:
    """The SALT estimate with its range and band."""
    title = str(METRIC_NAMES[Metric.SALT_ESTIMATE])
    score = payload.get("score")
    if not score:
        return _not_measurable(title, payload)
    statement = _("%(score)s of 100") % {"score": quantity(score)}
    meaning = str(METRIC_MEANINGS[Metric.SALT_ESTIMATE])
    if payload.get("band"):
        meaning = _("Band %(band)s %%.") % {"band": str(payload["band"]).replace("-", "–")} + " " + meaning
    return Words(title, _statement(statement, corrected=corrected), meaning)


def norwood_words(payload: Mapping[str, Any], *, corrected: bool) -> Words:
    """The Norwood stage with the range it may lie in, or why there is none."""
    title = str(METRIC_NAMES[Metric.NORWOOD_STAGE])
    stage = payload.get("stage")
    if stage is None and corrected:
        return Words(title, _statement(_("Not gradable"), corrected=True), "")
    if stage is None:
        return _not_measurable(title, payload)
    statement = _("Stage %(stage)d") % {"stage": stage}
    low, high = payload.get("lowest"), payload.get("highest")
    if low is not None and high is not None and low < high:
        statement = _("Stage %(stage)d (most likely between %(low)d and %(high)d)") % {
            "stage": stage, "low": low, "high": high,
        }  # fmt: skip
    return Words(title, _statement(statement, corrected=corrected), str(METRIC_MEANINGS[Metric.NORWOOD_STAGE]))


WRITERS: Mapping[str, Callable[..., Words]] = {
    "region": region_words,
    "condition": condition_words,
    "severity": severity_words,
    "salt": salt_words,
    "norwood": norwood_words,
}


def finding_words(kind: str, code: str, payload: Mapping[str, Any], *, corrected: bool) -> Words:
    """Words for any kind of finding."""
    if kind == "measure":
        return measure_words(code, payload, corrected=corrected)
    if code == Metric.LUDWIG_SINCLAIR:  # stands where a man's stage would: women's scales are the clinician's
        return _not_measurable(str(METRIC_NAMES[Metric.LUDWIG_SINCLAIR]), payload)
    return WRITERS[kind](payload, corrected=corrected)


def _not_measurable(title: str, payload: Mapping[str, Any]) -> Words:
    reason = reason_words(str(payload.get("reason", "")))
    return Words(title, _("Not measurable, because %(reason)s") % {"reason": reason}, "")


def _statement(text: str, *, corrected: bool) -> str:
    return _("%(text)s, as corrected by the clinician") % {"text": text} if corrected else text


def _unit(unit: str) -> str:
    return _UNITS.get(unit, f" {unit}")


_UNITS = {
    "%": " %",
    "mm": " mm",
    "mm2": " mm²",
    "index": "",
    "per_cm2": " /cm²",
    "/cm2": " /cm²",
    "stage": "",
    "um": " µm",
    "mm/cm2": " mm/cm²",
    "": "",
}
