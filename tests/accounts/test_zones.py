"""Pages tell times on the wall clock of whoever reads them; interfaces for machines in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from accounts.middleware import ActorMiddleware
from accounts.models import User
from accounts.roles import Role
from accounts.zones import COOKIE
from tests.factories.patients import make_clinic, make_staff, make_user

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def told(user: User, path: str = "/queue/", zone: str = "") -> str:
    """Noon in UTC, as a page for this person says it."""

    def page(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(timezone.localtime(NOON).strftime("%H:%M"))

    request = RequestFactory().get(path)
    request.user = user
    if zone:
        request.COOKIES[COOKIE] = zone
    return ActorMiddleware(page)(request).content.decode()


def doctor_in(zone: str) -> User:
    clinic = make_clinic()
    clinic.time_zone = zone
    clinic.save()
    return make_staff(Role.DERMATOLOGIST, clinic).user


def test_the_team_reads_the_clinics_clock() -> None:
    doctor = doctor_in("America/New_York")
    assert told(doctor) == "08:00"
    assert told(doctor, zone="Asia/Tokyo") == "08:00", "wherever the team sits, a case has one time"
    assert timezone.get_current_timezone_name() == "UTC", "the next request begins without"


def test_patients_read_their_own_clock() -> None:
    patient = make_user()
    assert told(patient, zone="Asia/Tokyo") == "21:00"
    assert told(patient, zone="Not/AZone") == "12:00"
    patient.time_zone = "Europe/Lisbon"
    assert told(patient, zone="Asia/Tokyo") == "13:00"


def test_interfaces_stay_in_utc() -> None:
    doctor = doctor_in("America/New_York")
    assert told(doctor, "/api/v1/queue/") == told(doctor, "/fhir/Patient") == "12:00"
