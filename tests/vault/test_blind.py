"""The blind index: the same person is found, and nobody without the key learns a name."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vault.blind import blind_index, normalise
from vault.errors import IndexKeyMissing


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("LOVELACE", "Lovelace"),
        ("  ada   lovelace ", "Ada Lovelace"),
        ("Mu\u0308ller", "M\u00fcller"),
        ("STRASSE", "straße"),
        ("\uff21\uff24\uff21", "Ada"),
        ("Ada\u00a0Lovelace", "ada lovelace"),
    ],
)
def test_what_a_person_types_finds_what_was_stored(typed: str, stored: str) -> None:
    assert blind_index(namespace="n", value=typed) == blind_index(namespace="n", value=stored)


def test_different_names_and_namespaces_give_different_indexes() -> None:
    indexes = {blind_index(namespace=n, value=v) for n in ("a", "b") for v in ("Ada", "Eve")}
    assert len(indexes) == 4
    assert all(len(index) == 64 for index in indexes)


def test_without_the_key_an_index_cannot_be_guessed(settings) -> None:
    before = blind_index(namespace="n", value="Ada")
    settings.VAULT_INDEX_KEY = base64.b64encode(bytes(32)).decode()
    assert blind_index(namespace="n", value="Ada") != before
    assert before != hashlib.sha256(b"ada").hexdigest()


def test_the_index_is_the_documented_hmac() -> None:
    key = hmac.digest(bytes(range(100, 132)), b"trichora.vault.blind.1|n", "sha256")
    assert blind_index(namespace="n", value="Ada") == hmac.digest(key, b"ada", "sha256").hex()


def test_nothing_has_no_index_and_a_missing_key_is_an_error(settings) -> None:
    assert blind_index(namespace="n", value=" \u00a0 ") == ""
    settings.VAULT_INDEX_KEY = ""
    with pytest.raises(IndexKeyMissing):
        blind_index(namespace="n", value="Ada")


@settings(max_examples=60, deadline=None, database=None)
@given(st.text())
def test_normalising_twice_changes_nothing(value: str) -> None:
    assert normalise(normalise(value)) == normalise(value)
