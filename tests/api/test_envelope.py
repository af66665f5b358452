"""Every expected failure has one shape, and what everybody may rely on: no storing, CSRF, pages of lists."""

from __future__ import annotations

import base64
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from accounts.stepup import MAX_FAILURES
from patients.services import discard_session, start_session
from reports.verification import LIMIT
from tests.factories import reviews as made
from tests.factories.patients import (
    PASSWORD,
    holder_actor,
    holder_of,
    make_clinic,
    make_patient,
    make_staff,
    ready_patient,
    signed_in,
)
from tests.factories.reports import make_case

pytestmark = pytest.mark.django_db


def user_of(actor):
    return User.objects.get(pk=actor.user_id)


def send(client, name, *args, method="post", **body):
    return getattr(client, method)(reverse(name, args=args), body, content_type="application/json")


def error_of(answer, status):
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/json"
    body = answer.json()
    assert set(body) == {"error"}
    assert isinstance(body["error"]["code"], str)
    assert isinstance(body["error"]["message"], str)
    assert body["error"]["message"]
    return body["error"]


def dermatologist_at(clinic):
    return signed_in(make_staff(Role.DERMATOLOGIST, clinic).user)


def test_400_says_which_field_is_wrong():
    client = dermatologist_at(make_clinic())
    error = error_of(send(client, "api-review-finding", uuid.uuid4(), uuid.uuid4(), verdict="perhaps", value="x"), 400)
    assert error["code"] == "invalid"
    assert set(error["by_field"]) == {"verdict", "value"}
    assert "value: A valid number is required." in error["message"]


def test_400_names_a_field_within_a_list():
    client = dermatologist_at(make_clinic())
    wishes = [{"view": "crown", "reason": "blurred"}, {"view": "moon", "reason": "blurred"}]
    error = error_of(send(client, "api-review-retake", uuid.uuid4(), wishes=wishes), 400)
    assert set(error["by_field"]) == {"wishes.1.view"}


def test_400_for_a_body_that_is_no_json():
    client = dermatologist_at(make_clinic())
    answer = client.put(reverse("api-plan", args=[uuid.uuid4()]), "{", content_type="application/json")
    assert error_of(answer, 400)["code"] == "parse_error"


def test_403_for_strangers_and_for_the_wrong_role():
    clinic = make_clinic()
    assert error_of(Client().get(reverse("api-queue")), 403)["code"] == "not_authenticated"
    patient = signed_in(holder_of(make_patient(clinic)))
    assert error_of(patient.get(reverse("api-queue")), 403)["code"] == "not_allowed"


def test_404_is_the_same_for_what_is_not_there_and_what_is_somebody_elses():
    clinic = make_clinic()
    stranger = signed_in(holder_of(make_patient(clinic)))
    other = reverse("api-sessions", args=[make_patient(clinic).pk])
    absent = reverse("api-sessions", args=[uuid.uuid4()])
    assert error_of(stranger.get(other), 404) == error_of(stranger.get(absent), 404)


@pytest.mark.parametrize("place", ["nothing/", "sessions/not-an-id/", "sessions"])
def test_404_for_an_address_that_does_not_exist_is_no_page(place):
    client = signed_in(holder_of(make_patient(make_clinic())))
    assert error_of(client.get(f"/api/v1/{place}"), 404)["code"] == "not_found"
    assert error_of(client.post(f"/api/v1/{place}"), 404)["code"] == "not_found"


def test_405_names_the_method():
    client = dermatologist_at(make_clinic())
    assert error_of(client.delete(reverse("api-queue")), 405)["code"] == "method_not_allowed"


def test_409_when_a_colleague_holds_the_case():
    review, _actor = made.review_at("claimed")
    error = error_of(send(dermatologist_at(review.clinic), "api-review-lease", review.pk), 409)
    assert error["code"] == "not_holder"


def test_415_for_a_body_of_another_kind():
    client = dermatologist_at(make_clinic())
    answer = client.put(reverse("api-plan", args=[uuid.uuid4()]), "<plan/>", content_type="text/xml")
    assert error_of(answer, 415)["code"] == "unsupported_media_type"


def test_422_for_a_secret_that_is_wrong():
    case = make_case()
    answer = send(signed_in(user_of(case.reviewer)), "api-sign", case.review.pk, secret="not it", read_hash="0" * 64)
    assert error_of(answer, 422)["code"] == "step_up_failed"


def test_429_after_too_many_checks_of_a_code():
    for _attempt in range(LIMIT):
        assert Client().get(reverse("api-verify", args=["AAAA"])).status_code == 404
    error_of(Client().get(reverse("api-verify", args=["AAAA"])), 429)


def test_a_session_cookie_alone_changes_nothing():
    patient = ready_patient(make_clinic())
    client = Client(enforce_csrf_checks=True)
    client.force_login(holder_of(patient), backend="accounts.standing.PortalBackend")
    address = reverse("api-sessions", args=[patient.pk])
    assert "CSRF" in error_of(client.post(address), 403)["message"]
    assert client.get(address).json()["count"] == 0
    client.get(reverse("patients:record", args=[patient.pk]))  # a page with a form gives the token
    token = client.cookies["csrftoken"].value if "csrftoken" in client.cookies else None
    assert token, "the portal's pages set the token that the API asks for"
    answer = client.post(address, content_type="application/json", headers={"X-CSRFToken": token})
    assert answer.status_code == 201


def test_signing_in_with_a_password_in_the_header_is_no_way_in():
    user = holder_of(make_patient(make_clinic()))
    pair = base64.b64encode(f"{user.email}:{PASSWORD}".encode()).decode()
    answer = Client().get(reverse("api-queue"), headers={"Authorization": f"Basic {pair}"})
    assert answer.status_code == 403


def test_lists_come_in_pages():
    patient = ready_patient(make_clinic())
    actor = holder_actor(patient)
    clinic = patient.clinic
    for _number in range(3):
        made.measured(made.submitted_session(make_patient(clinic), now=timezone.now()), regions=False)
    client = dermatologist_at(clinic)
    address = reverse("api-queue")
    everything = client.get(address).json()
    assert (everything["count"], everything["next"], everything["previous"]) == (3, None, None)
    first = client.get(address, {"limit": 2}).json()
    assert [row["session_id"] for row in first["results"]] == [row["session_id"] for row in everything["results"][:2]]
    last = client.get(first["next"]).json()
    assert [row["session_id"] for row in last["results"]] == [everything["results"][2]["session_id"]]
    assert last["next"] is None
    assert client.get(last["previous"]).json() == first
    beyond = client.get(address, {"offset": 50}).json()
    assert (beyond["count"], beyond["results"]) == (3, [])
    session = start_session(actor=actor, patient_id=patient.pk, now=timezone.now())
    discard_session(actor=actor, session_id=session.pk, now=timezone.now())
    assert signed_in(holder_of(patient)).get(reverse("api-sessions", args=[patient.pk])).json()["count"] == 0


def test_what_a_signed_in_person_reads_is_never_stored():
    review, actor = made.review_at("claimed")
    client = signed_in(user_of(actor))
    photo = review.session.photos.first()
    for address in (
        reverse("api-queue"),
        reverse("api-review", args=[review.pk]),
        reverse("api-session", args=[review.session_id]),
        reverse("api-analysis", args=[review.session_id]),
        reverse("api-photo-content", args=[photo.pk]),
        reverse("api-review", args=[uuid.uuid4()]),
    ):
        answer = client.get(address)
        assert answer["Cache-Control"] == "private, no-store", address
        if answer.streaming:
            assert b"".join(answer.streaming_content)[:2] == b"\xff\xd8"


def test_429_with_the_time_to_wait_when_secrets_were_guessed():
    case = make_case()
    client = signed_in(user_of(case.reviewer))
    for _attempt in range(MAX_FAILURES):
        error_of(send(client, "api-sign", case.review.pk, secret="not it", read_hash="0" * 64), 422)
    answer = send(client, "api-sign", case.review.pk, secret=PASSWORD, read_hash="0" * 64)
    assert error_of(answer, 429)["code"] == "step_up_locked"
    assert int(answer["Retry-After"]) == 300


def test_500_has_the_envelope_and_tells_nothing(monkeypatch, caplog):
    def fail(_actor):
        raise RuntimeError("Mira Sommer has hair loss")

    monkeypatch.setattr("patients.api_record.selectors.records_of", fail)
    client = signed_in(holder_of(make_patient(make_clinic())))
    client.raise_request_exception = False
    error = error_of(client.get(reverse("api-records")), 500)
    assert error["code"] == "unexpected"
    assert "Mira" not in str(error) + caplog.text


def test_429_when_one_person_asks_too_often(monkeypatch):
    from rest_framework.throttling import UserRateThrottle

    monkeypatch.setattr(UserRateThrottle, "THROTTLE_RATES", {"user": "2/min", "anon": "2/min"})
    client = signed_in(holder_of(make_patient(make_clinic())))
    for _request in range(2):
        assert client.get(reverse("api-records")).status_code == 200
    answer = client.get(reverse("api-records"))
    assert error_of(answer, 429)["code"] == "throttled"
    assert int(answer["Retry-After"]) <= 60
