"""Everything on the review screen that changes while findings are decided: frozen, in words, shaped for templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actors import Actor
from analysis.models import PhotoResult
from analysis.selectors import AnalysisState, State, analysis_state, photo_results
from patients.models import Photo
from reviews.calibre_chart import calibre_chart
from reviews.causes import REJECTING, WORDS
from reviews.decisions import CaseState, Verdict, case_state, unseen_in
from reviews.models import Review, ReviewStatus
from reviews.presenters.cards import FindingCard, FindingGroup, finding_cards, finding_groups, own_cards
from reviews.presenters.read_stage import reader_shapes
from reviews.presenters.stage import Stage, stage_of
from reviews.selectors import has_earlier_session
from reviews.services.marks import marks_of
from reviews.services.readings import holds, photo_on_stage
from reviews.turns import Log, log_of
from reviews.visibility import findings_hidden
from reviews.whereabouts import Whereabouts, whereabouts
from reviews.wording import numbered, short_place, short_view
from reviews.workflow import State as ReviewState
from vision.types import View


@dataclass(frozen=True, slots=True)
class PhotoTile:
    """One photograph of the filmstrip."""

    id: UUID
    name: str
    place: str  # the name, and where on the scalp a close-up was taken
    current: bool
    opened: bool
    quality_passed: bool
    waiting: int  # undecided findings on it


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
    unexplained: int = 0  # own regions without a reason


@dataclass(frozen=True, slots=True)
class Workspace:
    """Everything that changes while findings are decided."""

    review: Review
    editable: bool  # held by this actor and not yet decided
    held: bool  # held by this actor
    own: bool  # this actor's review, also when it is over
    state: ReviewState
    analysis: AnalysisState
    groups: tuple[FindingGroup, ...]
    tiles: tuple[PhotoTile, ...]
    stage: Stage | None
    progress: Progress
    amended: bool
    hidden: bool  # findings and derived pictures are not open to this person yet
    can_undo: bool
    can_redo: bool
    previous_finding: UUID | None
    next_finding: UUID | None
    has_earlier: bool  # an earlier session of the patient to lay beside
    has_charts: bool  # close-ups, whose calibres are shown as a histogram
    left_for: Whereabouts | None  # of a review that let go of its case: who has it now

    @property
    def previous_tile(self) -> int:
        """Index of the photograph before the one on the stage."""
        return self._current - 1

    @property
    def next_tile(self) -> int:
        """Index of the photograph after the one on the stage."""
        return self._current + 1

    @property
    def left(self) -> tuple[str, ...]:
        """Names of the photographs that were not opened in this review yet."""
        return tuple(tile.place for tile in self.tiles if not tile.opened)

    @property
    def _current(self) -> int:
        return next((index for index, tile in enumerate(self.tiles) if tile.current), 0)

    @property
    def reject_reasons(self) -> tuple[str, ...]:
        """Words offered where somebody writes why a statement is wrong."""
        return tuple(str(WORDS[cause]) for cause in REJECTING)

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


def workspace(
    review: Review,
    actor: Actor,
    *,
    photo_id: UUID | None = None,
    open_id: UUID | None = None,
    hidden: bool = False,
) -> Workspace:
    """The review screen's changing part, with one photograph on the stage and at most one finding open.

    ``hidden`` leaves out what the models said, and the work of others on it: a blind first read.
    """
    state = case_state(review)
    hidden = hidden or findings_hidden(actor, review.session)
    if hidden:
        state = replace(state, findings=(), decided={}, own=())
    held = holds(review, actor)
    editable = held and review.status == ReviewState.CLAIMED.value
    place = next((finding.photo_id for finding in state.findings if finding.pk == open_id), None)
    place = place or next((region.photo.pk for region in state.own if region.region_id == open_id), None)
    shown = photo_on_stage(list(state.photos), place or photo_id)
    results = photo_results(review.analysis_id) if review.analysis_id and not hidden else {}
    numbers = state.numbers()
    cards, own = finding_cards(state, numbers, open_id), own_cards(state, open_id)
    log = log_of(review) if editable else Log()
    order = [*(card.id for card in cards), *(card.id for card in own)]
    before, after = _neighbours(order, open_id)
    return Workspace(
        review=review,
        editable=editable,
        held=held,
        own=review.reviewer_id == actor.membership_id,
        state=ReviewState(review.status),
        analysis=analysis_state(review.session),
        groups=tuple(_with_calibres(group, results) for group in finding_groups(state, numbers, cards, own)),
        tiles=tuple(_tile(photo, shown, state, cards) for photo in state.photos),
        stage=_stage(state, shown, results, actor, editable=editable, hidden=hidden) if shown else None,
        progress=replace(_progress(state, cards), can_decide=False) if hidden else _progress(state, cards),
        amended=bool(own or state.scales)
        or any(decision.verdict != Verdict.ACCEPTED for decision in state.decided.values()),
        hidden=hidden,
        can_undo=bool(log.undoable),
        can_redo=bool(log.redoable),
        previous_finding=before,
        next_finding=after,
        has_earlier=has_earlier_session(review),
        has_charts=any(not View(photo.view).is_global for photo in state.photos),
        left_for=whereabouts(review, actor, timezone.now()) if review.status in ReviewStatus.handed_on() else None,
    )


def _stage(
    state: CaseState,
    photo: Photo,
    results: Mapping[UUID, PhotoResult],
    actor: Actor,
    *,
    editable: bool,
    hidden: bool,
) -> Stage:
    """The stage; of a case that is read blind with what the holder draws before the findings open."""
    stage = stage_of(state, photo, results, editable=editable and not hidden, hidden=hidden)
    if not (hidden and editable):
        return stage
    session = state.review.session
    return replace(
        stage,
        blind=True,
        outlines=reader_shapes(photo, marks_of(session, actor.membership_id)),
        outlines_url=reverse("reviews:grade_marks", args=[state.review.pk, photo.pk]),
    )


def _with_calibres(group: FindingGroup, results: Mapping[UUID, PhotoResult]) -> FindingGroup:
    row = results.get(group.photo_id) if group.photo_id else None
    return replace(group, calibres=calibre_chart(row.photo_id, row.result or {})) if row else group


def _neighbours(order: Sequence[UUID], open_id: UUID | None) -> tuple[UUID | None, UUID | None]:
    if not order:
        return None, None
    if open_id not in order:
        return None, order[0]
    at = order.index(open_id)
    return (order[at - 1] if at else None), (order[at + 1] if at + 1 < len(order) else None)


def _tile(photo: Photo, shown: Photo | None, state: CaseState, cards: Sequence[FindingCard]) -> PhotoTile:
    return PhotoTile(
        id=photo.pk,
        name=numbered(short_view(photo.view), photo, state.photos, short=True),
        place=numbered(short_place(photo.view, photo.site), photo, state.photos, short=True),
        current=shown is not None and photo.pk == shown.pk,
        opened=photo.pk in state.opened,
        quality_passed=photo.quality_passed,
        waiting=sum(card.waiting for card in cards if card.photo_id == photo.pk),
    )


def _progress(state: CaseState, cards: Sequence[FindingCard]) -> Progress:
    waiting = unseen_in(state)
    total = sum(card.needs_decision for card in cards)
    return Progress(
        decided=total - len(waiting.findings),
        total=total,
        photos_opened=len(state.photos) - len(waiting.photos),
        photos_total=len(state.photos),
        can_decide=waiting.is_empty,
        can_accept_rest=bool(waiting.findings) and not waiting.unopened_findings and not waiting.photos,
        waiting=len(waiting.findings),
        unexplained=len(waiting.unexplained),
    )
