"""The rules of the access table: who might try an address, what is to happen, how an address is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.http.response import HttpResponseBase


class Who(StrEnum):
    """Everybody who might try an address."""

    ANYBODY = "anybody"  # not signed in
    HOLDER = "holder"  # the patient whose things these are
    OTHER_PATIENT = "other patient"  # of the same clinic
    NEWCOMER = "newcomer"  # signed in, no record, no role
    DERMATOLOGIST = "dermatologist"  # who holds the review
    TRICHOLOGIST = "trichologist"  # a colleague of the same clinic
    FOREIGN_DERMATOLOGIST = "foreign dermatologist"  # of another clinic
    ADMINISTRATOR = "administrator"
    FOREIGN_ADMINISTRATOR = "foreign administrator"


class May(StrEnum):
    """What is to happen. ``OK``: it is done, or refused for a reason of the matter (409, 422), never for the person."""

    OK = "ok"
    SIGN_IN = "sign in"
    FORBIDDEN = "403"
    NOT_FOUND = "404"
    COLLEAGUE = "ok, or held by a colleague"  # in scope; acts are for the holder of the review


def outcome(response: HttpResponseBase) -> May:
    if response.status_code == 302 and "/accounts/login/" in response["Location"]:
        return May.SIGN_IN
    if response.status_code == 401:  # an upload or the API: a redirect would mean nothing to a machine
        return May.SIGN_IN
    if response.status_code == 403:
        return May.FORBIDDEN
    if response.status_code == 404:
        return May.NOT_FOUND
    assert response.status_code < 500
    assert response.status_code not in (400, 405), f"the table asks wrongly: {response.status_code}"
    return May.OK


Rule = dict[Who, May]


def rule(default: May, **others: May) -> Rule:
    return {who: others.get(who.name.lower(), default) for who in Who}


OPEN = rule(May.OK)
"""Open to the world."""

SIGNED_IN = rule(May.OK, anybody=May.SIGN_IN)

HOLDERS = rule(May.FORBIDDEN, anybody=May.SIGN_IN, holder=May.OK, other_patient=May.NOT_FOUND, newcomer=May.NOT_FOUND)
"""The patient's own side: staff are told that the page is not theirs, strangers that there is nothing."""

ANY_PATIENT = rule(May.FORBIDDEN, anybody=May.SIGN_IN, holder=May.OK, other_patient=May.OK, newcomer=May.OK)

CASES = rule(
    May.FORBIDDEN,
    anybody=May.SIGN_IN,
    dermatologist=May.OK,
    trichologist=May.COLLEAGUE,
    foreign_dermatologist=May.NOT_FOUND,
)
"""A clinic's clinicians."""

CLINICIANS_OF_THE_CASE = {**CASES, Who.TRICHOLOGIST: May.OK}
"""The same for reading, where it makes no difference who holds the case."""

ANY_CLINICIAN = rule(
    May.FORBIDDEN, anybody=May.SIGN_IN, dermatologist=May.OK, trichologist=May.OK, foreign_dermatologist=May.OK
)

ADMINISTRATORS = rule(May.FORBIDDEN, anybody=May.SIGN_IN, administrator=May.OK, foreign_administrator=May.OK)

OWN_ADMINISTRATORS = rule(May.FORBIDDEN, anybody=May.SIGN_IN, administrator=May.OK, foreign_administrator=May.NOT_FOUND)

HOLDERS_AND_CASES = rule(May.NOT_FOUND, anybody=May.SIGN_IN, holder=May.OK, dermatologist=May.OK, trichologist=May.OK)
"""What the patient and the clinic's clinicians both read."""

API = {May.SIGN_IN: May.FORBIDDEN}
"""The API answers 403 where a page leads to the sign-in."""


@dataclass(frozen=True)
class Address:
    """How to ask for one address: its rule, and the arguments (names of the world's things)."""

    rule: Rule
    method: str = "get"
    args: tuple[str, ...] = ()
    data: dict[str, Any] | None = None
    json: bool = False
    body: str = ""  # a raw JSON body with {names} of the world's things
    htmx: bool = False
    files: bool = False  # with a drawn photograph


def get(rule: Rule, *args: str) -> Address:
    return Address(rule, "get", args)


def post(rule: Rule, *args: str, **data: Any) -> Address:
    return Address(rule, "post", args, data)


def api(rule: Rule, method: str, *args: str, **data: Any) -> Address:
    return Address({who: API.get(may, may) for who, may in rule.items()}, method, args, data or None, json=True)
