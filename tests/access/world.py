"""The clinic in which every address is tried: one of each thing, and everybody who might ask for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts import services as accounts
from accounts import webhooks
from accounts.models import Clinic, Membership, Trichoscope, User
from accounts.outbound import Transport
from accounts.requests import resolve_actor
from accounts.roles import Role
from analysis.models import Analysis, DerivedImage, Finding, ModelRelease
from analysis.services import submit_session
from patients.models import Consent, ConsentText, Patient, PhotoSession, Purpose
from patients.services import create_upload
from reports import services as reports
from reports.compose import compose
from reports.models import Report, ReportImage
from reviews.models import CaseReading, FormularyEntry, Opinion
from reviews.services import reopen
from tests.access.rules import Who
from tests.factories.patients import (
    PASSWORD,
    actor_for,
    add_drawn_photo,
    holder_actor,
    holder_of,
    make_clinic,
    make_patient,
    make_session,
    make_staff,
    make_user,
)
from tests.factories.reports import Case, make_case, signed_report
from tests.factories.reviews import measured
from vision.types import View


@dataclass(frozen=True)
class World:
    """What the tables of the rooms may make more things from."""

    now: datetime
    clinic: Clinic
    doctor: Membership  # the dermatologist; holds ``open_case`` and ``decided``, signed ``case``
    colleague: Membership  # the trichologist
    administrator: Membership
    patient: Patient
    case: Case  # signed
    report: Report
    open_case: Case
    decided: Case
    waiting: PhotoSession  # submitted, in the queue
    draft: PhotoSession
    things: dict[str, Any]
    people: dict[Who, User | None]


def first(rows: Any) -> Any:
    """The first row of a query that must have one."""
    found = rows.first()
    assert found is not None, f"the world lacks a {rows.model.__name__}"
    return found


def make_world() -> World:
    """Make it all, once."""
    now = timezone.now()
    clinic, elsewhere = make_clinic(now=now), make_clinic("Clinic South", now=now)
    doctor = make_staff(Role.DERMATOLOGIST, clinic, now=now)
    colleague = make_staff(Role.TRICHOLOGIST, clinic, now=now)
    administrator = make_staff(Role.ADMINISTRATOR, clinic, now=now)
    case, report = signed_report(clinic=clinic, member=doctor, render=True, now=now)
    patient = case.patient
    waiting = make_session(patient, views=[View.CROWN], consent=False, now=now)
    waiting = submit_session(actor=case.holder, session_id=waiting.pk, now=now)
    Analysis.objects.filter(session=waiting).delete()
    measured(waiting)
    decided = make_case(clinic=clinic, member=doctor, now=now)
    open_case = make_case(clinic=clinic, member=doctor, now=now)
    reopen(actor=open_case.reviewer, review_id=open_case.review.pk, now=now)
    draft = make_session(patient, views=[View.CROWN], consent=False, now=now)
    draft_photo = add_drawn_photo(draft, View.OCCIPUT, now=now)
    upload = create_upload(
        actor=case.holder,
        session_id=draft.pk,
        view=View.PART,
        site="",
        length_bytes=1000,
        claimed_type="image/jpeg",
        claimed_extension="jpg",
        now=now,
    )
    export = reports.request_export(actor=case.holder, patient_id=patient.pk, now=now)
    erasure = reports.request_erasure(actor=case.holder, patient_id=patient.pk, now=now)
    gone = make_patient(clinic, now=now)
    executed = reports.request_erasure(actor=holder_actor(gone), patient_id=gone.pk, now=now)
    reports.execute_erasure(actor=actor_for(administrator.user), request_id=executed.pk, secret=PASSWORD, now=now)
    invitation, token = accounts.invite_staff(
        actor=resolve_actor(administrator.user),
        email="new@example.org",
        role=Role.TRICHOLOGIST,
        display_name="New",
        now=now,
    )
    webhook, _secret = webhooks.register_endpoint(
        actor=resolve_actor(administrator.user),
        url="https://hooks.example.org/trichora",
        events=[webhooks.Event.REPORT_SIGNED],
        now=now,
        transport=Transport(resolve=lambda host, port: ["93.184.215.14"]),
    )
    release = ModelRelease.objects.create(task="segmentation", name="scalp-segmentation", version="9", digest="x")
    text = ConsentText.objects.create(clinic=clinic, purpose=Purpose.CARE, version=99, title="T", body="B")
    review_photo = first(open_case.session.photos)
    region = first(Finding.objects.filter(analysis=open_case.review.analysis, kind="region"))
    reports.build_export(export_id=export.pk, now=now)
    recipe = compose(decided.review).recipes[0]
    decided_plan = decided.review.plan
    assert waiting.submitted_at is not None
    things = {
        "patient": patient.pk,
        "join_code": clinic.join_code,
        "colleague": colleague.pk,
        "invitation": invitation.pk,
        "token": token,
        "purpose": Purpose.RESEARCH.value,
        "consent": first(Consent.objects.filter(patient=patient)).pk,
        "draft": draft.pk,
        "draft_photo": draft_photo.pk,
        "upload": upload.pk,
        "photo": first(case.session.photos).pk,
        "session": case.session.pk,
        "text_draft": text.pk,
        "derived": first(DerivedImage.objects.filter(photo_result__photo__session__patient__clinic=clinic)).pk,
        "release": release.pk,
        "waiting": waiting.pk,
        "reading": CaseReading.objects.create(
            session=waiting, clinic=clinic, submitted_at=waiting.submitted_at, severity_points=2, share_points=20
        ).pk,
        "opinion": Opinion.objects.create(
            session=open_case.session, clinic=clinic, asked_by=colleague, asked_of=doctor, question="Scarring?"
        ).pk,
        "review": open_case.review.pk,
        "photo_in_review": review_photo.pk,
        "finding": first(Finding.objects.filter(analysis=open_case.review.analysis)).pk,
        "decided": decided.review.pk,
        "decided_photo": recipe.picture.id,
        "region": region.pk,
        "region_photo": region.photo_id,
        "entry": first(FormularyEntry.objects).pk,
        "item": first(decided_plan.items).pk,
        "report": report.pk,
        "report_image": first(ReportImage.objects.filter(report=report)).pk,
        "code": report.verification_code,
        "webhook": webhook.pk,
        "trichoscope": Trichoscope.objects.create(clinic=clinic, name="HandyScope", bar_mm=1.0).pk,
        "fhir_kind": "DiagnosticReport",
        "fhir_nowhere": "DiagnosticReport/1/_history",
        "export": export.pk,
        "erasure": erasure.pk,
        "executed": executed.pk,
    }
    people = {
        Who.ANYBODY: None,
        Who.HOLDER: holder_of(patient),
        Who.OTHER_PATIENT: holder_of(make_patient(clinic, now=now)),
        Who.NEWCOMER: make_user(),
        Who.DERMATOLOGIST: doctor.user,
        Who.TRICHOLOGIST: colleague.user,
        Who.FOREIGN_DERMATOLOGIST: make_staff(Role.DERMATOLOGIST, elsewhere, now=now).user,
        Who.ADMINISTRATOR: administrator.user,
        Who.FOREIGN_ADMINISTRATOR: make_staff(Role.ADMINISTRATOR, elsewhere, now=now).user,
    }
    return World(
        now=now,
        clinic=clinic,
        doctor=doctor,
        colleague=colleague,
        administrator=administrator,
        patient=patient,
        case=case,
        report=report,
        open_case=open_case,
        decided=decided,
        waiting=waiting,
        draft=draft,
        things=things,
        people=people,
    )
