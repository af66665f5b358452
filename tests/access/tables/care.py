"""Who reaches the addresses of the room ``care``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from care import services
from care.models.booking import Mode
from care.rhythm import Rhythm
from care.selectors import free_slots
from patients.selectors import patient_for
from tests.access.rules import (
    ADMINISTRATORS,
    ANY_CLINICIAN,
    ANY_PATIENT,
    CLINICIANS_OF_THE_CASE,
    HOLDERS,
    HOLDERS_AND_CASES,
    OPEN,
    OWN_ADMINISTRATORS,
    SIGNED_IN,
    Address,
    May,
    Who,
    api,
    get,
    post,
    rule,
)
from tests.access.world import World
from tests.factories.care import answer, ask, book_at, make_kind, picture
from tests.factories.patients import actor_for

TEAM = CLINICIANS_OF_THE_CASE
BOTH_SIDES = {
    **HOLDERS_AND_CASES,
    Who.ADMINISTRATOR: May.FORBIDDEN,
    Who.FOREIGN_ADMINISTRATOR: May.FORBIDDEN,
}
"""The patient and the clinic's clinicians; administrators are told that it is not theirs."""

PATIENTS_AND_CLINICIANS = rule(
    May.OK, anybody=May.SIGN_IN, administrator=May.FORBIDDEN, foreign_administrator=May.FORBIDDEN
)

ITS_CLINICIAN = {**BOTH_SIDES, Who.TRICHOLOGIST: May.NOT_FOUND}
"""The two sides of one consultation: no colleague walks into the room."""

HOURS = rule(
    May.FORBIDDEN,
    anybody=May.SIGN_IN,
    dermatologist=May.OK,
    foreign_dermatologist=May.NOT_FOUND,
    administrator=May.OK,
    foreign_administrator=May.NOT_FOUND,
)
"""One's own hours, or an administrator's clinic's."""

STAFF = rule(May.OK, anybody=May.SIGN_IN, holder=May.FORBIDDEN, other_patient=May.FORBIDDEN, newcomer=May.FORBIDDEN)

REMINDED = {
    **HOLDERS_AND_CASES, Who.DERMATOLOGIST: May.FORBIDDEN, Who.TRICHOLOGIST: May.FORBIDDEN,
}  # fmt: skip
"""The patient's own wish: a clinician finds the patient, but it is not theirs to choose."""

DAYS = {"first_date": "2030-01-01", "last_date": "2030-01-02"}

TABLE: dict[str, Address] = {
    # --- messages
    "care:inbox": get(PATIENTS_AND_CLINICIANS),
    "care:find": get(ANY_CLINICIAN),
    "api-find-patients": api(ANY_CLINICIAN, "post", text="Nobody"),
    "care:replies": get(ANY_CLINICIAN),
    "care:reply_edit": get(TEAM, "canned_reply"),
    "care:reply_retire": post(TEAM, "canned_reply"),
    "care:attachment": get(BOTH_SIDES, "attachment"),
    "care:thumbnail": get(BOTH_SIDES, "attachment"),
    "care:thread": get(BOTH_SIDES, "thread"),
    "care:send": post(BOTH_SIDES, "thread", body="Thank you."),
    "care:news": get(BOTH_SIDES, "thread"),
    "care:assign": post(TEAM, "thread"),
    "care:state": post(TEAM, "thread", action="close"),
    "care:write": get(BOTH_SIDES, "patient"),
    "care:draft": post(BOTH_SIDES, "patient", body="Half a sentence"),
    "api-threads": api(PATIENTS_AND_CLINICIANS, "get"),
    "api-patient-threads": api(BOTH_SIDES, "post", "patient", subject="The lotion", body="How often?"),
    "api-thread": api(HOLDERS_AND_CASES, "get", "thread"),
    "api-thread-messages": api(HOLDERS_AND_CASES, "post", "thread", body="Thank you."),
    "api-thread-assign": api(TEAM, "post", "thread", membership_id="@colleague"),
    "api-thread-status": api(TEAM, "post", "thread", action="close"),
    "api-attachment": api(HOLDERS_AND_CASES, "get", "attachment"),
    "api-canned-replies": api(ANY_CLINICIAN, "get"),
    "api-canned-reply": api(TEAM, "put", "canned_reply", title="Lotion", body="Twice a day."),
    # --- consultations
    "care:consultations": get(ANY_PATIENT),
    "care:book": get(BOTH_SIDES, "patient"),
    "care:consultation": get(BOTH_SIDES, "consultation"),
    "care:move": get(BOTH_SIDES, "consultation"),
    "care:cancel": post(BOTH_SIDES, "consultation"),
    "care:outcome": post(TEAM, "consultation", outcome="missed"),
    "care:calendar": get(BOTH_SIDES, "consultation"),
    "care:video": get(ITS_CLINICIAN, "consultation"),
    "care:agenda": get(ANY_CLINICIAN),
    "care:feed_make": post(ANY_CLINICIAN),
    "care:feed_revoke": post(ANY_CLINICIAN),
    "care:feed": get(OPEN, "feed_token"),
    "api-slots": api(BOTH_SIDES, "get", "patient"),
    "api-consultations": api(BOTH_SIDES, "get", "patient"),
    "api-consultation": api(HOLDERS_AND_CASES, "get", "consultation"),
    "api-consultation-move": api(
        HOLDERS_AND_CASES, "post", "consultation", membership_id="@doctor_member", starts_at="2030-01-01T09:00:00Z"
    ),
    "api-consultation-cancel": api(BOTH_SIDES, "post", "consultation", reason="Ill."),
    "api-consultation-outcome": api(TEAM, "post", "consultation", outcome="held"),
    "api-calendar-file": api(HOLDERS_AND_CASES, "get", "consultation"),
    "api-consultation-video": api({**HOLDERS_AND_CASES, Who.TRICHOLOGIST: May.NOT_FOUND}, "get", "consultation"),
    "api-agenda": api(ANY_CLINICIAN, "get"),
    "api-calendar-feed": api(ANY_CLINICIAN, "post"),
    # --- plans of photographs
    "care:captures": get(BOTH_SIDES, "patient"),
    "care:plan_start": post(BOTH_SIDES, "patient", rhythm="weekly", days="90"),
    "care:plan_steer": post(BOTH_SIDES, "capture_plan", "plan_act"),
    "care:reminders": post(HOLDERS, "patient", wanted="no"),
    "care:kept": get(TEAM, "session"),
    "care:present": post(TEAM, "session"),
    "care:capture_settings": get(ADMINISTRATORS),
    "api-capture-plan": api(HOLDERS_AND_CASES, "get", "patient"),
    "api-capture-reminders": api(REMINDED, "put", "patient", wanted=False),
    "api-capture-plan-act": api(HOLDERS_AND_CASES, "post", "capture_plan", action="pause"),
    "api-present": api(TEAM, "post", "session"),
    "api-capture-settings": api(ADMINISTRATORS, "get"),
    # --- the guide
    "care:guide": get(SIGNED_IN),
    "care:guide_page": get(SIGNED_IN, "guide_page"),
    "care:guide_manage": get(STAFF),
    "care:guide_edit": get(STAFF, "guide_page"),
    "care:guide_approve": post(ANY_CLINICIAN, "guide_page", digest="0"),
    "api-guide": api(SIGNED_IN, "get", "guide_page"),
    "api-guide-states": api(STAFF, "get"),
    "api-guide-write": api(STAFF, "put", "guide_page", text="Bring a hat."),
    "api-guide-approve": api(ANY_CLINICIAN, "post", "guide_page", digest="0"),
    # --- what is offered
    "care:hours": get({**ANY_CLINICIAN, Who.ADMINISTRATOR: May.NOT_FOUND, Who.FOREIGN_ADMINISTRATOR: May.NOT_FOUND}),
    "care:hours_of": get(HOURS, "doctor_member"),
    "care:exception_add": post(HOURS, "doctor_member", **DAYS),
    "care:exception_remove": post(HOURS, "hours_exception"),
    "care:offer": get(ADMINISTRATORS),
    "care:closing_add": post(ADMINISTRATORS, **DAYS),
    "care:kind_new": get(ADMINISTRATORS),
    "care:kind": get(OWN_ADMINISTRATORS, "kind"),
    "care:kind_retire": post(OWN_ADMINISTRATORS, "kind"),
    "api-hours": api(HOURS, "get", "doctor_member"),
    "api-hours-exceptions": api(HOURS, "post", membership_id="@doctor_member", **DAYS),
    "api-hours-exception": api(HOURS, "delete", "hours_exception"),
    "api-kinds": api(ADMINISTRATORS, "get"),
    "api-kind": api(OWN_ADMINISTRATORS, "delete", "kind"),
    "api-care-settings": api(ADMINISTRATORS, "get"),
}


def things(world: World) -> dict[str, Any]:
    """A conversation with a picture, and a consultation by video."""
    now, doctor = world.now, actor_for(world.doctor.user)
    message = ask(world.patient, uploads=[picture()], now=now)
    answer(message.thread, doctor, now=now)
    services.save_settings(
        actor=actor_for(world.administrator.user),
        video_template="https://meet.example/{room}",
        change_until_hours=2,
        reminder_hours=[24, 1],
        now=now,
    )
    kind = make_kind(world.clinic, [world.doctor], mode=Mode.VIDEO, now=now)
    patient = patient_for(doctor, world.patient.pk)
    ahead = now.date() + timedelta(days=3)
    slots = free_slots(doctor, kind, [world.doctor], first=ahead, last=ahead + timedelta(days=7), now=now)
    exception = services.add_exception(
        actor=doctor,
        membership_id=world.doctor.pk,
        first_date=now.date() + timedelta(days=40),
        last_date=now.date() + timedelta(days=41),
        hours=None,
        note="",
        now=now,
    )
    services.save_capture_settings(
        actor=actor_for(world.administrator.user), beat=Rhythm.WEEKLY, days=90, patients_start_plans=True, now=now
    )
    plan = services.start_plan(actor=doctor, patient_id=world.patient.pk, now=now)
    return {
        "capture_plan": plan.pk,
        "plan_act": "pause",
        "guide_page": "photos",
        "thread": message.thread_id,
        "attachment": message.attachments.get().pk,
        "canned_reply": services.save_reply(actor=doctor, title="T", body="B", now=now).pk,
        "consultation": book_at(patient, kind, world.doctor, slots[0].starts_at, now=now).pk,
        "doctor_member": world.doctor.pk,
        "hours_exception": exception.pk,
        "kind": kind.pk,
        "feed_token": services.make_feed(actor=doctor, now=now),
    }
