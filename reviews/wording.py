"""Findings in a clinician's words: full terms, the number with its range, and the reason where there is none. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from patients.capture_protocol import SITE_LABELS, TrichoscopySite, guide
from reviews.payloads import not_measurable_reason
from vision.types import Condition, ImageKind, Metric, Reason, View

Text = str | Promise

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
    Metric.HAIR_DENSITY: (gettext_lazy("Hair density"), gettext_lazy("Compare with the patient's own occiput.")),
    Metric.FOLLICULAR_UNIT_DENSITY: (gettext_lazy("Follicular unit density"), gettext_lazy("Trichoscopy only.")),
    Metric.SEVERITY_INDEX: (
        gettext_lazy("Bald Spot Severity Index"),
        gettext_lazy("1 to 10 from the affected share of all views. Orders the queue; it is not a diagnosis."),
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
    Reason.VIEWS_MISSING: gettext_lazy("views that it needs are missing"),
    Reason.MODEL_OFF: gettext_lazy("the model is switched off"),
    Reason.NO_RELEASED_MODEL: gettext_lazy("no released model measures it"),
}

OVERLAYS: Mapping[str, Text] = {
    ImageKind.OVERLAY: gettext_lazy("Segmentation"),
    ImageKind.DENSITY: gettext_lazy("Cover map"),
    ImageKind.ATTENTION: gettext_lazy("Model attention"),
    ImageKind.DENOISED: gettext_lazy("Denoised"),
    ImageKind.EDGES: gettext_lazy("Edges"),
    ImageKind.EQUALISED: gettext_lazy("Equalised"),
}

UNITS: Mapping[str, str] = {"%": " %", "mm2": " mm²", "per_cm2": "/cm²", "index": ""}


def view_name(view: str, site: str = "") -> str:
    """A view as clinicians name it, with the trichoscopy site."""
    name = str(guide(View(view)).label)
    if site in {known.value for known in TrichoscopySite}:
        return f"{name} · {SITE_LABELS[TrichoscopySite(site)]}"
    return name


def short_view(view: str) -> str:
    """A view in one or two words, for chips and filmstrips."""
    return str(_SHORT_VIEWS[View(view)])


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
    if not_measurable_reason(payload):
        return _("Not measurable")
    match kind:
        case "region":
            return share(payload)
        case "condition":
            return condition_value(payload)
        case "severity":
            return _("%(value)s of 10") % {"value": number(payload["index"]["value"])}
        case _:
            return quantity(payload["value"], payload.get("unit", ""))


def interval(kind: str, payload: Mapping[str, Any]) -> str:
    """The 95 % interval in words; empty when there is none (a clinician's number carries none)."""
    source = payload.get("index", {}) if kind == "severity" else payload
    low, high = source.get("low"), source.get("high")
    if low is None or high is None or not low < high:
        return ""
    unit = source.get("unit", "")
    return _("95 %% interval %(low)s to %(high)s") % {"low": number(low), "high": quantity(high, unit)}


def reason_words(payload: Mapping[str, Any]) -> str:
    """Why there is no number."""
    reason = not_measurable_reason(payload)
    return str(REASONS.get(reason, reason.replace("_", " ")))


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
