"""The FHIR endpoints: valid against the R4 4.0.1 definitions, scoped as the pages, the same as the archive's bundle."""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid
from copy import deepcopy
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from accounts.roles import Role
from patients.models import Patient
from reports import services
from reports.archive import fhir_bundle
from reviews.reading import Reading
from reviews.services import decide_review
from tests.factories.patients import NOW, PASSWORD, holder_of, make_clinic, make_staff, signed_in
from tests.factories.reports import CORRECTED_TO, make_case, signed_report

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
KINDS = ("Patient", "Media", "Observation", "DiagnosticReport", "CarePlan", "Provenance")


def issues_of(*resources: dict) -> list[list[dict]]:
    """What the R4 definitions say against each resource."""
    if shutil.which("node") is None or not (ROOT / "node_modules" / "@medplum" / "core").is_dir():
        pytest.skip("the R4 definitions (npm ci) or node are missing")
    done = subprocess.run(
        ["node", "tests/reports/validate_fhir.mjs"], input=json.dumps(resources), capture_output=True, text=True,
        check=True, cwd=ROOT,
    )  # fmt: skip
    return [answer["issues"] for answer in json.loads(done.stdout)]


def ask(client: Client, path: str, status: int = 200, **given: object) -> dict:
    answer = client.get(f"/fhir/{path}", given)
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"].startswith("application/fhir+json")
    return answer.json()


def resources(client: Client, kind: str, **given: object) -> list[dict]:
    return [entry["resource"] for entry in ask(client, kind, **given).get("entry", [])]


def doctor_of(case) -> Client:
    return signed_in(User.objects.get(pk=case.reviewer.user_id))


@pytest.fixture(scope="module")
def kept(keep):
    reading = Reading(diagnosis_code="L64", reasoning="Pattern fits.")
    return keep(lambda: signed_report(render=True, reading=reading))


@pytest.fixture
def signed(db, kept):
    case, report = deepcopy(kept)
    return case, report, signed_in(holder_of(case.patient))


def test_everything_served_is_valid_r4_and_a_wrong_resource_is_rejected(signed):
    case, _report, patient = signed
    waiting = make_case(clinic=case.clinic)
    doctor = signed_in(make_staff(Role.DERMATOLOGIST, case.clinic, display_name="Dr. Else").user)
    served = [ask(patient, "metadata"), ask(patient, "Observation", 400, nonsense=1)]
    for kind in KINDS:
        served.append(ask(patient, kind))
        served += resources(patient, kind)
        served += resources(doctor, kind, patient=str(waiting.patient.pk)) if kind != "Patient" else []
    wrong = {"resourceType": "Observation", "status": "sure", "valueQuantity": {"value": "much"}}
    *good, bad = issues_of(*served, wrong)
    found = {(item["resourceType"], issue["details"]["text"]) for item, all_ in zip(served, good, strict=True)
             for issue in all_ if issue["severity"] == "error"}  # fmt: skip
    assert found == set()
    assert {"Missing required property"} <= {issue["details"]["text"] for issue in bad}
    assert {item["resourceType"] for item in served} >= {*KINDS, "Bundle", "OperationOutcome", "CapabilityStatement"}


def test_what_a_signed_report_became_is_what_the_archive_holds(signed):
    case, _report, patient = signed
    person = Patient.objects.select_related("clinic").get(pk=case.patient.pk)
    archived = {
        entry["resource"]["id"]: entry["resource"]
        for entry in json.loads(fhir_bundle(person, [], now=NOW))["entry"]
        if entry["resource"]["resourceType"] in KINDS
    }
    served = {item["id"]: item for kind in KINDS for item in resources(patient, kind) if item["id"] in archived}
    assert served.keys() == archived.keys()
    for identifier, item in served.items():
        assert bare(item) == bare(archived[identifier])


def bare(value):
    """Without what has to differ: where references and contents lie, and when the server last changed it."""
    if isinstance(value, dict):
        kept = {key: bare(inner) for key, inner in value.items() if key not in ("url", "meta") or "extension" in key}
        if "reference" in kept:
            kept["reference"] = kept["reference"].removeprefix("urn:uuid:").rpartition("/")[2]
        return kept
    if isinstance(value, list):
        return [bare(inner) for inner in value]
    return round(value, 6) if isinstance(value, float) else value


def test_references_and_links_lead_somewhere(signed):
    _case, report, patient = signed
    diagnostic = ask(patient, f"DiagnosticReport/{report.pk}")
    assert diagnostic["status"] == "final"
    assert diagnostic["conclusionCode"][0]["coding"][0]["code"] == "L64"
    for reference in (diagnostic["subject"], *diagnostic["result"], *(item["link"] for item in diagnostic["media"])):
        assert ask(patient, reference["reference"])["id"] == reference["reference"].rpartition("/")[2]
    assert b"".join(patient.get(diagnostic["presentedForm"][0]["url"])).startswith(b"%PDF-")
    picture = ask(patient, diagnostic["media"][0]["link"]["reference"])
    answer = patient.get(picture["content"]["url"])
    assert answer.status_code == 200
    assert len(b"".join(answer)) > 0
    assert picture["identifier"][0]["value"] in {image.sha256 for image in report.images.all()}
    plan, report_named = ask(patient, "Provenance")["entry"][0]["resource"]["target"][::-1]
    assert ask(patient, plan["reference"])["resourceType"] == "CarePlan"
    assert report_named["reference"] == f"DiagnosticReport/{report.pk}"
    values = [item["valueQuantity"] for item in resources(patient, "Observation") if "valueQuantity" in item]
    assert {"value": CORRECTED_TO, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"} in values


def test_what_nobody_signed_is_partial_for_clinicians_and_nothing_for_patients():
    case = make_case()
    doctor, patient = doctor_of(case), signed_in(holder_of(case.patient))
    waiting = resources(doctor, "DiagnosticReport", patient=str(case.patient.pk))
    assert [item["status"] for item in waiting] == ["partial"]
    preliminary = resources(doctor, "Observation", patient=str(case.patient.pk))
    assert {item["status"] for item in preliminary} == {"preliminary"}
    assert {item["reference"] for item in waiting[0]["result"]} == {f"Observation/{one['id']}" for one in preliminary}
    for kind, found in (("DiagnosticReport", waiting), ("Observation", preliminary)):
        assert resources(patient, kind) == []
        for item in found:
            assert ask(patient, f"{kind}/{item['id']}", 404)["issue"][0]["code"] == "not-found"


def test_a_correction_is_amended_and_the_old_report_says_so():
    case, report = signed_report()
    review = services.amend_signed(actor=case.reviewer, report_id=report.pk, reason="A dose was wrong.", now=NOW)
    decide_review(actor=case.reviewer, review_id=review.pk, now=NOW)
    newer = services.sign_and_issue(actor=case.reviewer, review_id=review.pk, secret=PASSWORD, now=NOW)
    doctor = doctor_of(case)
    assert ask(doctor, f"DiagnosticReport/{newer.pk}")["status"] == "amended"
    old = ask(doctor, f"DiagnosticReport/{report.pk}")
    assert old["extension"] == [{"url": "urn:trichora:superseded", "valueBoolean": True}]
    assert {item["status"] for item in resources(doctor, "CarePlan")} == {"active", "revoked"}


def test_out_of_scope_is_404_and_every_read_is_audited(signed):
    case, report, patient = signed
    strangers = [
        make_staff(Role.DERMATOLOGIST, make_clinic("Elsewhere")).user,
        make_staff(Role.ADMINISTRATOR, case.clinic).user,
        holder_of(make_case(clinic=case.clinic).patient),
    ]
    for user in strangers:
        stranger = signed_in(user)
        assert ask(stranger, f"DiagnosticReport/{report.pk}", 404)["resourceType"] == "OperationOutcome"
        assert ask(stranger, "Patient", _id=str(case.patient.pk))["total"] == 0
    assert Client().get("/fhir/Patient").status_code == 403
    AuditEvent.objects.all().delete()
    ask(patient, "Observation")
    event = AuditEvent.objects.get(action="fhir.read")
    assert (event.patient_id, event.subject_kind) == (case.patient.pk, "Observation")
    assert len(event.detail["resources"]) == ask(patient, "Observation")["total"]


def test_searches_come_in_pages_and_know_their_parameters(signed):
    case, report, patient = signed
    everything = [item["id"] for item in resources(patient, "Observation")]
    page: dict | None = ask(patient, "Observation", _count=2)
    seen = []
    while page:
        assert page["total"] == len(everything)
        seen += [entry["resource"]["id"] for entry in page["entry"]]
        after = next((link["url"] for link in page["link"] if link["relation"] == "next"), "")
        page = patient.get(after).json() if after else None
    assert sorted(seen) == sorted(everything)
    assert ask(patient, "DiagnosticReport", _lastUpdated="ge2026-11-21")["total"] == 1
    assert ask(patient, "DiagnosticReport", _lastUpdated="lt2026-11-21")["total"] == 0
    assert ask(patient, "DiagnosticReport", patient=f"Patient/{case.patient.pk}")["total"] == 1
    assert ask(patient, "DiagnosticReport", patient=str(uuid.uuid4()))["total"] == 0
    assert ask(patient, "DiagnosticReport", _id=f"{report.pk},{uuid.uuid4()}")["total"] == 1
    for wrong in ({"code": "x"}, {"_count": "many"}, {"_lastUpdated": "soon"}, {"patient": "Mira"}):
        assert ask(patient, "DiagnosticReport", 400, **wrong)["issue"][0]["code"] == "invalid"
    assert ask(patient, "Medication", 404)["resourceType"] == "OperationOutcome"
    assert ask(patient, f"Patient/{case.patient.pk}/_history", 404)["resourceType"] == "OperationOutcome"


def test_an_unexpected_failure_tells_nothing(signed, monkeypatch):
    _case, _report, patient = signed

    def fail(**_):
        raise RuntimeError("Mira Sommer")

    monkeypatch.setattr("reports.fhir_views.services.search_fhir", fail)
    patient.raise_request_exception = False
    answer = ask(patient, "Patient", 500)
    assert "Mira" not in json.dumps(answer)
