"""Data keys: wrapped, bound, destroyed everywhere at once, and never back."""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.signals import request_started
from django.db import IntegrityError, close_old_connections, connections, transaction
from django.test.utils import CaptureQueriesContext

from tests.vault.samples import NOW, master_key
from vault import keys, ledger
from vault.errors import KeyDestroyed, KeyMissing, MasterKeyMissing, VaultError, WrongKey
from vault.models import DataKey, ErasureLedger, KeyErasure
from vault.sealing import open_text, seal_text

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def destroy(key_id: uuid.UUID) -> None:
    keys.destroy_key(key_id=key_id, now=NOW, certificate_hash="abc")


def test_a_data_key_is_stored_wrapped_and_unwraps_to_32_bytes(patient_key: uuid.UUID) -> None:
    secret = keys.unwrap(patient_key)
    row = DataKey.objects.get(pk=patient_key)
    assert len(secret) == 32
    assert secret not in bytes(row.wrapped)
    assert row.master_key_id == "first"


def test_two_patients_never_share_a_key(patient_key: uuid.UUID, clinic_key: uuid.UUID) -> None:
    assert keys.unwrap(patient_key) != keys.unwrap(clinic_key)


def test_an_unknown_key_is_missing_and_an_unknown_kind_is_refused() -> None:
    with pytest.raises(KeyMissing):
        keys.unwrap(uuid.uuid4())
    with pytest.raises(KeyMissing):
        destroy(uuid.uuid4())
    with pytest.raises(KeyMissing):
        keys.is_destroyed(uuid.uuid4())
    with pytest.raises(ValueError, match="robot"):
        keys.create_key(subject_kind="robot", subject_id=uuid.uuid4(), now=NOW)


def test_a_wrong_master_key_is_a_clear_error(patient_key: uuid.UUID, settings) -> None:
    settings.VAULT_MASTER_KEYS = master_key("first", 2)
    with pytest.raises(WrongKey, match="wrong key or altered data"):
        keys.unwrap(patient_key)
    settings.VAULT_MASTER_KEYS = master_key("other", 2)
    with pytest.raises(MasterKeyMissing, match="first"):
        keys.unwrap(patient_key)


@pytest.mark.parametrize("change", [{"subject_kind": "clinic"}, {"subject_id": uuid.uuid4()}])
def test_a_wrapped_key_given_to_another_subject_does_not_open(
    patient_key: uuid.UUID, change: dict[str, object]
) -> None:
    DataKey.objects.filter(pk=patient_key).update(**change)
    with pytest.raises(WrongKey):
        keys.unwrap(patient_key)


def test_wrapped_bytes_moved_to_another_key_do_not_open(patient_key: uuid.UUID, clinic_key: uuid.UUID) -> None:
    DataKey.objects.filter(pk=patient_key).update(wrapped=bytes(DataKey.objects.get(pk=clinic_key).wrapped))
    with pytest.raises(WrongKey):
        keys.unwrap(patient_key)


def test_a_destroyed_key_is_gone_at_once_and_its_bytes_are_overwritten(patient_key: uuid.UUID) -> None:
    token = seal_text(patient_key, "Ada", context="x")
    destroy(patient_key)
    with pytest.raises(KeyDestroyed):
        open_text(token, context="x")
    row = DataKey.objects.get(pk=patient_key)
    assert bytes(row.wrapped) == b""
    assert row.destroyed_at == NOW
    assert keys.is_destroyed(patient_key)


def test_a_key_destroyed_by_another_process_is_gone_with_the_next_request(patient_key: uuid.UUID) -> None:
    keys.unwrap(patient_key)
    DataKey.objects.filter(pk=patient_key).update(wrapped=b"", destroyed_at=NOW)
    request_started.disconnect(close_old_connections)  # as Django's test client does: the test holds the connection
    try:
        request_started.send(sender=None, environ={})
    finally:
        request_started.connect(close_old_connections)
    with pytest.raises(KeyDestroyed):
        keys.unwrap(patient_key)


def test_a_long_task_notices_a_destroyed_key_within_seconds(
    patient_key: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert keys.FRESH_S <= 5
    keys.unwrap(patient_key)
    DataKey.objects.filter(pk=patient_key).update(wrapped=b"", destroyed_at=NOW)
    later_s = time.monotonic() + keys.FRESH_S + 0.1
    monkeypatch.setattr(time, "monotonic", lambda: later_s)
    with pytest.raises(KeyDestroyed):
        keys.unwrap(patient_key)


def test_the_key_store_is_asked_once_per_request_and_once_per_list(
    django_assert_num_queries, patient_key: uuid.UUID, clinic_key: uuid.UUID
) -> None:
    keys.forget()
    with django_assert_num_queries(1, using="keys"):
        keys.prefetch({patient_key, clinic_key, uuid.uuid4()})
        for _ in range(5):
            keys.unwrap(patient_key)
            keys.unwrap(clinic_key)


def test_an_erasure_is_entered_in_three_ledgers(patient_key: uuid.UUID, settings) -> None:
    destroy(patient_key)
    subject = DataKey.objects.get(pk=patient_key).subject_id
    for row in (KeyErasure.objects.get(), ErasureLedger.objects.get()):
        assert (row.key_id, row.subject_id, row.destroyed_at, row.certificate_hash) == (
            patient_key,
            subject,
            NOW,
            "abc",
        )
    lines = Path(settings.VAULT_LEDGER_PATH).read_text().splitlines()
    assert [json.loads(line)["key_id"] for line in lines] == [str(patient_key)]
    assert os.stat(settings.VAULT_LEDGER_PATH).st_mode & 0o077 == 0


def test_destroying_twice_changes_nothing(patient_key: uuid.UUID) -> None:
    destroy(patient_key)
    keys.destroy_key(key_id=patient_key, now=NOW + timedelta(days=1), certificate_hash="other")
    assert DataKey.objects.get(pk=patient_key).destroyed_at == NOW
    assert KeyErasure.objects.get().certificate_hash == "abc"
    assert len(ledger.read()) == 1


def test_a_ledger_that_cannot_be_written_destroys_nothing(patient_key: uuid.UUID, settings, tmp_path: Path) -> None:
    blocked = tmp_path / "a-file"
    blocked.write_text("")
    settings.VAULT_LEDGER_PATH = blocked / "erasures.jsonl"
    with pytest.raises(VaultError, match="cannot be written"):
        destroy(patient_key)
    assert not keys.is_destroyed(patient_key)
    assert len(keys.unwrap(patient_key)) == 32


def test_a_torn_ledger_line_hides_no_other_erasure(patient_key: uuid.UUID, clinic_key: uuid.UUID, settings) -> None:
    destroy(patient_key)
    with open(settings.VAULT_LEDGER_PATH, "a") as stream:
        stream.write('{"key_id": "12')
    destroy(clinic_key)
    assert set(ledger.read()) == {patient_key, clinic_key}


@pytest.mark.parametrize("surviving", ["file", "portal", "both"])
def test_a_restored_key_store_loses_the_erased_keys_again(patient_key: uuid.UUID, surviving: str, settings) -> None:
    backup = DataKey.objects.get(pk=patient_key)
    other = keys.create_key(subject_kind="patient", subject_id=uuid.uuid4(), now=NOW)
    token = seal_text(patient_key, "Ada", context="x")
    destroy(patient_key)

    KeyErasure.objects.all().delete()  # an old copy of the key store comes back
    backup.save()
    keys.forget()
    assert open_text(token, context="x") == "Ada"
    if surviving == "file":
        ErasureLedger.objects.all().delete()
    if surviving == "portal":
        Path(settings.VAULT_LEDGER_PATH).unlink()

    assert keys.replay_erasures() == 1
    with pytest.raises(KeyDestroyed):
        open_text(token, context="x")
    assert len(keys.unwrap(other)) == 32
    assert set(ledger.read()) == {patient_key}
    assert KeyErasure.objects.get().key_id == ErasureLedger.objects.get().key_id == patient_key
    assert keys.replay_erasures() == 0


def test_the_replay_command_reports_what_it_did(patient_key: uuid.UUID, capsys: pytest.CaptureFixture[str]) -> None:
    destroy(patient_key)
    call_command("vault_replay_erasures")
    assert "0 keys destroyed again" in capsys.readouterr().out


def test_a_restored_portal_database_gets_its_ledger_back(patient_key: uuid.UUID) -> None:
    destroy(patient_key)
    ErasureLedger.objects.all().delete()
    keys.replay_erasures()
    assert ErasureLedger.objects.get().certificate_hash == "abc"


def test_a_destroyed_key_cannot_keep_its_bytes(patient_key: uuid.UUID) -> None:
    with pytest.raises(IntegrityError), transaction.atomic(using="keys"):
        DataKey.objects.filter(pk=patient_key).update(destroyed_at=NOW)


def test_nothing_but_keys_lives_in_the_key_store_and_they_live_nowhere_else() -> None:
    in_keys = set(connections["keys"].introspection.table_names()) - {"django_migrations"}
    in_portal = set(connections["default"].introspection.table_names())
    assert in_keys == {"vault_datakey", "vault_keyerasure"}
    assert not in_portal & {"vault_datakey", "vault_keyerasure"}
    assert "vault_erasureledger" in in_portal


@pytest.mark.django_db(databases=["default", "keys"], transaction=True)
def test_a_destroyed_keys_bytes_are_nowhere_in_the_sqlite_files(patient_key: uuid.UUID) -> None:
    connection = connections["keys"]
    if connection.vendor != "sqlite":
        pytest.skip("reads SQLite's own files")
    place = Path(connection.settings_dict["NAME"])
    wrapped = bytes(DataKey.objects.get(pk=patient_key).wrapped)

    def on_disk() -> bool:
        return any(wrapped in part.read_bytes() for part in place.parent.glob(place.name + "*"))

    assert on_disk()
    destroy(patient_key)
    assert not on_disk()


@pytest.mark.django_db(databases=["default", "keys"], transaction=True)
def test_the_store_drops_its_own_older_copy_without_complaint(
    patient_key: uuid.UUID, caplog: pytest.LogCaptureFixture
) -> None:
    with CaptureQueriesContext(connections["keys"]) as queries:
        destroy(patient_key)
    statements = [query["sql"].lower() for query in queries]
    assert any("vacuum" in sql or "wal_checkpoint" in sql for sql in statements)
    assert caplog.records == []


@pytest.mark.django_db(databases=["default", "keys"], transaction=True)
def test_threads_share_the_cache_without_losing_an_erasure(patient_key: uuid.UUID) -> None:
    failures: list[BaseException] = []
    stop = threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                try:
                    keys.unwrap(patient_key)
                except KeyDestroyed:
                    return
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    destroy(patient_key)
    for thread in threads:
        thread.join(timeout=keys.FRESH_S + 5)
    stop.set()
    assert not any(thread.is_alive() for thread in threads)
    assert failures == []
