"""Independent reads: a grade is committed once, two readers do not see each other, a third adjudicates.

Nothing here shows or hides anything; what a person sees is :mod:`reviews.visibility`, who may read is
:mod:`reviews.policy`, and how a reading moves on is the table in :mod:`reviews.workflow`.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import audit, notify
from accounts.actors import Actor
from accounts.errors import DomainError, Invalid, NotFound
from accounts.roles import Permission, Role
from accounts.selectors import staff_of
from accounts.workflow import next_state
from patients.models import Photo, Purpose
from patients.selectors import consent_state, has_consent, photos_of
from reviews.blind_details import Details
from reviews.decisions import looked_at, photos_in_order
from reviews.grade import Grade, differences
from reviews.models import CaseReading, Read, ReadingPolicy, Review
from reviews.policy import Demand, ReadingRules, Refusal
from reviews.second_reads import eligible, policy_of, reading_for
from reviews.services.carry_over import carry_work, work_to_carry
from reviews.services.holding import apply, locked_review
from reviews.services.looks import check_all_opened, check_all_opened_in, note_look
from reviews.services.marks import freeze
from reviews.services.reader_rules import check_reader, locked_reading
from reviews.services.readings import photo_on_stage
from reviews.services.shown_ranks import begin_applying
from reviews.workflow import OPEN_STATES, READ_TRANSITIONS, Action, ReadAction, ReadState, State


@transaction.atomic
def set_reading_policy(*, actor: Actor, rules: ReadingRules, now: datetime) -> ReadingPolicy:
    """Change what the clinic demands of its readers; it holds from the next claim. The seed of samples stays.

    The order of the worklist follows in the background (:mod:`reviews.services.shown_ranks`).
    Raises Invalid ``out_of_bounds``.
    """
    actor.check(Permission.MANAGE_CLINIC)
    percents = (rules.blind_percent, rules.double_percent, rules.share_points)
    if not all(0 <= percent <= 100 for percent in percents) or not 0 <= rules.severity_points <= 9:
        raise Invalid("out_of_bounds", _("Percents are between 0 and 100, severity points between 0 and 9."))
    values = {
        "blind_first": Demand(rules.blind_first),
        "blind_percent": rules.blind_percent,
        "double_read": Demand(rules.double_read),
        "double_percent": rules.double_percent,
        "severity_points": rules.severity_points,
        "share_points": rules.share_points,
    }
    row, _created = ReadingPolicy.objects.update_or_create(
        clinic_id=actor.own_clinic_id, defaults={**values, "changed_at": now, "changed_by_id": actor.membership_id}
    )
    begin_applying(row)
    audit.record(
        action="clinic.reading_policy_changed",
        now=now,
        actor=actor,
        subject_kind="clinic",
        subject_id=actor.own_clinic_id,
        detail={key: str(value) for key, value in values.items()},
    )
    return row


def read_reading_policy(*, actor: Actor) -> ReadingPolicy:
    """The clinic's policy, for its administrators."""
    actor.check(Permission.MANAGE_CLINIC)
    return policy_of(actor)


def demand_reading(review: Review, now: datetime) -> None:
    """What the policy demands, at the claim and in its transaction: whether findings stay closed, and a second read.

    A second reader of the clinic reads only with the patient's consent to share the case inside the clinic.
    """
    session = review.session
    rules = ReadingPolicy.rules_of(review.clinic_id)
    case = (
        CaseReading.objects.select_for_update(of=("self",))
        .filter(session=session, submitted_at=session.submitted_at)
        .first()
    )
    demanded = rules.wants_double(session.pk) and has_consent(session.patient_id, Purpose.SHARING)
    if demanded and (case is None or case.status == ReadState.NOT_DEMANDED.value):
        case = case or _open_case(review, rules, now)
        _demand(case, now)
    waiting = case is not None and case.status != ReadState.NOT_DEMANDED.value
    review.blind_first = waiting or rules.wants_blind(session.pk)
    review.save(update_fields=["blind_first"])


@transaction.atomic
def commit_grade(
    *,
    actor: Actor,
    review_id: UUID,
    grade: Grade,
    now: datetime,
    remark: str = "",
    details: Details | None = None,
) -> Read:
    """The holder's grade, before the findings open, with what else they recorded (regions drawn on the stage count
    where ``details`` has none). What a colleague left is carried over only now.

    Raises Invalid ``photos_unopened`` until every photograph was on the holder's stage in this review, or as
    :func:`reviews.blind_details.check`; DomainError ``own_read`` when it was committed, ``not_holder``,
    ``wrong_state``.
    """
    actor.check(Permission.COMMIT_READ)
    review = locked_review(actor, review_id)
    if State(review.status) is not State.CLAIMED or review.reviewer_id != actor.membership_id:
        raise DomainError("not_holder", _("Only the clinician who is reviewing this case grades it here."))
    check_all_opened_in(review)
    case = _locked_case(review, now)
    read = _commit(actor, case, grade, remark, now, review=review, details=details)
    apply(review, Action.COMMIT_GRADE, actor=actor, now=now, detail={"read": str(read.pk), "position": read.position})
    source = work_to_carry(review)
    if review.blind_first and review.carried_from_id is None and source is not None:
        carry_work(source=source, target=review)
    return read


@transaction.atomic
def commit_read(
    *,
    actor: Actor,
    case_id: UUID,
    grade: Grade,
    now: datetime,
    remark: str = "",
    due: str = "",
    details: Details | None = None,
) -> Read:
    """A second read, or an adjudication between two that differ, by somebody who does not hold the case.

    ``due`` is what the reader was asked for (a ``ReadState``): a blind second grade never becomes an adjudication
    because a colleague was faster. Raises DomainError with a code of :class:`reviews.policy.Refusal`,
    ``read_moved_on``, ``no_consent``; Invalid ``photos_unopened`` until every photograph was on the reader's stage, or
    as :func:`reviews.blind_details.check`. ``details`` as in :func:`commit_grade`.
    """
    actor.check(Permission.COMMIT_READ)
    case = locked_reading(actor, case_id)
    if _holder(case) == actor.membership_id:
        raise DomainError(Refusal.HOLDS_CASE.value, Refusal.HOLDS_CASE.words)
    check_reader(case, actor)
    if due and case.status != due:
        raise DomainError("read_moved_on", _("A colleague was faster. Open the case again to see what it needs now."))
    if not has_consent(case.session.patient_id, Purpose.SHARING):
        raise DomainError("no_consent", _("The patient no longer agrees to a second reader. The read can be waived."))
    check_all_opened(case.session, actor)
    read = _commit(actor, case, grade, remark, now, review=None, details=details)
    audit.record(
        action="read.adjudicated" if read.role == Read.Role.ADJUDICATION else "read.committed",
        now=now,
        actor=actor,
        clinic_id=case.clinic_id,
        patient_id=case.session.patient_id,
        subject_kind="reading",
        subject_id=case.pk,
        detail={"read": str(read.pk), "position": read.position},
    )
    return read


@transaction.atomic
def open_read(*, actor: Actor, case_id: UUID, now: datetime) -> CaseReading:
    """How far the reading is, for its second or third reader, without pictures; audited. Nothing of the models or of
    colleagues is in it. Raises DomainError when this person may not read it."""
    case = _readable(actor, case_id)
    _audit_look(case, actor, "reading.read", [], now)
    return case


@transaction.atomic
def show_read(*, actor: Actor, case_id: UUID, photo_id: UUID | None, now: datetime) -> CaseReading:
    """The same with one photograph on the stage (the first, if none is named) and all beside it as thumbnails.

    Audited with the photographs shown; the one on the stage counts as opened.
    """
    case = _readable(actor, case_id)
    note_look(case.session, actor, photo_on_stage(photos_in_order(case.session), photo_id), now)
    _audit_look(case, actor, "reading.read", photos_of(case.session), now)
    return case


@transaction.atomic
def look_closer(*, actor: Actor, case_id: UUID, photo_id: UUID, now: datetime) -> CaseReading:
    """Bring another photograph of the case to the reader's stage: it counts as opened, and the look is audited.

    Raises as :func:`open_read`; NotFound for a photograph that is not one of the case.
    """
    case = _readable(actor, case_id)
    photos = looked_at(case.session, photo_id)
    note_look(case.session, actor, photos[0], now)
    _audit_look(case, actor, "reading.photo_read", photos, now)
    return case


@transaction.atomic
def waive_reading(*, actor: Actor, case_id: UUID, reason: str, now: datetime) -> CaseReading:
    """Let a case go on without the read it waits for, for instance because too few clinicians are there.

    Raises Invalid ``reason_needed``, DomainError ``wrong_state``.
    """
    actor.check(Permission.WAIVE_READ)
    case = locked_reading(actor, case_id)
    if not reason.strip():
        raise Invalid("reason_needed", _("Say why this case may go on without another read."))
    transition = next_state(READ_TRANSITIONS, ReadState(case.status), ReadAction.WAIVE)
    case.status = transition.target.value
    case.waived_by_id, case.waived_at, case.waive_reason = actor.membership_id, now, reason.strip()
    case.save()
    audit.record(
        action=transition.audit,
        now=now,
        actor=actor,
        clinic_id=case.clinic_id,
        patient_id=case.session.patient_id,
        subject_kind="reading",
        subject_id=case.pk,
        detail={"reads": case.reads.count()},
    )
    return case


def _readable(actor: Actor, case_id: UUID) -> CaseReading:
    """The case of somebody who may read it, or has."""
    actor.check(Permission.COMMIT_READ)
    case = reading_for(actor, case_id)
    if not case.reads.filter(reader_id=actor.membership_id).exists():
        check_reader(case, actor)
    return case


def _audit_look(case: CaseReading, actor: Actor, action: str, photos: list[Photo], now: datetime) -> None:
    audit.record(
        action=action,
        now=now,
        actor=actor,
        clinic_id=case.clinic_id,
        patient_id=case.session.patient_id,
        subject_kind="reading",
        subject_id=case.pk,
        detail={"photos": [str(photo.pk) for photo in photos]},
    )


def _commit(
    actor: Actor,
    case: CaseReading,
    grade: Grade,
    remark: str,
    now: datetime,
    *,
    review: Review | None,
    details: Details | None,
) -> Read:
    """Append the grade and move the reading on; the reading is locked."""
    reader = check_reader(case, actor)
    reads = list(case.reads.order_by("position").select_related("case__session__patient"))
    adjudicates = case.status == ReadState.ADJUDICATION_DUE.value
    consent = consent_state(case.session.patient_id)[Purpose.MODEL_IMPROVEMENT]
    row = consent.consent if consent.granted else None
    read = Read.objects.create(
        case=case,
        reader_id=reader,
        role=Read.Role.ADJUDICATION if adjudicates else Read.Role.INDEPENDENT,
        position=len(reads),
        review=review,
        grade=grade.to_dict(),
        details=freeze(case.session, reader, details).to_dict(),
        remark=remark.strip(),
        consent_id=row.pk if row else None,
        consent_version=row.text.version if row else None,
        committed_at=now,
    )
    action = _action(case, reads, grade)
    if action is not None:
        case.status = next_state(READ_TRANSITIONS, ReadState(case.status), action).target.value
        case.settled_at = now if case.status == ReadState.SETTLED.value else None
        case.save(update_fields=["status", "settled_at"])
        if case.status == ReadState.ADJUDICATION_DUE.value:
            _call_adjudicators(case, now)
    return read


def _action(case: CaseReading, reads: list[Read], grade: Grade) -> ReadAction | None:
    """What this grade does to the reading; None when nothing more is demanded."""
    match ReadState(case.status):
        case ReadState.FIRST_DUE:
            return ReadAction.COMMIT_FIRST
        case ReadState.SECOND_DUE:
            first = Grade.from_dict(reads[0].grade)
            found = differences(first, grade, severity_points=case.severity_points, share_points=case.share_points)
            return ReadAction.DISAGREE if found else ReadAction.AGREE
        case ReadState.ADJUDICATION_DUE:
            return ReadAction.ADJUDICATE
        case ReadState.NOT_DEMANDED | ReadState.SETTLED | ReadState.WAIVED:
            return None


def _call_adjudicators(case: CaseReading, now: datetime) -> None:
    able = set(eligible(case))
    members = staff_of(case.clinic_id, (Role.DERMATOLOGIST, Role.TRICHOLOGIST))
    notify.notify(
        recipients=[member.user_id for member in members if member.pk in able],
        kind=notify.Kind.READ_WANTED,
        clinic_id=case.clinic_id,
        path=reverse("reviews:reads"),
        dedupe_key=f"adjudicate:{case.pk}",
        now=now,
    )


def _locked_case(review: Review, now: datetime) -> CaseReading:
    """The reading of the review's case, locked; opened now when the policy only asks for a blind first read."""
    case = (
        CaseReading.objects.select_for_update(of=("self",))
        .select_related("session__patient")
        .filter(session=review.session, submitted_at=review.session.submitted_at)
        .first()
    )
    return case or _open_case(review, ReadingPolicy.rules_of(review.clinic_id), now)


def _open_case(review: Review, rules: ReadingRules, now: datetime) -> CaseReading:
    if review.session.submitted_at is None:
        raise NotFound
    return CaseReading.objects.create(
        session=review.session,
        clinic_id=review.clinic_id,
        submitted_at=review.session.submitted_at,
        severity_points=rules.severity_points,
        share_points=rules.share_points,
        opened_at=now,
    )


def _demand(case: CaseReading, now: datetime) -> None:
    """Ask for a double read; grades that are there already count, and are compared when the second one comes."""
    transition = next_state(READ_TRANSITIONS, ReadState(case.status), ReadAction.DEMAND)
    case.status = transition.target.value
    if case.reads.exists():
        case.status = next_state(READ_TRANSITIONS, transition.target, ReadAction.COMMIT_FIRST).target.value
    case.save(update_fields=["status"])
    audit.record(
        action=transition.audit,
        now=now,
        clinic_id=case.clinic_id,
        patient_id=case.session.patient_id,
        subject_kind="reading",
        subject_id=case.pk,
    )


def _holder(case: CaseReading) -> UUID | None:
    rows = Review.objects.filter(session_id=case.session_id, status__in=[state.value for state in OPEN_STATES])
    holder: UUID | None = rows.values_list("reviewer_id", flat=True).first()
    return holder
