"""What a clinic demands of its readers, and who may do a read now: policies, each a pure function over a frozen value.

Permissions (who, by role) stand in :mod:`accounts.roles`; what a person may see, in :mod:`reviews.visibility`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.utils.translation import gettext as _

from reviews.workflow import ReadState


class Demand(StrEnum):
    """For which cases a clinic demands something."""

    OFF = "off"
    SAMPLE = "sample"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class ReadingRules:
    """A clinic's policy. Percents are of submitted cases; the seed makes a sample reproducible."""

    blind_first: Demand = Demand.OFF
    blind_percent: int = 0
    double_read: Demand = Demand.OFF
    double_percent: int = 0
    severity_points: int = 2
    share_points: int = 20
    seed: str = ""

    def wants_double(self, session_id: UUID) -> bool:
        """Whether this case is read a second time."""
        return _wanted(self.double_read, self.double_percent, self.seed, "double", session_id)

    def wants_blind(self, session_id: UUID) -> bool:
        """Whether findings stay closed until a grade is committed. A double read is always blind."""
        return self.wants_double(session_id) or _wanted(
            self.blind_first, self.blind_percent, self.seed, "blind", session_id
        )


def sampled(seed: str, purpose: str, session_id: UUID, percent: int) -> bool:
    """Whether a case falls into the sample: SHA-256 over seed, purpose and session, as a number below ``percent`` %.

    The same case always gets the same answer, nobody can choose it, and it does not depend on the order of claims.
    """
    digest = hashlib.sha256(f"{seed}:{purpose}:{session_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 < percent / 100


def _wanted(demand: Demand, percent: int, seed: str, purpose: str, session_id: UUID) -> bool:
    match demand:
        case Demand.OFF:
            return False
        case Demand.ALWAYS:
            return True
        case Demand.SAMPLE:
            return sampled(seed, purpose, session_id, percent)


class Refusal(StrEnum):
    """Why somebody may not read a case."""

    OWN_READ = "own_read"
    GAVE_OPINION = "gave_opinion"
    SAW_FINDINGS = "saw_findings"
    HOLDS_CASE = "holds_case"
    NOT_HOLDER = "not_holder"
    NOT_DUE = "not_due"

    @property
    def words(self) -> str:
        """The sentence for the person."""
        match self:
            case Refusal.OWN_READ:
                return _("You have read this case. Nobody reads a case twice or adjudicates their own read.")
            case Refusal.GAVE_OPINION:
                return _("You have given an opinion about this case, so your read would not be independent.")
            case Refusal.SAW_FINDINGS:
                return _("You have seen the findings of this case, so your read would not be independent.")
            case Refusal.HOLDS_CASE:
                return _("You hold this case. Grade it on its own page.")
            case Refusal.NOT_HOLDER:
                return _("The clinician who holds this case reads it first.")
            case Refusal.NOT_DUE:
                return _("This case needs no further read.")


@dataclass(frozen=True, slots=True)
class ReadFacts:
    """What the rule about readers looks at: the state of the case and who has had to do with it (membership ids)."""

    state: ReadState
    readers: Collection[UUID]
    opinion_givers: Collection[UUID]
    saw_findings: Collection[UUID]  # held the case with the findings open
    holder: UUID | None


def refusal(facts: ReadFacts, reader: UUID) -> Refusal | None:
    """Why ``reader`` may not commit a read now; None when they may.

    The holder of a case always commits a read of their own, whatever is due. Everybody else reads only when a second
    read or an adjudication is due and they have seen neither the findings nor taken part.
    """
    if reader in facts.readers:
        return Refusal.OWN_READ
    if reader == facts.holder:
        return None
    if reader in facts.opinion_givers:
        return Refusal.GAVE_OPINION
    if reader in facts.saw_findings:
        return Refusal.SAW_FINDINGS
    match facts.state:
        case ReadState.FIRST_DUE:
            return Refusal.NOT_HOLDER
        case ReadState.SECOND_DUE | ReadState.ADJUDICATION_DUE:
            return None
        case ReadState.SETTLED | ReadState.WAIVED | ReadState.NOT_DEMANDED:
            return Refusal.NOT_DUE
