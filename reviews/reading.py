"""The clinician's own reading of a case (R8), independent of any model: a value with one stored form. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reviews.diagnoses import Diagnosis


class PullTest(StrEnum):
    """Result of the hair pull test."""

    NOT_DONE = ""
    NEGATIVE = "negative"
    POSITIVE = "positive"
    POSITIVE_ANAGEN = "positive_anagen"


PULL_TEST_LABELS: Mapping[PullTest, str | Promise] = {
    PullTest.NOT_DONE: _("Not done"),
    PullTest.NEGATIVE: _("Negative"),
    PullTest.POSITIVE: _("Positive, telogen hairs"),
    PullTest.POSITIVE_ANAGEN: _("Positive, anagen hairs (think of scarring)"),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """Diagnosis, differential, examination, tests and reasoning, as the clinician wrote them."""

    diagnosis_code: str = ""  # a Diagnosis value
    diagnosis_text: str = ""
    differential: tuple[str, ...] = ()  # Diagnosis values
    pull_test: str = ""  # a PullTest value
    dermoscopy: str = ""
    examination: str = ""
    tests_ordered: str = ""
    tests_received: str = ""
    reasoning: str = ""

    @property
    def diagnosis(self) -> Diagnosis:
        return Diagnosis(self.diagnosis_code)

    @property
    def is_empty(self) -> bool:
        """Nothing written yet."""
        return self == Reading()

    def to_dict(self) -> dict[str, Any]:
        """As stored."""
        return {**asdict(self), "differential": list(self.differential)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Reading:
        """Back from storage; a missing answer is an empty one. Raises ValueError for an unknown diagnosis."""
        known = {field.name: stored[field.name] for field in fields(cls) if field.name in stored}
        reading = cls(**{**known, "differential": tuple(known.get("differential", ()))})
        Diagnosis(reading.diagnosis_code)
        return reading
