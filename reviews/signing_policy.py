"""Who may sign what (clinic policy, default). Pure.

A trichologist signs cosmetic and lifestyle plans. A diagnosis, a prescription item and a red-flag case need a
dermatologist. A condition class of the models that stands accepted in the report is a diagnosis too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext

from accounts.roles import PERMISSIONS, Permission, Role
from reviews.diagnoses import Diagnosis
from vision.types import Condition


@dataclass(frozen=True, slots=True)
class SigningFacts:
    """What a case contains that the policy asks about."""

    diagnosis_code: str = ""
    condition: str = ""  # a vision.types.Condition that counts after decisions, or nothing
    prescriptions: tuple[str, ...] = ()  # names of prescription items in the plan
    red_flags: tuple[str, ...] = ()
    escalated: bool = False  # a trichologist handed it up


class MedicalReason(StrEnum):
    """Why a dermatologist has to sign."""

    DIAGNOSIS = "diagnosis"
    CONDITION = "condition"
    PRESCRIPTION = "prescription"
    RED_FLAG = "red_flag"
    ESCALATED = "escalated"

    @property
    def words(self) -> str:
        match self:
            case MedicalReason.DIAGNOSIS:
                return gettext("a diagnosis is stated")
            case MedicalReason.CONDITION:
                return gettext("the report names a skin condition")
            case MedicalReason.PRESCRIPTION:
                return gettext("the plan contains a prescription item")
            case MedicalReason.RED_FLAG:
                return gettext("the intake raised a red flag")
            case MedicalReason.ESCALATED:
                return gettext("the case was escalated")


_NO_DIAGNOSIS = frozenset({"", Condition.NO_FINDING.value, Condition.UNSURE.value})


def needs_dermatologist(facts: SigningFacts) -> tuple[MedicalReason, ...]:
    """The reasons why this case is medical; none for a cosmetic or lifestyle plan."""
    reasons = []
    if Diagnosis(facts.diagnosis_code).is_medical:
        reasons.append(MedicalReason.DIAGNOSIS)
    if facts.condition not in _NO_DIAGNOSIS:
        reasons.append(MedicalReason.CONDITION)
    if facts.prescriptions:
        reasons.append(MedicalReason.PRESCRIPTION)
    if facts.red_flags:
        reasons.append(MedicalReason.RED_FLAG)
    if facts.escalated:
        reasons.append(MedicalReason.ESCALATED)
    return tuple(reasons)


def needed_permission(facts: SigningFacts) -> Permission:
    """What a signature under this case takes."""
    return Permission.SIGN_MEDICAL_PLAN if needs_dermatologist(facts) else Permission.SIGN_COSMETIC_PLAN


def can_sign(role: Role, facts: SigningFacts) -> bool:
    """Whether ``role`` may sign this case."""
    return role in PERMISSIONS[needed_permission(facts)]
