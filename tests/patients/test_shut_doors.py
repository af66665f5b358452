"""Pages of a patient that stay shut for everybody else."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.roles import Role
from tests.factories.patients import (
    holder_of,
    make_clinic,
    make_patient,
    make_session,
    make_staff,
    photo_ids,
    ready_patient,
    signed_in,
)
from vision.types import View

pytestmark = pytest.mark.django_db


PATIENT_PAGES = ["record", "consents", "intake", "intake_saved", "access_log", "session_new"]
SESSION_PAGES = ["session_answers", "checklist", "capture", "finish"]


@pytest.fixture
def stranger():
    return signed_in(holder_of(make_patient()))


@pytest.mark.parametrize("name", PATIENT_PAGES)
def test_another_patients_page_is_404(stranger, name):
    assert stranger.get(reverse(f"patients:{name}", args=[ready_patient().pk])).status_code == 404


@pytest.mark.parametrize("name", SESSION_PAGES)
def test_another_patients_session_is_404(stranger, name):
    session = make_session(views=[])
    assert stranger.get(reverse(f"patients:{name}", args=[session.pk])).status_code == 404


@pytest.mark.parametrize("name", ["photo", "thumbnail"])
def test_another_patients_photo_is_404(stranger, name):
    session = make_session(views=[View.CROWN])
    assert stranger.get(reverse(f"patients:{name}", args=photo_ids(session))).status_code == 404


@pytest.mark.parametrize("name", ["photo_remove"])
def test_another_patients_photo_cannot_be_removed(stranger, name):
    session = make_session(views=[View.CROWN])
    assert stranger.post(reverse(f"patients:{name}", args=photo_ids(session))).status_code == 404
    assert photo_ids(session)


@pytest.mark.parametrize("name", [*PATIENT_PAGES, "records"])
@pytest.mark.parametrize("role", [Role.DERMATOLOGIST, Role.ADMINISTRATOR])
def test_the_patients_own_pages_are_not_for_staff(name, role):
    patient = ready_patient()
    browser = signed_in(make_staff(role, patient.clinic).user)
    args = [] if name == "records" else [patient.pk]
    assert browser.get(reverse(f"patients:{name}", args=args)).status_code == 403


@pytest.mark.parametrize("role", [Role.DERMATOLOGIST, Role.TRICHOLOGIST])
def test_consent_texts_are_for_administrators(role):
    browser = signed_in(make_staff(role, make_clinic()).user)
    assert browser.get(reverse("patients:consent_texts")).status_code == 403


@pytest.mark.parametrize("name", PATIENT_PAGES)
def test_a_visitor_is_asked_to_sign_in(name):
    answer = Client().get(reverse(f"patients:{name}", args=[make_patient().pk]))
    assert answer.status_code in (302, 403)
