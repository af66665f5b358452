"""Tokens and sealed bytes: what goes in comes out, in its own place, or not at all."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.vault.samples import NOW
from vault import keys
from vault.errors import KeyDestroyed, KeyMissing, WrongKey
from vault.reseal import reseal_token
from vault.sealing import Purpose, derive, open_bytes, open_text, seal_bytes, seal_text, token_key_id

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

encodable = st.text(st.characters(exclude_categories=["Cs"]))
quick = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)


@quick
@given(
    text=st.text(st.characters(exclude_categories=["Cs"])), context=st.text(st.characters(exclude_categories=["Cs"]))
)
def test_any_text_round_trips(patient_key: uuid.UUID, text: str, context: str) -> None:
    token = seal_text(patient_key, text, context=context)
    assert open_text(token, context=context) == text
    assert token.startswith(f"t1.{patient_key.hex}.")


@quick
@given(data=st.binary(max_size=2000))
def test_any_bytes_round_trip(patient_key: uuid.UUID, data: bytes) -> None:
    assert open_bytes(seal_bytes(patient_key, data, context="c"), context="c") == data


@quick
@given(position=st.integers(min_value=0), bit=st.integers(0, 7))
def test_any_flipped_bit_is_refused(patient_key: uuid.UUID, position: int, bit: int) -> None:
    sealed = bytearray(seal_bytes(patient_key, b"scalp", context="c"))
    sealed[position % len(sealed)] ^= 1 << bit
    with pytest.raises((WrongKey, KeyMissing)):
        open_bytes(bytes(sealed), context="c")


def test_the_same_text_never_gives_the_same_token(patient_key: uuid.UUID) -> None:
    assert seal_text(patient_key, "Ada", context="c") != seal_text(patient_key, "Ada", context="c")


def test_another_context_does_not_open_it(patient_key: uuid.UUID) -> None:
    with pytest.raises(WrongKey, match="wrong key or altered data"):
        open_text(seal_text(patient_key, "Ada", context="a"), context="b")
    with pytest.raises(WrongKey):
        open_bytes(seal_bytes(patient_key, b"Ada", context="a"), context="b")


def test_a_token_relabelled_with_another_key_does_not_open(patient_key: uuid.UUID, clinic_key: uuid.UUID) -> None:
    token = seal_text(patient_key, "Ada", context="c")
    with pytest.raises(WrongKey):
        open_text(token.replace(patient_key.hex, clinic_key.hex), context="c")


def test_bytes_and_text_do_not_stand_in_for_each_other(patient_key: uuid.UUID) -> None:
    secret = keys.unwrap(patient_key)
    derived = {derive(secret, purpose) for purpose in Purpose}
    assert len(derived) == len(Purpose)
    assert secret not in derived


def test_a_token_that_is_kept_moves_under_the_clinics_key(patient_key: uuid.UUID, clinic_key: uuid.UUID) -> None:
    token = seal_text(patient_key, "signed plan", context="a")
    kept = reseal_token(token, context="a", to_key_id=clinic_key, to_context="b")
    keys.destroy_key(key_id=patient_key, now=NOW, certificate_hash="c")
    assert token_key_id(kept) == clinic_key
    assert open_text(kept, context="b") == "signed plan"
    with pytest.raises(KeyDestroyed):
        open_text(token, context="a")


def test_the_error_shows_neither_token_nor_text(patient_key: uuid.UUID) -> None:
    token = seal_text(patient_key, "Ada", context="a")
    with pytest.raises(WrongKey) as caught:
        open_text(token, context="b")
    assert token.split(".")[2] not in str(caught.value)
    assert "Ada" not in str(caught.value)
