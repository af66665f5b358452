"""The formulary: every treatment a plan may contain, with dose, evidence, source and contraindication rules. Pure data.

``ENTRIES`` is the truth; ``manage.py seed_formulary`` writes it to the database and a test holds the two together.

Evidence grades: A consistent randomised trials, a meta-analysis or a strong guideline recommendation; B at least one
randomised trial, or several good controlled ones; C cohorts and case series; D expert opinion, or no proven benefit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reviews.formulary.entry import Entry
from reviews.formulary.lifestyle import LIFESTYLE
from reviews.formulary.procedures import PROCEDURES
from reviews.formulary.systemic import SYSTEMIC
from reviews.formulary.topical import TOPICAL

ENTRIES: Final[tuple[Entry, ...]] = (*TOPICAL, *SYSTEMIC, *PROCEDURES, *LIFESTYLE)
BY_CODE: Final[Mapping[str, Entry]] = {entry.code: entry for entry in ENTRIES}

GRADES: Final[Mapping[str, str | Promise]] = {
    "A": _("Consistent randomised trials, a meta-analysis or a strong guideline recommendation"),
    "B": _("At least one randomised trial, or several good controlled studies"),
    "C": _("Cohorts and case series"),
    "D": _("Expert opinion, or no proven benefit"),
}

__all__ = ["BY_CODE", "ENTRIES", "GRADES", "Entry"]
