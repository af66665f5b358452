"""A plan of photographs through the portal's own services and pages: who begins it, what it asks for, what it keeps."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail
from django.urls import reverse

from accounts.errors import DomainError, NotAllowed, NotFound
from accounts.models import AuditEvent, Notification, User
from accounts.notify import deliver
from accounts.roles import Role
from analysis.services import submit_session
from care import selectors, services
from care.models import CapturePlan
from care.rhythm import Rhythm
from care.workflow import PlanAction
from patients.intake_form import Symptom
from patients.models import PhotoSession
from patients.services import close_kept, close_session, present_session
from reviews.queue import QueueFilters, worklist
from tests.factories.patients import (
    NOW,
    actor_for,
    calm_answers,
    grant_all_consents,
    holder_actor,
    holder_of,
    make_clinic,
    make_patient,
    make_session,
    make_staff,
    save_answers,
    signed_in,
)
from vision.types import View

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)  # 11 in Berlin


@pytest.fixture
def clinic():
    return make_clinic()


@pytest.fixture
def doctor(clinic):
    return actor_for(make_staff(Role.DERMATOLOGIST, clinic).user)


@pytest.fixture
def patient(clinic):
    patient = make_patient(clinic)
    grant_all_consents(patient)
    return patient


def send(patient, *, days=0, answers=None, look_now=False, now=MORNING):
    """A session of one view, sent so many days after ``now``."""
    at = now + timedelta(days=days)
    session = make_session(patient, views=[View.CROWN], answers=answers, consent=False, now=at)
    return submit_session(actor=holder_actor(patient), session_id=session.pk, now=at, look_now=look_now)


def begin(patient, doctor, *, now=MORNING, **changes):
    return services.start_plan(actor=doctor, patient_id=patient.pk, now=now, **changes)


def in_queue(doctor, now=MORNING):
    cases, _counts = worklist(doctor, QueueFilters(), now=now)
    return [row.session.pk for row in cases]


def test_the_weeks_between_two_reviews_do_not_flood_the_queue(patient, doctor):
    baseline = send(patient)
    begin(patient, doctor)
    weekly = [send(patient, days=day) for day in (7, 14, 21)]
    review = send(patient, days=30)
    assert baseline.status == review.status == PhotoSession.Status.SUBMITTED
    assert {row.status for row in weekly} == {PhotoSession.Status.KEPT}
    assert set(in_queue(doctor, MORNING + timedelta(days=30))) == {baseline.pk, review.pk}


def test_a_red_flag_or_a_wish_to_be_seen_still_makes_a_case(patient, doctor):
    send(patient)
    begin(patient, doctor)
    assert send(patient, days=7, look_now=True).status == PhotoSession.Status.SUBMITTED
    pain = calm_answers(symptoms=(Symptom.PUS,))
    save_answers(patient, pain, now=MORNING + timedelta(days=14))
    assert send(patient, days=14).status == PhotoSession.Status.SUBMITTED


def test_a_flag_that_a_clinician_has_answered_does_not_bring_every_week_to_the_queue(patient, doctor):
    save_answers(patient, calm_answers(symptoms=(Symptom.SHEDDING_OVER_3_MONTHS,)))
    baseline = send(patient)
    begin(patient, doctor)
    assert send(patient, days=7).status == PhotoSession.Status.SUBMITTED
    close_session(session=baseline, now=MORNING + timedelta(days=8))
    assert send(patient, days=14).status == PhotoSession.Status.KEPT


def test_a_clinician_puts_a_kept_session_into_the_queue(patient, doctor):
    send(patient)
    begin(patient, doctor)
    kept = send(patient, days=7)
    present_session(actor=doctor, session_id=kept.pk, now=MORNING + timedelta(days=8))
    assert kept.pk in in_queue(doctor)
    with pytest.raises(DomainError):
        present_session(actor=doctor, session_id=kept.pk, now=MORNING)


def test_what_lay_beside_a_signed_review_is_closed_with_it(patient, doctor):
    send(patient)
    begin(patient, doctor)
    kept = send(patient, days=7)
    later = send(patient, days=37)
    closed = close_kept(patient_id=patient.pk, sent_before=MORNING + timedelta(days=30), now=MORNING)
    kept.refresh_from_db()
    assert (closed, kept.status, later.status) == (1, PhotoSession.Status.CLOSED, PhotoSession.Status.KEPT)


def test_patients_begin_a_plan_only_where_their_clinic_allows_it(patient, clinic):
    with pytest.raises(NotAllowed):
        services.start_plan(actor=holder_actor(patient), patient_id=patient.pk, now=MORNING)
    administrator = actor_for(make_staff(Role.ADMINISTRATOR, clinic).user)
    services.save_capture_settings(
        actor=administrator, beat=Rhythm.FORTNIGHTLY, days=60, patients_start_plans=True, now=MORNING
    )
    plan = services.start_plan(actor=holder_actor(patient), patient_id=patient.pk, now=MORNING)
    assert (plan.days, plan.started_by) == (60, None)
    assert selectors.course_of(plan).stretches[0].rhythm is Rhythm.FORTNIGHTLY


def test_one_plan_at_a_time_and_a_finished_one_gives_way(patient, doctor):
    first = begin(patient, doctor, days=30)
    with pytest.raises(DomainError) as refused:
        begin(patient, doctor)
    assert refused.value.code == "has_plan"
    begin(patient, doctor, now=MORNING + timedelta(days=60))
    first.refresh_from_db()
    assert first.status == CapturePlan.Status.COMPLETED


def test_a_patient_pauses_a_clinicians_plan_but_does_not_change_or_end_it(patient, doctor):
    plan = begin(patient, doctor)
    holder = holder_actor(patient)
    for action in (PlanAction.CHANGE_RHYTHM, PlanAction.END):
        with pytest.raises(NotAllowed):
            services.steer_plan(actor=holder, plan_id=plan.pk, action=action, beat=Rhythm.MONTHLY, now=MORNING)
    services.steer_plan(actor=holder, plan_id=plan.pk, action=PlanAction.PAUSE, now=MORNING + timedelta(days=3))
    assert selectors.standing_of(plan, MORNING + timedelta(days=9)).paused
    services.steer_plan(actor=holder, plan_id=plan.pk, action=PlanAction.RESUME, now=MORNING + timedelta(days=10))
    found = selectors.standing_of(CapturePlan.objects.get(pk=plan.pk), MORNING + timedelta(days=10))
    assert [step.due.on for step in found.steps][:2] == [date(2026, 11, 21), date(2026, 12, 5)]


def test_nobody_steers_the_plan_of_another_clinic(patient, doctor):
    plan = begin(patient, doctor)
    stranger = actor_for(make_staff(Role.DERMATOLOGIST, make_clinic("South")).user)
    with pytest.raises(NotFound):
        services.steer_plan(actor=stranger, plan_id=plan.pk, action=PlanAction.END, now=MORNING)


# --- reminders -------------------------------------------------------------------------------------------------------


def mails(patient):
    return list(
        Notification.objects.filter(recipient=holder_of(patient), kind__startswith="capture")
        .order_by("created_at")
        .values_list("kind", flat=True)
    )


def sweep(days, *, hour=10):
    services.remind_of_captures(now=MORNING.replace(hour=hour) + timedelta(days=days))


def test_one_reminder_one_more_and_each_once_however_often_the_sweep_runs(patient, doctor):
    send(patient)
    begin(patient, doctor)
    for day in (6, 7, 7, 8, 9, 9, 10, 11, 12):
        sweep(day)
        for row in Notification.objects.filter(sent_at=None):
            deliver(row.pk, now=MORNING)
    assert mails(patient) == ["capture_due", "capture_still_due"]


def test_nothing_is_said_after_the_photographs_came_and_what_waited_is_taken_back(patient, doctor):
    send(patient)
    begin(patient, doctor)
    sweep(7)
    assert mails(patient) == ["capture_due"]
    send(patient, days=7)
    sweep(7, hour=11)
    sweep(9)
    assert mails(patient) == []


def test_reminders_come_by_day_on_the_readers_own_wall_clock(patient, doctor):
    send(patient)
    begin(patient, doctor)
    User.objects.filter(pk=holder_of(patient).pk).update(time_zone="Pacific/Auckland")
    sweep(7, hour=10)  # 23 o'clock in Auckland
    assert mails(patient) == []
    sweep(6, hour=21)  # 10 o'clock there, a day later on the calendar
    assert mails(patient) == ["capture_due"]


def test_who_wants_no_reminders_gets_none(patient, doctor):
    send(patient)
    begin(patient, doctor)
    sweep(7)
    services.choose_reminders(actor=holder_actor(patient), patient_id=patient.pk, wanted=False, now=MORNING)
    assert mails(patient) == []
    sweep(9)
    assert mails(patient) == []


def test_an_e_mail_says_nothing_about_health(patient, doctor):
    send(patient)
    begin(patient, doctor)
    sweep(7)
    row = Notification.objects.get(kind="capture_due")
    assert deliver(row.pk, now=MORNING)
    assert not deliver(row.pk, now=MORNING)
    words = f"{mail.outbox[-1].subject}{mail.outbox[-1].body}".lower()
    assert reverse("care:captures", args=[patient.pk]) in words
    for word in ("hair", "scalp", "photo", "mira", "sommer"):
        assert word not in words.replace("photo-plan", "").replace("hair clinic north", "")


def test_a_paused_plan_is_silent_and_a_finished_one_is_closed(patient, doctor):
    send(patient)
    plan = begin(patient, doctor, days=30)
    services.steer_plan(actor=doctor, plan_id=plan.pk, action=PlanAction.PAUSE, now=MORNING)
    sweep(7)
    assert mails(patient) == []
    services.steer_plan(actor=doctor, plan_id=plan.pk, action=PlanAction.RESUME, now=MORNING)
    assert services.complete_plans(now=MORNING + timedelta(days=31)) == 0
    assert services.complete_plans(now=MORNING + timedelta(days=50)) == 1
    assert AuditEvent.objects.filter(action="capture_plan.completed", actor_id=None).count() == 1


# --- pages -----------------------------------------------------------------------------------------------------------


def test_the_home_says_what_is_next_and_the_plan_shows_what_was_missed(patient, doctor, monkeypatch):
    now = NOW - timedelta(days=15)
    send(patient, now=now)
    begin(patient, doctor, now=now)
    send(patient, days=5, now=now)
    browser = signed_in(holder_of(patient))
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    home = browser.get(reverse("reports:patient_home", args=[patient.pk])).content.decode()
    assert "day 15 of 90" in home
    assert "Begin now" in home
    page = browser.get(reverse("care:captures", args=[patient.pk])).content.decode()
    assert "2 days early" in page
    assert "Due now" in page
    staff = signed_in(User.objects.get(pk=doctor.user_id))
    assert "2 of 2 sent so far" in staff.get(reverse("care:captures", args=[patient.pk])).content.decode()


def test_the_page_before_sending_says_that_nobody_answers_and_how_to_ask(patient, doctor):
    today = datetime.now(UTC)  # the page asks whether a plan runs now
    send(patient, now=today)
    begin(patient, doctor, now=today)
    session = make_session(patient, views=[View.CROWN], consent=False, now=today)
    page = signed_in(holder_of(patient)).get(reverse("patients:finish", args=[session.pk])).content.decode()
    assert "with your next review" in page
    assert 'name="look_now"' in page
