"""Red flags in what a person writes: a small table of plain words, beside the boxes they can tick. Pure.

A hit only ever adds: the reviewed safety text is shown and the team sees the thread first. Nothing is held back, and no
hit means nothing at all, which the page says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from patients.red_flags import RedFlag, Severity, severity

TICKABLE: Final = (
    RedFlag.SUICIDAL_THOUGHTS,
    RedFlag.PUS,
    RedFlag.PAIN,
    RedFlag.SUDDEN_PATCHES,
    RedFlag.EYEBROW_LOSS,
    RedFlag.SCARRING_SIGNS,
)

_WORDS: Final[dict[RedFlag, str]] = {
    RedFlag.SUICIDAL_THOUGHTS: (
        r"suicid\w*|kill(ing)? myself|end(ing)? (it all|my life)|want to die|don.?t want to live|"
        r"not want to live|self.?harm\w*|hurt(ing)? myself"
    ),
    RedFlag.PUS: r"pus|pustul\w*|oozing|weeping (sore|spot|wound)s?|abscess\w*|boils?",
    RedFlag.PAIN: r"painful|hurts|hurting|sore scalp|burning scalp|pain (on|in|at) (my|the) (scalp|head)|scalp pain",
    RedFlag.SUDDEN_PATCHES: r"sudden(ly)? (\w+ ){0,4}(bald|patch\w*|spots?)|bald patch\w* (\w+ ){0,3}overnight",
    RedFlag.EYEBROW_LOSS: r"(los(t|s|ing|e) (\w+ ){0,3}eyebrows?)|eyebrows? (\w+ ){0,3}(falling|thinning|gone|loss)",
    RedFlag.SCARRING_SIGNS: r"scarr(ed|ing)|scars?|shiny (skin|patch\w*|spots?)",
}
_NOT = re.compile(r"\b(no|not|never|without|isn.?t|aren.?t|don.?t have|no longer)\s+(\w+\s+){0,2}$", re.IGNORECASE)
_PATTERNS: Final = {flag: re.compile(rf"\b({words})\b", re.IGNORECASE) for flag, words in _WORDS.items()}


def named_in(text: str) -> tuple[RedFlag, ...]:
    """The flags that the text names, a plain denial right before the word left out (never for suicidal thoughts)."""
    return tuple(
        flag for flag, pattern in _PATTERNS.items() if any(_counts(flag, text, hit) for hit in pattern.finditer(text))
    )


def flags_of(text: str, ticked: Iterable[RedFlag]) -> tuple[RedFlag, ...]:
    """What was ticked or named, the urgent first, each once."""
    found = {*ticked, *named_in(text)}
    return tuple(sorted(found, key=lambda flag: (severity(flag) is not Severity.URGENT, flag.value)))


def any_urgent(flags: Iterable[RedFlag]) -> bool:
    """Whether one of them asks for care now or within days."""
    return any(severity(flag) is Severity.URGENT for flag in flags)


def _counts(flag: RedFlag, text: str, hit: re.Match[str]) -> bool:
    return flag is RedFlag.SUICIDAL_THOUGHTS or _NOT.search(text[: hit.start()]) is None
