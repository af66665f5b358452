"""The digital signature of a finished PDF: PAdES through pyHanko, checked before it leaves this module. No database.

Baseline B-B always; with a time-stamp service B-T; with long-term validation too, what a reader needs to check the
certificate years later travels inside the file (B-LT). It certifies the document: nothing may be changed after it.
"""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from pyhanko.pdf_utils.content import RawContent
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator import ValidationContext

from reports.certificates import Certificate, SigningFailed
from reports.pdf_finish import FIELD_NAME

DIGEST: Final = "sha256"
_TIMEOUT_S: Final = 20
log = logging.getLogger(__name__)
for _noisy in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_noisy).setLevel(logging.CRITICAL)


class _AppendedPdf17(IncrementalPdfFileWriter):  # type: ignore[misc]
    """An appended revision that stays PDF 1.7: PDF/A-3 knows no later version (ISO 19005-3, 6.1.2)."""

    output_version = (1, 7)

    def ensure_output_version(self, version: tuple[int, int]) -> None:
        """PAdES asks for PDF 2.0, of which it needs nothing that readers of 1.7 lack."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What makes a signature last beyond its certificate: a time-stamp service, and revocation data with its roots."""

    timestamper: Any = None
    context: Any = None

    @property
    def profile(self) -> str:
        """The name of the PAdES baseline that this reaches."""
        if self.timestamper is None:
            return "PAdES B-B"
        return "PAdES B-T" if self.context is None else "PAdES B-LT"


@dataclass(frozen=True, slots=True)
class SignedPdf:
    """The signed file and the baseline that it reaches."""

    data: bytes
    profile: str


def evidence_of_settings(certificate: Certificate) -> Evidence:
    """What the settings offer. Revocation data is fetched from the addresses that the certificates name."""
    if not settings.SIGNING_TIMESTAMP_URL:
        return Evidence()
    timestamper = HTTPTimeStamper(settings.SIGNING_TIMESTAMP_URL, timeout=_TIMEOUT_S)
    if not settings.SIGNING_LONG_TERM:
        return Evidence(timestamper)
    roots = [found for found in _signer(certificate).cert_registry if found.ca and found.self_signed != "no"]
    context = ValidationContext(trust_roots=roots, allow_fetching=True, revocation_mode="hard-fail")
    return Evidence(timestamper, context)


def sign(
    data: bytes, certificate: Certificate, *, name: str, reason: str, evidence: Evidence | None = None
) -> SignedPdf:
    """Fill the document's signature field. ``name`` is who signs, ``reason`` what it means; neither names a patient.

    Raises SigningFailed: the certificate's file, the time-stamp service, or a signature that does not hold.
    """
    evidence = evidence or Evidence()
    meta = signers.PdfSignatureMetadata(
        field_name=FIELD_NAME,
        md_algorithm=DIGEST,
        name=name,
        reason=reason,
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        embed_validation_info=evidence.context is not None,
        validation_context=evidence.context,
    )
    invisible = StaticStampStyle(border_width=0, background=RawContent(b"", box=BoxConstraints(1, 1)))
    pen = signers.PdfSigner(meta, _signer(certificate), timestamper=evidence.timestamper, stamp_style=invisible)
    try:
        signed = pen.sign_pdf(_AppendedPdf17(io.BytesIO(data)), existing_fields_only=True).getvalue()
    except Exception as error:  # the library's own, the network's, the key's: one meaning for the report
        log.warning("a report could not be signed", extra={"code": type(error).__name__})
        raise SigningFailed("signature_refused") from error
    if not holds(signed):
        raise SigningFailed("signature_broken")
    return SignedPdf(signed, evidence.profile)


def holds(data: bytes) -> bool:
    """Whether the one signature is mathematically right and covers the file; who signed is not judged here."""
    found = PdfFileReader(io.BytesIO(data)).embedded_signatures
    if len(found) != 1:
        return False
    status = validate_pdf_signature(found[0], ValidationContext(trust_roots=[], allow_fetching=False))
    return bool(status.intact and status.valid and status.docmdp_ok)


def _signer(certificate: Certificate) -> Any:
    signer = signers.SimpleSigner.load_pkcs12(certificate.path, passphrase=certificate.passphrase)
    if signer is None:
        raise SigningFailed("certificate_unreadable")
    return signer
