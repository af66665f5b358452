"""The acts of this room: sign, correct, render, read, export, erase."""

from __future__ import annotations

from reports.services.amending import amend_signed
from reports.services.erasing import (
    ANSWER_WITHIN,
    check_may_execute,
    execute_erasure,
    finish_erasure,
    plan_erasure,
    refuse_erasure,
    request_erasure,
    sweep_erasures,
    withdraw_erasure,
)
from reports.services.exporting import build_export, open_export, request_export, sweep_exports
from reports.services.fhir_reading import KINDS, Hits, Query, read_fhir, search_fhir
from reports.services.reading import list_reports, read_image, read_pdf, read_report, report_in_scope
from reports.services.rendering import (
    frozen_content,
    pdf_of,
    qr_png,
    render_report,
    retry_pdf,
    sweep_unrendered,
    verification_url,
)
from reports.services.signing import (
    as_dict,
    check_may_sign,
    draft_hash,
    draft_picture,
    read_draft,
    review_in_scope,
    sign_and_issue,
)

__all__ = [
    "ANSWER_WITHIN",
    "KINDS",
    "Hits",
    "Query",
    "amend_signed",
    "as_dict",
    "build_export",
    "check_may_execute",
    "check_may_sign",
    "draft_hash",
    "draft_picture",
    "execute_erasure",
    "finish_erasure",
    "frozen_content",
    "list_reports",
    "open_export",
    "pdf_of",
    "plan_erasure",
    "qr_png",
    "read_draft",
    "read_fhir",
    "read_image",
    "read_pdf",
    "read_report",
    "refuse_erasure",
    "render_report",
    "report_in_scope",
    "request_erasure",
    "request_export",
    "retry_pdf",
    "review_in_scope",
    "search_fhir",
    "sign_and_issue",
    "sweep_erasures",
    "sweep_exports",
    "sweep_unrendered",
    "verification_url",
    "withdraw_erasure",
]
