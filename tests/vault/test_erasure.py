"""After an erasure no backup of the portal's data shows anything of the patient; what must be kept still reads."""

from __future__ import annotations

import io
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core import management
from django.core.files.storage import storages
from django.db import connection, connections

from tests.vault.samples import NOW, Person
from vault import files, keys
from vault.errors import ErasedValueSaved, KeyDestroyed
from vault.fields import ERASED
from vault.models import DataKey, ErasureLedger, KeyErasure
from vault.reseal import reseal_row

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

SEALED = ("given_name", "family_name", "nickname", "birth_date", "intake")


@pytest.fixture
def emptied_afterwards(sealed_tables: None, transactional_db: None) -> Iterator[None]:
    """Delete what a transactional test committed: the flush knows only installed models."""
    yield
    Person.objects.all().delete()


def dump_people() -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {Person._meta.db_table}")
        return list(cursor.fetchall())


def restore_people(rows: list[tuple]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {Person._meta.db_table}")
        marks = ", ".join(["%s"] * len(rows[0]))
        cursor.executemany(f"INSERT INTO {Person._meta.db_table} VALUES ({marks})", rows)


def test_a_pre_erasure_backup_beside_the_live_key_store_shows_nothing(person: Person, tmp_path: Path) -> None:
    photo = files.seal_file(key_id=person.sealing_key_id, source=io.BytesIO(b"a scalp, close"), folder="photos")
    neighbour_key = keys.create_key(subject_kind="patient", subject_id=uuid.uuid4(), now=NOW)
    neighbour = Person.objects.create(sealing_key_id=neighbour_key, given_name="Grace")

    sealed_folder = Path(storages["sealed"].path(""))
    backup_rows = dump_people()
    shutil.copytree(sealed_folder, tmp_path / "backup")

    keys.destroy_key(key_id=person.sealing_key_id, now=NOW, certificate_hash="certificate")
    Person.objects.filter(pk=person.pk).delete()
    files.delete_file(photo.name)

    restore_people(backup_rows)
    shutil.copytree(tmp_path / "backup", sealed_folder, dirs_exist_ok=True)
    ErasureLedger.objects.all().delete()  # the backup is older than the erasure

    restored = Person.objects.get(pk=person.pk)
    assert all(getattr(restored, name) is ERASED for name in SEALED)
    with pytest.raises(KeyDestroyed):
        files.open_file(key_id=person.sealing_key_id, name=photo.name)
    shown = repr(backup_rows) + (sealed_folder / photo.name).read_bytes().decode("latin-1")
    assert not any(word in shown for word in ("Lovelace", "Countess", "1815-12-10", "a scalp, close"))
    assert Person.objects.get(pk=neighbour.pk).given_name == "Grace"


def test_what_must_be_kept_is_resealed_and_outlives_the_patients_key(person: Person, clinic_key: uuid.UUID) -> None:
    old_key = person.sealing_key_id
    row = Person.objects.get(pk=person.pk)
    reseal_row(row, sealing_key_id=clinic_key)
    keys.destroy_key(key_id=old_key, now=NOW, certificate_hash="certificate")
    kept = Person.objects.get(pk=person.pk)
    assert (kept.given_name, kept.intake) == ("Ada", {"pain": False, "since_weeks": 6})


def test_resealing_after_the_key_is_gone_is_refused(person: Person, clinic_key: uuid.UUID) -> None:
    keys.destroy_key(key_id=person.sealing_key_id, now=NOW, certificate_hash="certificate")
    with pytest.raises(ErasedValueSaved):
        reseal_row(Person.objects.get(pk=person.pk), sealing_key_id=clinic_key)


@pytest.mark.django_db(databases=["default", "keys"], transaction=True)
def test_an_old_copy_of_the_key_stores_file_is_caught_by_the_replay(
    emptied_afterwards: None, person: Person, tmp_path: Path
) -> None:
    store = connections["keys"]
    if store.vendor != "sqlite":
        pytest.skip("copies SQLite's own file")
    with store.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    place = Path(store.settings_dict["NAME"])
    shutil.copy(place, tmp_path / "old-keys.sqlite3")
    keys.destroy_key(key_id=person.sealing_key_id, now=NOW, certificate_hash="certificate")
    assert KeyErasure.objects.count() == 1

    store.close()
    for part in place.parent.glob(place.name + "*"):
        part.unlink()
    shutil.copy(tmp_path / "old-keys.sqlite3", place)
    keys.forget()
    assert Person.objects.get(pk=person.pk).given_name == "Ada"  # why the replay is needed

    management.call_command("vault_replay_erasures", stdout=io.StringIO())
    assert Person.objects.get(pk=person.pk).given_name is ERASED
    assert bytes(DataKey.objects.get(pk=person.sealing_key_id).wrapped) == b""
