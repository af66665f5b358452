"""View data of the review screen: frozen, in words, shaped for the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actors import Actor
from analysis.models import Finding, PhotoResult
from analysis.selectors import AnalysisState, State, analysis_state, photo_results
from patients.models import Photo
from reviews.decisions import Verdict, effective, findings_of, photos_in_order, unseen
from reviews.models import FindingDecision, Review
from reviews.payloads import BOUNDS, CONDITION_CHOICES, Bounds, needs_decision
from reviews.services.readings import holds, photo_on_stage
from reviews.wording import (
    CONDITIONS,
    OVERLAYS,
    interval,
    meaning,
    reason_words,
    short_view,
    title,
    value,
    view_name,
)
from reviews.workflow import State as ReviewState
from vision.types import ImageKind

SHOWN_OVERLAYS = tuple(ImageKind(kind) for kind in OVERLAYS)


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
    meaning: str
    release: str
    needs_decision: bool
    reason: str  # why it is not measurable
    parts: tuple[tuple[str, str], ...]  # of the severity index or the condition: label and value
    opened: bool
    verdict: str
    corrected_value: str
    decision_reason: str
    decided_by: str
    open: bool
    bounds: Bounds | None
    number_value: float | None
    choices: tuple[tuple[str, str, bool], ...]
    other_region_kind: str  # "bald" or "thinning": what a region may be corrected to

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
    def waiting(self) -> bool:
        return self.needs_decision and not self.verdict


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """The findings of one photograph, or of the session."""

    title: str
    photo_id: UUID | None
    cards: tuple[FindingCard, ...]


@dataclass(frozen=True, slots=True)
class PhotoTile:
    """One photograph of the filmstrip."""

    id: UUID
    name: str
    current: bool
    opened: bool
    quality_passed: bool
    waiting: int  # undecided findings on it


@dataclass(frozen=True, slots=True)
class Overlay:
    """A derived picture that can be laid over the photograph."""

    key: str
    label: str
    url: str
    is_map: bool  # has the covered-to-thin legend


@dataclass(frozen=True, slots=True)
class Stage:
    """The photograph in the middle of the screen."""

    photo: Photo
    name: str
    url: str
    overlays: tuple[Overlay, ...]
    outlines: dict[str, Any]
    outlines_url: str  # where changes go; empty: read-only
    quality_failures: tuple[str, ...]

    @property
    def label(self) -> str:
        """The name of the stage among the landmarks of the page."""
        return _("Photograph: %(view)s") % {"view": self.name}


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of the case was looked at and decided, for the decision bar."""

    decided: int
    total: int
    photos_opened: int
    photos_total: int
    can_decide: bool
    can_accept_rest: bool
    waiting: int


@dataclass(frozen=True, slots=True)
class Workspace:
    """Everything that changes while findings are decided."""

    review: Review
    editable: bool  # held by this actor and not yet decided
    held: bool  # held by this actor
    state: ReviewState
    analysis: AnalysisState
    groups: tuple[FindingGroup, ...]
    tiles: tuple[PhotoTile, ...]
    stage: Stage | None
    progress: Progress
    amended: bool

    @property
    def previous_tile(self) -> int:
        """Index of the photograph before the one on the stage."""
        return self._current - 1

    @property
    def next_tile(self) -> int:
        """Index of the photograph after the one on the stage."""
        return self._current + 1

    @property
    def _current(self) -> int:
        return next((index for index, tile in enumerate(self.tiles) if tile.current), 0)

    @property
    def analysis_note(self) -> str:
        """Why there are no findings, when there are none."""
        match self.analysis.state:
            case State.NOT_CONSENTED | State.CANCELLED:
                return _("The patient did not agree to AI. Review the photographs without it; nothing is missing.")
            case State.WAITING | State.RUNNING:
                return _("The models are still measuring. You can begin with the photographs: findings appear here.")
            case State.FAILED:
                return _("The models could not measure this case. Review the photographs without them.")
            case State.OFF | State.DRAFT:
                return _("No model is switched on. Review the photographs without AI.")
            case State.DONE:
                if not self.groups and self.review.analysis_id is None:
                    return _("The models have finished. Reload the page to see their findings.")
                return ""


def workspace(review: Review, actor: Actor, *, photo_id: UUID | None = None, open_id: UUID | None = None) -> Workspace:
    """The review screen's changing part, with one photograph on the stage and at most one finding open."""
    photos = photos_in_order(review.session)
    findings = findings_of(review)
    decided = effective(review)
    opened = set(review.opened.values_list("subject_id", flat=True))
    held = holds(review, actor)
    editable = held and review.status == ReviewState.CLAIMED.value
    open_finding = next((finding for finding in findings if finding.pk == open_id), None)
    if open_finding is not None and open_finding.photo_id is not None:
        photo_id = open_finding.photo_id
    shown = photo_on_stage(photos, photo_id)
    cards = [_card(finding, n, decided.get(finding.pk), opened, open_id) for n, finding in enumerate(findings, 1)]
    return Workspace(
        review=review,
        editable=editable,
        held=held,
        state=ReviewState(review.status),
        analysis=analysis_state(review.session),
        groups=tuple(_groups(cards, photos)),
        tiles=tuple(_tile(photo, shown, opened, cards) for photo in photos),
        stage=_stage(review, shown, findings, decided, editable=editable) if shown else None,
        progress=_progress(review, cards, photos, opened),
        amended=any(decision.verdict != Verdict.ACCEPTED for decision in decided.values()),
    )


def _card(
    finding: Finding, number: int, decision: FindingDecision | None, opened: set[UUID], open_id: UUID | None
) -> FindingCard:
    payload = finding.payload
    corrected = decision.corrected if decision and decision.verdict == Verdict.CORRECTED else None
    stands = corrected or payload
    wanted = needs_decision(payload)
    numeric = wanted and finding.kind in (Finding.Kind.MEASURE, Finding.Kind.SEVERITY)
    source = stands.get("index", {}) if finding.kind == Finding.Kind.SEVERITY else stands
    return FindingCard(
        id=finding.pk,
        number=number,
        kind=finding.kind,
        photo_id=finding.photo_id,
        title=title(finding.kind, finding.code, stands),
        value=value(finding.kind, payload),
        interval="" if not wanted else interval(finding.kind, payload),
        meaning=meaning(finding.kind, finding.code),
        release=finding.release,
        needs_decision=wanted,
        reason="" if wanted else reason_words(payload),
        parts=tuple(_parts(finding.kind, payload)) if wanted else (),
        opened=finding.pk in opened,
        verdict=decision.verdict if decision else "",
        corrected_value=value(finding.kind, corrected) if corrected else "",
        decision_reason=decision.reason if decision else "",
        decided_by=decision.decided_by.display_name if decision else "",
        open=finding.pk == open_id,
        bounds=BOUNDS.get(finding.code) if numeric else None,
        number_value=source.get("value") if numeric else None,
        choices=_choices(stands) if wanted and finding.kind == Finding.Kind.CONDITION else (),
        other_region_kind=("thinning" if stands.get("kind") == "bald" else "bald"),
    )


def _parts(kind: str, payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a session's statement is made of."""
    if kind == Finding.Kind.SEVERITY:
        rows = [
            (
                _("%(view)s, weight %(weight)s %%")
                % {"view": short_view(part["view"]), "weight": f"{100 * part['weight']:.0f}"},
                _("%(share)s affected") % {"share": value("measure", part["affected_share"])},
            )
            for part in payload.get("parts", ())
        ]
        missing = ", ".join(short_view(view) for view in payload.get("missing_views", ()))
        return [*rows, (_("Missing views"), missing)] if missing else rows
    if kind == Finding.Kind.CONDITION:
        ranked = sorted(payload.get("probabilities", {}).items(), key=lambda pair: -pair[1])
        return [(str(CONDITIONS.get(name, name)), f"{100 * share:.0f} %") for name, share in ranked]
    return []


def _choices(payload: Mapping[str, Any]) -> tuple[tuple[str, str, bool], ...]:
    return tuple(
        (condition.value, str(CONDITIONS[condition]), condition.value == payload.get("shown"))
        for condition in CONDITION_CHOICES
    )


def _groups(cards: Sequence[FindingCard], photos: Sequence[Photo]) -> list[FindingGroup]:
    """Photo by photo, then the session; groups without findings are left out."""
    groups = [
        FindingGroup(view_name(photo.view, photo.site), photo.pk, tuple(c for c in cards if c.photo_id == photo.pk))
        for photo in photos
    ]
    groups.append(FindingGroup(_("Whole session"), None, tuple(card for card in cards if card.photo_id is None)))
    return [group for group in groups if group.cards]


def _tile(photo: Photo, shown: Photo | None, opened: set[UUID], cards: Sequence[FindingCard]) -> PhotoTile:
    return PhotoTile(
        id=photo.pk,
        name=short_view(photo.view),
        current=shown is not None and photo.pk == shown.pk,
        opened=photo.pk in opened,
        quality_passed=photo.quality_passed,
        waiting=sum(card.waiting for card in cards if card.photo_id == photo.pk),
    )


def _stage(
    review: Review,
    photo: Photo,
    findings: Sequence[Finding],
    decided: Mapping[UUID, FindingDecision],
    *,
    editable: bool,
) -> Stage:
    result = photo_results(review.analysis_id).get(photo.pk) if review.analysis_id else None
    items = [
        _outline(photo, finding, number, decided.get(finding.pk), editable=editable)
        for number, finding in enumerate(findings, 1)
        if finding.kind == Finding.Kind.REGION and finding.photo_id == photo.pk
    ]
    return Stage(
        photo=photo,
        name=view_name(photo.view, photo.site),
        url=reverse("patients:photo", args=[photo.pk]),
        overlays=_overlays(result),
        outlines={"width": photo.width_px, "height": photo.height_px, "items": items},
        outlines_url=reverse("reviews:outlines", args=[review.pk, photo.pk]) if editable and items else "",
        quality_failures=tuple(
            str(check["check"]).replace("_", " ")
            for check in photo.quality.get("checks", ())
            if not check.get("passed", True)
        ),
    )


def _overlays(result: PhotoResult | None) -> tuple[Overlay, ...]:
    if result is None:
        return ()
    images = {image.kind: image for image in result.images.all()}
    return tuple(
        Overlay(
            key=kind.value,
            label=str(OVERLAYS[kind]),
            url=reverse("analysis:derived", args=[images[kind.value].pk]),
            is_map=kind is ImageKind.DENSITY,
        )
        for kind in SHOWN_OVERLAYS
        if kind.value in images
    )


def _outline(
    photo: Photo, finding: Finding, number: int, decision: FindingDecision | None, *, editable: bool
) -> dict[str, Any]:
    """A region as the stage draws it, in pixels of the photograph."""
    corrected = decision.corrected if decision and decision.verdict == Verdict.CORRECTED else None
    payload = corrected or finding.payload
    return {
        "id": str(finding.pk),
        "type": "polygon",
        "polygon": [[x * photo.width_px, y * photo.height_px] for x, y in payload["polygon"]],
        "state": decision.verdict if decision else "proposed",
        "label": title(finding.kind, finding.code, payload),
        "number": number,
        "editable": editable,
    }


def _progress(review: Review, cards: Sequence[FindingCard], photos: Sequence[Photo], opened: set[UUID]) -> Progress:
    waiting = unseen(review)
    total = sum(card.needs_decision for card in cards)
    return Progress(
        decided=total - len(waiting.findings),
        total=total,
        photos_opened=len(photos) - len(waiting.photos),
        photos_total=len(photos),
        can_decide=waiting.is_empty,
        can_accept_rest=bool(waiting.findings) and not waiting.unopened_findings and not waiting.photos,
        waiting=len(waiting.findings),
    )
