"""Addresses of the room."""

from __future__ import annotations

from django.urls import path

from reports.views import documents, progress, rights, signing

app_name = "reports"
urlpatterns = [
    path("p/<uuid:patient_id>/", documents.patient_home, name="patient_home"),
    path("reviews/<uuid:review_id>/sign/", documents.sign, name="sign"),
    path("reviews/<uuid:review_id>/sign/pictures/<uuid:picture_id>/", documents.sign_picture, name="sign_picture"),
    path("reports/<uuid:report_id>/", documents.report, name="report"),
    path("reports/<uuid:report_id>/status/", documents.report_status, name="report_status"),
    path("reports/<uuid:report_id>/pdf/", documents.report_pdf, name="report_pdf"),
    path("reports/<uuid:report_id>/qr/", documents.report_qr, name="report_qr"),
    path("reports/<uuid:report_id>/correct/", documents.correct, name="correct"),
    path("reports/images/<uuid:image_id>/", documents.report_image, name="report_image"),
    path("verify/", documents.verify, name="verify"),
    path("verify/<str:code>/", documents.verify_code, name="verify_code"),
    path("p/<uuid:patient_id>/progress/", progress.progress, name="progress"),
    path("p/<uuid:patient_id>/progress/changes/", progress.progress_delta, name="progress_delta"),
    path("p/<uuid:patient_id>/progress/summary/", progress.progress_summary, name="progress_summary"),
    path("p/<uuid:patient_id>/progress/<slug:view>/", progress.progress_view, name="progress_view"),
    path("progress/documents/<uuid:document_id>/", progress.progress_document, name="progress_document"),
    path(
        "progress/documents/<uuid:document_id>/status/",
        progress.progress_document_status,
        name="progress_document_status",
    ),
    path("progress/pictures/<uuid:image_id>/", progress.progress_picture, name="progress_picture"),
    path("progress/comparisons/<uuid:comparison_id>/release/", progress.progress_release, name="progress_release"),
    path("p/<uuid:patient_id>/export/", rights.exports, name="exports"),
    path("p/<uuid:patient_id>/export/status/", rights.exports_status, name="exports_status"),
    path("exports/<uuid:export_id>/", rights.export_download, name="export_download"),
    path("p/<uuid:patient_id>/erasure/", rights.erasure, name="erasure"),
    path("erasure/<uuid:request_id>/withdraw/", rights.erasure_withdraw, name="erasure_withdraw"),
    path("manage/signing/", signing.signing, name="signing"),
    path("manage/signing/<uuid:report_id>/retry/", signing.signing_retry, name="signing_retry"),
    path("manage/requests/", rights.requests, name="requests"),
    path("manage/requests/<uuid:request_id>/", rights.erasure_decision, name="erasure_decision"),
    path("manage/requests/<uuid:request_id>/certificate/", rights.certificate, name="certificate"),
    path("manage/requests/<uuid:request_id>/certificate.json", rights.certificate_json, name="certificate_json"),
]
