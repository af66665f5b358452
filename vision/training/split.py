"""Who is trained on and who is held out: decided per person, for ever, by a hash of the person's id.

Every data folder is split through :func:`side_of`, so one person is on the same side in all of them (a man of
``norwood`` keeps his id in ``scalp_regions``), and adding people never moves the others.
"""

from __future__ import annotations

import hashlib
from typing import Literal

Side = Literal["train", "validation", "test"]

SPLIT_SEED = "trichora-1"
TEST_SHARE = 0.25
VALIDATION_SHARE = 0.12


def side_of(person: str) -> Side:
    """The side of the split on which this person is."""
    digest = hashlib.sha256(f"{SPLIT_SEED}:{person}".encode()).digest()
    position = int.from_bytes(digest[:8], "big") / 2**64
    if position < TEST_SHARE:
        return "test"
    return "validation" if position < TEST_SHARE + VALIDATION_SHARE else "train"
