"""How well people and models agree in a clinic.

``figures`` are the pure statistics, ``report`` what was read and decided blind, ``seen`` what clinicians made of the
models' findings beside them; ``page``, ``pictures``, ``words`` and ``table`` show it on screen and as a file.
"""

from __future__ import annotations

from reviews.agreement.figures import (
    MIN_CASES,
    Estimate,
    Limits,
    TooFew,
    icc_of,
    icc_one_way,
    icc_two_way,
    kappa,
    kappa_of,
    limits,
    limits_of,
    mean_of,
    median_of,
    share_of,
    wilson,
)

__all__ = [
    "MIN_CASES",
    "Estimate",
    "Limits",
    "TooFew",
    "icc_of",
    "icc_one_way",
    "icc_two_way",
    "kappa",
    "kappa_of",
    "limits",
    "limits_of",
    "mean_of",
    "median_of",
    "share_of",
    "wilson",
]
