"""Reviews over the API: the same services, the same refusals, one envelope."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from reviews.models import Review
from tests.factories import reviews as made
from tests.factories.patients import make_clinic, make_patient, signed_in
from vision.types import View

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


@pytest.fixture(autouse=True)
def _cases_of_today(monkeypatch):
    monkeypatch.setattr(made, "LATER", timezone.now())


def client_of(actor):
    return signed_in(User.objects.get(pk=actor.user_id))


def send(client, name, *args, method="post", **body):
    return getattr(client, method)(reverse(name, args=args), body, content_type="application/json")


def test_a_case_is_claimed_read_decided_and_approved():
    clinic = make_clinic()
    actor = made.dermatologist(clinic)
    session = made.submitted_session(make_patient(clinic), views=(View.CROWN,))
    made.measured(session, regions=False)
    client = client_of(actor)
    (case,) = client.get(reverse("api-queue")).json()["results"]
    assert (case["session_id"], case["review_id"], case["severity"]) == (str(session.pk), None, [4.2, 3.6, 4.9])
    claimed = send(client, "api-claim", session.pk)
    assert claimed.status_code == 201
    review = claimed.json()
    refused = send(client, "api-review-decide", review["id"])
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "unseen")
    for kind, ids in (("photo", review["unseen"]["photos"]), ("finding", review["unseen"]["findings"])):
        for subject in ids:
            assert send(client, "api-review-opened", review["id"], kind=kind, id=subject).status_code == 204
    measure, *others = review["unseen"]["findings"]
    answer = send(client, "api-review-finding", review["id"], measure, verdict="corrected", value=70, reason="Wet hair")
    (final,) = [row for row in answer.json()["findings"] if row["finding_id"] == measure]
    assert (final["payload"]["value"], final["model_payload"]["value"]) == (70.0, 82.4)
    for finding in others:
        assert send(client, "api-review-finding", review["id"], finding, verdict="accepted").status_code == 200
    reading = {"diagnosis_code": "L64", "reasoning": "Miniaturised hairs."}
    answer = send(client, "api-review-reading", review["id"], method="put", **reading)
    assert answer.json()["reading"]["diagnosis_code"] == "L64"
    done = send(client, "api-review-decide", review["id"]).json()
    assert (done["status"], done["outcome"]) == ("decided", "amended")
    assert client.get(reverse("api-review", args=[review["id"]])).json()["findings"] == done["findings"]


def test_reading_over_the_api_marks_nothing_as_looked_at():
    review, actor = made.review_at("claimed")
    client_of(actor).get(reverse("api-review", args=[review.pk]))
    assert review.opened.count() == 0


def test_a_colleague_is_told_who_holds_the_case():
    review, _actor = made.review_at("claimed")
    colleague = client_of(made.trichologist(review.clinic))
    answer = send(colleague, "api-claim", review.session_id)
    assert answer.status_code == 409
    assert "Dr. Ada Krause" in answer.json()["error"]["message"]
    assert Review.objects.count() == 1
