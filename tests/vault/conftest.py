"""What the vault's tests share: a fresh vault per test, tables for the sample models, a key."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from tests.vault.samples import NOW, Note, Person, master_key
from vault import keys


@pytest.fixture(scope="session")
def sealed_tables(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Create the sample models' tables once."""
    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        editor.create_model(Person)
        editor.create_model(Note)


@pytest.fixture(autouse=True)
def vault_settings(settings, tmp_path: Path) -> Iterator[None]:
    """One master key, sealed files and the ledger in this test's own folder, nothing remembered from other tests."""
    settings.VAULT_MASTER_KEYS = master_key("first", 1)
    settings.VAULT_INDEX_KEY = base64.b64encode(bytes(range(100, 132))).decode()
    settings.VAULT_LEDGER_PATH = tmp_path / "ledger" / "erasures.jsonl"
    settings.VAULT_ALLOW_DEMO_KEYS = False
    settings.STORAGES = {
        **settings.STORAGES,
        "sealed": {
            "BACKEND": "vault.storages.SealedFolderStorage",
            "OPTIONS": {"location": str(tmp_path / "sealed")},
        },
    }
    keys.forget()
    yield
    keys.forget()


@pytest.fixture
def patient_key() -> uuid.UUID:
    """A patient's data key."""
    return keys.create_key(subject_kind="patient", subject_id=uuid.uuid4(), now=NOW)


@pytest.fixture
def clinic_key() -> uuid.UUID:
    """A clinic's record key."""
    return keys.create_key(subject_kind="clinic", subject_id=uuid.uuid4(), now=NOW)


@pytest.fixture
def person(sealed_tables: None, patient_key: uuid.UUID) -> Person:
    """A stored person with every sealed field filled."""
    return Person.objects.create(
        sealing_key_id=patient_key,
        given_name="Ada",
        family_name="Lovelace",
        nickname="Countess",
        birth_date=datetime(1815, 12, 10, tzinfo=UTC).date(),
        intake={"pain": False, "since_weeks": 6},
    )
