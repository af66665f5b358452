"""Findings in a clinician's words: full terms, the number with its range, and the reason where there is none. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from patients.capture_protocol import SITE_LABELS, TrichoscopySite, guide
from reviews.payloads import not_measurable_reason
from vision.types import Condition, FieldWarning, ImageKind, Metric, Reason, View

if TYPE_CHECKING:
    from patients.models import Photo

Text = str | Promise

_HAIRLINE_MEANING = gettext_lazy(
    "From the line of the eyes up to where hair begins, in the picture's plane: a head tipped up or down moves it."
)

METRICS: Mapping[str, tuple[Text, Text]] = {
    Metric.COVERAGE_INDEX: (
        gettext_lazy("Coverage index"),
        gettext_lazy("Share of visible scalp covered by hair: dense plus half of thinning. Not a hair density."),
    ),
    Metric.SCALP_VISIBILITY: (
        gettext_lazy("Scalp visibility"),
        gettext_lazy("Share of the scalp where skin shows: thinning plus bald."),
    ),
    Metric.THINNING_SHARE: (gettext_lazy("Thinning area"), gettext_lazy("Share of visible scalp.")),
    Metric.BALD_SHARE: (gettext_lazy("Bald area"), gettext_lazy("Share of visible scalp, under about 15 % cover.")),
    Metric.AFFECTED_SHARE: (gettext_lazy("Affected share"), gettext_lazy("Bald plus half of thinning.")),
    Metric.SCALP_IN_FRAME: (gettext_lazy("Scalp in frame"), gettext_lazy("Share of the picture that is scalp.")),
    Metric.THINNING_AREA_MM2: (gettext_lazy("Thinning area"), gettext_lazy("Projected; a head is curved.")),
    Metric.BALD_AREA_MM2: (gettext_lazy("Bald area"), gettext_lazy("Projected; a head is curved.")),
    Metric.PART_WIDTH_MM: (
        gettext_lazy("Part width"),
        gettext_lazy("Median width of the bare strip of the parting, across it. Compare only partings laid alike."),
    ),
    Metric.PART_WIDTH_RATIO: (
        gettext_lazy("Part width, of head width"),
        gettext_lazy(
            "Median width of the bare strip of the parting over the width of the head, hair included, in this picture."
        ),
    ),
    Metric.HAIRLINE_MIDDLE_MM: (gettext_lazy("Hairline, middle"), _HAIRLINE_MEANING),
    Metric.HAIRLINE_LEFT_MM: (gettext_lazy("Hairline, left temple"), _HAIRLINE_MEANING),
    Metric.HAIRLINE_RIGHT_MM: (gettext_lazy("Hairline, right temple"), _HAIRLINE_MEANING),
    Metric.HAIRLINE_MIDDLE_RATIO: (
        gettext_lazy("Hairline height, middle, as share of pupil distance"),
        _HAIRLINE_MEANING,
    ),
    Metric.HAIRLINE_LEFT_RATIO: (
        gettext_lazy("Hairline height, left temple, as share of pupil distance"),
        _HAIRLINE_MEANING,
    ),
    Metric.HAIRLINE_RIGHT_RATIO: (
        gettext_lazy("Hairline height, right temple, as share of pupil distance"),
        _HAIRLINE_MEANING,
    ),
    Metric.HAIR_DENSITY: (
        gettext_lazy("Hair density"),
        gettext_lazy("Roots in the counting frame. No norm fits everyone: compare with the patient's own occiput."),
    ),
    Metric.FOLLICULAR_UNIT_DENSITY: (
        gettext_lazy("Follicular unit density"),
        gettext_lazy("Roots within 0.25 mm of one another are one unit."),
    ),
    Metric.CALIBRE_MEAN: (
        gettext_lazy("Mean hair calibre"),
        gettext_lazy("Widths of the shafts that lie free, in the picture as taken."),
    ),
    Metric.VELLUS_SHARE: (
        gettext_lazy("Vellus hairs"),
        gettext_lazy("Share of measured hairs below the cut-off. Thin hairs are missed most often: a lower bound."),
    ),
    Metric.CUMULATIVE_THICKNESS: (
        gettext_lazy("Cumulative thickness"),
        gettext_lazy("Hair density times mean calibre."),
    ),
    Metric.SEVERITY_INDEX: (
        gettext_lazy("Bald Spot Severity Index"),
        gettext_lazy("1 to 10 from the affected share of all views. Orders the queue; it is not a diagnosis."),
    ),
    Metric.SALT_ESTIMATE: (
        gettext_lazy("SALT estimate"),
        gettext_lazy(
            "Crown 40 %, occiput 24 %, temples 18 % each, from bald plus half of thinning. A temple does not show the "
            "whole side: confirm or correct it."
        ),
    ),
    Metric.NORWOOD_STAGE: (
        gettext_lazy("Norwood stage"),
        gettext_lazy("Men with pattern loss only. Taught on stages 2 to 7; stage 1 is unknown to it."),
    ),
    Metric.LUDWIG_SINCLAIR: (
        gettext_lazy("Ludwig or Sinclair grade"),
        gettext_lazy("Left to you: no graded photographs of women taught a model. Note it in your reading."),
    ),
}

CONDITIONS: Mapping[str, Text] = {
    Condition.ALOPECIA: gettext_lazy("Alopecia"),
    Condition.PSORIASIS: gettext_lazy("Psoriasis"),
    Condition.FOLLICULITIS: gettext_lazy("Folliculitis"),
    Condition.NO_FINDING: gettext_lazy("None known"),
    Condition.OTHER: gettext_lazy("Other condition"),
    Condition.UNSURE: gettext_lazy("Unsure"),
}

REASONS: Mapping[str, Text] = {
    Reason.QUALITY_FAILED: gettext_lazy("the photograph failed the quality check"),
    Reason.NOT_A_SCALP: gettext_lazy("the picture does not look like a scalp"),
    Reason.TOO_LITTLE_SCALP: gettext_lazy("too little scalp is visible"),
    Reason.OUT_OF_DOMAIN: gettext_lazy("the picture is outside what the model was tested on"),
    Reason.VIEW_NOT_SUPPORTED: gettext_lazy("the model does not read this view"),
    Reason.NO_SCALE: gettext_lazy("there is no scale in the picture"),
    Reason.SEVERAL_CARDS: gettext_lazy("there are two calibration cards in the picture"),
    Reason.SEVERAL_BARS: gettext_lazy("several lines in the picture could be its scale bar"),
    Reason.CARD_MIRRORED: gettext_lazy("the picture is a mirror image"),
    Reason.CARD_UNUSABLE: gettext_lazy("the calibration card in the picture cannot be read"),
    Reason.VIEWS_MISSING: gettext_lazy("views that it needs are missing"),
    Reason.MODEL_OFF: gettext_lazy("the model is switched off"),
    Reason.NO_RELEASED_MODEL: gettext_lazy("no released model measures it"),
    Reason.TOO_COARSE: gettext_lazy("the magnification is too low to tell thin hairs apart"),
    Reason.NOT_SHARP: gettext_lazy("edges are too soft to measure a width"),
    Reason.TOO_FEW_HAIRS: gettext_lazy("too few hairs lie free to be measured"),
    Reason.NO_PARTING: gettext_lazy("no parting with hair on both sides was found"),
    Reason.WIDER_THAN_A_PARTING: gettext_lazy("the bare scalp is wider than a parting, so it has no edges to measure"),
    Reason.HEAD_CUT_OFF: gettext_lazy("a side of the head lies outside the picture"),
    Reason.NO_LANDMARKS: gettext_lazy("the eyes, from which it is measured, could not be found"),
    Reason.HAIRLINE_COVERED: gettext_lazy("hair covers the forehead"),
    Reason.HAIRLINE_OUT_OF_SIGHT: gettext_lazy("no hair begins above the forehead as far as the picture shows"),
    Reason.NOT_PATTERN_LOSS: gettext_lazy("this is not pattern loss of a man as far as the photographs tell"),
    Reason.NOT_OFFERED: gettext_lazy("the clinician grades this scale, no model does"),
    Reason.TOO_FEW_REPEATS: gettext_lazy("too few views were photographed twice"),
    Reason.NOT_COMPARED: gettext_lazy("a change of this number by itself says nothing"),
    Reason.NOT_GRADABLE: gettext_lazy("the views leave the stage open"),
}

OVERLAYS: Mapping[str, Text] = {
    ImageKind.OVERLAY: gettext_lazy("Segmentation"),
    ImageKind.DENSITY: gettext_lazy("Cover map"),
    ImageKind.HAIRS: gettext_lazy("Hairs found"),
    ImageKind.ATTENTION: gettext_lazy("Model attention"),
    ImageKind.DENOISED: gettext_lazy("Denoised"),
    ImageKind.EDGES: gettext_lazy("Edges"),
    ImageKind.EQUALISED: gettext_lazy("Equalised"),
}

WARNINGS: Mapping[str, Text] = {
    FieldWarning.SMALL_FIELD: gettext_lazy("The field is small: the same spot placed anew would give another number."),
    FieldWarning.FEW_CALIBRES: gettext_lazy("Fewer than half of the hairs lie free enough to be measured."),
}

UNITS: Mapping[str, str] = {
    "%": " %",
    "mm2": " mm²",
    "per_cm2": "/cm²",
    "mm": " mm",
    "um": " µm",
    "mm/cm2": " mm/cm²",
    "index": "",
}


def view_name(view: str, site: str = "") -> str:
    """A view as clinicians name it, with the trichoscopy site."""
    name = str(guide(View(view)).label)
    if site in {known.value for known in TrichoscopySite}:
        return f"{name} · {SITE_LABELS[TrichoscopySite(site)]}"
    return name


def numbered(name: str, photo: Photo, photos: Sequence[Photo], *, short: bool = False) -> str:
    """The name with the photograph's number where a case has several of its view and site."""
    alike = [one.pk for one in photos if (one.view, one.site) == (photo.view, photo.site)]
    if len(alike) < 2:
        return name
    at = alike.index(photo.pk) + 1
    if short:
        return f"{name} {at}"
    return _("%(view)s, %(number)s of %(count)s") % {"view": name, "number": at, "count": len(alike)}


def short_view(view: str) -> str:
    """A view in one or two words, for chips and filmstrips."""
    return str(_SHORT_VIEWS[View(view)])


def short_place(view: str, site: str) -> str:
    """The same with the trichoscopy site, where several photographs share a view."""
    short = short_view(view)
    return (
        f"{short} · {SITE_LABELS[TrichoscopySite(site)]}"
        if site in {known.value for known in TrichoscopySite}
        else short
    )


_SHORT_VIEWS: Mapping[View, Text] = {
    View.CROWN: gettext_lazy("Crown"),
    View.HAIRLINE: gettext_lazy("Hairline"),
    View.TEMPLE_LEFT: gettext_lazy("Left temple"),
    View.TEMPLE_RIGHT: gettext_lazy("Right temple"),
    View.PART: gettext_lazy("Part"),
    View.OCCIPUT: gettext_lazy("Occiput"),
    View.TRICHOSCOPY: gettext_lazy("Trichoscopy"),
}


def title(kind: str, code: str, payload: Mapping[str, Any]) -> str:
    """What a finding is about."""
    match kind:
        case "region":
            return _("Bald region") if payload.get("kind") == "bald" else _("Thinning region")
        case "condition":
            return _("Condition class")
        case _:
            return str(METRICS[code][0]) if code in METRICS else code.replace("_", " ").capitalize()


def meaning(kind: str, code: str) -> str:
    """One sentence on how to read it."""
    match kind:
        case "region":
            return _("Measured on the mask, in % of the visible scalp of this photograph.")
        case "condition":
            return _("One of four trained classes with a calibrated probability. A class is not a diagnosis.")
        case _:
            return str(METRICS[code][1]) if code in METRICS else ""


def value(kind: str, payload: Mapping[str, Any]) -> str:
    """The statement in a few characters: "62 %", "4.1 of 10", "Alopecia 87 %"."""
    if kind == "norwood" and payload.get("by") and not_measurable_reason(payload):
        return _("Not gradable")
    if not_measurable_reason(payload):
        return _("Not measurable")
    match kind:
        case "region":
            return share(payload)
        case "condition":
            return condition_value(payload)
        case "severity":
            return _("%(value)s of 10") % {"value": number(payload["index"]["value"])}
        case "salt":
            return _("%(value)s of 100") % {"value": number(payload["score"]["value"])}
        case "norwood":
            return stage_name(payload["stage"])
        case _:
            return quantity(payload["value"], payload.get("unit", ""))


def interval(kind: str, payload: Mapping[str, Any]) -> str:
    """The 95 % interval in words; empty when there is none (a clinician's number carries none)."""
    if kind == "norwood":
        return stage_range(payload)
    between = span(kind, payload)
    return between and _("95 %% interval %(span)s") % {"span": between}


def span(kind: str, payload: Mapping[str, Any]) -> str:
    """The same as short as it goes, for a row of a list: ``36 to 81 %``; of a stage ``3 to 5``."""
    if kind == "norwood":
        low, high = payload.get("lowest"), payload.get("highest")
        return _("%(low)s to %(high)s") % {"low": low, "high": high} if stage_range(payload) else ""
    if kind == "region":
        payload = {"low": payload.get("share_low"), "high": payload.get("share_high"), "unit": "%"}
    source = payload.get({"severity": "index", "salt": "score"}[kind], {}) if kind in ("severity", "salt") else payload
    low, high = source.get("low"), source.get("high")
    if low is None or high is None or not low < high:
        return ""
    unit = source.get("unit", "")
    return _("%(low)s to %(high)s") % {"low": number(low), "high": quantity(high, unit)}


def stage_name(stage: object) -> str:
    """A Norwood stage, or that there is none."""
    if stage == Reason.NOT_GRADABLE:
        return _("Not gradable")
    return _("Stage %(stage)s") % {"stage": stage}


def salt_bands(payload: Mapping[str, Any]) -> str:
    """The SALT band, and between which bands the interval lies where it reaches beyond one."""
    band, low, high = (f"{str(payload[key]).replace('-', '–')} %" for key in ("band", "lowest_band", "highest_band"))
    return band if low == high else _("%(band)s (from %(low)s to %(high)s)") % {"band": band, "low": low, "high": high}


def stage_range(payload: Mapping[str, Any]) -> str:
    """Between which stages at least 90 % of the probability lies; empty for a clinician's stage."""
    low, high = payload.get("lowest"), payload.get("highest")
    if payload.get("by") or low is None or high is None or low == high:
        return ""
    return _("90 %% of the probability between %(low)d and %(high)d") % {"low": low, "high": high}


def reason_words(payload: Mapping[str, Any]) -> str:
    """Why there is no number, with the views that are missing where the result names them."""
    reason = not_measurable_reason(payload)
    words = str(REASONS.get(reason, reason.replace("_", " ")))
    named = [part for part in str(payload.get("detail", "")).split(", ") if part in _SHORT_VIEWS]
    if reason == Reason.VIEWS_MISSING and named:
        return f"{words}: {', '.join(short_view(view) for view in named)}"
    return words


def share(payload: Mapping[str, Any]) -> str:
    """A region's share of the visible scalp."""
    found = payload.get("share_of_scalp")
    return _("share unknown") if found is None else quantity(found, "%")


def condition_value(payload: Mapping[str, Any]) -> str:
    """The class shown, with the model's probability for it."""
    shown = str(payload["shown"])
    name = str(CONDITIONS.get(shown, shown))
    probability = payload.get("probabilities", {}).get(shown)
    if probability is None or payload.get("by"):
        return name
    return f"{name} {quantity(100 * probability, '%')}"


def number(amount: float) -> str:
    """One decimal below ten, none above."""
    return f"{amount:.1f}".removesuffix(".0") if abs(amount) < 10 else f"{amount:.0f}"


def quantity(amount: float, unit: str) -> str:
    """A number with its unit."""
    return f"{number(amount)}{UNITS.get(unit, f' {unit}' if unit else '')}"


def count_facts(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What stands beside a count in a trichoscopy picture: area, cut-off, terminal to vellus, and what to beware of."""
    rows: list[tuple[str, str]] = []
    if "not_in_mm" in payload:
        why = str(REASONS.get(payload["not_in_mm"], ""))
        rows.append((_("In millimetres"), _("Not measurable, because %(reason)s") % {"reason": why}))
    if "field_cm2" in payload:
        rows.append((_("Counted area"), f"{payload['field_cm2']:.3f} cm²"))
    if "vellus_cutoff_um" in payload:
        rows.append((_("Cut-off"), f"{payload['vellus_cutoff_um']:g} µm"))
        rows.append((_("Terminal : vellus"), f"{payload['terminal']} : {payload['vellus']}"))
    return [*rows, *((_("Beware"), str(WARNINGS[name])) for name in payload.get("warnings", ()))]
