"""What a clinician sees of a case that is read blind: the one home of blinding.

Hidden are the models' findings and derived pictures, and what colleagues wrote or decided, until the person has
committed a grade of their own. The rules are pure functions over :class:`Sight`; the second half collects a Sight from
the database and registers the rule with ``analysis``, so that no address of a picture or a finding gets round it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.errors import DomainError
from patients.models import PhotoSession
from reviews.histories import History, histories_of
from reviews.models import Read, ReadingPolicy, Review, ReviewStatus
from reviews.policy import ReadingRules
from reviews.workflow import ReadState


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


def newcomers_see_findings(*, held: Sequence[bool], demanded: bool, policy: bool) -> bool:
    """Whether a clinician who has had nothing to do with a waiting case may know what the models said of it.

    ``held``: how the open reviews are read (blind or not); ``demanded``: an independent reading is or was due;
    ``policy``: the next claim would be blind. The order and the filters of the queue stand on this rule.
    """
    return sees_findings(Sight(blind=_blind([], held, demanded=demanded, policy=policy), closed=False, committed=False))


def sight_of(actor: Actor, session: PhotoSession) -> Sight:
    """The facts for one case."""
    return sights(actor, [session])[session.pk]


def sights(
    actor: Actor,
    sessions: Iterable[PhotoSession],
    histories: Mapping[UUID, History] | None = None,
    rules: ReadingRules | None = None,
) -> dict[UUID, Sight]:
    """The facts for many cases of the actor's clinic, in a fixed number of queries.

    ``histories``: those of the same cases; ``rules``: those of the clinic; when the caller has read them.
    """
    known = histories_of(sessions) if histories is None else {row.pk: histories[row.pk] for row in sessions}
    if not known:
        return {}
    rules = rules or ReadingPolicy.rules_of(actor.clinic_id)
    graded = _graded(actor, known.values())
    return {pk: _sight(actor, history, rules, graded) for pk, history in known.items()}


def _sight(actor: Actor, history: History, rules: ReadingRules, graded: set[UUID]) -> Sight:
    session, mine = history.session, actor.membership_id
    return Sight(
        blind=_blind(
            [review.blind_first for review in history.reviews if review.reviewer_id == mine],
            [review.blind_first for review in history.held],
            demanded=history.reading_state is not ReadState.NOT_DEMANDED,
            policy=rules.wants_blind(session.pk),
        ),
        closed=session.status == PhotoSession.Status.CLOSED
        and any(review.status in (ReviewStatus.SIGNED, ReviewStatus.REJECTED) for review in history.reviews),
        committed=session.pk in graded or _answered(mine, history),
        state=history.reading_state,
    )


def _graded(actor: Actor, histories: Iterable[History]) -> set[UUID]:
    """The cases that this person has committed a grade for."""
    readings = {history.reading.pk: history.session.pk for history in histories if history.reading is not None}
    if not readings:
        return set()
    reads = Read.objects.filter(case__in=list(readings), reader_id=actor.membership_id)
    return {readings[pk] for pk in reads.values_list("case_id", flat=True)}


def _answered(member: UUID | None, history: History) -> bool:
    """Whether this person has given an opinion since the case was submitted."""
    since = history.session.submitted_at
    return any(
        opinion.answered_by_id == member
        and opinion.answered_at is not None
        and (since is None or opinion.answered_at >= since)
        for opinion in history.opinions
    )


def _blind(own: Sequence[bool], open_ones: Sequence[bool], *, demanded: bool, policy: bool) -> bool:
    """A claim of one's own decides; else the claim that holds the case now, or a read that is due; else the policy,
    which the next claim will follow."""
    if own:
        return all(own)
    return demanded or (any(open_ones) if open_ones else policy)


@dataclass(frozen=True, slots=True)
class Contact:
    """What a person had to do with a case: held it (``blind`` or not), or gave a grade or opinion (``blind`` None)."""

    at: datetime
    blind: bool | None


def known_rank(session: PhotoSession, contacts: Iterable[Contact]) -> int:
    """The severity in tenths of a waiting case, as far as somebody with these contacts may know it; else 0."""
    since = session.submitted_at
    these = [contact for contact in contacts if since is None or contact.at >= since]
    if not these:
        return session.shown_rank
    held = [contact.blind for contact in these if contact.blind is not None]
    committed = any(contact.blind is None for contact in these)
    sight = Sight(blind=_blind(held, [], demanded=False, policy=False), closed=False, committed=committed)
    return session.severity_rank if sees_findings(sight) else 0


def hidden_from_newcomers(
    clinic_id: UUID | None, sessions: Iterable[PhotoSession], rules: ReadingRules | None = None
) -> set[UUID]:
    """Those of a clinic's waiting cases whose findings are hidden from every clinician who is new to them."""
    rules = rules or ReadingPolicy.rules_of(clinic_id)
    return {
        pk
        for pk, history in histories_of(sessions).items()
        if not newcomers_see_findings(
            held=[review.blind_first for review in history.held],
            demanded=history.reading_state is not ReadState.NOT_DEMANDED,
            policy=rules.wants_blind(pk),
        )
    }


def hides_from_newcomers(session_id: UUID) -> bool:
    """The rule that ``analysis`` asks before it lets a severity move a case in the worklist."""
    session = PhotoSession.objects.filter(pk=session_id).first()
    return session is not None and bool(hidden_from_newcomers(session.clinic_id, [session]))


def hidden_sessions(
    actor: Actor,
    sessions: Iterable[PhotoSession],
    histories: Mapping[UUID, History] | None = None,
    rules: ReadingRules | None = None,
) -> set[UUID]:
    """The cases whose findings this clinician must not see yet; the queue leaves their severity out."""
    return {pk for pk, sight in sights(actor, sessions, histories, rules).items() if not sees_findings(sight)}


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
