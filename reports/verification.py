"""The public check of a code: whether it is valid, whose clinic, when, which hash, and nothing more. Reads only."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.core.cache import cache

from accounts.errors import TooMany
from reports.codes import normalise
from reports.models import ErasureRequest, Report

LIMIT: Final = 30
WINDOW_S: Final = 600


class TooManyChecks(TooMany):
    """One address asked too often (429)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the page may tell about a known code. ``state``: valid, superseded or erased (a certificate of erasure).

    ``pdf_signer`` names the certificate that signed the PDF; empty: it is not made yet, or was made without one.
    """

    state: str
    clinic: str
    day: dt.date
    content_hash: str
    pdf_hash: str
    pdf_signer: str = ""
    pdf_certificate: str = ""
    pdf_profile: str = ""


def check_rate(address: str) -> None:
    """Count one check of ``address``. Raises TooManyChecks beyond ``LIMIT`` in ``WINDOW_S`` seconds."""
    counter = f"verify:{address}"
    cache.add(counter, 0, WINDOW_S)
    try:
        count = cache.incr(counter)
    except ValueError:  # it expired between the two calls
        count = 1
    if count > LIMIT:
        raise TooManyChecks(
            "too_many_checks",
            "Too many codes were checked from your network. Try again in ten minutes.",
            retry_after_s=WINDOW_S,
        )


def look_up(typed: str) -> Verdict | None:
    """The verdict on a code as a person typed it; None for an unknown or malformed one, after the same queries."""
    code = normalise(typed) or "-"
    report = (
        Report.objects.select_related("clinic", "superseded_by").defer("content").filter(verification_code=code).first()
    )
    erasure = ErasureRequest.objects.select_related("clinic").filter(certificate_code=code).first()
    if report is not None:
        return Verdict(
            state="superseded" if hasattr(report, "superseded_by") else "valid",
            clinic=report.clinic.name,
            day=report.clinic.day_of(report.signed_at),
            content_hash=report.content_hash,
            pdf_hash=report.pdf_sha256,
            pdf_signer=report.pdf_signer,
            pdf_certificate=report.pdf_certificate,
            pdf_profile=report.pdf_profile,
        )
    if erasure is not None and erasure.decided_at is not None:
        return Verdict(
            "erased", erasure.clinic.name, erasure.clinic.day_of(erasure.decided_at), erasure.certificate_hash, ""
        )
    return None
