"""What a clinician sees of a case that is read blind: the one home of blinding.

Hidden are the models' findings and derived pictures, and what colleagues wrote or decided, until the person has
committed a grade of their own. The rules are pure functions over :class:`Sight`; the second half collects a Sight from
the database and registers the rule with ``analysis``, so that no address of a picture or a finding gets round it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.errors import DomainError
from patients.models import PhotoSession
from reviews.models import CaseReading, Opinion, Read, ReadingPolicy, Review, ReviewStatus
from reviews.workflow import OPEN_STATES, ReadState, State


@dataclass(frozen=True, slots=True)
class Sight:
    """What the rules look at, for one person and one case."""

    blind: bool  # the case is read blind as far as this person is concerned
    closed: bool  # signed or rejected: the judgement stands
    committed: bool  # this person has committed a grade or an opinion
    state: ReadState = ReadState.NOT_DEMANDED


def sees_findings(sight: Sight) -> bool:
    """Whether the models' findings and the colleagues' work on the case are open."""
    return sight.closed or sight.committed or not sight.blind


def sees_reads(sight: Sight) -> bool:
    """Whether the other readers' grades are open: to readers once both have committed, and to who adjudicates."""
    if sight.closed or sight.state in (ReadState.ADJUDICATION_DUE, ReadState.SETTLED, ReadState.WAIVED):
        return sight.closed or sight.committed or sight.state is ReadState.ADJUDICATION_DUE
    return sight.committed and sight.state is ReadState.NOT_DEMANDED


def sight_of(actor: Actor, session: PhotoSession) -> Sight:
    """The facts for one case."""
    return sights(actor, [session])[session.pk]


def sights(actor: Actor, sessions: Iterable[PhotoSession]) -> dict[UUID, Sight]:
    """The facts for many cases of the actor's clinic, in a fixed number of queries."""
    rows = {session.pk: session for session in sessions}
    rules = ReadingPolicy.rules_of(actor.clinic_id)
    reviews: dict[UUID, list[Review]] = {}
    fields = ("session_id", "reviewer_id", "status", "blind_first", "claimed_at")
    for review in Review.objects.filter(session__in=rows).only(*fields).order_by("claimed_at"):
        if review.claimed_at >= (rows[review.session_id].submitted_at or review.claimed_at):
            reviews.setdefault(review.session_id, []).append(review)
    cases = {
        case.session_id: case
        for case in CaseReading.objects.filter(session__in=rows)
        if case.submitted_at == rows[case.session_id].submitted_at
    }
    mine = actor.membership_id
    committed = set(
        Read.objects.filter(case__in=cases.values(), reader_id=mine).values_list("case__session", flat=True)
    )
    opinions = Opinion.objects.filter(session__in=rows, answered_by_id=mine, answered_at__isnull=False)
    for session_id, answered_at in opinions.values_list("session_id", "answered_at"):
        if answered_at >= (rows[session_id].submitted_at or answered_at):
            committed.add(session_id)
    found = {}
    for pk, session in rows.items():
        held = reviews.get(pk, [])
        case = cases.get(pk)
        own = [review.blind_first for review in held if review.reviewer_id == mine]
        open_ones = [review.blind_first for review in held if State(review.status) in OPEN_STATES]
        demanded = case is not None and case.status != ReadState.NOT_DEMANDED.value
        found[pk] = Sight(
            blind=_blind(own, open_ones, demanded=demanded, policy=rules.wants_blind(pk)),
            closed=session.status == PhotoSession.Status.CLOSED
            and any(review.status in (ReviewStatus.SIGNED, ReviewStatus.REJECTED) for review in held),
            committed=pk in committed,
            state=ReadState(case.status) if case else ReadState.NOT_DEMANDED,
        )
    return found


def _blind(own: list[bool], open_ones: list[bool], *, demanded: bool, policy: bool) -> bool:
    """A claim of one's own decides; else the claim that holds the case now, or a read that is due; else the policy,
    which the next claim will follow."""
    if own:
        return all(own)
    return demanded or (any(open_ones) if open_ones else policy)


def hidden_sessions(actor: Actor, sessions: Iterable[PhotoSession]) -> set[UUID]:
    """The cases whose findings this clinician must not see yet; the queue leaves their severity out."""
    return {pk for pk, sight in sights(actor, sessions).items() if not sees_findings(sight)}


def findings_hidden(actor: Actor, session: PhotoSession) -> bool:
    """The same for one case."""
    return not sees_findings(sight_of(actor, session))


def check_findings_open(actor: Actor, review: Review) -> None:
    """Raise DomainError ``grade_first`` while the findings of the case are closed to this person."""
    if findings_hidden(actor, review.session):
        raise DomainError("grade_first", _("Commit your grade first: the findings of this case open after it."))


def check_case_open(actor: Actor, review: Review) -> None:
    """Raise DomainError ``read_blind`` for a colleague's review of a case that this person has not graded.

    One's own review stays open; what it must not show before the grade is left out of it.
    """
    if review.reviewer_id != actor.membership_id and findings_hidden(actor, review.session):
        raise DomainError(
            "read_blind",
            _("This case is read blind. What colleagues wrote opens once you have read it, or it is signed."),
        )


def hides_findings(actor: Actor, session_id: UUID) -> bool:
    """The rule that ``analysis`` asks before it gives a clinician findings or derived pictures of a session."""
    session = PhotoSession.objects.filter(pk=session_id).first()
    return session is not None and findings_hidden(actor, session)
