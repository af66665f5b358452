"""Red flags in what a person writes: a table of plain words per language, beside the boxes they can tick. Pure.

A hit only ever adds: the reviewed safety text is shown and the team sees the thread first. Nothing is held back, and no
hit means nothing at all, which the page says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from care.symptom_words import DENIALS, WORDS
from patients.red_flags import RedFlag, Severity, severity

TICKABLE: Final = (
    RedFlag.SUICIDAL_THOUGHTS,
    RedFlag.PUS,
    RedFlag.PAIN,
    RedFlag.SUDDEN_PATCHES,
    RedFlag.EYEBROW_LOSS,
    RedFlag.SCARRING_SIGNS,
)

_FLAGS: Final = re.IGNORECASE
_PATTERNS: Final = {
    language: {flag: re.compile(rf"\b({words})\b", _FLAGS) for flag, words in table.items()}
    for language, table in WORDS.items()
}
_NOT: Final = re.compile(
    rf"\b({'|'.join(DENIALS.values())})\s+(\w+\s+){{0,2}}$", _FLAGS
)  # many words are in two tables


def named_in(text: str) -> tuple[RedFlag, ...]:
    """The flags that the text names in any language that has a table.

    A plain denial right before the word takes it back, never for suicidal thoughts.
    """
    found = {
        flag: True
        for table in _PATTERNS.values()
        for flag, pattern in table.items()
        if any(_counts(flag, text, hit) for hit in pattern.finditer(text))
    }
    return tuple(flag for flag in TICKABLE if flag in found)


def flags_of(text: str, ticked: Iterable[RedFlag]) -> tuple[RedFlag, ...]:
    """What was ticked or named, the urgent first, each once."""
    found = {*ticked, *named_in(text)}
    return tuple(sorted(found, key=lambda flag: (severity(flag) is not Severity.URGENT, flag.value)))


def any_urgent(flags: Iterable[RedFlag]) -> bool:
    """Whether one of them asks for care now or within days."""
    return any(severity(flag) is Severity.URGENT for flag in flags)


def _counts(flag: RedFlag, text: str, hit: re.Match[str]) -> bool:
    return flag is RedFlag.SUICIDAL_THOUGHTS or _NOT.search(text[: hit.start()]) is None
