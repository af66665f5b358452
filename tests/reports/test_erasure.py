"""Erasure (G4): a dry run, reasons, execution, a certificate, and backups that stay unreadable."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.errors import DomainError, Invalid, NotAllowed, NotFound
from accounts.models import AuditEvent, Notification, User
from accounts.roles import Role
from patients.models import Consent, Patient, PatientAccess, Photo, PhotoSession
from patients.selectors import open_photo
from reports import services
from reports.content import hash_of
from reports.models import ErasureRequest, ExportRequest, Report, ReportImage
from tests.factories.patients import (
    NOW,
    PASSWORD,
    actor_for,
    holder_of,
    make_clinic,
    make_patient,
    make_staff,
    make_user,
    signed_in,
)  # fmt: skip
from tests.factories.reports import Case, signed_report
from vault import files, keys
from vault.errors import KeyDestroyed, SealedFileMissing
from vault.fields import is_erased

LATER = NOW + timedelta(days=2)


@pytest.fixture
def asked(db) -> tuple[Case, ErasureRequest]:
    case, _report = signed_report(render=True)
    request = services.request_erasure(actor=case.holder, patient_id=case.patient.pk, now=NOW)
    return case, request


def administrator(case: Case):
    return actor_for(make_staff(Role.ADMINISTRATOR, case.clinic).user)


def execute(case: Case, request: ErasureRequest, capture) -> ErasureRequest:
    with capture(execute=True):
        services.execute_erasure(actor=administrator(case), request_id=request.pk, secret=PASSWORD, now=LATER)
    return ErasureRequest.objects.get(pk=request.pk)


@pytest.mark.django_db
def test_asking_sets_a_deadline_of_a_month_and_tells_the_administrators():
    case, _report = signed_report()
    boss = make_staff(Role.ADMINISTRATOR, case.clinic)
    request = services.request_erasure(actor=case.holder, patient_id=case.patient.pk, now=NOW)
    assert request.due_at == NOW + timedelta(days=30)
    assert Notification.objects.get(kind="erasure_requested").recipient_id == boss.user_id
    again = services.request_erasure(actor=case.holder, patient_id=case.patient.pk, now=NOW)
    assert again.pk == request.pk


@pytest.mark.django_db
def test_the_dry_run_counts_gives_reasons_and_changes_nothing(asked):
    case, _request = asked
    steps = services.plan_erasure(case.patient.pk)
    kept = {step.what: step for _room, step in steps if step.outcome != "erase"}
    assert kept["Signed reports with their PDF"].count == 1
    assert all(step.reason for step in kept.values())
    erased = {step.what: step.count for _room, step in steps if step.outcome == "erase"}
    assert erased["Photos with their thumbnails"] == 2
    assert erased["Findings of the models"] == 6
    assert Photo.objects.count() == 2
    assert not is_erased(Patient.objects.get(pk=case.patient.pk).given_name)


@pytest.mark.django_db
def test_a_patient_can_take_the_request_back(asked):
    case, request = asked
    services.withdraw_erasure(actor=case.holder, request_id=request.pk, now=NOW)
    with pytest.raises(DomainError, match="answered already"):
        services.execute_erasure(actor=administrator(case), request_id=request.pk, secret=PASSWORD, now=NOW)


@pytest.mark.django_db
def test_a_refusal_needs_a_reason_that_the_patient_reads(asked):
    case, request = asked
    boss = administrator(case)
    with pytest.raises(Invalid):
        services.refuse_erasure(actor=boss, request_id=request.pk, reason=" ", now=NOW)
    services.refuse_erasure(actor=boss, request_id=request.pk, reason="A court asked us to keep it.", now=NOW)
    page = signed_in(holder_of(case.patient)).get(reverse("reports:erasure", args=[case.patient.pk]))
    assert "A court asked us to keep it." in page.content.decode()


@pytest.mark.django_db
def test_a_legal_hold_stops_it_with_its_reason(asked):
    case, request = asked
    Patient.objects.filter(pk=case.patient.pk).update(legal_hold_reason="lawsuit 12/2026")
    with pytest.raises(DomainError, match="lawsuit 12/2026"):
        services.execute_erasure(actor=administrator(case), request_id=request.pk, secret=PASSWORD, now=NOW)
    assert not keys.is_destroyed(case.patient.key_id)


@pytest.mark.django_db
def test_only_an_administrator_of_the_clinic_decides_with_the_secret(asked):
    case, request = asked
    with pytest.raises(NotAllowed):
        services.execute_erasure(actor=case.reviewer, request_id=request.pk, secret=PASSWORD, now=NOW)
    other = actor_for(make_staff(Role.ADMINISTRATOR, make_clinic("Elsewhere")).user)
    with pytest.raises(NotFound):
        services.execute_erasure(actor=other, request_id=request.pk, secret=PASSWORD, now=NOW)
    with pytest.raises(Invalid):
        services.execute_erasure(actor=administrator(case), request_id=request.pk, secret="wrong", now=NOW)
    assert ErasureRequest.objects.get(pk=request.pk).status == "requested"


@pytest.mark.django_db
def test_execution_destroys_the_key_and_leaves_only_what_the_law_keeps(asked, django_capture_on_commit_callbacks):
    case, request = asked
    user = holder_of(case.patient)
    address = user.email
    photo_name = Photo.objects.filter(session=case.session)[0].file_name
    old_pdf = Report.objects.get().pdf_name
    done = execute(case, request, django_capture_on_commit_callbacks)

    assert done.status == "executed"
    assert done.key_destroyed_at == LATER
    with pytest.raises(KeyDestroyed):
        keys.unwrap(case.patient.key_id)
    assert not Photo.objects.exists()
    assert not PhotoSession.objects.exists()
    assert not ExportRequest.objects.exists()
    for name in (photo_name, old_pdf):
        with pytest.raises(SealedFileMissing):
            files.open_file(key_id=case.clinic.record_key_id, name=name)
    patient = Patient.objects.get(pk=case.patient.pk)
    assert patient.erased_at == LATER
    assert patient.given_name == ""
    assert patient.name_index == ""
    assert not PatientAccess.objects.filter(patient=patient, ended_at=None).exists()
    closed = User.objects.get(pk=user.pk)
    assert closed.email != address
    assert not closed.is_active
    assert Consent.objects.filter(patient=patient).exists()
    assert AuditEvent.objects.filter(action="erasure.executed", patient_id=patient.pk).exists()


@pytest.mark.django_db
def test_kept_reports_open_under_the_clinics_key_and_keep_their_hash(asked, django_capture_on_commit_callbacks):
    case, request = asked
    before = Report.objects.get().content
    execute(case, request, django_capture_on_commit_callbacks)
    report = Report.objects.select_related("clinic", "patient").get()
    assert report.kept_under_clinic_key
    assert report.content == before
    assert hash_of(report.content) == report.content_hash
    data = files.read_all(key_id=case.clinic.record_key_id, name=report.pdf_name, limit=20_000_000)
    assert data[:5] == b"%PDF-"
    for image in ReportImage.objects.all():
        assert (
            files.read_all(key_id=case.clinic.record_key_id, name=image.file_name, limit=20_000_000)[:2] == b"\xff\xd8"
        )
    page = Client().get(reverse("reports:verify_code", args=[report.verification_code]))
    assert "This report is valid" in page.content.decode()


@pytest.mark.django_db
def test_the_certificate_has_opaque_ids_counts_and_a_hash_that_anybody_can_check(
    asked, django_capture_on_commit_callbacks
):
    case, request = asked
    address = holder_of(case.patient).email
    done = execute(case, request, django_capture_on_commit_callbacks)
    assert done.certificate is not None
    assert hash_of(done.certificate) == done.certificate_hash
    text = str(done.certificate)
    for secret in ("Mira", "Sommer", address, "1990-05-17"):
        assert secret not in text
    last = [message for message in mail.outbox if message.to == [address]][-1]
    assert done.certificate_code in last.body
    assert "Mira" not in last.body
    page = Client().get(reverse("reports:verify_code", args=[done.certificate_code])).content.decode()
    assert "This certificate of erasure is genuine" in page
    assert done.certificate_hash in page


@pytest.mark.django_db
def test_the_person_can_no_longer_sign_in_or_be_found(asked, django_capture_on_commit_callbacks):
    case, request = asked
    user = holder_of(case.patient)
    client = signed_in(user)
    execute(case, request, django_capture_on_commit_callbacks)
    assert client.get(reverse("reports:patient_home", args=[case.patient.pk])).status_code in (302, 404)
    staff = signed_in(User.objects.get(pk=case.reviewer.user_id))
    report = Report.objects.get()
    assert staff.get(reverse("reports:report", args=[report.pk])).status_code == 404


@pytest.mark.django_db
def test_a_guardian_of_two_children_keeps_the_account(django_capture_on_commit_callbacks):
    clinic, guardian, born = make_clinic(), make_user(), date(2018, 4, 1)
    relation = PatientAccess.Relation.GUARDIAN
    first = make_patient(clinic, user=guardian, given_name="Ida", birth_date=born, relation=relation)
    make_patient(clinic, user=guardian, given_name="Ben", birth_date=born, relation=relation)
    case, _report = signed_report(patient=first, treatment="")
    request = services.request_erasure(actor=actor_for(guardian), patient_id=case.patient.pk, now=NOW)
    execute(case, request, django_capture_on_commit_callbacks)
    assert User.objects.get(pk=guardian.pk).is_active


@pytest.mark.django_db
def test_a_failure_half_way_changes_nothing_and_leaves_no_copy(asked, monkeypatch, settings):
    case, request = asked
    root = Path(settings.STORAGES["sealed"]["OPTIONS"]["location"])
    before = set(root.rglob("*.sealed"))

    def fail(**_):
        raise RuntimeError("the database went away")

    monkeypatch.setattr("reports.services.erasing.tombstone_patient", fail)
    with pytest.raises(RuntimeError):
        services.execute_erasure(actor=administrator(case), request_id=request.pk, secret=PASSWORD, now=LATER)
    assert set(root.rglob("*.sealed")) == before
    assert ErasureRequest.objects.get(pk=request.pk).status == "requested"
    assert not keys.is_destroyed(case.patient.key_id)
    with open_photo(Photo.objects.select_related("session__patient").all()[0]) as stream:
        assert stream.read(2)


@pytest.mark.django_db
def test_a_crash_before_the_key_was_destroyed_is_made_good(asked):
    case, request = asked
    services.execute_erasure(actor=administrator(case), request_id=request.pk, secret=PASSWORD, now=LATER)
    assert not keys.is_destroyed(case.patient.key_id)  # the callbacks of this test's transaction never ran
    services.sweep_erasures(now=LATER)
    assert keys.is_destroyed(case.patient.key_id)
    services.finish_erasure(request_id=request.pk, now=LATER)


@pytest.mark.django_db(transaction=True, databases=["default", "keys"])
def test_a_backup_from_before_the_erasure_shows_nothing_of_the_patient(settings, tmp_path):
    """Rows and files are put back as they were, beside the live key store."""
    case, _report = signed_report(render=True)
    request = services.request_erasure(actor=case.holder, patient_id=case.patient.pk, now=NOW)
    root = Path(settings.STORAGES["sealed"]["OPTIONS"]["location"])
    shutil.copytree(root, tmp_path / "files")
    rows = {model: snapshot(model) for model in (Patient, Report, ReportImage, Photo)}
    services.execute_erasure(actor=administrator(case), request_id=request.pk, secret=PASSWORD, now=LATER)
    restored = {model: [dict(row) for row in found] for model, found in rows.items()}
    shutil.copytree(tmp_path / "files", root, dirs_exist_ok=True)

    from vault import sealing

    tokens = [
        value for found in restored.values() for row in found for value in row.values()
        if isinstance(value, str) and value.startswith("t1.")
    ]  # fmt: skip
    assert len(tokens) >= 6  # name, birth date, sex, telephone, report content ...
    for token in tokens:
        with pytest.raises(KeyDestroyed):
            sealing.open_text(token, context="anything")
    names = [row["file_name"] for model in (Photo, ReportImage) for row in restored[model]]
    names += [row["pdf_name"] for row in restored[Report]]
    assert len(names) >= 6
    for name in names:
        assert (root / name).exists()
        with pytest.raises(KeyDestroyed):
            files.open_file(key_id=case.patient.key_id, name=name)
    for secret in ("Sommer", "1990-05-17", "Your crown is thinner"):  # four letters may stand there by chance
        assert secret not in str(restored)
    stored = b"".join(path.read_bytes() for path in (tmp_path / "files").rglob("*.sealed"))
    for secret in ("Sommer", "1990-05-17", "Your crown is thinner"):
        assert secret.encode() not in stored


@pytest.mark.django_db
def test_a_restored_row_reads_as_erased_on_every_path(asked, django_capture_on_commit_callbacks):
    case, request = asked
    before = snapshot(Patient)[0]
    execute(case, request, django_capture_on_commit_callbacks)
    sealed = ("given_name", "family_name", "birth_date", "phone")
    with connection.cursor() as cursor:
        assignments = ", ".join(f"{name} = %s" for name in sealed)
        cursor.execute(
            f"update patients_patient set {assignments}, erased_at = null", [before[name] for name in sealed]
        )
    restored = Patient.objects.get(pk=case.patient.pk)
    assert all(is_erased(getattr(restored, name)) for name in sealed)


def snapshot(model) -> list[dict]:
    """Rows as a backup holds them, tokens included."""
    with connection.cursor() as cursor:
        cursor.execute(f"select * from {model._meta.db_table}")
        columns = [column[0] for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


@pytest.mark.django_db
def test_the_administrators_pages_lead_from_deadline_to_certificate(asked, django_capture_on_commit_callbacks):
    case, request = asked
    client = signed_in(make_staff(Role.ADMINISTRATOR, case.clinic).user)
    listed = client.get(reverse("reports:requests")).content.decode()
    assert case.patient.record_number in listed
    assert "days left" in listed or "Overdue" in listed
    url = reverse("reports:erasure_decision", args=[request.pk])
    dry = client.get(url).content.decode()
    assert "nothing has been changed" in dry
    assert "BGB § 630f" in dry
    assert client.post(url, {"action": "execute", "secret": "wrong"}).status_code == 422
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(url, {"action": "execute", "secret": PASSWORD})
    certificate = client.get(answer["Location"]).content.decode()
    done = ErasureRequest.objects.get(pk=request.pk)
    assert done.certificate_hash in certificate
    data = client.get(reverse("reports:certificate_json", args=[request.pk])).json()
    assert hash_of(data["certificate"]) == data["sha256"]
    assert "answered" in client.get(url).content.decode()


@pytest.mark.django_db
def test_the_patients_page_explains_asks_and_takes_back():
    case, _report = signed_report()
    client = signed_in(holder_of(case.patient))
    url = reverse("reports:erasure", args=[case.patient.pk])
    page = client.get(url).content.decode()
    assert "cannot be undone" in page
    assert "Take your data away first" in page
    assert client.post(url, {}).status_code == 422
    client.post(url, {"understood": "on"})
    request = ErasureRequest.objects.get()
    assert "Your request is with the clinic" in client.get(url).content.decode()
    client.post(reverse("reports:erasure_withdraw", args=[request.pk]))
    assert ErasureRequest.objects.get().status == "withdrawn"
