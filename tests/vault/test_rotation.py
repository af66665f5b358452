"""Rotation of the master key: everything stays readable, and the old key is not needed any more."""

from __future__ import annotations

import uuid

import pytest
from django.core.management import CommandError, call_command

from tests.vault.samples import NOW, master_key
from vault import keys
from vault.errors import MasterKeyMissing
from vault.models import DataKey
from vault.sealing import open_text, seal_text

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

OLD, NEW = master_key("first", 1), master_key("second", 2)


def sealed(count: int) -> dict[uuid.UUID, str]:
    made = [keys.create_key(subject_kind="patient", subject_id=uuid.uuid4(), now=NOW) for _ in range(count)]
    return {key_id: seal_text(key_id, f"name {key_id}", context="x") for key_id in made}


def assert_readable(tokens: dict[uuid.UUID, str]) -> None:
    keys.forget()
    for key_id, token in tokens.items():
        assert open_text(token, context="x") == f"name {key_id}"


def test_after_rotation_the_old_master_key_can_be_removed(settings, capsys: pytest.CaptureFixture[str]) -> None:
    tokens = sealed(5)
    settings.VAULT_MASTER_KEYS = f"{NEW},{OLD}"
    assert_readable(tokens)
    call_command("vault_rotate", batch=2)
    assert "5 data keys rewrapped" in capsys.readouterr().out
    settings.VAULT_MASTER_KEYS = NEW
    assert_readable(tokens)
    assert keys.rewrap_all() == 0


def test_rotation_resumes_where_it_stopped(settings, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = sealed(5)
    settings.VAULT_MASTER_KEYS = f"{NEW},{OLD}"
    wrap, calls = keys._wrap, []

    def dying_wrap(*args):  # the process is stopped after two keys
        calls.append(args)
        if len(calls) > 2:
            raise KeyboardInterrupt
        return wrap(*args)

    monkeypatch.setattr(keys, "_wrap", dying_wrap)
    with pytest.raises(KeyboardInterrupt):
        keys.rewrap_all()
    assert_readable(tokens)
    monkeypatch.setattr(keys, "_wrap", wrap)
    assert keys.rewrap_all() == 3
    settings.VAULT_MASTER_KEYS = NEW
    assert_readable(tokens)


def test_new_keys_are_wrapped_by_the_first_master_key(settings) -> None:
    settings.VAULT_MASTER_KEYS = f"{NEW},{OLD}"
    (key_id,) = sealed(1)
    assert DataKey.objects.get(pk=key_id).master_key_id == "second"


def test_rotation_without_the_old_key_says_which_is_missing_and_does_the_rest(settings) -> None:
    lost = sealed(1)
    settings.VAULT_MASTER_KEYS = master_key("third", 3)
    kept = sealed(2)
    settings.VAULT_MASTER_KEYS = f"{NEW},{master_key('third', 3)}"
    with pytest.raises(MasterKeyMissing, match="first"):
        keys.rewrap_all()
    with pytest.raises(CommandError, match="first"):
        call_command("vault_rotate")
    settings.VAULT_MASTER_KEYS = NEW
    assert_readable(kept)
    assert set(DataKey.objects.filter(master_key_id="first").values_list("pk", flat=True)) == set(lost)


def test_rotation_never_brings_a_destroyed_key_back(settings, monkeypatch: pytest.MonkeyPatch) -> None:
    (key_id,) = sealed(1)
    settings.VAULT_MASTER_KEYS = f"{NEW},{OLD}"
    unwrap_row = keys._unwrap_row

    def erased_meanwhile(row: DataKey) -> bytes:
        secret = unwrap_row(row)
        keys.destroy_key(key_id=key_id, now=NOW, certificate_hash="c")
        return secret

    monkeypatch.setattr(keys, "_unwrap_row", erased_meanwhile)
    assert keys.rewrap_all() == 0
    assert bytes(DataKey.objects.get(pk=key_id).wrapped) == b""
