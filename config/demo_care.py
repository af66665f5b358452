"""The demo's conversation, consultations, plan of photographs and approved guide, made by the portal's own services."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from accounts.actors import Actor
from accounts.decorators import CLINICIANS
from accounts.models import Clinic, Membership
from accounts.selectors import staff_of
from care import services
from care.guide import Page
from care.models import ConsultationKind, Thread
from care.models.booking import Mode
from care.selectors import free_slots, page_state
from care.services import Writing
from care.services.hours import Grid, KindDetails
from care.slots import Hours
from patients.models import Patient

WEEK = {day: [Hours(time(9), time(12, 30)), Hours(time(14), time(17))] for day in range(5)}
REPLIES = (
    (
        "Comparable photographs",
        "Please take the photographs in the same place and light, with dry hair and no products in it.",
    ),
    (
        "Shedding in the first weeks",
        "More hair may come out in the first weeks. Please do not stop on your own; tell us if it goes on.",
    ),
)


def ensure_care(
    clinic: Clinic, administrator: Actor, doctor: Actor, patient: Patient, holder: Actor, now: datetime
) -> None:
    """Hours, kinds, replies, a conversation, a booking, a plan and the guide; a second call changes nothing."""
    if Thread.objects.filter(clinic=clinic).exists():
        return
    members = staff_of(clinic.pk, CLINICIANS)
    kinds = _offer(administrator, members, now)
    for title, body in REPLIES:
        services.save_reply(actor=doctor, title=title, body=body, now=now)
    first = services.start_thread(
        actor=holder,
        patient_id=patient.pk,
        subject="May I colour my hair?",
        writing=Writing("I would like to colour my hair next week. Does that spoil the photographs?", uuid4()),
        now=now - timedelta(days=2),
    )
    answer = "Please colour it after the next photographs, at least three days before the following session."
    services.reply(
        actor=doctor, thread_id=first.thread_id, writing=Writing(answer, uuid4()), now=now - timedelta(days=1)
    )
    _book(kinds[0], members, patient, holder, now)
    for page in Page:
        digest = page_state(clinic.pk, page).pending.digest
        services.approve_page(actor=doctor, page=page, digest=digest, now=now)
    services.start_plan(actor=doctor, patient_id=patient.pk, now=now)


def _offer(administrator: Actor, members: list[Membership], now: datetime) -> list[ConsultationKind]:
    services.save_settings(
        actor=administrator,
        video_template="https://meet.example/{room}",
        change_until_hours=24,
        reminder_hours=[24, 1],
        now=now,
    )
    everybody = tuple(member.pk for member in members)
    kinds = [
        services.save_kind(actor=administrator, details=KindDetails(name, minutes, mode, True, everybody), now=now)
        for name, minutes, mode in (
            ("First consultation", 45, Mode.IN_PERSON),
            ("Talk about the plan", 20, Mode.VIDEO),
        )
    ]
    for member in members:
        services.save_hours(actor=administrator, membership_id=member.pk, grid=Grid(30, 5, 12, 60), week=WEEK, now=now)
    return kinds


def _book(kind: ConsultationKind, members: list[Membership], patient: Patient, holder: Actor, now: datetime) -> None:
    day = now.astimezone(ZoneInfo(patient.clinic.time_zone)).date() + timedelta(days=3)
    found = free_slots(holder, kind, members, first=day, last=day + timedelta(days=7), now=now)
    if found:
        services.book(
            actor=holder,
            patient_id=patient.pk,
            kind_id=kind.pk,
            membership_id=found[0].membership_id,
            starts_at=found[0].starts_at,
            send_key=uuid4(),
            now=now,
        )
