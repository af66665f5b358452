"""Comparing two photographs of one view: ask for it, claim it, keep the lease, record or fail, sweep, release.

The manners are those of an analysis (:mod:`analysis.leases`). What a comparison rests on is its row's digest: once a
scale or an outline was corrected, another row is made, and the older one is out of date.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.errors import DomainError, NotFound
from accounts.roles import Permission
from analysis import blinding
from analysis.by_hand import UNTOUCHED, ByHand, by_hand_to_json
from analysis.leases import Claim, Work
from analysis.models import Comparison, ComparisonImage
from analysis.releases import current_pipeline
from analysis.results import PairResult
from patients.models import Photo, Purpose
from patients.selectors import has_consent

Status = Comparison.Status

METHOD = "2"
"""Raised when the way of comparing changes, so that results of two ways are never mixed."""

COMPARISONS: Final = Work(
    name="comparison", model=Comparison, task="analysis.tasks.run_comparison", patient="photo_now__session__patient"
)


@dataclass(frozen=True, slots=True)
class Inputs:
    """Two photographs of one view and what clinicians made of each: all that a comparison rests on but the networks."""

    photo_then: Photo
    photo_now: Photo
    hand_then: ByHand = UNTOUCHED
    hand_now: ByHand = UNTOUCHED

    @property
    def pair(self) -> tuple[UUID, UUID]:
        return self.photo_then.pk, self.photo_now.pk

    @property
    def by_hand(self) -> dict[str, Any]:
        """What clinicians said, as it is stored; empty where they left everything as it was."""
        said = {"then": by_hand_to_json(self.hand_then), "now": by_hand_to_json(self.hand_now)}
        return {side: one for side, one in said.items() if one}

    @property
    def digest(self) -> str:
        """SHA-256 over everything: a comparison with another one was made from older inputs."""
        photos = (self.photo_then, self.photo_now)
        lines = [
            METHOD,
            *(f"{photo.pk}:{photo.sha256}:{photo.view}:{photo.px_per_mm}" for photo in photos),
            str(float(self.photo_now.session.patient.clinic.vellus_cutoff_um)),
            json.dumps(self.by_hand, sort_keys=True),
        ]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def ask_for(inputs: Inputs, *, now: datetime) -> Comparison | None:
    """Queue the comparison of two photographs of one view and site; a second call finds the first one's row.

    When a scale or an outline was changed since, this is another row, and the older one is out of date. None where none
    may be made: without consent to AI analysis, without networks, or when one photograph is gone. A comparison that
    failed is tried once more when somebody asks for it again a day later.
    """
    photo_then, photo_now = inputs.photo_then, inputs.photo_now
    patient_id = photo_now.session.patient_id
    same = (photo_then.view, photo_then.site) == (photo_now.view, photo_now.site)
    if not same or photo_then.session.patient_id != patient_id or photo_then.removed_at or photo_now.removed_at:
        return None
    allowed = photo_then.session.ai_consented and photo_now.session.ai_consented
    pipeline = current_pipeline(now=now) if allowed and has_consent(patient_id, Purpose.AI_ANALYSIS) else None
    if pipeline is None:
        return None
    row, created = Comparison.objects.get_or_create(
        photo_then=photo_then,
        photo_now=photo_now,
        pipeline=pipeline,
        input_digest=inputs.digest,
        defaults={"queued_at": now, "by_hand": inputs.by_hand or None},
    )
    waits = created or _take_up_again(row, now)
    if waits:
        COMPARISONS.send(row.pk)
    return row


def newest_of(wanted: Iterable[Inputs]) -> dict[tuple[UUID, UUID], Comparison]:
    """The newest comparison of each pair of photographs that was made from these inputs; those of older inputs are out
    of date and absent. The caller has checked the scope."""
    digests = {inputs.pair: inputs.digest for inputs in wanted}
    rows = Comparison.objects.filter(
        photo_then__in={pair[0] for pair in digests},
        photo_now__in={pair[1] for pair in digests},
        input_digest__in=set(digests.values()),
    )
    rows = rows.select_related("photo_now__session__patient", "photo_then__session").prefetch_related("images")
    found: dict[tuple[UUID, UUID], Comparison] = {}
    for row in rows.order_by("queued_at", "pk"):
        pair = (row.photo_then_id, row.photo_now_id)
        held = found.get(pair)
        if digests.get(pair) == row.input_digest and (
            held is None or row.status == Status.DONE or held.status != Status.DONE
        ):
            found[pair] = row
    return found


def comparison_for(actor: Actor, comparison_id: UUID) -> Comparison:
    """A comparison in a clinician's scope; NotFound otherwise, and as long as one of its cases is read blind."""
    rows = Comparison.objects.visible_to(actor).select_related("photo_now__session__patient", "photo_then__session")
    row: Comparison | None = rows.filter(pk=comparison_id).first()
    if row is None or blinding.hidden(actor, row.photo_now.session_id):
        raise NotFound
    return row


def image_of(comparison: Comparison, kind: str) -> ComparisonImage:
    """One of its derived pictures; NotFound when it has none of the kind."""
    found = comparison.images.filter(kind=kind).first()
    if found is None:
        raise NotFound
    return found


@transaction.atomic
def release_to_patient(*, actor: Actor, comparison_id: UUID, released: bool, now: datetime) -> Comparison:
    """Let the patient see map and figures of a comparison once its session is signed, or take that back (G8).

    Raises NotFound out of scope, DomainError ``not_compared`` while there is nothing to see.
    """
    actor.check(Permission.REVIEW_FINDINGS)
    comparison_for(actor, comparison_id)
    row: Comparison = Comparison.objects.select_for_update(of=("self",)).get(pk=comparison_id)
    if row.status != Status.DONE or row.not_comparable:
        raise DomainError("not_compared", _("There is no finished comparison to show."))
    if bool(row.released_at) is not released:
        row.released_at, row.released_by_id = (now, actor.membership_id) if released else (None, None)
        row.save(update_fields=["released_at", "released_by"])
        audit.record(
            action="comparison.released" if released else "comparison.withheld",
            now=now,
            actor=actor,
            patient_id=row.photo_now.session.patient_id,
            subject_kind="comparison",
            subject_id=row.pk,
        )
    return row


def claim(*, comparison_id: UUID, now: datetime) -> Claim | None:
    """Take the comparison if nobody holds it; None when there is nothing (more) to do, or consent was withdrawn."""
    return COMPARISONS.claim(comparison_id, now)


def heartbeat(claimed: Claim, now: datetime) -> bool:
    """Renew the lease. False: it is lost, or the comparison was cancelled; stop computing."""
    return COMPARISONS.heartbeat(claimed, now)


@transaction.atomic
def record_result(*, claimed: Claim, result: PairResult, now: datetime) -> bool:
    """Write the result while still the holder, with consent still given. False: nothing was written."""
    row = COMPARISONS.locked(claimed, now, "photo_now__session__patient")
    if row is None:
        return False
    ComparisonImage.objects.bulk_create(
        ComparisonImage(
            comparison=row,
            kind=image.kind,
            file_name=image.file_name,
            media_type=image.media_type,
            width_px=image.width_px,
            height_px=image.height_px,
        )
        for image in result.images
    )
    row.result, row.not_comparable = dict(result.json), result.not_comparable
    COMPARISONS.finish(row, now)
    patient = row.photo_now.session.patient
    audit.record(
        action="comparison.done",
        now=now,
        clinic_id=patient.clinic_id,
        patient_id=patient.pk,
        subject_kind="comparison",
        subject_id=row.pk,
        detail={"photos": [str(row.photo_then_id), str(row.photo_now_id)]},
    )
    return True


def record_failure(*, claimed: Claim, code: str, now: datetime, final: bool = False) -> None:
    """Give the comparison back after an error: queued again, or parked as failed when it was the last attempt."""
    COMPARISONS.fail(claimed, code, now, final=final)


def give_back(*, claimed: Claim, now: datetime) -> bool:
    """Queue a claimed comparison again because its worker is asked to stop; this is no attempt."""
    return COMPARISONS.give_back(claimed, now)


def sweep(*, now: datetime) -> int:
    """Requeue what a dead worker left, park what failed too often, deliver lost tasks again. Returns how many rows."""
    return COMPARISONS.sweep(now)


def _take_up_again(row: Comparison, now: datetime) -> bool:
    ended = Q(status=Status.CANCELLED) | Q(status=Status.FAILED, finished_at__lt=now - timedelta(days=1))
    changed = Comparison.objects.filter(ended, pk=row.pk).update(
        status=Status.QUEUED, attempts=0, failure_code="", finished_at=None, queued_at=now
    )
    if changed:
        row.refresh_from_db(fields=["status", "attempts", "failure_code", "finished_at", "queued_at"])
    return bool(changed)
