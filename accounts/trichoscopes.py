"""A clinic's trichoscopes: which there are, and what an administrator does with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.errors import DomainError, Invalid, NotFound
from accounts.models import Clinic, Trichoscope
from accounts.roles import Permission

MOST: Final = 20


@dataclass(frozen=True, slots=True)
class TrichoscopeDetails:
    """What is known of one: the scale with the width of its pictures, the length of its bar, or both."""

    name: str
    px_per_mm: float | None
    width_px: int | None
    bar_mm: float | None


@transaction.atomic
def add_trichoscope(*, actor: Actor, details: TrichoscopeDetails, now: datetime) -> Trichoscope:
    """A new one. Raises Invalid ``scale_and_width``, ``no_scale``, ``name_taken``, ``width_taken``; DomainError
    ``too_many_trichoscopes``."""
    clinic = _locked_clinic(actor)
    if Trichoscope.objects.filter(clinic=clinic).count() >= MOST:
        raise DomainError("too_many_trichoscopes", _("A clinic has at most twenty trichoscopes. Remove one first."))
    return _store(actor, Trichoscope(clinic=clinic, created_at=now), details, "trichoscope.added", now)


@transaction.atomic
def change_trichoscope(
    *, actor: Actor, trichoscope_id: UUID, details: TrichoscopeDetails, now: datetime
) -> Trichoscope:
    """Other details, for photographs added from then on. Raises as :func:`add_trichoscope`, and NotFound."""
    _locked_clinic(actor)
    return _store(actor, trichoscope_for(actor, trichoscope_id), details, "trichoscope.changed", now)


@transaction.atomic
def remove_trichoscope(*, actor: Actor, trichoscope_id: UUID, now: datetime) -> None:
    """Forget one; photographs keep the scale they got from it."""
    _locked_clinic(actor)
    trichoscope = trichoscope_for(actor, trichoscope_id)
    _audit("trichoscope.removed", trichoscope, actor, now)
    trichoscope.delete()


def trichoscopes_of(actor: Actor) -> list[Trichoscope]:
    """The clinic's, by name."""
    actor.check(Permission.MANAGE_CLINIC)
    return list(Trichoscope.objects.visible_to(actor))


def with_unread_bars(trichoscopes: Sequence[Trichoscope]) -> list[Trichoscope]:
    """Those whose bar gives no scale: bars differ in length, and only the width of a picture tells whose it shows."""
    if len({one.bar_mm for one in trichoscopes if one.bar_mm is not None}) < 2:
        return []
    return [one for one in trichoscopes if one.bar_mm is not None and one.width_px is None]


def trichoscope_for(actor: Actor, trichoscope_id: UUID) -> Trichoscope:
    """One of them; NotFound outside the clinic."""
    actor.check(Permission.MANAGE_CLINIC)
    found: Trichoscope | None = Trichoscope.objects.visible_to(actor).filter(pk=trichoscope_id).first()
    if found is None:
        raise NotFound
    return found


def _store(
    actor: Actor, trichoscope: Trichoscope, details: TrichoscopeDetails, action: str, now: datetime
) -> Trichoscope:
    if (details.px_per_mm is None) != (details.width_px is None):
        raise Invalid("scale_and_width", _("Give both, its scale and the width of its pictures, or neither."))
    if details.px_per_mm is None and details.bar_mm is None:
        raise Invalid("no_scale", _("Give its scale with the width of its pictures, or the length of its bar."))
    others = Trichoscope.objects.filter(clinic_id=trichoscope.clinic_id).exclude(pk=trichoscope.pk)
    if others.filter(name__iexact=details.name).exists():
        raise Invalid("name_taken", _("There is one of this name. Name the magnification too."))
    same = others.filter(width_px=details.width_px).first() if details.width_px else None
    if same is not None:
        raise Invalid(
            "width_taken",
            _("“%(name)s” makes pictures of this width too, and one could not be told from the other.")
            % {"name": same.name},
        )
    for name, value in asdict(details).items():
        setattr(trichoscope, name, value)
    trichoscope.save()
    _audit(action, trichoscope, actor, now)
    return trichoscope


def _locked_clinic(actor: Actor) -> Clinic:
    actor.check(Permission.MANAGE_CLINIC)
    clinic: Clinic = Clinic.objects.select_for_update().get(pk=actor.own_clinic_id)
    return clinic


def _audit(action: str, trichoscope: Trichoscope, actor: Actor, now: datetime) -> None:
    audit.record(
        action=action,
        now=now,
        actor=actor,
        clinic_id=trichoscope.clinic_id,
        subject_kind="trichoscope",
        subject_id=trichoscope.pk,
        detail={"px_per_mm": trichoscope.px_per_mm, "width_px": trichoscope.width_px, "bar_mm": trichoscope.bar_mm},
    )
