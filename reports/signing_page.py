"""What an administrator sees of the signatures under reports: the certificate in use, and what it could not sign."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actors import Actor
from accounts.roles import Permission
from accounts.selectors import clinic_of
from reports import certificates, selectors
from reports.certificates import Certificate, SigningFailed
from reports.services.rendering import MAX_ATTEMPTS

FAILURE_WORDS: Final[dict[str, Any]] = {
    "certificate_missing": gettext_lazy(
        "There is no certificate for this clinic. Put its PKCS#12 file into the signing folder, then try again."
    ),
    "certificate_unreadable": gettext_lazy(
        "The certificate’s file could not be opened. Check the file and its passphrase, then try again."
    ),
    "certificate_expired": gettext_lazy("The certificate has expired. Put a new one into the signing folder."),
    "certificate_not_yet_valid": gettext_lazy("The certificate is not valid yet. Check the clock and the certificate."),
    "signature_refused": gettext_lazy(
        "The signature could not be made: the key or the time-stamp service refused. Try again, or ask the operator."
    ),
    "signature_broken": gettext_lazy("The signature that was made did not hold. Ask the operator of the portal."),
    "content_altered": gettext_lazy(
        "The stored content is not what was signed. Do not use this report; ask the operator of the portal."
    ),
    "rendering_failed": gettext_lazy("The PDF could not be laid out. Try again, or ask the operator of the portal."),
}


@dataclass(frozen=True, slots=True)
class WaitingReport:
    """A signed report without a PDF. ``given_up``: it is not tried again by itself."""

    id: UUID
    verification_code: str
    signed_at: datetime
    signed_by: str
    attempts: int
    failure: str
    why: str
    given_up: bool


@dataclass(frozen=True, slots=True)
class SigningPage:
    """``problem`` says why no signature can be made now; empty when the certificate is good."""

    certificate: Certificate | None
    problem: str
    expires_soon: bool
    waiting: tuple[WaitingReport, ...]


def signing_page(actor: Actor, *, now: datetime) -> SigningPage:
    """The certificate of the administrator's clinic, and its reports that wait for a PDF."""
    actor.check(Permission.MANAGE_CLINIC)
    clinic = clinic_of(actor)
    certificate, problem = None, ""
    try:
        certificate = certificates.for_clinic(clinic.pk, clinic.name)
        certificate.check_valid(now)
    except SigningFailed as error:
        problem = failure_words(error.code)
    soon = certificate is not None and not problem and certificate.valid_until - now < certificates.EXPIRES_SOON
    waiting = tuple(
        WaitingReport(
            id=row.pk,
            verification_code=row.verification_code,
            signed_at=row.signed_at,
            signed_by=row.signed_by.display_name,
            attempts=row.pdf_attempts,
            failure=row.pdf_failure,
            why=failure_words(row.pdf_failure),
            given_up=row.pdf_attempts >= MAX_ATTEMPTS,
        )
        for row in selectors.reports_without_pdf(clinic.pk)
    )
    return SigningPage(certificate, problem, soon, waiting)


def failure_words(code: str) -> str:
    """What is wrong and what to do; for no failure, that it is on its way."""
    if not code:
        return _("It is being prepared.")
    return str(FAILURE_WORDS.get(code, FAILURE_WORDS["rendering_failed"]))
