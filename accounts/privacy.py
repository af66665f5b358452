"""The privacy registry: each room says what it holds about a person, exports it, and erases or keeps it with a reason.

Rooms register in ``AppConfig.ready``. A test walks every model field of the portal and fails when one is undeclared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO
from uuid import UUID


class Category(StrEnum):
    """What kind of data a field holds."""

    IDENTITY = "identity"  # names, birth date, contact
    HEALTH = "health"  # intake, findings, diagnoses, plans
    IMAGE = "image"  # photographs and what is derived from them
    ACCOUNT = "account"  # sign-in
    CONSENT = "consent"
    AUDIT = "audit"
    LINK = "link"  # opaque ids, states, times that hang on a person
    REFERENCE = "reference"  # not about a person


class OnErasure(StrEnum):
    """What becomes of a field when its person is erased."""

    ERASE = "erase"  # row deleted, or its key destroyed
    RESEAL = "reseal"  # kept by law: sealed anew under the clinic's record key
    KEEP = "keep"  # holds nothing about the person that they could ask to erase


@dataclass(frozen=True, slots=True)
class FieldRule:
    category: Category
    on_erasure: OnErasure
    reason: str = ""  # needed for RESEAL and for KEEP of anything but REFERENCE and LINK


@dataclass(frozen=True, slots=True)
class ErasureStep:
    """One line of the dry run, in words an administrator understands."""

    what: str
    count: int
    outcome: OnErasure
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One file of the archive. ``open`` gives a readable, closable stream of plain bytes."""

    path: str  # inside the archive, e.g. "originals/2026-11-21-crown.jpg"
    media_type: str
    open: Callable[[], BinaryIO]
    description: str = ""
    unreviewed: bool = False  # machine output that no clinician has signed: goes under unreviewed/


@dataclass(frozen=True, slots=True)
class RoomPrivacy:
    """What a room registers.

    ``fields`` maps ``"Model.field"`` to its rule. ``export(patient_id)`` yields files; ``plan_erasure(patient_id)``
    counts without changing; ``erase(patient_id, now)`` re-seals what is kept and deletes the rest, inside the
    caller's transaction and *before* the patient's key is destroyed.
    """

    room: str
    fields: Mapping[str, FieldRule]
    export: Callable[[UUID], Iterable[ExportFile]]
    plan_erasure: Callable[[UUID], Sequence[ErasureStep]]
    erase: Callable[[UUID, datetime], None]


_rooms: dict[str, RoomPrivacy] = {}


def register(room: RoomPrivacy) -> None:
    """Called once per room, from ``AppConfig.ready``."""
    _rooms[room.room] = room


def registered() -> Mapping[str, RoomPrivacy]:
    """All rooms in the order of registration (lowest first, as in ``INSTALLED_APPS``)."""
    return dict(_rooms)
