"""Consultations: never two at one time, moved and cancelled by rules, reminded of once, and told to calendars."""

from __future__ import annotations

import re
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db import connections
from icalendar import Calendar

from accounts.errors import DomainError, Invalid, NotAllowed, NotFound
from accounts.models import AuditEvent, Notification
from accounts.roles import Role
from accounts.tasks import send_waiting
from care import selectors, services
from care.models import Consultation
from care.models.booking import Mode
from care.privacy import PRIVACY
from care.services.hours import Grid
from care.workflow import ConsultationAction
from tests.factories.care import book_at, make_kind
from tests.factories.patients import (
    NOW,
    actor_for,
    holder_actor,
    holder_of,
    make_clinic,
    make_patient,
    make_staff,
    signed_in,
)

pytestmark = pytest.mark.django_db

MONDAY_TEN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # 10:00 in Berlin, two days after NOW
SPRING_MONDAY_TEN = datetime(2027, 3, 29, 8, 0, tzinfo=UTC)  # 10:00 in Berlin, the day after the clocks change


@pytest.fixture
def desk():
    """A clinic with a clinician who takes bookings, and a patient."""
    clinic = make_clinic()
    doctor = make_staff(Role.DERMATOLOGIST, clinic)
    return make_patient(clinic), make_kind(clinic, [doctor]), doctor


def move(consultation, actor, starts_at, *, now=NOW):
    return services.move(
        actor=actor,
        consultation_id=consultation.pk,
        membership_id=consultation.membership_id,
        starts_at=starts_at,
        now=now,
    )


def calendar(consultation, actor, now=NOW):
    data = services.calendar_of(actor=actor, consultation_id=consultation.pk, now=now)
    return Calendar.from_ical(data), data.decode()


def test_a_free_time_is_booked_and_both_sides_are_told(desk):
    patient, kind, doctor = desk
    booked = book_at(patient, kind, doctor, MONDAY_TEN)
    assert booked.ends_at - booked.starts_at == timedelta(minutes=30)
    told = Notification.objects.filter(kind="consultation_booked")
    assert {row.recipient_id for row in told} == {doctor.user_id}
    free = selectors.slots_around(holder_actor(patient), kind, doctor, MONDAY_TEN, now=NOW)
    assert MONDAY_TEN not in free
    assert MONDAY_TEN + timedelta(minutes=30) not in free, "the pause after a consultation stays free"
    assert MONDAY_TEN + timedelta(minutes=45) in free


@pytest.mark.parametrize(
    "starts_at",
    [
        MONDAY_TEN + timedelta(minutes=1),  # not on the steps
        MONDAY_TEN - timedelta(hours=2),  # before the hours
        MONDAY_TEN - timedelta(days=2),  # a Saturday
        NOW - timedelta(days=3),
        MONDAY_TEN + timedelta(days=91),  # beyond the horizon
    ],
)
def test_what_was_not_offered_cannot_be_booked(desk, starts_at):
    patient, kind, doctor = desk
    with pytest.raises(DomainError) as refused:
        book_at(patient, kind, doctor, starts_at)
    assert refused.value.code == "slot_taken"


def test_the_team_books_at_short_notice_where_a_patient_may_not(desk):
    patient, kind, doctor = desk
    soon = MONDAY_TEN - timedelta(hours=1)
    with pytest.raises(DomainError):
        book_at(patient, kind, doctor, MONDAY_TEN, now=soon)
    assert book_at(patient, kind, doctor, MONDAY_TEN, now=soon, actor=actor_for(doctor.user))
    told = Notification.objects.filter(kind="consultation_booked")
    assert {row.recipient_id for row in told} == {holder_of(patient).pk}


def test_foreign_patients_kinds_and_clinicians_are_out_of_reach(desk):
    patient, kind, doctor = desk
    elsewhere = make_clinic("South")
    stranger = make_staff(Role.DERMATOLOGIST, elsewhere)
    with pytest.raises(NotFound):
        book_at(patient, kind, doctor, MONDAY_TEN, actor=actor_for(stranger.user))
    with pytest.raises(NotFound):
        book_at(make_patient(elsewhere), kind, doctor, MONDAY_TEN)
    with pytest.raises(NotFound):
        book_at(patient, kind, make_staff(Role.TRICHOLOGIST, patient.clinic), MONDAY_TEN)
    hidden = make_kind(patient.clinic, [doctor], by_patients=False)
    with pytest.raises(NotFound):
        book_at(patient, hidden, doctor, MONDAY_TEN)
    administrator = actor_for(make_staff(Role.ADMINISTRATOR, patient.clinic).user)
    with pytest.raises(NotAllowed):
        book_at(patient, kind, doctor, MONDAY_TEN, actor=administrator)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_want_one_time_one_gets_it():
    clinic = make_clinic()
    doctor = make_staff(Role.DERMATOLOGIST, clinic)
    kind = make_kind(clinic, [doctor])
    patients = [make_patient(clinic) for _n in range(4)]
    together = threading.Barrier(len(patients), timeout=60)

    def want(pair):
        number, patient = pair
        actor = holder_actor(patient)
        together.wait()
        try:  # half of them want a time that only overlaps: no unique constraint would see it
            return book_at(patient, kind, doctor, MONDAY_TEN + timedelta(minutes=15 * (number % 2)), actor=actor)
        except DomainError as refused:
            return refused.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(patients)) as pool:
        outcomes = list(pool.map(want, enumerate(patients)))
    assert sum(isinstance(outcome, Consultation) for outcome in outcomes) == 1, outcomes
    assert [outcome for outcome in outcomes if isinstance(outcome, str)] == ["slot_taken"] * 3
    assert Consultation.objects.filter(status="booked").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_patient_is_never_at_two_places_and_a_double_click_books_once():
    clinic = make_clinic()
    doctors = [make_staff(Role.DERMATOLOGIST, clinic), make_staff(Role.TRICHOLOGIST, clinic)]
    kind = make_kind(clinic, doctors)
    patient = make_patient(clinic)
    actor, key = holder_actor(patient), uuid.uuid4()
    together = threading.Barrier(4, timeout=60)

    def want(number):
        together.wait()
        try:
            return services.book(
                actor=actor,
                patient_id=patient.pk,
                kind_id=kind.pk,
                membership_id=doctors[number // 2].pk,
                starts_at=MONDAY_TEN,
                send_key=key if number < 2 else uuid.uuid4(),
                now=NOW,
            ).pk
        except DomainError as refused:
            return refused.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(want, range(4)))
    assert Consultation.objects.count() == 1


def test_moving_keeps_the_entry_counts_up_and_frees_the_old_time(desk):
    patient, kind, doctor = desk
    actor = holder_actor(patient)
    booked = book_at(patient, kind, doctor, MONDAY_TEN)
    uid = calendar(booked, actor)[0].events[0]["uid"]
    moved = move(booked, actor, MONDAY_TEN + timedelta(days=1, minutes=15))
    assert (moved.sequence, moved.starts_at) == (1, MONDAY_TEN + timedelta(days=1, minutes=15))
    entry = calendar(moved, actor)[0].events[0]
    assert (entry["uid"], int(entry["sequence"])) == (uid, 1)
    assert MONDAY_TEN in selectors.slots_around(actor, kind, doctor, MONDAY_TEN, now=NOW)
    assert move(moved, actor, moved.starts_at).sequence == 1, "the same time again changes nothing"
    back = move(moved, actor, moved.starts_at + timedelta(minutes=15))
    assert back.sequence == 2, "its own old time does not stand in the way"
    other = make_patient(patient.clinic)
    book_at(other, kind, doctor, MONDAY_TEN)
    with pytest.raises(DomainError) as refused:
        move(back, actor, MONDAY_TEN)
    assert refused.value.code == "slot_taken"


def test_a_patient_changes_until_the_limit_and_the_team_until_the_start(desk):
    patient, kind, doctor = desk
    booked = book_at(patient, kind, doctor, MONDAY_TEN)
    late = MONDAY_TEN - timedelta(hours=23)
    for act in (
        lambda: services.cancel(actor=holder_actor(patient), consultation_id=booked.pk, reason="", now=late),
        lambda: move(booked, holder_actor(patient), MONDAY_TEN + timedelta(days=1), now=late),
    ):
        with pytest.raises(DomainError) as refused:
            act()
        assert refused.value.code == "too_late"
    cancelled = services.cancel(actor=actor_for(doctor.user), consultation_id=booked.pk, reason="Ill", now=late)
    assert (cancelled.status, cancelled.reason, cancelled.sequence) == ("cancelled", "Ill", 1)
    assert book_at(make_patient(patient.clinic), kind, doctor, MONDAY_TEN), "the time is free again"
    with pytest.raises(DomainError):
        move(booked, actor_for(doctor.user), MONDAY_TEN + timedelta(days=1), now=late)


def test_who_books_inside_the_limit_reads_before_that_it_cannot_be_changed(desk, monkeypatch):
    patient, kind, _ = desk
    client = signed_in(holder_of(patient))
    warning = "you cannot move or cancel it here any more"
    monkeypatch.setattr("care.views.bookings.timezone", SimpleNamespace(now=lambda: MONDAY_TEN + timedelta(hours=5)))
    page = client.get(f"/p/{patient.pk}/consultations/new/?kind={kind.pk}").content.decode()
    assert warning in page
    slots = re.findall(r"<button[^>]*slots__time[^>]*>", page)
    assert 0 < sum(warning in slot for slot in slots) < len(slots), "times of the next morning, not those of later days"


def test_missed_is_said_by_the_team_and_not_before_the_start(desk):
    patient, kind, doctor = desk
    booked = book_at(patient, kind, doctor, MONDAY_TEN)
    mark = {"consultation_id": booked.pk, "action": ConsultationAction.MARK_MISSED}
    with pytest.raises(DomainError) as refused:
        services.mark_outcome(actor=actor_for(doctor.user), now=NOW, **mark)
    assert refused.value.code == "not_yet"
    with pytest.raises(NotAllowed):
        services.mark_outcome(actor=holder_actor(patient), now=MONDAY_TEN, **mark)
    assert services.mark_outcome(actor=actor_for(doctor.user), now=MONDAY_TEN, **mark).status == "missed"


def test_reminders_come_once_each_and_anew_after_a_move(desk):
    patient, kind, doctor = desk
    booked = book_at(patient, kind, doctor, MONDAY_TEN)
    reminders = Notification.objects.filter(kind="consultation_soon")
    for hours in (30, 24, 23, 20, 1, 0.5):
        services.send_reminders(now=MONDAY_TEN - timedelta(hours=hours))
        services.send_reminders(now=MONDAY_TEN - timedelta(hours=hours))
    assert reminders.count() == 2
    later = MONDAY_TEN + timedelta(days=2)
    move(booked, actor_for(doctor.user), later, now=MONDAY_TEN - timedelta(hours=0.4))
    services.send_reminders(now=MONDAY_TEN)
    assert reminders.count() == 2, "not for the old time"
    services.send_reminders(now=later - timedelta(hours=23))
    assert reminders.count() == 3
    services.cancel(actor=actor_for(doctor.user), consultation_id=booked.pk, reason="", now=later - timedelta(hours=20))
    services.send_reminders(now=later - timedelta(minutes=30))
    assert reminders.count() == 3, "none for what was cancelled"
    send_waiting()
    text = "".join(str(sent.body) + sent.subject for sent in mail.outbox)
    assert "Mira" not in text
    assert "10:00" not in text
    assert kind.name not in text


def test_no_reminder_that_was_due_before_the_time_was_chosen(desk):
    patient, kind, doctor = desk
    booked = book_at(
        patient, kind, doctor, MONDAY_TEN, now=MONDAY_TEN - timedelta(hours=3), actor=actor_for(doctor.user)
    )
    services.send_reminders(now=MONDAY_TEN - timedelta(hours=2))
    assert not Notification.objects.filter(kind="consultation_soon").exists()
    services.send_reminders(now=booked.starts_at - timedelta(minutes=59))
    assert Notification.objects.filter(kind="consultation_soon").count() == 1


def test_the_calendar_file_says_when_and_where_and_nothing_medical(desk):
    patient, kind, doctor = desk
    actor = holder_actor(patient)
    wide = make_kind(patient.clinic, [doctor], grid=Grid(30, 0, 0, 365))
    booked = book_at(patient, wide, doctor, SPRING_MONDAY_TEN)
    parsed, text = calendar(booked, actor)
    event = parsed.events[0]
    assert parsed["method"] == "REQUEST"
    assert str(event["summary"]) == "Consultation at Hair Clinic North"
    assert event.start.astimezone(ZoneInfo("Europe/Berlin")).hour == 10, (
        "ten o'clock on the clinic's wall, in summer time"
    )
    assert event.start.astimezone(UTC) == SPRING_MONDAY_TEN
    assert [zone["tzid"] for zone in parsed.timezones] == ["Europe/Berlin"]
    assert str(event["attendee"]) == f"mailto:{holder_of(patient).email}"
    for word in ("Mira", "Sommer", kind.name, "Krause", "hair loss", booked.room):
        assert word not in text.replace("Hair Clinic North", "")
    services.cancel(actor=actor, consultation_id=booked.pk, reason="A private reason", now=NOW)
    parsed, text = calendar(booked, actor)
    assert (parsed["method"], parsed.events[0]["status"]) == ("CANCEL", "CANCELLED")
    assert "private reason" not in text


def test_the_private_feed_shows_initials_until_it_is_revoked(desk, client):
    patient, kind, doctor = desk
    booked = book_at(patient, kind, doctor, MONDAY_TEN)
    actor = actor_for(doctor.user)
    token = services.make_feed(actor=actor, now=NOW)
    text = services.read_feed(token=token, now=NOW).decode()
    assert "M. S." in text
    for word in ("Mira", "Sommer", patient.record_number, booked.room):
        assert word not in text
    assert client.get(f"/calendar/{token}.ics")["Content-Type"].startswith("text/calendar")
    newer = services.make_feed(actor=actor, now=NOW)
    assert client.get(f"/calendar/{token}.ics").status_code == 404, "a new address ends the old one"
    services.revoke_feed(actor=actor, now=NOW)
    assert client.get(f"/calendar/{newer}.ics").status_code == 404
    assert AuditEvent.objects.filter(action="calendar_feed.read").count() == 2
    assert token not in str(list(AuditEvent.objects.values_list("detail", "subject_id")))


def test_the_video_room_opens_for_the_two_sides_around_the_time(desk):
    patient, _kind, doctor = desk
    administrator = actor_for(make_staff(Role.ADMINISTRATOR, patient.clinic).user)
    settings = {"actor": administrator, "change_until_hours": 24, "reminder_hours": [24, 1], "now": NOW}
    for wrong in (
        "http://meet.example/{room}",
        "https://meet.example/",
        "https://{room}.example/",
        "javascript:{room}",
    ):
        with pytest.raises(Invalid):
            services.save_settings(video_template=wrong, **settings)
    services.save_settings(video_template="https://meet.example/{room}", **settings)
    kind = make_kind(patient.clinic, [doctor], mode=Mode.VIDEO)
    booked = book_at(patient, kind, doctor, MONDAY_TEN)
    sides = [holder_actor(patient), actor_for(doctor.user)]
    for actor in sides:
        for closed in (MONDAY_TEN - timedelta(minutes=16), booked.ends_at + timedelta(minutes=1)):
            with pytest.raises(DomainError) as refused:
                services.video_address(actor=actor, consultation_id=booked.pk, now=closed)
            assert refused.value.code == "not_open"
    opened = MONDAY_TEN - timedelta(minutes=14)
    addresses = {services.video_address(actor=actor, consultation_id=booked.pk, now=opened) for actor in sides}
    assert len(addresses) == 1, "both come to the same room"
    assert len(urlsplit(addresses.pop()).path) > 20
    colleague = actor_for(make_staff(Role.TRICHOLOGIST, patient.clinic).user)
    with pytest.raises(NotFound):
        services.video_address(actor=colleague, consultation_id=booked.pk, now=opened)


def test_holidays_of_the_clinic_and_days_off_close_the_day(desk):
    patient, kind, doctor = desk
    administrator = actor_for(make_staff(Role.ADMINISTRATOR, patient.clinic).user)
    day = date(2026, 11, 23)
    closing = services.add_exception(
        actor=administrator, membership_id=None, first_date=day, last_date=day, hours=None, note="Fair", now=NOW
    )
    with pytest.raises(DomainError):
        book_at(patient, kind, doctor, MONDAY_TEN)
    with pytest.raises(NotAllowed):
        services.remove_exception(actor=actor_for(doctor.user), exception_id=closing.pk, now=NOW)
    services.remove_exception(actor=administrator, exception_id=closing.pk, now=NOW)
    assert book_at(patient, kind, doctor, MONDAY_TEN)


def test_a_patient_abroad_reads_their_own_clock_with_the_clinics_beside(desk):
    patient, kind, doctor = desk
    wide = make_kind(patient.clinic, [doctor], grid=Grid(30, 0, 0, 365))
    booked = book_at(patient, wide, doctor, SPRING_MONDAY_TEN)
    browser = signed_in(holder_of(patient))
    browser.cookies["trichora_zone"] = "America/New_York"
    page = browser.get(f"/consultations/{booked.pk}/").content.decode()
    assert "04:00" in page
    assert "America/New_York" in page
    assert "at the clinic: Mon 10:00 (Europe/Berlin)" in page
    browser.cookies["trichora_zone"] = "Nowhere/<script>"
    page = browser.get(f"/consultations/{booked.pk}/").content.decode()
    assert "10:00" in page
    assert "Nowhere" not in page
    assert kind.pk != wide.pk


def test_consultations_are_exported_and_erased(desk):
    patient, kind, doctor = desk
    book_at(patient, kind, doctor, MONDAY_TEN)
    exported = {file.path: file.open().read().decode() for file in PRIVACY.export(patient.pk)}
    assert "First consultation" in exported["consultations.json"]
    PRIVACY.erase(patient.pk, NOW)
    assert not Consultation.objects.exists()
