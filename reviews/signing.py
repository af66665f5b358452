"""Whether a case may be signed now, and by whom: every rule that stands between a plan and a signature."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.actors import Actor
from analysis.models import Finding
from patients.models import Intake
from patients.red_flags import RedFlag
from patients.selectors import age_on, answers_of, intake_is_current, latest_intake, red_flags_of
from reviews.contraindications import Alert, evaluate
from reviews.decisions import final_findings, unseen
from reviews.health_facts import HealthFacts, facts_from
from reviews.models import FormularyEntry, Plan, Review, ReviewStatus
from reviews.reading import Reading
from reviews.second_reads import is_escalated, opinions_about, reading_of, waits_for
from reviews.signing_policy import MedicalReason, SigningFacts, can_sign, needs_dermatologist
from reviews.workflow import WAITING_READS, ReadState


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing to do before the signature. ``code`` is stable, ``message`` says what to do."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class SigningState:
    """Everything the sign page and the sign service need to know."""

    blockers: tuple[Blocker, ...]
    medical_reasons: tuple[MedicalReason, ...]
    role_may_sign: bool

    @property
    def may_sign(self) -> bool:
        return not self.blockers and self.role_may_sign

    @property
    def who_must_sign(self) -> str:
        """Why a dermatologist is needed, in a sentence; empty for a cosmetic or lifestyle plan."""
        if not self.medical_reasons:
            return ""
        return _("A dermatologist has to sign, because %(reasons)s.") % {
            "reasons": _(" and ").join(reason.words for reason in self.medical_reasons)
        }


def intake_of(review: Review) -> Intake | None:
    """The answers the case stands on: the session's, or the newest when it has none."""
    return review.session.intake or latest_intake(review.session.patient_id)


def flags_of(review: Review) -> tuple[RedFlag, ...]:
    """The red flags of those answers."""
    intake = intake_of(review)
    return red_flags_of(intake) if intake else ()


def health_of(review: Review, *, plan: Plan | None = None, without: FormularyEntry | None = None) -> HealthFacts | None:
    """The facts to hold a treatment against; None without an intake.

    The other items of ``plan`` count as medicines too, so that two entries that must not meet raise an alert.
    """
    intake = intake_of(review)
    if intake is None:
        return None
    items = plan.items.select_related("entry") if plan is not None else ()
    planned = tuple(item.entry.name for item in items if without is None or item.entry_id != without.pk)
    age = age_on(review.session.patient, review.clinic.day_of(review.claimed_at))
    return facts_from(answers_of(intake), age, planned=planned)


def alerts_for(entry: FormularyEntry, health: HealthFacts | None) -> tuple[Alert, ...]:
    """What speaks against ``entry`` for this patient."""
    return evaluate(entry.contraindications, health) if health is not None else ()


def signing_facts(review: Review) -> SigningFacts:
    """What the signing policy looks at."""
    plan = Plan.objects.filter(review=review).first()
    items = plan.items.select_related("entry") if plan else ()
    conditions = [f for f in final_findings(review) if f.kind == Finding.Kind.CONDITION and f.payload.get("shown")]
    named = [str(f.payload["shown"]) for f in conditions if f.payload["shown"] not in ("no_finding", "unsure")]
    return SigningFacts(
        diagnosis_code=Reading.from_dict(review.reading).diagnosis_code,
        condition=named[0] if named else "",
        prescriptions=tuple(item.entry.name for item in items if item.entry.prescription),
        red_flags=tuple(flag.value for flag in flags_of(review)),
        escalated=is_escalated(review.session),
    )


def signing_state(review: Review, actor: Actor) -> SigningState:
    """Blockers in the order in which a clinician meets them, and whether this actor's role may sign the content."""
    facts = signing_facts(review)
    return SigningState(
        blockers=tuple(_blockers(review)),
        medical_reasons=needs_dermatologist(facts),
        role_may_sign=can_sign(actor.role, facts),
    )


def _blockers(review: Review) -> list[Blocker]:
    found = []
    if review.status != ReviewStatus.DECIDED:
        found.append(Blocker("not_decided", _("Approve or amend the findings first.")))
    if not unseen(review).is_empty:
        found.append(Blocker("unseen", _("Look at every photograph and decide every finding.")))
    if any(opinion.is_open for opinion in opinions_about(review.session)):
        found.append(Blocker("opinion_open", _("An opinion you asked for is not in. Wait for it, or take it back.")))
    reading = reading_of(review.session)
    if reading is not None and ReadState(reading.status) in WAITING_READS:
        found.append(Blocker(reading.status, waits_for(ReadState(reading.status))))
    if not intake_is_current(review.session):
        found.append(
            Blocker(
                "intake_not_confirmed",
                _("Medication, pregnancy and allergies were not reconfirmed for this session. Ask the patient first."),
            )
        )
    plan = Plan.objects.filter(review=review).first()
    if plan is None or not plan.summary.strip():
        found.append(Blocker("summary_needed", _("Write the summary for the patient.")))
    if plan is None or plan.follow_up_date is None:
        found.append(Blocker("follow_up_needed", _("Choose a date for the follow-up.")))
    if plan is not None:
        found += _item_blockers(review, plan)
    return found


def _item_blockers(review: Review, plan: Plan) -> list[Blocker]:
    found = []
    for item in plan.items.select_related("entry"):
        alerts = alerts_for(item.entry, health_of(review, plan=plan, without=item.entry))
        name = {"name": item.entry.name}
        if any(alert.is_absolute for alert in alerts):
            found.append(Blocker("contraindicated", _("%(name)s must not be used here. Remove it.") % name))
        elif alerts and not item.override_reason.strip():
            found.append(
                Blocker("reason_needed", _("Write why %(name)s is right here in spite of the warning.") % name)
            )
    return found
