"""Export and erasure over the API: the patient asks, the administrator answers."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from reports.services import build_export
from tests.factories.patients import PASSWORD, holder_of, make_clinic, make_patient, make_staff, signed_in
from tests.factories.reports import signed_report

pytestmark = pytest.mark.django_db


def call(client, method, name, *args, status=200, **body):
    answer = getattr(client, method)(reverse(name, args=args), body or None, content_type="application/json")
    assert answer.status_code == status, answer.content
    return answer.json()


def test_an_archive_is_asked_for_once_prepared_and_fetched():
    patient = make_patient(now=timezone.now())
    mine = signed_in(holder_of(patient))
    first = call(mine, "post", "api-exports", patient.pk, status=201)
    again = call(mine, "post", "api-exports", patient.pk, status=201)
    assert (first["id"], first["status"]) == (again["id"], "queued")
    call(mine, "get", "api-export-archive", first["id"], status=404)
    assert build_export(export_id=first["id"], now=timezone.now())
    (row,) = call(mine, "get", "api-exports", patient.pk)["results"]
    assert (row["id"], row["status"]) == (first["id"], "ready")
    answer = mine.get(reverse("api-export-archive", args=[first["id"]]))
    assert answer["Cache-Control"] == "private, no-store"
    archive = b"".join(answer.streaming_content)
    assert len(archive) == row["size_bytes"]
    assert zipfile.ZipFile(io.BytesIO(archive)).testzip() is None


def test_an_erasure_is_understood_shown_as_a_dry_run_and_carried_out():
    case, report = signed_report(now=timezone.now())
    mine = signed_in(holder_of(case.patient))
    administrator = signed_in(make_staff(Role.ADMINISTRATOR, case.clinic).user)
    call(mine, "post", "api-erasures", case.patient.pk, status=400, understood=False)
    asked = call(mine, "post", "api-erasures", case.patient.pk, status=201, understood=True)
    assert asked["status"] == "requested"

    (listed,) = call(administrator, "get", "api-erasure-cases")["results"]
    assert listed["id"] == asked["id"]
    assert "Sommer" not in listed["patient"]
    dry = call(administrator, "get", "api-erasure-case", asked["id"])
    assert {step["outcome"] for step in dry["steps"]} >= {"erase"}
    assert all(step["reason"] for step in dry["steps"] if step["outcome"] != "erase")
    call(administrator, "get", "api-erasure-certificate", asked["id"], status=404)
    wrong = call(administrator, "post", "api-erasure-execute", asked["id"], status=422, secret="not it")
    assert wrong["error"]["code"] == "step_up_failed"
    done = call(administrator, "post", "api-erasure-execute", asked["id"], secret=PASSWORD)
    assert done["certificate"]["request"] == asked["id"]
    assert call(administrator, "get", "api-erasure-certificate", asked["id"]) == done
    code = done["certificate"]["code"]
    assert call(administrator, "get", "api-verify", code)["state"] == "erased"
    again = call(administrator, "post", "api-erasure-execute", asked["id"], status=409, secret=PASSWORD)
    assert again["error"]["code"] == "already_decided"
    assert mine.get(reverse("api-report", args=[report.pk])).status_code in (403, 404)


def test_a_request_is_withdrawn_or_refused_with_a_reason():
    clinic = make_clinic()
    patient = make_patient(clinic)
    mine = signed_in(holder_of(patient))
    administrator = signed_in(make_staff(Role.ADMINISTRATOR, clinic).user)
    first = call(mine, "post", "api-erasures", patient.pk, status=201, understood=True)
    assert call(mine, "post", "api-erasure-withdraw", first["id"])["status"] == "withdrawn"
    second = call(mine, "post", "api-erasures", patient.pk, status=201, understood=True)
    call(administrator, "post", "api-erasure-refuse", second["id"], status=400)
    call(administrator, "post", "api-erasure-refuse", second["id"], reason="A legal hold.")
    newest = call(mine, "get", "api-erasures", patient.pk)["results"][0]
    assert (newest["status"], newest["decision_reason"]) == ("refused", "A legal hold.")


def test_staff_have_no_archive_and_clinicians_decide_no_erasure():
    clinic = make_clinic()
    patient = make_patient(clinic)
    doctor = signed_in(make_staff(Role.DERMATOLOGIST, clinic).user)
    call(doctor, "post", "api-exports", patient.pk, status=403)
    call(doctor, "get", "api-erasure-cases", status=403)
    elsewhere = signed_in(make_staff(Role.ADMINISTRATOR, make_clinic("Elsewhere")).user)
    mine = signed_in(holder_of(patient))
    asked = call(mine, "post", "api-erasures", patient.pk, status=201, understood=True)
    call(elsewhere, "get", "api-erasure-case", asked["id"], status=404)
    call(elsewhere, "post", "api-erasure-execute", asked["id"], status=404, secret=PASSWORD)
