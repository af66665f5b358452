"""Scoped reads of this room."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from accounts.actors import Actor
from accounts.errors import NotFound
from accounts.models import AuditEvent, Clinic, Membership, StaffInvitation
from accounts.roles import Permission, Role


def clinic_of(actor: Actor) -> Clinic:
    """The staff member's own clinic; 404 for anybody else."""
    clinic: Clinic | None = Clinic.objects.visible_to(actor).first()
    if clinic is None:
        raise NotFound
    return clinic


def clinic_by_join_code(code: str) -> Clinic:
    """The clinic that a registration link names; 404 when unknown or closed."""
    clinic: Clinic | None = Clinic.objects.filter(join_code=code, registration_open=True).first()
    if clinic is None:
        raise NotFound
    return clinic


def staff_of(clinic_id: UUID, roles: Iterable[Role] | None = None) -> list[Membership]:
    """Active memberships of a clinic, by name."""
    rows = Membership.objects.active().filter(clinic_id=clinic_id).select_related("user").order_by("display_name")
    if roles is not None:
        rows = rows.filter(role__in=[role.value for role in roles])
    return list(rows)


def membership_names(user_ids: Iterable[UUID]) -> dict[UUID, tuple[str, str]]:
    """Display name and role of staff by user id, ended memberships included (an access log outlives a job)."""
    rows = Membership.objects.filter(user_id__in=set(user_ids)).order_by("created_at")
    return {row.user_id: (row.display_name, row.role) for row in rows}


def all_memberships(actor: Actor) -> list[Membership]:
    """Every membership of the administrator's clinic, active first."""
    actor.check(Permission.MANAGE_STAFF)
    rows = Membership.objects.visible_to(actor).select_related("user")
    return sorted(rows, key=lambda row: (row.ended_at is not None, row.display_name.casefold()))


def open_invitations(actor: Actor) -> list[StaffInvitation]:
    """Invitations that nobody has accepted or withdrawn."""
    actor.check(Permission.MANAGE_STAFF)
    return list(
        StaffInvitation.objects.filter(clinic_id=actor.own_clinic_id, accepted_at=None, withdrawn_at=None).order_by(
            "-created_at"
        )
    )


def events_about(patient_id: UUID) -> Any:
    """Audit rows of one patient, newest first. The caller has checked that the reader may see them."""
    return AuditEvent.objects.filter(patient_id=patient_id).order_by("-at", "-id")


def search_audit(
    actor: Actor,
    *,
    action: str = "",
    person: str = "",
    patient: str = "",
    since: date | None = None,
    until: date | None = None,
) -> Any:
    """The clinic's events, newest first. ``person`` and ``patient`` are ids as the log shows them; ``since`` and
    ``until`` are days on the clinic's clock, both included."""
    actor.check(Permission.SEARCH_AUDIT)
    clinic = clinic_of(actor)
    rows = AuditEvent.objects.visible_to(actor).order_by("-at", "-id")
    if action:
        rows = rows.filter(action__startswith=action)
    if person:
        rows = rows.filter(actor_id=person) if is_uuid(person) else rows.none()
    if patient:
        rows = rows.filter(patient_id=patient) if is_uuid(patient) else rows.none()
    if since:
        rows = rows.filter(at__gte=clinic.start_of(since))
    if until:
        rows = rows.filter(at__lt=clinic.start_of(until + timedelta(days=1)))
    return rows


def is_uuid(text: str) -> bool:
    """Whether ``text`` can be an id."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True
