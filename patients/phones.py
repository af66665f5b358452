"""Phone numbers as people write them: with or without the country's code, blanks, hyphens and brackets. Pure."""

from __future__ import annotations

from typing import Final

ENDING: Final = 7
"""So many last digits are the same however the number is written; shorter numbers are no subscriber's."""

_SIGNS: Final = frozenset("+-/(). \u00a0")


def digits(text: str) -> str:
    """The digits without the zeros in front (trunk prefix, ``00``); empty when anything but a number was written."""
    if any(sign not in _SIGNS and not (sign.isascii() and sign.isdigit()) for sign in text):
        return ""
    return "".join(sign for sign in text.replace("(0)", "") if sign.isdigit()).lstrip("0")


def ending(text: str) -> str:
    """The digits by which a number is looked up; empty for what is no phone number."""
    found = digits(text)
    return found[-ENDING:] if len(found) >= ENDING else ""


def same(one: str, other: str) -> bool:
    """Whether both are one number, of which at most one names the country (or the area)."""
    short, long = sorted((digits(one), digits(other)), key=len)
    return len(short) >= ENDING and long.endswith(short)
