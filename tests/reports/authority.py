"""A certificate authority for tests: a root, a signer, a time-stamp service and a revocation list, all made here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from asn1crypto import crl as asn1_crl
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from reports import certificates


@dataclass(frozen=True)
class Authority:
    """What a test needs of it."""

    certificate: certificates.Certificate
    root: Any
    crl: Any
    tsa_certificate: Any
    tsa_key: Any


def name_of(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def authority(folder: Path) -> Authority:
    now = datetime.now(UTC)
    root_key, signer_key, tsa_key = (rsa.generate_private_key(65537, 2048) for _ in range(3))
    root_name = name_of("Test root")

    def issue(subject: str, key: Any, *, ca: bool = False, usage: Any = None) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(root_name if ca else name_of(subject))
            .issuer_name(root_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=2))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True, content_commitment=not ca, key_encipherment=False, data_encipherment=False,
                    key_agreement=False, key_cert_sign=ca, crl_sign=ca, encipher_only=False, decipher_only=False,
                ),
                critical=True,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False
            )
        )  # fmt: skip
        if not ca:
            points = [
                x509.DistributionPoint([x509.UniformResourceIdentifier("http://crl.invalid/r.crl")], None, None, None)
            ]
            builder = builder.add_extension(x509.CRLDistributionPoints(points), critical=False)
        if usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
        return builder.sign(root_key, hashes.SHA256())

    root = issue("", root_key, ca=True)
    signer = issue("Clinic of the tests", signer_key)
    tsa = issue("Clock of the tests", tsa_key, usage=ExtendedKeyUsageOID.TIME_STAMPING)
    listed = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root_name)
        .last_update(now - timedelta(days=1))
        .next_update(now + timedelta(days=7))
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .add_extension(x509.CRLNumber(1), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    path = folder / "default.p12"
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"signer", signer_key, signer, [root], NoEncryption()))
    return Authority(
        certificate=certificates._opened(path, None),
        root=asn1_x509.Certificate.load(root.public_bytes(Encoding.DER)),
        crl=asn1_crl.CertificateList.load(listed.public_bytes(Encoding.DER)),
        tsa_certificate=asn1_x509.Certificate.load(tsa.public_bytes(Encoding.DER)),
        tsa_key=asn1_keys.PrivateKeyInfo.load(tsa_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
    )
