"""Sealed model fields: nothing readable in the column, nothing but the truth on reading."""

from __future__ import annotations

import copy
import datetime as dt
import pickle
import uuid
from typing import cast

import pytest
from django.core import serializers
from django.core.exceptions import FieldError
from django.db import connection, models, transaction
from django.db.migrations.writer import MigrationWriter
from django.template import Context, Template

from tests.vault.samples import NOW, Note, Person
from vault import keys
from vault.errors import ErasedValueSaved, KeyDestroyed, VaultError, WrongKey
from vault.fields import ERASED, SealedDateField, SealedJSONField, SealedTextField, is_erased

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

SEALED = ("given_name", "family_name", "nickname", "birth_date", "intake")


def column(row: models.Model, name: str) -> str:
    """The column as the database holds it."""
    table, pk = row._meta.db_table, row._meta.pk
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT "{name}" FROM {table} WHERE {pk.column} = %s', [pk.get_db_prep_value(row.pk, connection)]
        )
        return str(cursor.fetchone()[0])


def write_column(row: models.Model, name: str, value: str) -> None:
    """Write a column behind Django's back, as someone with the database at hand could."""
    table, pk = row._meta.db_table, row._meta.pk
    with connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE {table} SET "{name}" = %s WHERE {pk.column} = %s',
            [value, pk.get_db_prep_value(row.pk, connection)],
        )


def read(row: Person) -> Person:
    return Person.objects.get(pk=row.pk)


def test_values_come_back_and_the_columns_hold_only_tokens_of_the_persons_key(person: Person) -> None:
    again = read(person)
    assert (again.given_name, again.family_name, again.nickname) == ("Ada", "Lovelace", "Countess")
    assert again.birth_date == dt.date(1815, 12, 10)
    assert again.intake == {"pain": False, "since_weeks": 6}
    for name in SEALED:
        stored = column(person, name)
        assert stored.startswith(f"t1.{person.sealing_key_id.hex}.")
        assert not any(word in stored for word in ("Lovelace", "Countess", "1815-12-10", "since_weeks"))


def test_empty_values_stay_empty(sealed_tables: None, patient_key: uuid.UUID) -> None:
    empty = read(Person.objects.create(sealing_key_id=patient_key))
    assert (empty.given_name, empty.nickname, empty.birth_date, empty.intake) == ("", None, None, None)
    assert Person.objects.filter(nickname__isnull=True).get() == empty


def test_a_token_moved_to_another_field_of_the_row_is_refused(person: Person) -> None:
    write_column(person, "given_name", column(person, "family_name"))
    with pytest.raises(WrongKey, match="wrong key or altered data"):
        _ = read(person).given_name


def test_a_token_moved_to_another_row_of_the_same_patient_is_refused(person: Person) -> None:
    other = Person.objects.create(sealing_key_id=person.sealing_key_id, given_name="Eve")
    write_column(person, "given_name", column(other, "given_name"))
    with pytest.raises(WrongKey):
        _ = read(person).given_name


def test_a_token_moved_to_another_patients_row_is_refused(person: Person) -> None:
    other_key = keys.create_key(subject_kind="patient", subject_id=uuid.uuid4(), now=NOW)
    other = Person.objects.create(sealing_key_id=other_key, given_name="Eve")
    write_column(person, "given_name", column(other, "given_name"))
    with pytest.raises(WrongKey):
        _ = read(person).given_name


def test_a_token_moved_to_another_patients_row_with_a_database_made_key_is_refused(person: Person) -> None:
    other_key = keys.create_key(subject_kind="patient", subject_id=uuid.uuid4(), now=NOW)
    other = Person.objects.create(sealing_key_id=other_key)
    mine = Note.objects.create(person=person, text="scalp itches")
    theirs = Note.objects.create(person=other, text="none of your business")
    assert Note.objects.get(pk=mine.pk).text == "scalp itches"
    write_column(mine, "text", column(theirs, "text"))
    with pytest.raises(WrongKey):
        _ = Note.objects.get(pk=mine.pk).text


@pytest.mark.parametrize("garbage", ["Ada", "t1.xyz.abc", "t1." + "0" * 32 + ".AAAA"])
def test_plaintext_or_garbage_in_the_column_is_refused(person: Person, garbage: str) -> None:
    write_column(person, "given_name", garbage)
    with pytest.raises(WrongKey):
        _ = read(person).given_name


def test_an_altered_token_is_refused(person: Person) -> None:
    token = column(person, "given_name")
    flipped = token[:-3] + ("A" if token[-3] != "A" else "B") + token[-2:]
    write_column(person, "given_name", flipped)
    with pytest.raises(WrongKey):
        _ = read(person).given_name


def test_a_value_whose_key_was_destroyed_reads_as_erased_on_every_path(person: Person) -> None:
    in_memory = read(person)
    keys.destroy_key(key_id=person.sealing_key_id, now=NOW, certificate_hash="c")
    for row in (in_memory, read(person), Person.objects.defer("given_name").get(pk=person.pk)):
        for name in SEALED:
            value = getattr(row, name)
            assert value is ERASED
            assert is_erased(value)
    shown = Template("{{ p.given_name }} {{ p.intake }}").render(Context({"p": read(person)}))
    assert shown == "(erased) (erased)"
    placeholder = Person.objects.values_list("given_name", flat=True).get(pk=person.pk)
    assert str(placeholder) == "(sealed)"
    assert "t1." not in repr(placeholder)


def test_erased_survives_copying_and_pickling_and_is_not_equal_to_words() -> None:
    assert copy.deepcopy(ERASED) is ERASED
    assert pickle.loads(pickle.dumps(ERASED)) is ERASED
    assert ERASED != "(erased)"
    assert not is_erased("(erased)")


def test_an_erased_value_cannot_be_stored_as_a_value(person: Person) -> None:
    keys.destroy_key(key_id=person.sealing_key_id, now=NOW, certificate_hash="c")
    erased = read(person)
    fresh_key = keys.create_key(subject_kind="patient", subject_id=uuid.uuid4(), now=NOW)
    with pytest.raises(ErasedValueSaved):
        Person.objects.create(sealing_key_id=fresh_key, given_name=erased.given_name)
    erased.sealing_key_id = fresh_key
    with pytest.raises(ErasedValueSaved):
        erased.save()


def test_an_erased_row_can_still_be_saved_and_its_tokens_stay(person: Person) -> None:
    keys.destroy_key(key_id=person.sealing_key_id, now=NOW, certificate_hash="c")
    before = column(person, "given_name")
    erased = read(person)
    assert erased.given_name is ERASED
    erased.city = "London"
    erased.save()
    assert column(person, "given_name") == before
    assert read(person).city == "London"


def test_nothing_new_can_be_sealed_under_a_destroyed_key(person: Person) -> None:
    keys.destroy_key(key_id=person.sealing_key_id, now=NOW, certificate_hash="c")
    row = read(person)
    row.given_name = "Ada again"
    with pytest.raises(KeyDestroyed):
        row.save()


@pytest.mark.parametrize("lookup", ["given_name", "given_name__icontains", "birth_date__year", "intake__pain"])
def test_a_sealed_field_cannot_be_searched(person: Person, lookup: str) -> None:
    with pytest.raises(FieldError, match="sealed"):
        list(Person.objects.filter(**{lookup: "Ada"}))
    with pytest.raises(FieldError, match="sealed"):
        list(Person.objects.exclude(**{lookup: models.F("family_name")}))


def test_queryset_update_is_refused_and_clearing_is_allowed(person: Person) -> None:
    with pytest.raises(FieldError, match="through the instance"), transaction.atomic():
        Person.objects.update(given_name="Bob")
    person.given_name = "Bob"
    with pytest.raises(FieldError, match="through the instance"), transaction.atomic():
        Person.objects.bulk_update([person], ["given_name"])
    assert read(person).given_name == "Ada"
    Person.objects.filter(pk=person.pk).update(nickname=None, family_name="")
    assert (read(person).nickname, read(person).family_name) == (None, "")


def test_bulk_create_refresh_and_deferred_loading_work(sealed_tables: None, patient_key: uuid.UUID) -> None:
    rows = Person.objects.bulk_create(
        [Person(sealing_key_id=patient_key, given_name=name, intake={"n": name}) for name in ("Ann", "Bea")]
    )
    assert sorted(p.given_name for p in Person.objects.all()) == ["Ann", "Bea"]
    deferred = Person.objects.only("city").get(pk=rows[0].pk)
    assert deferred.intake == {"n": "Ann"}
    deferred.given_name = "unsaved"
    deferred.refresh_from_db()
    assert deferred.given_name == "Ann"
    deferred.refresh_from_db(fields=["intake"])
    assert deferred.intake == {"n": "Ann"}


def test_saving_another_field_leaves_unread_tokens_as_they_are(person: Person) -> None:
    before = column(person, "given_name")
    row = read(person)
    row.city = "Paris"
    row.save()
    assert column(person, "given_name") == before


def test_a_changed_document_is_sealed_anew(person: Person) -> None:
    row = read(person)
    assert row.intake is not None
    row.intake["since_weeks"] = 7
    row.save(update_fields=["intake"])
    assert read(person).intake == {"pain": False, "since_weeks": 7}


def test_moving_a_row_to_another_key_reseals_it(person: Person, clinic_key: uuid.UUID) -> None:
    old_key = person.sealing_key_id
    row = read(person)
    row.sealing_key_id = clinic_key
    row.save()
    keys.destroy_key(key_id=old_key, now=NOW, certificate_hash="c")
    kept = read(person)
    assert kept.given_name == "Ada"
    assert column(person, "given_name").startswith(f"t1.{clinic_key.hex}.")


def test_a_row_without_a_key_is_not_stored_in_clear(sealed_tables: None) -> None:
    with pytest.raises(VaultError, match="sealing_key_id"):
        Person(given_name="Ada").save()


def test_serializers_write_no_plaintext(person: Person) -> None:
    text = serializers.serialize("json", Person.objects.all())
    assert "Lovelace" not in text
    assert "1815-12-10" not in text


def test_the_model_check_refuses_a_unique_or_keyless_sealed_field() -> None:
    class Bad(models.Model):
        name = SealedTextField(unique=True)

        class Meta:
            app_label = "vault_samples"

    assert {m.id for m in cast(SealedTextField, Bad._meta.get_field("name")).check()} >= {"vault.E010", "vault.E011"}


@pytest.mark.parametrize("field", [SealedTextField(blank=True), SealedDateField(null=True), SealedJSONField(null=True)])
def test_fields_deconstruct_into_a_migration_and_are_plain_text_columns(field: models.Field) -> None:
    text, imports = MigrationWriter.serialize(field)
    assert text.startswith("vault.fields.Sealed")
    assert "import vault.fields" in imports
    assert "serialize" not in text
    assert field.clone().deconstruct() == field.deconstruct()
    assert field.db_type(connection) == "text"


def test_a_pinned_context_outlives_a_rename() -> None:
    field = SealedTextField(context="patients.Patient.given_name")
    assert field.deconstruct()[3] == {"context": "patients.Patient.given_name"}


def test_a_copied_row_is_sealed_anew_or_refused_but_never_unreadable(person: Person) -> None:
    copied = read(person)
    assert (copied.given_name, copied.family_name, copied.nickname) == ("Ada", "Lovelace", "Countess")
    assert (copied.birth_date, copied.intake) == (dt.date(1815, 12, 10), {"pain": False, "since_weeks": 6})
    copied.pk = uuid.uuid4()
    copied.save()
    assert read(copied).family_name == "Lovelace"
    unread = read(person)
    unread.pk = uuid.uuid4()
    with pytest.raises(WrongKey), transaction.atomic():
        unread.save()


def test_a_sealed_date_takes_no_automatic_value() -> None:
    class Stamped(models.Model):
        sealing_key_id = models.UUIDField()
        day = SealedDateField(auto_now=True)

        class Meta:
            app_label = "vault_samples"

    assert "vault.E012" in {m.id for m in cast(SealedDateField, Stamped._meta.get_field("day")).check()}
