"""Reads, opinions and escalations of a case, as its page, the queue and the signature ask for them. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.errors import NotFound
from accounts.roles import Permission, Role
from accounts.selectors import staff_of
from patients.models import PhotoSession
from patients.selectors import patient_label
from reviews.histories import History, histories_of
from reviews.models import CaseReading, Escalation, Opinion, Read, ReadingPolicy, Review, ReviewStatus
from reviews.policy import ReadFacts, refusal
from reviews.workflow import OPEN_STATES, WAITING_READS, ReadState


@dataclass(frozen=True, slots=True)
class Flags:
    """What the queue shows about a case besides its own columns."""

    escalated: str = ""  # why, in the words of who escalated
    escalated_by: str = ""
    opinion_asked: bool = False
    opinion_given: bool = False
    reading: ReadState = ReadState.NOT_DEMANDED


def opinions_about(session: PhotoSession) -> list[Opinion]:
    """Questions and answers about this submission of the case, oldest first."""
    rows = Opinion.objects.filter(session=session, asked_at__gte=session.submitted_at)
    return list(rows.select_related("session__patient", "asked_by", "asked_of", "answered_by"))


def reading_of(session: PhotoSession) -> CaseReading | None:
    """The independent reading of this submission, when there is one."""
    if session.submitted_at is None:
        return None
    rows = CaseReading.objects.filter(session=session, submitted_at=session.submitted_at)
    reading: CaseReading | None = rows.select_related("session__patient", "waived_by").first()
    return reading


def escalations_of(sessions: Iterable[PhotoSession]) -> dict[UUID, Escalation]:
    """The newest escalation of each case since it was submitted."""
    rows = {session.pk: session for session in sessions}
    found: dict[UUID, Escalation] = {}
    query = Escalation.objects.filter(review__session__in=rows, review__status=ReviewStatus.ESCALATED)
    for row in query.select_related("review__session__patient", "review__reviewer").order_by("at"):
        submitted = rows[row.review.session_id].submitted_at
        if submitted is None or row.review.claimed_at >= submitted:
            found[row.review.session_id] = row
    return found


def is_escalated(session: PhotoSession) -> bool:
    """Whether a dermatologist has to take this case."""
    return session.pk in escalations_of([session])


def flags_of(sessions: Iterable[PhotoSession], histories: Mapping[UUID, History] | None = None) -> dict[UUID, Flags]:
    """What the queue shows about each case. ``histories``: those of the same cases, when the caller has read them."""
    rows = {session.pk: session for session in sessions}
    known = histories_of(rows.values()) if histories is None else histories
    handed_up = [
        session
        for pk, session in rows.items()
        if any(row.status == ReviewStatus.ESCALATED for row in known[pk].reviews)
    ]
    escalated = escalations_of(handed_up) if handed_up else {}
    return {pk: _flags(known[pk], escalated.get(pk)) for pk in rows}


def _flags(history: History, escalation: Escalation | None) -> Flags:
    since = history.session.submitted_at
    asked = [
        opinion
        for opinion in history.opinions
        if opinion.withdrawn_at is None and (since is None or opinion.asked_at >= since)
    ]
    return Flags(
        escalated=escalation.reason if escalation else "",
        escalated_by=escalation.review.reviewer.display_name if escalation else "",
        opinion_asked=any(opinion.answered_at is None for opinion in asked),
        opinion_given=any(opinion.answered_at is not None for opinion in asked),
        reading=history.reading_state,
    )


def waits_for(state: ReadState) -> str:
    """What stands between a double-read case and its signature, in a sentence; empty when nothing does."""
    match state:
        case ReadState.FIRST_DUE:
            return _("This case is read twice: commit your own grade first.")
        case ReadState.SECOND_DUE:
            return _("A colleague has to read this case independently before it is signed.")
        case ReadState.ADJUDICATION_DUE:
            return _("Two readers differ: a third clinician has to decide between them before it is signed.")
        case ReadState.NOT_DEMANDED | ReadState.SETTLED | ReadState.WAIVED:
            return ""


def facts_of(case: CaseReading) -> ReadFacts:
    """Who has had to do with the case since it was submitted."""
    return _facts([case])[case.pk]


def _facts(cases: list[CaseReading]) -> dict[UUID, ReadFacts]:
    """The same for many cases, in three queries."""
    sessions = {case.session_id for case in cases}
    reviews = list(
        Review.objects.filter(session__in=sessions).values_list(
            "session_id", "reviewer_id", "claimed_at", "blind_first", "status"
        )
    )
    opinions = list(
        Opinion.objects.filter(session__in=sessions, answered_at__isnull=False).values_list(
            "session_id", "answered_by_id", "answered_at"
        )
    )
    readers: dict[UUID, set[UUID]] = {}
    for case_id, reader in Read.objects.filter(case__in=cases).values_list("case_id", "reader_id"):
        readers.setdefault(case_id, set()).add(reader)
    open_states = {state.value for state in OPEN_STATES}
    return {
        case.pk: ReadFacts(
            state=ReadState(case.status),
            readers=frozenset(readers.get(case.pk, ())),
            opinion_givers=frozenset(
                giver for session, giver, at in opinions if session == case.session_id and at >= case.submitted_at
            ),
            saw_findings=frozenset(
                reviewer
                for session, reviewer, at, blind, _status in reviews
                if session == case.session_id and at >= case.submitted_at and not blind
            ),
            holder=next(
                (row[1] for row in reviews if row[0] == case.session_id and row[4] in open_states),
                None,
            ),
        )
        for case in cases
    }


def eligible(case: CaseReading, facts: ReadFacts | None = None) -> list[UUID]:
    """Membership ids of the clinic's clinicians who could do the read that is due."""
    facts = facts or facts_of(case)
    members = staff_of(case.clinic_id, (Role.DERMATOLOGIST, Role.TRICHOLOGIST))
    return [row.pk for row in members if row.pk != facts.holder and refusal(facts, row.pk) is None]


@dataclass(frozen=True, slots=True)
class WaitingRead:
    """A case that waits for a read. ``mine``: this person may do it; ``could``: how many clinicians could."""

    case: CaseReading
    state: ReadState
    first_reader: str
    mine: bool
    could: int
    since: datetime

    @property
    def patient(self) -> str:
        """Initials and record number, as the page of the read shows them."""
        return patient_label(self.case.session.patient)

    @property
    def missing(self) -> str:
        """Who is missing, when nobody of the clinic can do it."""
        if self.could or self.state is ReadState.FIRST_DUE:
            return ""
        return missing_words(self.state)


def missing_words(state: ReadState) -> str:
    """What the clinic lacks for the read that is due."""
    if state is ReadState.ADJUDICATION_DUE:
        return _(
            "Nobody can adjudicate: a third clinician is needed who has not read the case. "
            "An administrator can waive the adjudication with a reason."
        )
    return _(
        "Nobody can read it: a second clinician is needed who has not seen the case. "
        "An administrator can waive the second read with a reason."
    )


def waiting_reads(actor: Actor) -> list[WaitingRead]:
    """Cases of the clinic that wait for a second read or an adjudication, oldest first.

    A clinician gets those that they may do; an administrator all, to see where readers are missing.
    """
    states = [ReadState.SECOND_DUE.value, ReadState.ADJUDICATION_DUE.value]
    rows = CaseReading.objects.visible_to(actor).filter(
        status__in=states, session__status=PhotoSession.Status.SUBMITTED
    )
    cases = [
        case
        for case in rows.select_related("session__patient").prefetch_related("reads__reader").order_by("opened_at")
        if case.submitted_at == case.session.submitted_at
    ]
    facts = _facts(cases)
    members = [row.pk for row in staff_of(actor.own_clinic_id, (Role.DERMATOLOGIST, Role.TRICHOLOGIST))]
    found = []
    for case in cases:
        known = facts[case.pk]
        able = [pk for pk in members if pk != known.holder and refusal(known, pk) is None]
        reads = list(case.reads.all())
        mine = actor.membership_id in able
        if mine or actor.can(Permission.WAIVE_READ):
            found.append(
                WaitingRead(
                    case=case,
                    state=ReadState(case.status),
                    first_reader=reads[0].reader.display_name if reads else "",
                    mine=mine,
                    could=len(able),
                    since=reads[-1].committed_at if reads else case.opened_at,
                )
            )
    return found


def open_questions(actor: Actor) -> list[Opinion]:
    """Opinions that this clinician is asked for, oldest first."""
    rows = Opinion.objects.asked_of(actor).filter(session__status=PhotoSession.Status.SUBMITTED)
    return list(rows.select_related("session__patient", "asked_by").order_by("asked_at"))


def open_question_count(actor: Actor) -> int:
    """How many reads and opinions wait for this clinician."""
    return len(open_questions(actor)) + len(waiting_reads(actor))


def reading_for(actor: Actor, case_id: UUID) -> CaseReading:
    """The reading with its case, in scope; else NotFound."""
    rows = CaseReading.objects.visible_to(actor).select_related("session__patient__clinic", "session__intake__patient")
    case: CaseReading | None = rows.filter(pk=case_id).first()
    if case is None:
        raise NotFound
    return case


def reads_of(case: CaseReading) -> list[Read]:
    """Committed grades in their order."""
    return list(case.reads.select_related("case__session__patient", "reader").order_by("position"))


def is_waiting(case: CaseReading) -> bool:
    """Whether the signature waits for this reading."""
    return ReadState(case.status) in WAITING_READS


def policy_of(actor: Actor) -> ReadingPolicy:
    """The clinic's policy as a row, unsaved with the defaults while none was set."""
    clinic_id = actor.own_clinic_id
    return ReadingPolicy.objects.filter(clinic_id=clinic_id).first() or ReadingPolicy(clinic_id=clinic_id)


def reader_count(actor: Actor) -> int:
    """How many clinicians the clinic has."""
    return len(staff_of(actor.own_clinic_id, (Role.DERMATOLOGIST, Role.TRICHOLOGIST)))
