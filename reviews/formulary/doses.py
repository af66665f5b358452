"""Usual doses that differ between women and men: which of them a patient's plan begins with. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reviews.formulary.systemic import SYSTEMIC
from reviews.formulary.topical import TOPICAL
from reviews.health_facts import Fact, HealthFacts

BY_SEX: Final[Mapping[str, Mapping[Fact, str]]] = {
    "minoxidil-5": {
        Fact.SEX_FEMALE: "half a cap of foam once daily",
        Fact.SEX_MALE: "1 ml of solution or half a cap of foam twice daily",
    },
    "minoxidil-oral": {
        Fact.SEX_FEMALE: "0.625 to 1.25 mg once daily",
        Fact.SEX_MALE: "2.5 to 5 mg once daily",
    },
}
"""By the code of an entry; sources as in its own line."""

_USUAL: Final = {entry.code: entry.usual_dose for entry in (*TOPICAL, *SYSTEMIC) if entry.code in BY_SEX}


def dose_for(code: str, dose: str, health: HealthFacts | None) -> str:
    """``dose`` of an entry as it suits this patient: one that was written by hand stays as it is, a usual one becomes
    the usual one of the patient's sex at birth, and where that is not known the line that names both."""
    of_sex = BY_SEX.get(code, {})
    if not of_sex or dose not in (_USUAL[code], *of_sex.values()):
        return dose
    return next((own for fact, own in of_sex.items() if health is not None and fact in health.facts), _USUAL[code])
