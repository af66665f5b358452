"""The list beside the stage: one card per finding and per region the clinician added, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from analysis.models import Finding
from analysis.noise import takes_of
from patients.models import Photo
from reviews.calibre_chart import CalibreChart
from reviews.causes import EXPLAINING, KEYS, REJECTING, WORDS, Cause
from reviews.decisions import CaseState, Verdict
from reviews.measuring import Numbers, PhotoNumbers
from reviews.own_regions import RegionNow, px_per_mm_of
from reviews.payloads import BOUNDS, CONDITION_CHOICES, NOT_GRADABLE, STAGE_CHOICES, Bounds, needs_decision
from reviews.remeasure import projected_mm2
from reviews.wording import (
    CONDITIONS,
    METRICS,
    count_facts,
    interval,
    meaning,
    number,
    numbered,
    quantity,
    reason_words,
    salt_bands,
    short_view,
    span,
    stage_name,
    title,
    value,
    view_name,
)
from vision.types import Measured, Metric


@dataclass(frozen=True, slots=True)
class CauseChoice:
    """A reason that is named with one key or one tap. ``chosen``: it is the one that stands."""

    value: str
    words: str
    key: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class FindingCard:
    """One finding in the list: the model's statement, what was decided, and what may be done."""

    id: UUID
    number: int
    kind: str
    photo_id: UUID | None
    title: str
    value: str
    interval: str
    span: str  # the same as short as it goes
    meaning: str
    release: str
    needs_decision: bool
    reason: str  # why it is not measurable
    parts: tuple[tuple[str, str], ...]  # of the severity index or the condition: label and value
    opened: bool
    verdict: str
    corrected_value: str
    counted_value: str  # what the corrected outlines give in place of the model's number
    counted_interval: str
    decision_reason: str
    decided_by: str
    open: bool
    bounds: Bounds | None
    number_value: float | None
    choices: tuple[tuple[str, str, bool], ...]
    other_region_kind: str  # "bald" or "thinning": what a region may be corrected to
    explaining: tuple[CauseChoice, ...] = ()  # why an outline was redrawn
    rejecting: tuple[CauseChoice, ...] = ()  # why a region is none
    left_out: bool = False  # rejected as outside the scalp: its pixels count no more

    @property
    def state(self) -> str:
        """A word of the status badge."""
        if not self.needs_decision:
            return "not_measurable"
        return self.verdict or "todo"

    @property
    def number_text(self) -> str:
        """The number for an input field: as the row shows it, with a full stop, whatever the language."""
        if self.number_value is None:
            return ""
        return f"{self.number_value:.0f}" if abs(self.number_value) >= 10 else f"{self.number_value:.1f}"

    @property
    def cause_named(self) -> bool:
        """Whether the reason for a new outline is one of those offered."""
        return any(cause.chosen for cause in self.explaining)

    @property
    def waiting(self) -> bool:
        return self.needs_decision and not self.verdict

    @property
    def stands_value(self) -> str:
        """The number that counts, when it is not the model's: typed, or counted on the outlines."""
        if self.verdict == Verdict.REJECTED:
            return ""
        return self.corrected_value or self.counted_value


@dataclass(frozen=True, slots=True)
class OwnCard:
    """A region that the clinician added. ``mergeable``: own regions of the same kind on the same photograph."""

    id: UUID
    number: int
    photo_id: UUID
    kind: str
    title: str
    value: str
    area: str
    reason: str
    drawn_by: str
    open: bool
    mergeable: tuple[tuple[UUID, int], ...]

    @property
    def other_kind(self) -> str:
        """What its kind may be changed to."""
        return "thinning" if self.kind == "bald" else "bald"


@dataclass(frozen=True, slots=True)
class Counted:
    """A number beside the findings: what the model's map gives, and what the corrected one does."""

    label: str
    before: str
    after: str
    interval: str

    @property
    def changed(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """The findings of one photograph, or of the session."""

    title: str
    photo_id: UUID | None
    cards: tuple[FindingCard, ...]
    own: tuple[OwnCard, ...] = ()
    counted: tuple[Counted, ...] = ()
    redrawn: bool = False
    calibres: CalibreChart | None = None

    @property
    def left_out(self) -> tuple[int, ...]:
        """Numbers of the regions whose pixels are no scalp any more."""
        return tuple(card.number for card in self.cards if card.left_out)


def finding_cards(state: CaseState, numbers: Numbers, open_id: UUID | None) -> list[FindingCard]:
    """A card per finding, numbered from 1 in the order of the screen."""
    return [_card(state, numbers, finding, number, open_id) for number, finding in enumerate(state.findings, 1)]


def own_cards(state: CaseState, open_id: UUID | None) -> list[OwnCard]:
    """A card per region that the clinician added, numbered after the findings."""
    first = len(state.findings) + 1
    numbered = [(number, region) for number, region in enumerate(state.own, first)]
    return [_own_card(state, region, number, numbered, open_id) for number, region in numbered]


def _own_card(
    state: CaseState,
    region: RegionNow,
    number: int,
    numbered: Sequence[tuple[int, RegionNow]],
    open_id: UUID | None,
) -> OwnCard:
    return OwnCard(
        id=region.region_id,
        number=number,
        photo_id=region.photo.pk,
        kind=region.kind,
        title=title("region", region.kind, region.payload),
        value=value("region", region.payload),
        area=_area(state, region.photo, region.payload),
        reason=region.reason,
        drawn_by=region.drawn_by,
        open=region.region_id == open_id,
        mergeable=tuple(
            (other.region_id, at)
            for at, other in numbered
            if other is not region and other.photo.pk == region.photo.pk and other.kind == region.kind
        ),
    )


def _card(state: CaseState, numbers: Numbers, finding: Finding, number: int, open_id: UUID | None) -> FindingCard:
    decision = state.decided.get(finding.pk)
    payload = finding.payload
    corrected = decision.corrected if decision and decision.verdict == Verdict.CORRECTED else None
    stands = corrected or payload
    wanted = needs_decision(payload)
    region = finding.kind == Finding.Kind.REGION
    numeric = wanted and finding.kind in _NUMBER_AT
    counted = numbers.payload_for(finding) if corrected is None else None
    if counted is not None and value(finding.kind, counted) == value(finding.kind, payload):
        counted = None  # it reads the same: nothing to show beside the model's
    stands = counted or stands
    source = stands.get(_NUMBER_AT[finding.kind], {}) if _NUMBER_AT.get(finding.kind) else stands
    return FindingCard(
        id=finding.pk,
        number=number,
        kind=finding.kind,
        photo_id=finding.photo_id,
        title=title(finding.kind, finding.code, stands),
        value=value(finding.kind, payload),
        interval="" if not wanted else interval(finding.kind, payload),
        span="" if not wanted else span(finding.kind, payload),
        meaning=meaning(finding.kind, finding.code),
        release=finding.release,
        needs_decision=wanted,
        reason="" if wanted else reason_words(payload),
        parts=_facts(state, finding, counted or payload, stands) if wanted else (),
        opened=finding.pk in state.opened,
        verdict=decision.verdict if decision else "",
        corrected_value=value(finding.kind, corrected) if corrected else "",
        counted_value=value(finding.kind, counted) if counted else "",
        counted_interval=interval(finding.kind, counted) if counted else "",
        decision_reason=decision.reason if decision else "",
        decided_by=decision.decided_by.display_name if decision else "",
        open=finding.pk == open_id,
        bounds=BOUNDS.get(finding.code) if numeric else None,
        number_value=source.get("value") if numeric else None,
        choices=_choices(finding.kind, stands) if wanted else (),
        other_region_kind=("thinning" if stands.get("kind") == "bald" else "bald"),
        explaining=_causes(EXPLAINING, decision.cause) if corrected and decision and region else (),
        rejecting=_causes(REJECTING, decision.cause if decision else "") if region else (),
        left_out=bool(region and decision and decision.verdict == Verdict.REJECTED and decision.cause == Cause.OUTSIDE),
    )


def _causes(offered: Sequence[Cause], stands: str) -> tuple[CauseChoice, ...]:
    return tuple(CauseChoice(one.value, str(WORDS[one]), KEYS.get(one, ""), one == stands) for one in offered)


def _facts(
    state: CaseState, finding: Finding, payload: Mapping[str, Any], stands: Mapping[str, Any]
) -> tuple[tuple[str, str], ...]:
    rows = _parts(finding.kind, payload)
    if finding.kind == Finding.Kind.REGION and finding.photo is not None:
        area = _area(state, finding.photo, stands)
        rows += [(_("Projected area"), area)] if area else []
    return (*rows, *_takes(finding.payload))


def _takes(payload: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What the second take of this view says, and the mean that a change is judged by."""
    found = takes_of(payload)
    if found is None or found[1] < 2:
        return ()
    digits = 0 if found[0].value >= 100 else 1
    again = ", ".join(f"{take:.{digits}f}" for take in payload["takes"][1:])
    return ((_("Second take"), again), (_("Mean of the takes"), f"{found[0].value:.{digits}f}"))


def _area(state: CaseState, photo: Photo, payload: Mapping[str, Any]) -> str:
    """The area inside a region's outline in mm2, where the photograph has a scale and may be measured in it."""
    scale = px_per_mm_of(photo, state.scales.get(photo.pk))
    found = projected_mm2(payload["polygon"], photo.view, (photo.width_px, photo.height_px), scale)
    return area_words(found) if found is not None else ""


def area_words(mm2: float) -> str:
    """An area in mm2, from ten square centimetres on in cm2."""
    return quantity(mm2, "mm2") if mm2 < 1000 else _("%(area)s cm²") % {"area": number(mm2 / 100)}


def _number(amount: float, unit: str) -> str:
    return area_words(amount) if unit == "mm2" else quantity(amount, unit)


def _parts(kind: str, payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a session's statement is made of."""
    if kind in (Finding.Kind.SEVERITY, Finding.Kind.SALT):
        rows = [
            (
                _("%(view)s, weight %(weight)s %%")
                % {"view": short_view(part["view"]), "weight": f"{100 * part['weight']:.0f}"},
                _("%(share)s affected") % {"share": value("measure", part["affected_share"])},
            )
            for part in payload.get("parts", ())
        ]
        if kind == Finding.Kind.SALT:
            rows.append((_("Band"), salt_bands(payload)))
        missing = ", ".join(short_view(view) for view in payload.get("missing_views", ()))
        return [*rows, (_("Missing views"), missing)] if missing else rows
    if kind == Finding.Kind.CONDITION:
        ranked = sorted(payload.get("probabilities", {}).items(), key=lambda pair: -pair[1])
        return [(str(CONDITIONS.get(name, name)), f"{100 * share:.0f} %") for name, share in ranked]
    if kind == Finding.Kind.NORWOOD:
        views = ", ".join(short_view(view) for view in payload.get("views", ()))
        stages = [(stage_name(stage), f"{100 * share:.0f} %") for stage, share in payload["probabilities"].items()]
        return [*stages, (_("Read from"), views)]
    return count_facts(payload)


_NUMBER_AT: Mapping[str, str] = {
    Finding.Kind.MEASURE: "",
    Finding.Kind.SEVERITY: "index",
    Finding.Kind.SALT: "score",
}
"""Kinds of finding that are a number, and where in the payload it stands."""


def _choices(kind: str, payload: Mapping[str, Any]) -> tuple[tuple[str, str, bool], ...]:
    """Value, label and whether it counts now, for the kinds that are corrected by choosing."""
    if kind == Finding.Kind.CONDITION:
        shown = str(payload.get("shown"))
        return tuple((one.value, str(CONDITIONS[one]), one.value == shown) for one in CONDITION_CHOICES)
    if kind == Finding.Kind.NORWOOD:
        stage = str(payload.get("stage", NOT_GRADABLE))
        return tuple((one, stage_name(one), one == stage) for one in STAGE_CHOICES)
    return ()


def finding_groups(
    state: CaseState, numbers: Numbers, cards: Sequence[FindingCard], own: Sequence[OwnCard]
) -> list[FindingGroup]:
    """Photo by photo, then the session; groups without anything are left out."""
    groups = []
    for photo in state.photos:
        found = numbers.photos.get(photo.pk)
        groups.append(
            FindingGroup(
                title=numbered(view_name(photo.view, photo.site), photo, state.photos),
                photo_id=photo.pk,
                cards=tuple(card for card in cards if card.photo_id == photo.pk),
                own=tuple(card for card in own if card.photo_id == photo.pk),
                counted=_counted(found) if found else (),
                redrawn=bool(found and found.redrawn),
            )
        )
    groups.append(FindingGroup(_("Whole session"), None, tuple(card for card in cards if card.photo_id is None)))
    return [group for group in groups if group.cards or group.own or group.counted]


_BESIDE = (
    Metric.AFFECTED_SHARE,
    Metric.BALD_SHARE,
    Metric.THINNING_SHARE,
    Metric.BALD_AREA_MM2,
    Metric.THINNING_AREA_MM2,
)
"""Numbers that are no findings of their own: shown once an outline or a scale gives them something to say."""


def _counted(found: PhotoNumbers) -> tuple[Counted, ...]:
    rows = []
    for metric in _BESIDE:
        now = found.now.get(metric)
        if not isinstance(now, Measured) or not (found.changed(metric) or found.scaled_by_hand):
            continue
        before = found.model.get(metric)
        area = now.unit == "mm2"
        name = str(METRICS[metric][0])
        rows.append(
            Counted(
                label=_("%(name)s, projected") % {"name": name} if area else name,
                before=_number(before.value, before.unit) if isinstance(before, Measured) else "",
                after=_number(now.value, now.unit),
                interval=_("%(low)s to %(high)s")
                % {"low": _number(now.low, now.unit), "high": _number(now.high, now.unit)},
            )
        )
    return tuple(rows)
