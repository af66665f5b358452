"""A person's record and the clinic's administration over the API: from the clinic's link to the access log."""

from __future__ import annotations

import csv
import io

import pytest
from django.urls import reverse

from accounts.models import Clinic
from accounts.roles import Role
from tests.factories.patients import holder_of, make_clinic, make_patient, make_staff, make_user, signed_in

pytestmark = pytest.mark.django_db


def send(client, name, /, *args, method="post", **body):
    return getattr(client, method)(reverse(name, args=args), body, content_type="application/json")


def test_from_the_clinics_link_to_answers_and_consents():
    clinic = make_clinic()
    client = signed_in(make_user())
    assert client.get(reverse("api-join", args=[clinic.join_code])).json()["name"] == clinic.name
    person = {"given_name": "Mira", "family_name": "Sommer", "birth_date": "1990-05-17"}
    registered = send(client, "api-join", clinic.join_code, **person)
    assert registered.status_code == 201
    patient = registered.json()["id"]
    assert send(client, "api-join", clinic.join_code, **person).json()["error"]["code"] == "already_registered"
    assert [row["patient_id"] for row in client.get(reverse("api-records")).json()["results"]] == [patient]
    open_now = client.get(reverse("api-consents", args=[patient])).json()
    assert {row["granted"] for row in open_now} == {False}
    decided = send(client, "api-consents", patient, decisions={row["purpose"]: True for row in open_now})
    assert {row["granted"] for row in decided.json()} == {True}
    after = send(client, "api-consent-withdraw", patient, "research").json()
    assert [row["purpose"] for row in after if not row["granted"]] == ["research"]
    assert send(client, "api-consents", patient, decisions={"everything": True}).status_code == 400
    assert client.get(reverse("api-answers", args=[patient])).status_code == 404
    answers = {
        "sex_at_birth": "female", "duration": "1_to_5_years", "course": "gradual", "pattern": ["part"],
        "medications": ["Levothyroxine 50 µg"], "pregnancy": "no",
    }  # fmt: skip
    assert send(client, "api-answers", patient, **answers).json()["version"] == 1
    assert send(client, "api-answers", patient, **{**answers, "course": "odd"}).status_code == 400
    assert client.get(reverse("api-answers", args=[patient])).json()["answers"]["medications"] == [
        "Levothyroxine 50 µg"
    ]


def test_the_access_log_is_a_table_too():
    patient = make_patient(make_clinic())
    client = signed_in(holder_of(patient))
    client.get(reverse("api-record", args=[patient.pk]))
    rows = client.get(reverse("api-access-log", args=[patient.pk])).json()["results"]
    table = client.get(reverse("patients:access_log_csv", args=[patient.pk]))
    assert table["Content-Type"].startswith("text/csv")
    written = list(csv.DictReader(io.StringIO(table.content.decode())))
    assert {"Read the personal details", "Registered this record"} <= {row["what"] for row in written}
    assert {row["what"] for row in rows} <= {row["what"] for row in written}
    again = client.get(reverse("api-access-log-csv", args=[patient.pk])).content.decode()
    assert again.splitlines()[0] == "at,who,role,what"


def test_an_administrator_runs_the_clinic():
    clinic = make_clinic()
    client = signed_in(make_staff(Role.ADMINISTRATOR, clinic).user)
    made = send(client, "api-invitations", email="new@example.org", role="dermatologist", display_name="Dr. New").json()
    colleague = make_user("new@example.org")
    token = made["link"].rstrip("/").rpartition("/")[2]
    member = send(signed_in(colleague), "api-invitation-accept", token).json()
    assert member["role"] == "dermatologist"
    changed = send(client, "api-staff-role", member["id"], role="trichologist").json()
    assert changed["role"] == "trichologist"
    assert send(client, "api-staff-end", changed["id"]).status_code == 204
    names = [row["display_name"] for row in client.get(reverse("api-staff")).json()["results"] if not row["ended_at"]]
    assert names == ["Ines Moreau"]
    assert send(client, "api-clinic", method="put", name="North", paper="letter").json()["paper"] == "letter"
    assert Clinic.objects.get(pk=clinic.pk).paper == "letter"
    assert send(client, "api-clinic", method="put", name="North", time_zone="Moon/Base").status_code == 400
    events = client.get(reverse("api-audit"), {"action": "staff."}).json()
    assert {row["action"] for row in events["results"]} >= {"staff.invited", "staff.role_changed", "staff.ended"}
    assert client.get(reverse("api-audit-chain")).json()["broken_at"] is None
    draft = send(client, "api-consent-text", "care", method="put", title="Care", body="We look after you.").json()
    assert draft["published_at"] is None
    assert send(client, "api-consent-publish", draft["id"]).json()["published_at"]
