"""A child's record at 18: told 30 days before, no guardian from the birthday on, taken over by the person (G10)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse

from accounts.errors import DomainError, Invalid, NotAllowed, NotFound
from accounts.models import AuditEvent, Notification
from accounts.roles import Role
from patients import selectors, services
from patients.models import ComingOfAge, Consent, PatientAccess, Purpose
from patients.services.of_age import adult_on
from tests.factories.patients import (
    actor_for,
    grant_all_consents,
    holder_of,
    make_clinic,
    make_patient,
    make_staff,
    make_user,
    signed_in,
)

pytestmark = pytest.mark.django_db

BORN = date(2008, 12, 10)
REGISTERED = datetime(2026, 3, 1, 9, tzinfo=UTC)
BEFORE = datetime(2026, 11, 10, 9, tzinfo=UTC)  # 30 days
BIRTHDAY = datetime(2026, 12, 10, 9, tzinfo=UTC)


@pytest.fixture
def clinic():
    return make_clinic(now=REGISTERED)


@pytest.fixture
def doctor(clinic):
    return actor_for(make_staff(Role.DERMATOLOGIST, clinic, now=REGISTERED).user)


@pytest.fixture
def child(clinic):
    made = make_patient(
        clinic, given_name="Lea", birth_date=BORN, relation=PatientAccess.Relation.GUARDIAN, now=REGISTERED
    )
    grant_all_consents(made, without=[Purpose.MODEL_IMPROVEMENT, Purpose.RESEARCH], now=REGISTERED)
    return made


def mails(kind):
    return Notification.objects.filter(kind=kind).count()


def invited(child, doctor, at=BIRTHDAY):
    services.sweep_of_age(at)
    return services.invite_to_take_over(actor=doctor, patient_id=child.pk, now=at)[1]


@pytest.mark.parametrize(("born", "day"), [(BORN, date(2026, 12, 10)), (date(2008, 2, 29), date(2026, 3, 1))])
def test_the_day_is_the_one_on_which_ages_turn_here(born, day):
    assert adult_on(born) == day
    assert selectors.whole_years(born, day) == 18
    assert selectors.whole_years(born, day - timedelta(days=1)) == 17


def test_the_clinic_and_the_guardian_hear_30_days_before_and_on_the_day_once(child, doctor):
    services.sweep_of_age(BEFORE - timedelta(days=1))
    assert not ComingOfAge.objects.exists()
    for _again in range(2):
        services.sweep_of_age(BEFORE)
    assert (mails("record_to_hand_over"), mails("child_of_age_soon")) == (1, 1)
    for _again in range(2):
        services.sweep_of_age(BIRTHDAY)
    assert (mails("record_to_hand_over"), mails("child_of_age")) == (2, 1)


def test_from_the_birthday_on_the_guardian_reads_nothing(child, doctor):
    guardian = holder_of(child)
    services.sweep_of_age(BIRTHDAY - timedelta(days=1))
    assert selectors.patient_for(actor_for(guardian), child.pk) == child
    services.sweep_of_age(BIRTHDAY)
    with pytest.raises(NotFound):
        selectors.patient_for(actor_for(guardian), child.pk)
    assert selectors.users_of(child.pk) == []
    page = signed_in(guardian).get(reverse("patients:no_record")).content.decode()
    assert "A record you held has passed on" in page
    assert AuditEvent.objects.filter(action="record.came_of_age", patient_id=child.pk, actor_id=None).exists()


def test_the_birthday_begins_on_the_clinics_clock(child, clinic):
    clinic.time_zone = "Pacific/Auckland"
    clinic.save()
    services.sweep_of_age(datetime(2026, 12, 9, 12, tzinfo=UTC))  # after midnight there
    assert selectors.users_of(child.pk) == []


def test_the_person_takes_the_record_over_and_is_asked_anew(child, doctor):
    token = invited(child, doctor)
    lea = make_user()
    services.take_over(user=lea, token=token, birth_date=BORN, now=BIRTHDAY)
    assert selectors.relation_of(actor_for(lea), child.pk) == "self"
    assert not any(state.granted for state in selectors.consent_state(child.pk).values())
    assert Consent.objects.filter(patient=child, decision="withdrawn", decided_by=lea).count() == 3
    assert Purpose.RESEARCH not in selectors.purposes_open_to(child, date(2030, 1, 1)), "childhood data stays out"
    with pytest.raises(NotFound):
        services.open_take_over(token, BIRTHDAY)
    assert services.waiting_of_age(doctor) == []


def test_it_can_be_taken_over_before_the_sweep_came_by(child, doctor):
    services.sweep_of_age(BEFORE)
    _row, token = services.invite_to_take_over(actor=doctor, patient_id=child.pk, now=BIRTHDAY - timedelta(days=2))
    lea = make_user()
    with pytest.raises(DomainError, match="from the 18th birthday on"):
        services.take_over(user=lea, token=token, birth_date=BORN, now=BIRTHDAY - timedelta(days=1))
    services.take_over(user=lea, token=token, birth_date=BORN, now=BIRTHDAY)
    assert selectors.users_of(child.pk) == [lea.pk]


def test_five_wrong_birthdays_make_the_link_worthless(child, doctor):
    token = invited(child, doctor)
    lea = make_user()
    for _try in range(5):
        with pytest.raises(Invalid, match="not the date of birth"):
            services.take_over(user=lea, token=token, birth_date=date(2008, 1, 1), now=BIRTHDAY)
    with pytest.raises(NotFound):
        services.take_over(user=lea, token=token, birth_date=BORN, now=BIRTHDAY)


def test_neither_guardian_nor_staff_nor_an_old_or_replaced_link_gets_the_record(child, doctor, clinic):
    guardian = holder_of(child)
    token = invited(child, doctor)
    with pytest.raises(DomainError, match="held the record as a parent"):
        services.take_over(user=guardian, token=token, birth_date=BORN, now=BIRTHDAY)
    staff = make_staff(Role.TRICHOLOGIST, clinic).user
    with pytest.raises(DomainError, match="staff"):
        services.take_over(user=staff, token=token, birth_date=BORN, now=BIRTHDAY)
    with pytest.raises(NotFound):
        services.open_take_over(token, BIRTHDAY + timedelta(days=15))
    services.invite_to_take_over(actor=doctor, patient_id=child.pk, now=BIRTHDAY)
    with pytest.raises(NotFound):
        services.open_take_over(token, BIRTHDAY)


def test_only_the_childs_own_clinic_invites(child):
    services.sweep_of_age(BIRTHDAY)
    elsewhere = actor_for(make_staff(Role.DERMATOLOGIST, make_clinic("South")).user)
    with pytest.raises(NotFound):
        services.invite_to_take_over(actor=elsewhere, patient_id=child.pk, now=BIRTHDAY)
    with pytest.raises(NotAllowed):
        services.read_of_age(actor=actor_for(make_user()), now=BIRTHDAY)


def test_a_date_of_birth_put_right_gives_the_access_back(child, doctor):
    guardian = holder_of(child)
    services.sweep_of_age(BIRTHDAY)
    services.correct_details(
        actor=doctor,
        patient_id=child.pk,
        given_name="Lea",
        family_name=child.family_name,
        birth_date=date(2010, 12, 10),
        now=BIRTHDAY + timedelta(days=1),
    )
    assert selectors.patient_for(actor_for(guardian), child.pk) == child
    services.sweep_of_age(BIRTHDAY + timedelta(days=1))
    assert not ComingOfAge.objects.exists()


def test_the_way_through_the_pages(child, clinic):
    doctor = make_staff(Role.DERMATOLOGIST, clinic)
    services.sweep_of_age(BIRTHDAY)
    desk = signed_in(doctor.user)
    assert "One patient comes of age" in desk.get(reverse("reviews:follow_up")).content.decode()
    listed = desk.get(reverse("patients:of_age")).content.decode()
    assert "Nobody holds the record" in listed
    assert "Lea" not in listed, "lists show initials"
    shown = desk.post(reverse("patients:of_age_invite", args=[child.pk])).content.decode()
    link = re.search(r'value="https?://[^/"]+(/take-over/[^"]+)"', shown)
    assert link is not None
    path = link.group(1)
    welcome = signed_in(make_user()).get(path).content.decode()
    assert clinic.name in welcome
    assert "Lea" not in welcome, "a link alone tells no name"
