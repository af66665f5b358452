"""The API: the same conversation and booking as on the pages, with files as multipart."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.roles import Role
from care.models import Consultation, Message
from tests.factories.care import PDF, make_kind
from tests.factories.patients import holder_of, make_clinic, make_patient, make_staff, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def sides():
    """A patient and a clinician at their browsers, and what can be booked."""
    now = timezone.now()
    clinic = make_clinic(now=now)
    patient, doctor = make_patient(clinic, now=now), make_staff(Role.DERMATOLOGIST, clinic, now=now)
    kind = make_kind(clinic, [doctor], now=now)
    return patient, signed_in(holder_of(patient)), signed_in(doctor.user), kind


def test_a_conversation_with_a_file_and_a_note(sides):
    patient, holder, doctor, _kind = sides
    key = str(uuid.uuid4())
    body = {"subject": "A letter", "body": "My scalp is painful", "send_key": key}
    for _twice in range(2):
        upload = SimpleUploadedFile("letter.pdf", PDF, "application/pdf")
        sent = holder.post(f"/api/v1/patients/{patient.pk}/threads/", {**body, "files": [upload]})
        assert sent.status_code == 201, sent.content
    assert Message.objects.count() == 1
    message = sent.json()
    assert message["safety"][0]["urgency"] == "urgent"
    found = doctor.get("/api/v1/threads/?view=unanswered").json()["results"]
    assert [(row["id"], row["urgent"], row["unread"]) for row in found] == [(message["thread_id"], True, True)]
    answer = {"body": "Note", "internal": True}
    url = f"/api/v1/threads/{message['thread_id']}/messages/"
    assert doctor.post(url, answer, content_type="application/json").status_code == 201
    assert len(doctor.get(f"/api/v1/threads/{message['thread_id']}/").json()["messages"]) == 2
    assert len(holder.get(f"/api/v1/threads/{message['thread_id']}/").json()["messages"]) == 1
    opened = doctor.get(f"/api/v1/attachments/{message['attachments'][0]['id']}/")
    assert opened["Content-Disposition"].startswith("attachment")
    assert opened["X-Content-Type-Options"] == "nosniff"
    assert opened["Cache-Control"] == "private, no-store"
    assert opened.getvalue() == PDF
    refused = holder.post(url, answer, content_type="application/json")
    assert refused.status_code == 403


def test_a_consultation_is_found_booked_moved_and_cancelled(sides):
    patient, holder, doctor, kind = sides
    first = (timezone.now() + timedelta(days=3)).date().isoformat()
    url = f"/api/v1/patients/{patient.pk}"
    slots = holder.get(f"{url}/slots/?kind_id={kind.pk}&first={first}&days=7").json()["slots"]
    chosen = {"kind_id": str(kind.pk), **{name: slots[0][name] for name in ("membership_id", "starts_at")}}
    booked = holder.post(f"{url}/consultations/", chosen, content_type="application/json")
    assert booked.status_code == 201, booked.content
    again = holder.post(f"{url}/consultations/", chosen, content_type="application/json")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "slot_taken")
    one = f"/api/v1/consultations/{booked.json()['id']}"
    later = {name: slots[-1][name] for name in ("membership_id", "starts_at")}
    assert holder.post(f"{one}/move/", later, content_type="application/json").json()["sequence"] == 1
    assert b"SEQUENCE:1" in holder.get(f"{one}/calendar/").content
    assert len(doctor.get(f"/api/v1/agenda/?first={first}&days=7").json()) == 1
    cancelled = holder.post(f"{one}/cancel/", {"reason": "Ill"}, content_type="application/json")
    assert cancelled.json()["status"] == "cancelled"
    assert holder.get(f"{url}/consultations/").json()["coming"] == []
    assert Consultation.objects.get().reason == "Ill"
