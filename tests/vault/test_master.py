"""Master and index keys: what is missing, short or a demo's is refused with a sentence that helps."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command

from tests.vault.samples import NOW, master_key
from vault import checks, keys, master
from vault.errors import IndexKeyMissing, MasterKeyMissing

GOOD = master_key("k2026", 1)
INDEX = base64.b64encode(bytes(range(100, 132))).decode()
SHORT = base64.b64encode(b"only sixteen byt").decode()


def test_keys_are_parsed_in_order_and_the_first_is_current(settings) -> None:
    settings.VAULT_MASTER_KEYS = f"{master_key('new', 2)}, {master_key('old', 1)}"
    ring = master.keyring()
    assert ring.current.key_id == "new"
    assert [key.key_id for key in ring.keys] == ["new", "old"]
    assert ring.named("old").secret == master.parse_master_keys(master_key("x", 1))[0][1]


def test_parsed_pairs_are_accepted_as_a_setting_too(settings) -> None:
    settings.VAULT_MASTER_KEYS = master.parse_master_keys(GOOD)
    assert master.keyring().current.key_id == "k2026"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no master key is configured"),
        (" , ", "no master key is configured"),
        (base64.b64encode(bytes(32)).decode(), "not of the form id:base64"),
        ("UPPER:" + INDEX, "not of the form id:base64"),
        ("k1:not base64!", "is not base64"),
        (f"k1:{SHORT}", "16 bytes instead of 32"),
        (f"{GOOD},{GOOD}", "same id"),
    ],
)
def test_malformed_master_keys_are_refused_without_showing_them(text: str, complaint: str) -> None:
    with pytest.raises(MasterKeyMissing, match=complaint) as caught:
        master.parse_master_keys(text)
    assert SHORT not in str(caught.value)


def test_a_secret_never_shows_in_a_representation() -> None:
    key = master.MasterKey("k", b"s" * 32)
    assert "ssss" not in repr(key)
    assert "ssss" not in repr(master.KeyRing((key,)))


@pytest.mark.django_db(databases=["default", "keys"])
def test_production_seals_nothing_under_a_demo_key(settings) -> None:
    settings.VAULT_MASTER_KEYS = master_key("demo1", 1)
    with pytest.raises(MasterKeyMissing, match="demo"):
        keys.create_key(subject_kind="patient", subject_id=uuid.uuid4(), now=NOW)
    settings.VAULT_ALLOW_DEMO_KEYS = True
    keys.create_key(subject_kind="patient", subject_id=uuid.uuid4(), now=NOW)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("", "no index key"),
        (SHORT, "16 bytes"),
        ("???", "not base64"),
        (f"demo:{INDEX}", "demo"),
        (b"short", "5 bytes"),
    ],
)
def test_a_bad_index_key_is_refused(settings, value: str | bytes, complaint: str) -> None:
    settings.VAULT_INDEX_KEY = value
    with pytest.raises(IndexKeyMissing, match=complaint):
        master.index_key()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"VAULT_MASTER_KEYS": ""}, "no master key"),
        ({"VAULT_MASTER_KEYS": f"k1:{SHORT}"}, "16 bytes"),
        ({"VAULT_MASTER_KEYS": master_key("demo1", 1)}, "demo"),
        ({"VAULT_MASTER_KEYS": "k1:" + base64.b64encode(bytes(32)).decode()}, "does not look random"),
        ({"VAULT_INDEX_KEY": ""}, "no index key"),
        ({"VAULT_INDEX_KEY": GOOD.split(":")[1]}, "independent"),
        ({"VAULT_ALLOW_DEMO_KEYS": True}, "VAULT_ALLOW_DEMO_KEYS"),
    ],
)
def test_check_deploy_refuses_unsafe_keys(settings, changes: dict, complaint: str) -> None:
    settings.VAULT_MASTER_KEYS, settings.VAULT_INDEX_KEY, settings.VAULT_ALLOW_DEMO_KEYS = GOOD, INDEX, False
    assert checks.check_keys(None) == []
    for name, value in changes.items():
        setattr(settings, name, value)
    assert any(complaint in message.msg for message in checks.check_keys(None))


def test_the_key_store_must_be_a_database_of_its_own() -> None:
    one = {"ENGINE": "django.db.backends.postgresql", "NAME": "portal", "HOST": "db"}
    apart = {**one, "NAME": "portal_keys"}
    sealed: dict = {"sealed": {}}

    def problems(databases: dict, storages: dict) -> list[str | None]:
        return [message.id for message in checks.store_problems(databases, storages)]

    assert problems({"default": one}, sealed) == ["vault.E003"]
    assert problems({"default": one, "keys": dict(one)}, sealed) == ["vault.E004"]
    assert problems({"default": one, "keys": apart}, {}) == ["vault.E005"]
    assert problems({"default": one, "keys": apart}, sealed) == []


def test_newkey_prints_keys_that_the_vault_accepts(settings, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("vault_newkey", id="k1")
    call_command("vault_newkey")
    call_command("vault_newkey", index=True)
    first, second, index = capsys.readouterr().out.split()
    settings.VAULT_MASTER_KEYS, settings.VAULT_INDEX_KEY, settings.VAULT_ALLOW_DEMO_KEYS = (
        f"{first},{second}",
        index,
        False,
    )
    assert master.problems() == []
    assert master.keyring().current.key_id == "k1"
    with pytest.raises(CommandError, match="id"):
        call_command("vault_newkey", id="Not OK")


PRODUCTION = """
import base64, django, os
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["vault"], SECRET_KEY="x", VAULT_ALLOW_DEMO_KEYS=False,
    DATABASES={name: {"ENGINE": "django.db.backends.sqlite3", "NAME": name} for name in ("default", "keys")},
    DATABASE_ROUTERS=["vault.router.KeyStoreRouter"],
    STORAGES={"sealed": {"BACKEND": "vault.storages.SealedFolderStorage"}},
    FIELD_ENCRYPTION_KEY=base64.urlsafe_b64encode(bytes(32)),
    VAULT_MASTER_KEYS=os.environ.get("TRICHORA_MASTER_KEYS", ""),
    VAULT_INDEX_KEY=os.environ.get("TRICHORA_INDEX_KEY", ""),
)
django.setup()
from django.core.management import call_command
call_command("check", deploy=True, tags=["security"], fail_level="ERROR")
"""


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({}, "no master key is configured"),
        ({"TRICHORA_MASTER_KEYS": master_key("demo1", 1), "TRICHORA_INDEX_KEY": INDEX}, "demo keys are refused"),
        ({"TRICHORA_MASTER_KEYS": GOOD, "TRICHORA_INDEX_KEY": INDEX}, ""),
    ],
    ids=["missing", "demo", "good"],
)
def test_manage_check_deploy_stops_a_real_process(environment: dict[str, str], complaint: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", PRODUCTION],
        env={"PATH": os.environ["PATH"], **environment},
        cwd=Path(django_settings.BASE_DIR),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (result.returncode != 0) == bool(complaint), result.stderr
    assert complaint in result.stderr
