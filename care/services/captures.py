"""A plan of photographs (C7): begun by a clinician, or by the patient where the clinic allows it, and steered by both.

What the plan asks for is computed by ``care.rhythm``; what is stored is when it began and how its rhythm went. Nothing
that has passed is rewritten: a change appends a stretch from today on.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit, notify
from accounts.actors import Actor
from accounts.errors import DomainError, Invalid, NotAllowed, NotFound
from accounts.roles import Permission, Role
from accounts.workflow import next_state
from care import rhythm, selectors
from care.models import CapturePlan, CareSettings, PlanStretch, ReminderChoice
from care.rhythm import LONGEST_PLAN, SHORTEST_PLAN, Rhythm, Standing
from care.services.locks import locked_patient
from care.services.noting import note
from care.workflow import PLANS, PlanAction, PlanState
from patients.models import Occasion, Patient, PhotoSession, Purpose
from patients.selectors import has_consent, patient_for
from reports.models import Report

LATEST_START: Final = timedelta(days=30)
COMPLETE_BATCH: Final = 500


@transaction.atomic
def start_plan(
    *,
    actor: Actor,
    patient_id: UUID,
    now: datetime,
    beat: Rhythm | None = None,
    days: int | None = None,
    starts_on: date | None = None,
    report_id: UUID | None = None,
) -> CapturePlan:
    """Begin a plan today, or on a day within a month; what is not given is as the clinic usually has it.

    Raises NotAllowed when patients may not begin one here; DomainError ``has_plan``, ``consent_needed``; Invalid
    ``bad_date``, ``bad_length``; NotFound for a report of somebody else.
    """
    actor.check(Permission.START_CAPTURE_PLAN)
    patient = locked_patient(patient_for(actor, patient_id).pk)
    if not selectors.may_start(actor, patient):
        raise NotAllowed(_("In this clinic a clinician begins the plan. Ask for one in a message."))
    _check_room_for_plan(patient, now)
    defaults = selectors.settings_of(patient.clinic_id)
    today = rhythm.local_day(now, selectors.zone_of_patient(patient))
    first, length = starts_on or today, days or defaults.capture_days
    if not today <= first <= today + LATEST_START:
        raise Invalid("bad_date", _("Choose a day from today on, within a month."))
    if not SHORTEST_PLAN <= length <= LONGEST_PLAN:
        raise Invalid("bad_length", _("A plan has 30 to 365 days."))
    plan = CapturePlan.objects.create(
        clinic_id=patient.clinic_id,
        patient=patient,
        starts_on=first,
        days=length,
        started_by_id=actor.membership_id,
        report=_report(actor, patient, report_id),
        remind_from=today + timedelta(days=1),
        created_at=now,
    )
    _append(plan, first, beat or Rhythm(defaults.capture_rhythm), actor, now)
    _note(plan, actor, "capture_plan.started", now)
    return plan


@transaction.atomic
def steer_plan(
    *, actor: Actor, plan_id: UUID, action: PlanAction, now: datetime, beat: Rhythm | None = None
) -> CapturePlan:
    """Change the rhythm from today on, pause, take up again, or end.

    Both sides may pause and take up again; a plan that a clinician began is changed and ended by clinicians. Raises
    NotFound, NotAllowed, Invalid, DomainError.
    """
    actor.check(Permission.STEER_CAPTURE_PLAN)
    plan = _locked(actor, plan_id)
    own = plan.started_by_id is None or actor.role is not Role.PATIENT
    if action in (PlanAction.CHANGE_RHYTHM, PlanAction.END) and not own:
        raise NotAllowed(_("Your clinician began this plan. You may pause it, or write to your care team."))
    if action is PlanAction.COMPLETE:
        raise Invalid("not_yours", _("A plan completes by itself."))
    if action is PlanAction.CHANGE_RHYTHM and beat is None:
        raise Invalid("no_rhythm", _("Choose how often."))
    transition = next_state(PLANS, PlanState(plan.status), action)
    plan.status = transition.target.value
    today = rhythm.local_day(now, selectors.zone_of_patient(plan.patient))
    match action:
        case PlanAction.CHANGE_RHYTHM:
            _append(plan, today, beat, actor, now)
        case PlanAction.PAUSE:
            _append(plan, today, None, actor, now)
        case PlanAction.RESUME:
            _append(plan, today, beat or _rhythm_before_pause(plan), actor, now)
            plan.remind_from = today + timedelta(days=1)
        case PlanAction.END:
            plan.closed_at = now
    plan.save(update_fields=["status", "closed_at", "remind_from"])
    notify.withdraw(dedupe_prefix=reminder_prefix(plan.pk))
    _note(plan, actor, transition.audit, now)
    return plan


@transaction.atomic
def choose_reminders(*, actor: Actor, patient_id: UUID, wanted: bool, now: datetime) -> None:
    """Whether this person is reminded of this patient's photographs. What has not gone out yet is taken back."""
    actor.check(Permission.CAPTURE_SESSION)
    patient = patient_for(actor, patient_id)
    row, _created = ReminderChoice.objects.update_or_create(
        user_id=actor.user_id, patient=patient, defaults={"wanted": wanted, "changed_at": now}
    )
    if not wanted:
        for plan in CapturePlan.objects.filter(patient=patient, status__in=selectors.OPEN_PLANS):
            notify.withdraw(dedupe_prefix=reminder_prefix(plan.pk), recipient_id=actor.user_id)
    note(patient, "reminders.chosen", now, actor, kind="reminders", subject_id=row.pk, detail={"wanted": wanted})


@transaction.atomic
def read_plan(*, actor: Actor, patient_id: UUID, now: datetime) -> tuple[CapturePlan, Standing] | None:
    """The patient's plan and how it stands, with the event that it was looked at; None when there never was one."""
    plan = selectors.newest_plan(actor, patient_id)
    if plan is None:
        return None
    _note(plan, actor, "capture_plan.read", now)
    return plan, selectors.standing_of(plan, now)


@transaction.atomic
def save_capture_settings(
    *, actor: Actor, beat: Rhythm, days: int, patients_start_plans: bool, now: datetime
) -> CareSettings:
    """What a new plan of the clinic begins with. Plans that run stay as they are. Raises NotAllowed, Invalid."""
    actor.check(Permission.MANAGE_CONSULTATIONS)
    if not SHORTEST_PLAN <= days <= LONGEST_PLAN:
        raise Invalid("bad_length", _("A plan has 30 to 365 days."))
    row, _created = CareSettings.objects.update_or_create(
        clinic_id=actor.own_clinic_id,
        defaults={"capture_rhythm": beat.value, "capture_days": days, "patients_start_plans": patients_start_plans},
    )
    audit.record(
        action="care_settings.saved", now=now, actor=actor, subject_kind="clinic", subject_id=actor.own_clinic_id
    )
    return row


def complete_plans(*, now: datetime) -> int:
    """Close the plans whose last step is answered or can no longer be. Returns how many."""
    oldest = now.date() + timedelta(days=1 - SHORTEST_PLAN)  # no patient's day is later
    rows = CapturePlan.objects.filter(status=CapturePlan.Status.ACTIVE, starts_on__lte=oldest)
    done = 0
    for plan_id in list(rows.values_list("pk", flat=True)):
        with transaction.atomic():
            plan = CapturePlan.objects.select_for_update(of=("self",)).select_related("patient__clinic").get(pk=plan_id)
            if plan.status == CapturePlan.Status.ACTIVE and selectors.standing_of(plan, now).is_over:
                transition = next_state(PLANS, PlanState(plan.status), PlanAction.COMPLETE)
                plan.status, plan.closed_at = transition.target.value, now
                plan.save(update_fields=["status", "closed_at"])
                _note(plan, None, transition.audit, now)
                done += 1
    return done


def judge_occasion(session: PhotoSession, now: datetime) -> Occasion:
    """Whether a session that is sent now is one of a series (``patients.occasions``)."""
    plan = selectors.open_plan(session.patient_id)
    if plan is None or plan.status != CapturePlan.Status.ACTIVE:
        return Occasion.CASE
    return Occasion.INTERIM if rhythm.is_interim(selectors.standing_of(plan, now)) else Occasion.CASE


def reminder_prefix(plan_id: UUID) -> str:
    """How the ``dedupe_key`` of every reminder of a plan begins."""
    return f"capture:{plan_id}:"


def _check_room_for_plan(patient: Patient, now: datetime) -> None:
    if not has_consent(patient.pk, Purpose.CARE):
        raise DomainError("consent_needed", _("The patient’s consent to care is needed first."))
    running = selectors.open_plan(patient.pk)
    if running is None:
        return
    if running.status == CapturePlan.Status.PAUSED or not selectors.standing_of(running, now).is_over:
        raise DomainError("has_plan", _("There is a plan already. Change it, or end it first."))
    transition = next_state(PLANS, PlanState(running.status), PlanAction.COMPLETE)
    running.status, running.closed_at = transition.target.value, now
    running.save(update_fields=["status", "closed_at"])
    _note(running, None, transition.audit, now)


def _report(actor: Actor, patient: Patient, report_id: UUID | None) -> Report | None:
    if report_id is None:
        return None
    found: Report | None = Report.objects.visible_to(actor).filter(pk=report_id, patient=patient).first()
    if found is None:
        raise NotFound
    return found


def _locked(actor: Actor, plan_id: UUID) -> CapturePlan:
    rows = CapturePlan.objects.visible_to(actor).select_related("patient__clinic")
    plan: CapturePlan | None = rows.select_for_update(of=("self",)).filter(pk=plan_id).first()
    if plan is None:
        raise NotFound
    return plan


def _append(plan: CapturePlan, first: date, beat: Rhythm | None, actor: Actor, now: datetime) -> None:
    PlanStretch.objects.create(
        plan=plan,
        number=plan.stretches.count() + 1,
        first_date=max(first, plan.starts_on),
        rhythm=beat.value if beat else "",
        by_staff=actor.role.is_staff,
        created_at=now,
    )


def _rhythm_before_pause(plan: CapturePlan) -> Rhythm:
    rows = plan.stretches.exclude(rhythm="").order_by("-number")
    return Rhythm(rows.values_list("rhythm", flat=True)[0])


def _note(plan: CapturePlan, actor: Actor | None, action: str, now: datetime) -> None:
    note(plan.patient, action, now, actor, kind="capture_plan", subject_id=plan.pk)
