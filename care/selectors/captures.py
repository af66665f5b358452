"""Reads of plans of photographs: the stored facts, handed to the rules of ``care.rhythm``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from accounts import zones
from accounts.actors import Actor
from accounts.errors import NotFound
from care import rhythm
from care.models import CapturePlan, ReminderChoice
from care.rhythm import Capture, Course, Rhythm, Standing, Stretch
from care.selectors.booking import settings_of
from patients.models import Occasion, Patient, PatientAccess, PhotoSession
from patients.selectors import patient_for

OPEN_PLANS = (CapturePlan.Status.ACTIVE, CapturePlan.Status.PAUSED)


def open_plan(patient_id: UUID) -> CapturePlan | None:
    """The patient's running or paused plan, if any. The caller has checked the scope."""
    rows = CapturePlan.objects.filter(patient_id=patient_id, status__in=OPEN_PLANS)
    found: CapturePlan | None = rows.select_related("patient__clinic", "started_by").first()
    return found


def newest_plan(actor: Actor, patient_id: UUID) -> CapturePlan | None:
    """The plan that runs, else the last one. NotFound for a patient out of scope."""
    patient = patient_for(actor, patient_id)
    rows = CapturePlan.objects.visible_to(actor).filter(patient=patient).select_related("patient__clinic", "started_by")
    found: CapturePlan | None = rows.filter(status__in=OPEN_PLANS).first() or rows.order_by("-created_at").first()
    return found


def plan_for(actor: Actor, plan_id: UUID) -> CapturePlan:
    """The plan; NotFound outside the actor's scope."""
    rows = CapturePlan.objects.visible_to(actor).select_related("patient__clinic", "started_by")
    found: CapturePlan | None = rows.filter(pk=plan_id).first()
    if found is None:
        raise NotFound
    return found


def course_of(plan: CapturePlan) -> Course:
    """The plan as its rules see it."""
    rows = sorted(plan.stretches.all(), key=lambda row: row.number)
    stretches = tuple(Stretch(row.first_date, Rhythm(row.rhythm) if row.rhythm else None) for row in rows)
    return Course(plan.starts_on, plan.days, stretches)


def captures_of(sessions: Iterable[PhotoSession], zone: str) -> list[Capture]:
    """Sent sessions as the rules see them, on the patient's wall clock."""
    return [
        Capture(row.pk, rhythm.local_day(row.submitted_at, zone), row.occasion == Occasion.CASE)
        for row in sessions
        if row.submitted_at is not None
    ]


def sent_sessions(patient_ids: Iterable[UUID]) -> dict[UUID, list[PhotoSession]]:
    """Every session that was sent, by patient. The caller has checked the scope."""
    rows = PhotoSession.objects.filter(patient_id__in=list(patient_ids), submitted_at__isnull=False)
    found: dict[UUID, list[PhotoSession]] = {}
    for row in rows.exclude(status=PhotoSession.Status.DISCARDED).order_by("submitted_at"):
        found.setdefault(row.patient_id, []).append(row)
    return found


def standing_of(plan: CapturePlan, now: datetime) -> Standing:
    """The plan as it stands now, on the patient's wall clock."""
    zone = zone_of_patient(plan.patient)
    sessions = sent_sessions([plan.patient_id]).get(plan.patient_id, [])
    return rhythm.standing(course_of(plan), captures_of(sessions, zone), rhythm.local_day(now, zone))


def zone_of_patient(patient: Patient) -> str:
    """The time zone of the patient's days: their own choice, else a guardian's, else the clinic's."""
    rows = PatientAccess.objects.filter(patient_id=patient.pk, ended_at=None).exclude(user__time_zone="")
    chosen = {row.relation: row.user.time_zone for row in rows.select_related("user").order_by("-created_at")}
    wanted = chosen.get(PatientAccess.Relation.SELF) or chosen.get(PatientAccess.Relation.GUARDIAN)
    return zones.zone_of(wanted, patient.clinic.time_zone)


def wants_reminders(user_id: UUID, patient_id: UUID) -> bool:
    """Whether this person is reminded of this patient's photographs: yes, until they say no."""
    row = ReminderChoice.objects.filter(user_id=user_id, patient_id=patient_id).first()
    return row is None or row.wanted


def may_start(actor: Actor, patient: Patient) -> bool:
    """Whether this person may begin a plan: a clinician, or the patient where the clinic allows it."""
    return actor.role.is_staff or settings_of(patient.clinic_id).patients_start_plans


def kept_sessions(actor: Actor, patient_id: UUID) -> list[PhotoSession]:
    """The sessions between two reviews that nobody has had beside a review yet, newest first."""
    rows = PhotoSession.objects.visible_to(actor).filter(patient_id=patient_id, status=PhotoSession.Status.KEPT)
    return list(rows.select_related("patient").order_by("-submitted_at"))
