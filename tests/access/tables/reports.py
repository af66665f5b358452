"""Who reaches the addresses of the room ``reports``."""

from __future__ import annotations

from typing import Any

from analysis.models import Comparison, ComparisonImage, PipelineRelease
from reports.models import ProgressDocument
from tests.access.rules import (
    ADMINISTRATORS,
    CASES,
    CLINICIANS_OF_THE_CASE,
    HOLDERS,
    HOLDERS_AND_CASES,
    OPEN,
    OWN_ADMINISTRATORS,
    SIGNED_IN,
    Address,
    May,
    api,
    get,
    post,
    rule,
)
from tests.access.world import World, first

TABLE: dict[str, Address] = {
    "reports:patient_home": get(HOLDERS, "patient"),
    "reports:sign": get(CASES, "decided"),
    "reports:sign_picture": get(CASES, "decided", "decided_photo"),
    "reports:report": get(HOLDERS_AND_CASES, "report"),
    "reports:report_status": get(HOLDERS_AND_CASES, "report"),
    "reports:report_pdf": get(HOLDERS_AND_CASES, "report"),
    "reports:report_qr": get(HOLDERS_AND_CASES, "report"),
    "reports:correct": get(CASES, "report"),
    "reports:report_image": get(HOLDERS_AND_CASES, "report_image"),
    "reports:progress": get(HOLDERS_AND_CASES, "patient"),
    "reports:progress_view": get(HOLDERS_AND_CASES, "patient", "progress_view"),
    "reports:progress_delta": get(HOLDERS_AND_CASES, "patient"),
    "reports:progress_summary": get(HOLDERS_AND_CASES, "patient"),
    "reports:progress_document": get(HOLDERS_AND_CASES, "progress_document"),
    "reports:progress_document_status": get(HOLDERS_AND_CASES, "progress_document"),
    "reports:progress_picture": get(HOLDERS_AND_CASES, "comparison_image"),
    "reports:progress_release": post(CLINICIANS_OF_THE_CASE, "comparison", released="1"),
    "api-progress": api(HOLDERS_AND_CASES, "get", "patient"),
    "api-progress-delta": api(HOLDERS_AND_CASES, "get", "patient"),
    "api-progress-summary": api(HOLDERS_AND_CASES, "get", "patient"),
    "api-progress-document": api(HOLDERS_AND_CASES, "get", "progress_document"),
    "api-progress-pdf": api(HOLDERS_AND_CASES, "get", "progress_document"),
    "api-progress-picture": api(HOLDERS_AND_CASES, "get", "comparison_image"),
    "api-comparison-release": api(CLINICIANS_OF_THE_CASE, "post", "comparison", released=True),
    "reports:verify": get(OPEN),
    "reports:verify_code": get(OPEN, "code"),
    "reports:exports": get(HOLDERS, "patient"),
    "reports:exports_status": get(HOLDERS, "patient"),
    "reports:export_download": get(HOLDERS, "export"),
    "reports:erasure": get(HOLDERS, "patient"),
    "reports:erasure_withdraw": post(HOLDERS, "erasure"),
    "fhir-metadata": get(OPEN),
    "fhir-search": api(SIGNED_IN, "get", "fhir_kind"),
    "fhir-read": api(HOLDERS_AND_CASES, "get", "fhir_kind", "report"),
    "fhir-unknown": api(rule(May.NOT_FOUND, anybody=May.SIGN_IN), "get", "fhir_nowhere"),
    "reports:signing": get(ADMINISTRATORS),
    "reports:signing_retry": post(OWN_ADMINISTRATORS, "report"),
    "api-signing": api(ADMINISTRATORS, "get"),
    "api-signing-retry": api(OWN_ADMINISTRATORS, "post", "report"),
    "reports:requests": get(ADMINISTRATORS),
    "reports:erasure_decision": get(OWN_ADMINISTRATORS, "erasure"),
    "reports:certificate": get(OWN_ADMINISTRATORS, "executed"),
    "reports:certificate_json": get(OWN_ADMINISTRATORS, "executed"),
    "api-sign": api(CASES, "get", "decided"),
    "api-sign-picture": api(CASES, "get", "decided", "decided_photo"),
    "api-reports": api(HOLDERS_AND_CASES, "get", "patient"),
    "api-report": api(HOLDERS_AND_CASES, "get", "report"),
    "api-report-pdf": api(HOLDERS_AND_CASES, "get", "report"),
    "api-report-picture": api(HOLDERS_AND_CASES, "get", "report_image"),
    "api-report-correct": api(CASES, "post", "report", reason="The dose was wrong."),
    "api-verify": api(OPEN, "get", "code"),
    "api-exports": api(HOLDERS, "get", "patient"),
    "api-export-archive": api(HOLDERS, "get", "export"),
    "api-erasures": api(HOLDERS, "get", "patient"),
    "api-erasure-withdraw": api(HOLDERS, "post", "erasure"),
    "api-erasure-cases": api(ADMINISTRATORS, "get"),
    "api-erasure-case": api(OWN_ADMINISTRATORS, "get", "erasure"),
    "api-erasure-execute": api(OWN_ADMINISTRATORS, "post", "erasure", secret="not the password"),
    "api-erasure-refuse": api(OWN_ADMINISTRATORS, "post", "erasure", reason="A legal hold."),
    "api-erasure-certificate": api(OWN_ADMINISTRATORS, "get", "executed"),
}


def things(world: World) -> dict[str, Any]:
    """A comparison of the signed case with its picture, and a document that was asked for."""
    photo = first(world.case.session.photos.filter(view="crown"))
    image = ComparisonImage.objects.create(
        comparison=Comparison.objects.create(
            photo_then=photo, photo_now=photo, pipeline=first(PipelineRelease.objects), status=Comparison.Status.DONE
        ),
        kind="aligned",
        file_name=photo.thumbnail_name,
        media_type="image/webp",
        width_px=64,
        height_px=48,
    )
    document = ProgressDocument.objects.create(patient=world.patient, kind="delta", content={}, content_hash="0" * 64)
    return {
        "progress_view": "crown",
        "comparison": image.comparison_id,
        "comparison_image": image.pk,
        "progress_document": document.pk,
    }
