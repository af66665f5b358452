"""Model fields whose column holds a sealed token instead of the value.

They subclass django-encrypted-model-fields, whose own cipher is not used: it knows one key for all (Fernet,
AES-128-CBC) and hands out a token it cannot open as if it were the value. Here each value is sealed with AES-256-GCM
under the key that the instance names (``sealing_key_id``), bound to model, field and row, and opened when it is first
looked at:

- anything altered, moved or sealed under another key raises WrongKey, never garbage;
- a value whose key was destroyed reads as ``ERASED``, on every path;
- a sealed field can be searched only by ``isnull`` (see ``vault.blind``), and written only through its instance;
- ``values()`` and ``values_list()`` have no instance and give ``Sealed`` placeholders: read instances instead.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from django.core import checks
from django.core.exceptions import FieldError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import NOT_PROVIDED
from django.db.models.expressions import Expression
from django.db.models.lookups import IsNull, Lookup
from django.db.models.query_utils import DeferredAttribute
from django.utils.translation import gettext
from encrypted_model_fields.fields import EncryptedDateField, EncryptedMixin, EncryptedTextField

from vault import sealing
from vault.errors import ErasedValueSaved, KeyDestroyed, VaultError, WrongKey


class ErasedValue(str):
    """The type of ``ERASED``; shows as a word, compares equal to nothing a person types."""

    __slots__ = ()

    def __str__(self) -> str:
        return gettext("(erased)")

    def __repr__(self) -> str:
        return "ERASED"

    def __reduce__(self) -> str:
        return "ERASED"


ERASED: Final = ErasedValue("\x00erased\x00")
"""What a sealed field reads as when its key was destroyed."""


def is_erased(value: object) -> bool:
    """Whether a value read from a sealed field is gone with its key."""
    return isinstance(value, ErasedValue)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A value as the database holds it: a token that only an instance can open. Shows nothing of it."""

    token: str = field(repr=False)

    def __str__(self) -> str:
        return gettext("(sealed)")

    @property
    def key_id(self) -> uuid.UUID:
        """The data key that seals it."""
        return sealing.token_key_id(self.token)


class SealedAttribute(DeferredAttribute):
    """Opens the token when the attribute is first read."""

    def __set__(self, instance: models.Model, value: object) -> None:
        instance.__dict__[self.field.attname] = value

    def __get__(self, instance: models.Model | None, cls: type[models.Model] | None = None) -> Any:
        if instance is None:
            return self
        value = super().__get__(instance, cls)
        if not isinstance(value, Sealed):
            return value
        plain = cast("SealedFieldMixin[Any, Any]", self.field).opened(instance, value)
        if not is_erased(plain):  # an erased value keeps its token, so that its row can still be saved
            instance.__dict__[self.field.attname] = plain
        return plain


_Set = TypeVar("_Set", contravariant=True)
_Get = TypeVar("_Get", covariant=True)

if TYPE_CHECKING:  # the library has no types: a checker sees Django's own fields
    from django.db.models import DateField as _Date
    from django.db.models import Field as _Mixin
    from django.db.models import JSONField as _Json
    from django.db.models import TextField as _Text
else:

    def _subscriptable(base: type) -> type:
        return type(base.__name__, (base,), {"__class_getitem__": classmethod(lambda cls, parameters: cls)})

    _Mixin, _Text, _Date, _Json = map(
        _subscriptable, (EncryptedMixin, EncryptedTextField, EncryptedDateField, models.JSONField)
    )


class SealedFieldMixin(_Mixin[_Set, _Get]):
    """What all sealed fields do. The model gives ``sealing_key_id``: a UUID, or a property that returns one.

    ``context`` pins the name that is authenticated with the value; give the original ``app.Model.field`` when a model
    or field with data is renamed.
    """

    descriptor_class = SealedAttribute

    def __init__(self, *args: Any, context: str | None = None, **kwargs: Any) -> None:
        self._context = context
        kwargs["serialize"] = False  # dumpdata would write the plaintext
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """Nothing of the vault enters a migration but the pinned context."""
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("serialize", None)
        if self._context is not None:
            kwargs["context"] = self._context
        return name, path, list(args), kwargs

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        """A token differs each time it is made: it can be no key, no index and not unique."""
        messages = list(super().check(**kwargs))
        if self.primary_key or self.unique or getattr(self, "db_index", False):
            messages.append(checks.Error("a sealed field can be neither unique nor indexed", obj=self, id="vault.E010"))
        if not hasattr(self.model, "sealing_key_id"):
            messages.append(checks.Error(f"{self.model._meta.label} has no sealing_key_id", obj=self, id="vault.E011"))
        return messages

    def context_of(self, instance: models.Model) -> str:
        """What is authenticated with the value: model and field, and the row if its primary key is known beforehand."""
        place = self._context or f"{self.model._meta.label}.{self.name}"
        return f"{place}#{self.model._meta.pk.to_python(instance.pk)}" if self._row_is_known() else place

    def opened(self, instance: models.Model, value: Sealed) -> Any:
        """The value behind a token, or ERASED. Raises WrongKey, KeyMissing, MasterKeyMissing."""
        if not self._row_is_known() and value.key_id != _sealing_key(instance):
            raise WrongKey(f"{self.model._meta.label}.{self.name} of row {instance.pk}")
        try:
            text = sealing.open_text(value.token, context=self.context_of(instance))
        except KeyDestroyed:
            return ERASED
        return self.from_text(text)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Seal what the instance holds; a token that was never opened is kept, unless row or key are new.

        Raises ErasedValueSaved, KeyDestroyed, KeyMissing; VaultError when the instance names no key; WrongKey when a
        row is copied to another primary key with values that were never looked at.
        """
        value = model_instance.__dict__.get(self.attname, NOT_PROVIDED)
        if value is NOT_PROVIDED:
            value = getattr(model_instance, self.attname)
        if isinstance(value, Sealed):
            if not add and value.key_id == _sealing_key(model_instance):
                return value
            value = self.opened(model_instance, value)
        if value is None or value == "" or hasattr(value, "resolve_expression"):
            return value
        if is_erased(value):
            raise ErasedValueSaved(f"{self.model._meta.label}.{self.name} was erased and cannot be stored again")
        key_id = _sealing_key(model_instance)
        return Sealed(sealing.seal_text(key_id, self.to_text(value), context=self.context_of(model_instance)))

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """Only what ``pre_save`` sealed, or nothing at all, reaches the database."""
        if isinstance(value, Sealed):
            return value.token
        if value is None or value == "" or isinstance(value, models.expressions.DatabaseDefault):
            return value
        raise FieldError(
            f"{self.model._meta.label}.{self.name} is sealed under its row's own key: save it through the instance "
            "(no QuerySet.update, no bulk_update)"
        )

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """As ``get_db_prep_save``: no plaintext goes into any query."""
        return self.get_db_prep_save(value, connection)

    def get_prep_value(self, value: Any) -> Any:
        """Unchanged: sealing happens with the instance at hand."""
        return value

    def from_db_value(self, value: str | None, expression: Expression, connection: BaseDatabaseWrapper) -> Any:
        """The token, wrapped; it opens when the instance's attribute is read."""
        return value if value is None or value == "" else Sealed(value)

    def to_python(self, value: Any) -> Any:
        """Form input to value, as the plain field does: the library's attempt to decrypt is left out."""
        if isinstance(value, Sealed | ErasedValue):
            return value
        return super(EncryptedMixin, self).to_python(value)

    def value_to_string(self, obj: models.Model) -> str:
        """Refused: serializers would write the plaintext into a fixture."""
        raise VaultError("sealed fields are not serialized")

    def get_lookup(self, lookup_name: str) -> type[Lookup[Any]] | None:
        """Only ``isnull``: equal values have different tokens."""
        if lookup_name == "isnull":
            return IsNull
        raise FieldError(f"{self._label()} is sealed and cannot be searched by {lookup_name!r}; use a blind index")

    def get_transform(self, lookup_name: str) -> Any:
        """None exist: a token has no parts."""
        raise FieldError(f"{self._label()} is sealed and cannot be searched by {lookup_name!r}; use a blind index")

    def to_text(self, value: Any) -> str:
        """The text that is sealed."""
        return str(value)

    def from_text(self, text: str) -> Any:
        """The value that was sealed."""
        return text

    def _row_is_known(self) -> bool:
        """Whether rows get their primary key before they are inserted, so that values can be bound to it."""
        key: Any = self.model._meta.pk
        while key.remote_field is not None:
            key = key.target_field
        return isinstance(key, models.UUIDField)

    def _label(self) -> str:
        return f"{self.model._meta.label}.{self.name}" if hasattr(self, "model") else type(self).__name__


class SealedTextField(SealedFieldMixin[_Set, _Get], _Text[_Set, _Get]):
    """Text of any length. ``""`` and None are stored as they are."""


class SealedDateField(SealedFieldMixin[_Set, _Get], _Date[_Set, _Get]):
    """A date."""

    def to_text(self, value: Any) -> str:
        """ISO 8601; text is accepted as the plain field accepts it."""
        date = self.to_python(value)
        return cast(dt.date, date).isoformat()

    def from_text(self, text: str) -> dt.date:
        """The date."""
        return dt.date.fromisoformat(text)

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        """The clock belongs to services: no automatic dates."""
        messages = super().check(**kwargs)
        if self.auto_now or self.auto_now_add:
            messages.append(checks.Error("a sealed date cannot be set automatically", obj=self, id="vault.E012"))
        return messages


class SealedJSONField(SealedFieldMixin[_Set, _Get], _Json[_Set, _Get]):
    """A JSON document; None is stored as NULL."""

    def to_text(self, value: Any) -> str:
        """Compact JSON with the field's encoder."""
        return json.dumps(value, cls=self.encoder, separators=(",", ":"))

    def from_text(self, text: str) -> Any:
        """The document, with the field's decoder."""
        return json.loads(text, cls=self.decoder)


def _sealing_key(instance: models.Model) -> uuid.UUID:
    key_id = getattr(instance, "sealing_key_id", None)
    if not isinstance(key_id, uuid.UUID):
        raise VaultError(f"{instance._meta.label} gives no sealing_key_id (a UUID) to seal its fields with")
    return key_id
