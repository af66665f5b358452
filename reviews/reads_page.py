"""Grades, opinions and escalations in words: the panel beside a case, and the pages of readers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from accounts.actors import Actor
from accounts.roles import Permission, Role
from accounts.selectors import membership_names, staff_of
from patients.intake_words import summary
from patients.models import PhotoSession, Purpose
from patients.selectors import age_on, answers_of, has_consent, patient_label
from reviews.blind_details import Details
from reviews.decisions import photos_in_order
from reviews.grade import Grade, band_words, differences
from reviews.models import CaseReading, Opinion, Read, Review, ReviewEvent
from reviews.policy import Refusal
from reviews.presenters.read_stage import ReadStage, read_stage
from reviews.read_forms import SCALES, AskForm, EscalateForm, GradeForm
from reviews.second_reads import (
    eligible,
    escalations_of,
    missing_words,
    opinions_about,
    reading_of,
    reads_of,
    waits_for,
)
from reviews.services.readings import holds
from reviews.visibility import sees_findings, sees_reads, sight_of
from reviews.wording import CONDITIONS, short_place
from reviews.workflow import Action, ReadState, State
from vision.types import View

EVENTS: dict[str, Any] = {
    Action.CLAIM: lazy("Took the case"),
    Action.HAND_BACK: lazy("Handed the case back"),
    Action.LEASE_LAPSED: lazy("The case was freed after a pause"),
    Action.REQUEST_RETAKE: lazy("Asked for new photographs"),
    Action.APPROVE: lazy("Approved the findings"),
    Action.AMEND: lazy("Amended the findings"),
    Action.REOPEN: lazy("Reopened the findings"),
    Action.SIGN: lazy("Signed"),
    Action.REJECT: lazy("Closed the case without a plan"),
    Action.ESCALATE: lazy("Escalated the case"),
    Action.ASK_OPINION: lazy("Asked for an opinion"),
    Action.GIVE_OPINION: lazy("Gave an opinion"),
    Action.WITHDRAW_OPINION: lazy("Took the question back"),
    Action.COMMIT_GRADE: lazy("Committed a grade"),
}


def grade_words(grade: Grade) -> str:
    """A grade in one line."""
    return _("%(condition)s · %(share)s %% of the scalp (band %(band)s) · severity %(severity)s of 10") % {
        "condition": CONDITIONS[grade.condition],
        "share": grade.share_percent,
        "band": band_words(grade.band),
        "severity": grade.severity,
    }


def closeups_of(session: PhotoSession) -> list[tuple[UUID, str]]:
    """Photographs whose hairs a reader may count, with their names."""
    photos = photos_in_order(session)
    return [(one.pk, short_place(one.view, one.site)) for one in photos if not View(one.view).is_global]


def detail_words(details: Details, session: PhotoSession) -> tuple[str, ...]:
    """What a reader recorded beside the grade, a sentence each."""
    found = []
    if details.graded_on:
        scale, stage = details.graded_on
        found.append(f"{SCALES[scale]} {stage}")
    elif details.stage:
        found.append(_("Stage looked for, not gradable"))
    if details.regions:
        count = len(details.regions)
        found.append(ngettext("%(n)s region drawn", "%(n)s regions drawn", count) % {"n": count})
    elif details.none_seen:
        found.append(_("No region seen"))
    names = dict(closeups_of(session))
    for one in details.counts:
        parts = [
            text % {"n": number}
            for text, number in ((_("%(n)s hairs"), one.hairs), (_("%(n)s follicular units"), one.units))
            if number is not None
        ]
        found.append(f"{names.get(one.photo, _('Close-up'))}: {', '.join(parts)}")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class ReadLine:
    """One committed grade as it is shown."""

    who: str
    role: str
    grade: str
    details: tuple[str, ...]  # stage, regions and counts, where they were recorded
    remark: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OpinionLine:
    """A question and its answer. ``withdraw_url`` empty: not for this person now."""

    id: UUID
    asked_by: str
    asked_of: str
    question: str
    asked_at: datetime
    state: str  # open, answered, withdrawn
    answered_by: str
    answer: str
    grade: str
    answered_at: datetime | None
    can_withdraw: bool


@dataclass(frozen=True, slots=True)
class CasePanel:
    """What stands on the case's page about grades, opinions, escalation and history."""

    grade_form: GradeForm | None  # set: this person has to grade before findings open
    reads: tuple[ReadLine, ...]
    read_note: str  # what the double read waits for
    missing: str  # who is missing for it
    waived: str
    differ: tuple[str, ...]
    opinions: tuple[OpinionLine, ...]
    ask_form: AskForm | None
    ask_refused: str
    escalation: dict[str, Any] | None
    escalate_form: EscalateForm | None
    events: tuple[dict[str, Any], ...]


def case_panel(review: Review, actor: Actor) -> CasePanel:
    """The panel for one person; hidden grades and answers are not in it."""
    session = review.session
    sight = sight_of(actor, session)
    opened = sees_findings(sight)
    held = holds(review, actor)
    claimed = held and review.status == State.CLAIMED.value
    case = reading_of(session)
    state = ReadState(case.status) if case else ReadState.NOT_DEMANDED
    all_reads = reads_of(case) if case else []
    visible = [read for read in all_reads if sees_reads(sight) or read.reader_id == actor.membership_id]
    opinions = opinions_about(session)
    colleagues = colleague_choices(review, actor) if claimed and opened else []
    consented = has_consent(session.patient_id, Purpose.SHARING)
    asking = claimed and opened and not any(opinion.is_open for opinion in opinions)
    waiting = state in (ReadState.SECOND_DUE, ReadState.ADJUDICATION_DUE)
    escalation = escalations_of([session]).get(session.pk)
    return CasePanel(
        grade_form=GradeForm(auto_id="grade_%s", closeups=closeups_of(session)) if claimed and not opened else None,
        reads=tuple(read_line(read) for read in visible),
        read_note=waits_for(state) if opened else "",
        missing=missing_words(state) if case and waiting and not eligible(case) else "",
        waived=case.waive_reason if case and state is ReadState.WAIVED else "",
        differ=_differ(case, visible),
        opinions=tuple(_opinion(opinion, can_withdraw=claimed) for opinion in opinions) if opened else (),
        ask_form=AskForm(colleagues=colleagues, auto_id="ask_%s") if asking and consented and colleagues else None,
        ask_refused=_ask_refused(consented, colleagues) if asking else "",
        escalation={
            "by": escalation.review.reviewer.display_name,
            "reason": escalation.reason,
            "now": escalation.urgency == escalation.Urgency.NOW,
            "at": escalation.at,
        }
        if escalation
        else None,
        escalate_form=EscalateForm(auto_id="escalate_%s", initial={"urgency": "soon"})
        if held and actor.can(Permission.ESCALATE_CASE) and session.status == PhotoSession.Status.SUBMITTED
        else None,
        events=_events(session),
    )


def read_line(read: Read) -> ReadLine:
    """A grade in words."""
    adjudicates = read.role == Read.Role.ADJUDICATION
    return ReadLine(
        who=read.reader.display_name,
        role=_("Adjudication") if adjudicates else _("Read %(n)s") % {"n": read.position + 1},
        grade=grade_words(Grade.from_dict(read.grade)),
        details=detail_words(Details.from_dict(read.details), read.case.session),
        remark=read.remark,
        at=read.committed_at,
    )


def _differ(case: CaseReading | None, reads: Sequence[Read]) -> tuple[str, ...]:
    """In what the first two readers differ, in words, when both grades may be seen."""
    if case is None or len(reads) < 2:
        return ()
    words = {"condition": _("condition"), "share": _("affected share"), "severity": _("severity")}
    found = differences(
        Grade.from_dict(reads[0].grade),
        Grade.from_dict(reads[1].grade),
        severity_points=case.severity_points,
        share_points=case.share_points,
    )
    return tuple(words[name.value] for name in found)


def _opinion(opinion: Opinion, *, can_withdraw: bool) -> OpinionLine:
    state = "open" if opinion.is_open else "answered" if opinion.answered_at else "withdrawn"
    return OpinionLine(
        id=opinion.pk,
        asked_by=opinion.asked_by.display_name,
        asked_of=opinion.asked_of.display_name if opinion.asked_of else _("any dermatologist"),
        question=opinion.question,
        asked_at=opinion.asked_at,
        state=state,
        answered_by=opinion.answered_by.display_name if opinion.answered_by else "",
        answer=opinion.answer,
        grade=grade_words(Grade.from_dict(opinion.grade)) if opinion.grade else "",
        answered_at=opinion.answered_at,
        can_withdraw=can_withdraw and opinion.is_open,
    )


def _ask_refused(consented: bool, colleagues: Sequence[tuple[str, str]]) -> str:
    if not consented:
        return _("The patient did not agree to a second opinion inside the clinic.")
    return "" if colleagues else _("There is no other clinician in this clinic whom you could ask.")


def colleague_choices(review: Review, actor: Actor) -> list[tuple[str, str]]:
    """Whom this person may ask: any dermatologist, where there is another one, and every colleague by name."""
    rows = staff_of(review.clinic_id, (Role.DERMATOLOGIST, Role.TRICHOLOGIST))
    others = [row for row in rows if row.pk != actor.membership_id]
    named = [(str(row.pk), row.display_name) for row in others]
    if any(row.role == Role.DERMATOLOGIST for row in others):
        return [("", _("Any dermatologist")), *named]
    return named


def _events(session: PhotoSession) -> tuple[dict[str, Any], ...]:
    """What happened to this submission of the case, newest first, for the timeline component."""
    rows = list(
        ReviewEvent.objects.filter(review__session=session, review__claimed_at__gte=session.submitted_at).order_by(
            "-at", "-pk"
        )
    )
    names = membership_names({row.actor_id for row in rows if row.actor_id})
    return tuple(
        {
            "title": str(EVENTS.get(row.action, row.action)),
            "when": row.at,
            "meta": names[row.actor_id][0] if row.actor_id in names else _("the portal"),
        }
        for row in rows
    )


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A case as a second reader or a colleague who was asked sees it: photographs and answers only."""

    patient: str
    age: int
    stage: ReadStage | None  # None: the patient removed all photographs
    intake: list[dict[str, str]]
    reads: tuple[ReadLine, ...]
    differ: tuple[str, ...]
    done: str  # why no grade is asked of this person any more: they have read the case


def read_page(
    session: PhotoSession, actor: Actor, case: CaseReading | None = None, *, photo_id: UUID | None = None
) -> ReadPage:
    """The page with one photograph on the stage; the caller has checked the scope and that this person may read."""
    visible = _visible(session, actor, case)
    return ReadPage(
        patient=patient_label(session.patient),
        age=age_on(session.patient, session.patient.clinic.day_of(timezone.now())),
        stage=stage_for(session, actor, case, photo_id),
        intake=summary(answers_of(session.intake)) if session.intake else [],
        reads=tuple(read_line(read) for read in visible),
        differ=_differ(case, visible),
        done=Refusal.OWN_READ.words if any(read.reader_id == actor.membership_id for read in visible) else "",
    )


def stage_for(session: PhotoSession, actor: Actor, case: CaseReading | None, photo_id: UUID | None) -> ReadStage | None:
    """The stage of a reader, with the regions of colleagues whose grades this person may see."""
    return read_stage(session, photo_id, actor.membership_id, case=case, shown=_visible(session, actor, case))


def _visible(session: PhotoSession, actor: Actor, case: CaseReading | None) -> list[Read]:
    """Committed grades that this person may see: their own, and the others' once the rules open them."""
    sight = sight_of(actor, session)
    reads = reads_of(case) if case else []
    return [read for read in reads if sees_reads(sight) or read.reader_id == actor.membership_id]
