"""What the room hands out, erases and keeps about a person."""

from __future__ import annotations

import json

import pytest

from accounts.privacy import OnErasure
from patients import privacy, selectors, services
from patients.models import Consent, Intake, Photo, PhotoSession, Upload
from tests.factories.patients import NOW, make_session, photo_ids
from vault.keys import destroy_key
from vision.types import View

pytestmark = pytest.mark.django_db


def documents(patient):
    found = {}
    for file in privacy.export(patient.pk):
        with file.open() as stream:
            found[file.path] = stream.read()
    return found


def test_the_export_holds_everything_in_plain_words(sealed_folder):
    session = make_session(views=[View.CROWN, View.PART])
    found = documents(session.patient)
    assert json.loads(found["patient.json"])["family_name"] == "Sommer"
    assert json.loads(found["intake.json"])[0]["answers"]["allergies"] == ["Penicillin"]
    assert {item["decision"] for item in json.loads(found["consents.json"])} == {"granted"}
    assert json.loads(found["sessions.json"])[0]["checklist"]["dry"] is True
    assert any(item["what"] == "Added a photo" for item in json.loads(found["access-log.json"]))
    originals = [name for name in found if name.startswith("originals/")]
    assert len(originals) == 2
    assert all(found[name].startswith(b"\xff\xd8") for name in originals)


def test_the_dry_run_changes_nothing_and_says_what_stays():
    session = make_session(views=[View.CROWN])
    steps = privacy.plan_erasure(session.patient_id)
    kept = [step for step in steps if step.outcome is OnErasure.KEEP]
    assert [step.what for step in kept] == ["Consent decisions"]
    assert "Proof" in kept[0].reason
    assert next(step.count for step in steps if step.what.startswith("Photos")) == 1
    assert photo_ids(session)


def test_erasure_deletes_rows_and_files_and_keeps_the_proof_of_consent(
    sealed_files, django_capture_on_commit_callbacks
):
    session = make_session(views=[View.CROWN])
    patient = session.patient
    Upload.objects.create(session=session, view="crown", length_bytes=10, expires_at=NOW)
    with django_capture_on_commit_callbacks(execute=True):
        privacy.erase(patient.pk, NOW)
        services.tombstone_patient(patient_id=patient.pk, now=NOW)
    assert sealed_files() == []
    assert not any(model.objects.exists() for model in (Photo, PhotoSession, Intake, Upload))
    assert Consent.objects.filter(patient=patient).exists()
    destroy_key(key_id=patient.key_id, now=NOW, certificate_hash="0" * 64)
    patient.refresh_from_db()
    assert selectors.patient_label(patient) == f"Erased · {patient.record_number}"


def test_a_destroyed_key_hides_what_a_restored_backup_brings_back():
    session = make_session(views=[View.CROWN])
    destroy_key(key_id=session.patient.key_id, now=NOW, certificate_hash="0" * 64)
    restored = type(session.patient).objects.get(pk=session.patient_id)
    assert "Sommer" not in str(restored.family_name)
    assert selectors.patient_label(restored).startswith("Erased")
