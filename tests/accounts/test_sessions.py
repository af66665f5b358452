"""How long a session lasts, how often it is written, and whom a request finds in it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import override_settings
from django.utils import timezone

from accounts.roles import Role
from accounts.services import end_membership
from tests.factories.patients import actor_for, make_clinic, make_staff, signed_in

pytestmark = pytest.mark.django_db(databases=["default", "keys"])
HOUR = timedelta(hours=1)


def writes(queries):
    return [query["sql"] for query in queries if "django_session" in query["sql"] and "UPDATE" in query["sql"]]


def test_a_session_in_use_is_written_once_a_minute_and_ends_an_hour_after_its_last_use(django_assert_max_num_queries):
    client = signed_in(make_staff(Role.ADMINISTRATOR, make_clinic()).user)
    client.get("/manage/staff/")
    with django_assert_max_num_queries(100) as seen:
        assert client.get("/manage/staff/").status_code == 200
    assert writes(seen.captured_queries) == []

    Session.objects.update(expire_date=timezone.now() + HOUR / 2)  # last written half an hour ago
    with django_assert_max_num_queries(100) as seen:
        client.get("/manage/staff/")
    assert len(writes(seen.captured_queries)) == 1
    assert Session.objects.get().expire_date > timezone.now() + HOUR - timedelta(seconds=30)

    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert client.get("/manage/staff/").status_code == 302


def test_a_membership_that_ends_and_a_second_factor_that_is_missing_count_from_the_next_request():
    clinic = make_clinic()
    admin, leaving = make_staff(Role.ADMINISTRATOR, clinic), make_staff(Role.ADMINISTRATOR, clinic)
    client = signed_in(leaving.user)
    assert client.get("/manage/staff/").status_code == 200
    with override_settings(STAFF_MFA_REQUIRED=True):
        assert client.get("/manage/staff/").headers["Location"] == "/accounts/2fa/"
    end_membership(actor=actor_for(admin.user), membership_id=leaving.pk, now=timezone.now())
    assert client.get("/manage/staff/").status_code == 403
