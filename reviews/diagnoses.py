"""Diagnoses a clinician may choose (ICD-10), and which treatments they point to. Pure reference data."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Diagnosis(StrEnum):
    """ICD-10 codes of hair and scalp disease (clinical notes), and the two answers beside a code."""

    UNDETERMINED = ""  # not stated: a cosmetic or lifestyle plan only
    NONE = "none"  # looked for, and no disease found
    L63 = "L63"
    L64 = "L64"
    L65 = "L65"
    L66 = "L66"
    L66_2 = "L66.2"
    L66_3 = "L66.3"
    L40 = "L40"
    L73_0 = "L73.0"
    L73_8 = "L73.8"
    OTHER = "other"  # named in free text

    @property
    def is_medical(self) -> bool:
        """Whether stating it is a diagnosis in the sense of the signing policy."""
        return self not in (Diagnosis.UNDETERMINED, Diagnosis.NONE)


LABELS: Mapping[Diagnosis, str | Promise] = {
    Diagnosis.UNDETERMINED: _("Not stated"),
    Diagnosis.NONE: _("No disease found"),
    Diagnosis.L63: _("L63 · Alopecia areata"),
    Diagnosis.L64: _("L64 · Androgenic alopecia"),
    Diagnosis.L65: _("L65 · Other non-scarring hair loss"),
    Diagnosis.L66: _("L66 · Scarring hair loss"),
    Diagnosis.L66_2: _("L66.2 · Folliculitis decalvans"),
    Diagnosis.L66_3: _("L66.3 · Dissecting perifolliculitis"),
    Diagnosis.L40: _("L40 · Psoriasis"),
    Diagnosis.L73_0: _("L73.0 · Acne keloid"),
    Diagnosis.L73_8: _("L73.8 · Other folliculitis"),
    Diagnosis.OTHER: _("Other (name it below)"),
}

PLAIN_NAMES: Mapping[Diagnosis, str | Promise] = {
    Diagnosis.L63: _("alopecia areata (patchy hair loss in which the immune system pauses hair roots)"),
    Diagnosis.L64: _("pattern hair loss (androgenic alopecia), the most common, inherited kind"),
    Diagnosis.L65: _("hair loss without scarring"),
    Diagnosis.L66: _("a scarring form of hair loss, in which early treatment protects the remaining hair"),
    Diagnosis.L66_2: _("folliculitis decalvans, an inflammation of the hair roots that can leave scars"),
    Diagnosis.L66_3: _("dissecting perifolliculitis, a deep inflammation of the scalp that can leave scars"),
    Diagnosis.L40: _("psoriasis of the scalp"),
    Diagnosis.L73_0: _("acne keloid, an inflammation of hair roots at the nape"),
    Diagnosis.L73_8: _("folliculitis, an inflammation of hair roots"),
}


def label(code: str) -> str:
    """The clinician's wording of a stored code; an unknown code is shown as it is."""
    try:
        return str(LABELS[Diagnosis(code)])
    except ValueError:
        return code
