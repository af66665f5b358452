"""Statements whose SQL the ORM writes once per process, and which are then sent again with other values.

Writing the SQL of a long statement takes Django longer than PostgreSQL takes to answer it. Where a page asks the same
question at every request, the question is put to the ORM once, with stand-ins for the values, and kept.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import DateTimeField, Field, QuerySet, UUIDField

_FIELDS: Final[Mapping[type, Field[Any, Any]]] = {uuid.UUID: UUIDField(), datetime: DateTimeField()}


@dataclass(frozen=True, slots=True)
class _Written:
    """SQL with its parameters: each is a value, or the place (name, position) of one that comes with the question."""

    sql: str
    parameters: tuple[Any, ...]
    compiler: Any


@dataclass(frozen=True, slots=True)
class _Place:
    name: str
    position: int


class Statement:
    """``build`` makes the queryset (of ``values_list``, or a union of such) from keyword values: UUIDs, datetimes, or
    lists of UUIDs. What else it depends on is its ``shape``, for each of which the SQL is written once.

    Raises ValueError where a value leaves no trace in the SQL: it would be ignored.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]]) -> None:
        self._build = build
        self._written: dict[Hashable, _Written] = {}
        self._lock = Lock()

    def rows(self, *shape: Hashable, using: str = DEFAULT_DB_ALIAS, **values: Any) -> list[tuple[Any, ...]]:
        """What the queryset would give. ``shape`` is handed to ``build`` before the values."""
        lengths = {name: len(value) for name, value in values.items() if isinstance(value, Sequence)}
        connection = connections[using]
        key = (connection.vendor, shape, tuple(lengths.items()))
        written = self._written.get(key)
        if written is None:
            with self._lock:
                written = self._written[key] = self._write(shape, values, connection)
        with connection.cursor() as cursor:
            cursor.execute(written.sql, [_given(values, one, connection) for one in written.parameters])
            found = cursor.fetchall()
        return list(written.compiler.results_iter([found], tuple_expected=True))

    def _write(self, shape: Sequence[Hashable], values: Mapping[str, Any], connection: Any) -> _Written:
        places: dict[Any, _Place] = {}
        stand_ins: dict[str, Any] = {}
        for name, value in values.items():
            several = value if isinstance(value, Sequence) else [value]
            made = [_stand_in(len(places) + position, one) for position, one in enumerate(several)]
            places |= {_adapted(one, connection): _Place(name, position) for position, one in enumerate(made)}
            stand_ins[name] = made if isinstance(value, Sequence) else made[0]
        compiler = self._build(*shape, **stand_ins).query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        found = tuple(places.get(one, one) if isinstance(one, Hashable) else one for one in parameters)
        if missing := {place.name for place in places.values()} - {
            one.name for one in found if isinstance(one, _Place)
        }:
            raise ValueError(f"{', '.join(sorted(missing))} would not be asked for")
        return _Written(sql, found, compiler)


def _stand_in(number: int, value: Any) -> Any:
    """A value of the same kind that nothing else in a statement can be."""
    if isinstance(value, uuid.UUID):
        return uuid.uuid5(uuid.NAMESPACE_OID, f"stand-in {number}")
    return datetime(1, 2, 3, tzinfo=UTC) + timedelta(minutes=number)


def _given(values: Mapping[str, Any], one: Any, connection: Any) -> Any:
    """What stands in the place of a stand-in; anything else as it was written."""
    if not isinstance(one, _Place):
        return one
    value = values[one.name]
    return _adapted(value[one.position] if isinstance(value, Sequence) else value, connection)


def _adapted(value: Any, connection: Any) -> Any:
    """As the database's driver takes it."""
    kind = datetime if isinstance(value, datetime) else uuid.UUID
    return _FIELDS[kind].get_db_prep_value(value, connection, prepared=False)
