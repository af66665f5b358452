"""The parts of a page of the guide, and how they are frozen. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from django.utils.translation import gettext


class Page(StrEnum):
    """The pages, as their addresses name them."""

    PHOTOS = "photos"
    QUESTIONS = "questions"
    AI = "ai"
    DOCTOR = "doctor"


class Kind(StrEnum):
    """What a block is; the template ``care/guide/_block.html`` knows each."""

    TEXT = "text"
    LIST = "list"
    STEPS = "steps"
    PAIR = "pair"  # how to do it, and how not
    FIGURE = "figure"
    VIEW = "view"
    CHECKLIST = "checklist"
    QUESTION = "question"
    WARNING = "warning"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Block:
    """One part of a section. Which fields are used depends on its kind.

    ``picture`` and ``other_picture`` name drawings of ``care/guide/_picture.html`` (a ``VIEW``: of the capture pages);
    ``target`` names where a link leads. Neither they nor ``kind`` are words that a person reads.
    """

    kind: Kind
    title: str = ""
    text: str = ""
    items: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # beside the items, one each
    other: str = ""
    picture: str = ""
    other_picture: str = ""
    target: str = ""
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class PageText:
    """A whole page."""

    title: str
    lead: str
    sections: tuple[Section, ...]


_WORDS: Final = frozenset({"title", "lead", "text", "items", "notes", "other"})


def to_dict(text: PageText) -> dict[str, Any]:
    """The page as it is frozen: plain JSON."""
    frozen: dict[str, Any] = json.loads(json.dumps(asdict(text)))
    return frozen


def digest_of(content: Mapping[str, Any], addition: str) -> str:
    """SHA-256 of a frozen page and the clinic's own words: what an approval is about."""
    whole = json.dumps({"content": content, "addition": addition}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(whole.encode()).hexdigest()


def translated(content: Any) -> Any:
    """A frozen page in the reader's language, where there is a translation."""
    if isinstance(content, Mapping):
        return {key: _words(value) if key in _WORDS else translated(value) for key, value in content.items()}
    if isinstance(content, list):
        return [translated(item) for item in content]
    return content


def _words(value: Any) -> Any:
    if isinstance(value, list):
        return [_words(item) for item in value]
    return gettext(value) if value else value
