"""The blind index: find a sealed value by equality without storing it.

Equal values in one namespace give equal indexes, so a namespace should name the field *and* the clinic
(``f"patients.family_name:{clinic_id}"``): then a copy of the database does not link people across clinics. An index is
personal data; whoever erases a person clears it.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata

from vault import master


def blind_index(*, namespace: str, value: str) -> str:
    """Keyed HMAC-SHA256 of the normalised value, 64 hex digits; empty for a value without content.

    Raises IndexKeyMissing.
    """
    text = normalise(value)
    if not text:
        return ""
    key = hmac.digest(master.index_key(), b"trichora.vault.blind.1|" + namespace.encode(), hashlib.sha256)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def normalise(value: str) -> str:
    """One spelling for what a person means by the same text: NFKC, case folded, spaces collapsed."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold())
    return " ".join(folded.split())
