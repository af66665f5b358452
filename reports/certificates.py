"""The certificates that clinics sign reports with: PKCS#12 files in one folder, opened only where a PDF is signed.

``<clinic id>.p12`` is that clinic's own, ``default.p12`` stands for every clinic without one. Passphrases are settings.
The demo makes a certificate for itself, and its subject says that it proves nothing. No database.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12
from cryptography.x509.oid import NameOID
from django.conf import settings

DEFAULT_NAME: Final = "default"
DEMO_PREFIX: Final = "demo-"
DEMO_ORGANISATION: Final = "Trichora demo - proves nothing"
DEMO_LIFE: Final = timedelta(days=3650)
MADE_VALID_FROM: Final = datetime(2026, 1, 1, tzinfo=UTC)
EXPIRES_SOON: Final = timedelta(days=30)


class SigningFailed(Exception):
    """Why no signature could be made. ``code`` is stored with the report and has words in ``reports.words``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Certificate:
    """A clinic's certificate with the file that also holds its private key. ``fingerprint``: SHA-256, hexadecimal."""

    path: Path
    passphrase: bytes | None
    subject: str
    fingerprint: str
    valid_from: datetime
    valid_until: datetime
    is_demo: bool

    def check_valid(self, now: datetime) -> None:
        """Raises SigningFailed outside the certificate's own time."""
        if now > self.valid_until:
            raise SigningFailed("certificate_expired")
        if now < self.valid_from:
            raise SigningFailed("certificate_not_yet_valid")


def for_clinic(clinic_id: UUID, clinic_name: str) -> Certificate:
    """The certificate of a clinic. Raises SigningFailed when there is none, or when it cannot be opened."""
    folder = Path(settings.SIGNING_FOLDER)
    for name in (str(clinic_id), DEFAULT_NAME):
        path = folder / f"{name}.p12"
        if path.is_file():
            return _opened(path, _passphrase(name, settings.SIGNING_PASSPHRASES))
    if settings.SIGNING_DEMO_CERTIFICATES:
        return _opened(_demo_file(folder, clinic_id, clinic_name), None)
    raise SigningFailed("certificate_missing")


def installed() -> list[Path]:
    """Every certificate file that a clinic put there."""
    folder = Path(settings.SIGNING_FOLDER)
    return sorted(path for path in folder.glob("*.p12") if not path.name.startswith(DEMO_PREFIX))


def make(subject: str, *, organisation: str, now: datetime, life: timedelta) -> bytes:
    """A self-signed certificate with its key as PKCS#12, without a passphrase. For the demo, checks and tests.

    It is valid from :data:`MADE_VALID_FROM` until ``life`` from ``now``: a demo shows visits of past months, too.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, subject[:64]),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation[:64]),
        ]
    )
    usage = {
        "digital_signature": True, "content_commitment": True, "key_encipherment": False, "data_encipherment": False,
        "key_agreement": False, "key_cert_sign": False, "crl_sign": False, "encipher_only": False,
        "decipher_only": False,
    }  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(MADE_VALID_FROM)
        .not_valid_after(now + life)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return pkcs12.serialize_key_and_certificates(b"trichora", key, certificate, None, NoEncryption())


def _opened(path: Path, passphrase: bytes | None) -> Certificate:
    try:
        _key, certificate, _chain = pkcs12.load_key_and_certificates(path.read_bytes(), passphrase)
    except (OSError, ValueError) as error:
        raise SigningFailed("certificate_unreadable") from error
    if certificate is None:
        raise SigningFailed("certificate_unreadable")
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return Certificate(
        path=path,
        passphrase=passphrase,
        subject=str(names[0].value) if names else certificate.subject.rfc4514_string(),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        valid_from=certificate.not_valid_before_utc,
        valid_until=certificate.not_valid_after_utc,
        is_demo=path.name.startswith(DEMO_PREFIX),
    )


def _passphrase(name: str, given: Mapping[str, str]) -> bytes | None:
    words = given.get(name)
    return words.encode() if words else None


def _demo_file(folder: Path, clinic_id: UUID, clinic_name: str) -> Path:
    """Made once, readable by the portal's user alone. Two processes that start together agree on one file."""
    path = folder / f"{DEMO_PREFIX}{clinic_id}.p12"
    if path.is_file():
        return path
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    subject = f"DEMO {clinic_name.removesuffix(' (demo)')}"
    data = make(subject, organisation=DEMO_ORGANISATION, now=datetime.now(UTC), life=DEMO_LIFE)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(data)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path
