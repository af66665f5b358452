"""The acts of this room: clinics, staff, invitations, and the end of an account."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import datetime, timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.errors import DomainError, Invalid, NotFound
from accounts.models import Clinic, Membership, StaffInvitation, User, join_code
from accounts.roles import Permission, Role
from vault.keys import create_key

INVITATION_LIFE = timedelta(days=7)


@transaction.atomic
def create_clinic(*, name: str, time_zone: str, now: datetime, address: str = "", phone: str = "") -> Clinic:
    """A new clinic with its own record key in the vault."""
    clinic_id = uuid.uuid4()
    return Clinic.objects.create(
        id=clinic_id,
        name=name,
        time_zone=time_zone,
        address=address,
        phone=phone,
        record_key_id=create_key(subject_kind="clinic", subject_id=clinic_id, now=now),
        created_at=now,
    )


@transaction.atomic
def add_staff(
    *,
    user: User,
    clinic: Clinic,
    role: Role,
    display_name: str,
    now: datetime,
    qualification: str = "",
    by: Actor | None = None,
) -> Membership:
    """Give ``user`` a role in the clinic. One active membership per user."""
    if Membership.objects.active().filter(user=user).exists():
        raise DomainError(
            "already_staff", _("This person already belongs to a clinic's staff. End that membership first.")
        )
    membership = Membership.objects.create(
        user=user,
        clinic=clinic,
        role=role.value,
        display_name=display_name,
        qualification=qualification,
        created_at=now,
    )
    audit.record(
        action="staff.added",
        now=now,
        actor=by,
        clinic_id=clinic.pk,
        subject_kind="membership",
        subject_id=membership.pk,
        detail={"role": role.value},
    )
    return membership


def token_digest(token: str) -> str:
    """What is stored of an invitation's token."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def invite_staff(
    *, actor: Actor, email: str, role: Role, display_name: str, now: datetime
) -> tuple[StaffInvitation, str]:
    """Invite a colleague. Returns the invitation and the token of its link, which is not stored."""
    actor.check(Permission.MANAGE_STAFF)
    if not role.is_staff:
        raise Invalid("not_a_staff_role", _("Choose a staff role. Patients register through the clinic's link."))
    token = secrets.token_urlsafe(32)
    invitation = StaffInvitation.objects.create(
        clinic_id=actor.own_clinic_id,
        email=email.lower(),
        role=role.value,
        display_name=display_name,
        token_digest=token_digest(token),
        invited_by_id=actor.user_id,
        created_at=now,
        expires_at=now + INVITATION_LIFE,
    )
    audit.record(
        action="staff.invited",
        now=now,
        actor=actor,
        subject_kind="invitation",
        subject_id=invitation.pk,
        detail={"role": role.value},
    )
    return invitation, token


@transaction.atomic
def withdraw_invitation(*, actor: Actor, invitation_id: UUID, now: datetime) -> None:
    """Make an invitation's link useless."""
    actor.check(Permission.MANAGE_STAFF)
    changed = StaffInvitation.objects.filter(
        pk=invitation_id, clinic_id=actor.own_clinic_id, accepted_at=None, withdrawn_at=None
    ).update(withdrawn_at=now)
    if not changed:
        raise NotFound
    audit.record(
        action="staff.invitation_withdrawn", now=now, actor=actor, subject_kind="invitation", subject_id=invitation_id
    )


def open_invitation(token: str, now: datetime) -> StaffInvitation:
    """The invitation behind a link; 404 when unknown, used, withdrawn or expired."""
    row = (
        StaffInvitation.objects.select_related("clinic")
        .filter(token_digest=token_digest(token), accepted_at=None, withdrawn_at=None, expires_at__gt=now)
        .first()
    )
    if row is None:
        raise NotFound(_("This invitation is no longer valid. Ask your administrator for a new one."))
    return row


@transaction.atomic
def accept_invitation(*, user: User, token: str, now: datetime) -> Membership:
    """Join the staff. The signed-in e-mail address must be the invited one, and verified."""
    invitation = StaffInvitation.objects.select_for_update().get(pk=open_invitation(token, now).pk)
    verified = EmailAddress.objects.filter(user=user, email__iexact=invitation.email, verified=True).exists()
    if not verified:
        raise DomainError(
            "other_address", _("This invitation was sent to another e-mail address. Sign in with the invited address.")
        )
    membership = add_staff(
        user=user, clinic=invitation.clinic, role=Role(invitation.role), display_name=invitation.display_name, now=now
    )
    invitation.accepted_at = now
    invitation.save(update_fields=["accepted_at"])
    return membership


@transaction.atomic
def change_role(*, actor: Actor, membership_id: UUID, role: Role, now: datetime) -> Membership:
    """End the membership and open one in the new role: signed reports keep pointing at the old one."""
    current = _own_membership(actor, membership_id)
    _keep_an_administrator(current, losing=role is not Role.ADMINISTRATOR)
    current.ended_at = now
    current.save(update_fields=["ended_at"])
    audit.record(action="staff.role_changed", now=now, actor=actor, subject_kind="membership", subject_id=current.pk)
    return add_staff(
        user=current.user,
        clinic=current.clinic,
        role=role,
        display_name=current.display_name,
        qualification=current.qualification,
        now=now,
        by=actor,
    )


@transaction.atomic
def end_membership(*, actor: Actor, membership_id: UUID, now: datetime) -> None:
    """A colleague leaves: their access ends at once, what they signed stays signed."""
    current = _own_membership(actor, membership_id)
    _keep_an_administrator(current, losing=True)
    current.ended_at = now
    current.save(update_fields=["ended_at"])
    audit.record(action="staff.ended", now=now, actor=actor, subject_kind="membership", subject_id=current.pk)


def _own_membership(actor: Actor, membership_id: UUID) -> Membership:
    actor.check(Permission.MANAGE_STAFF)
    row: Membership | None = (
        Membership.objects.visible_to(actor).select_for_update().filter(pk=membership_id, ended_at=None).first()
    )
    if row is None:
        raise NotFound
    return row


def _keep_an_administrator(membership: Membership, *, losing: bool) -> None:
    if membership.role != Role.ADMINISTRATOR or not losing:
        return
    others = Membership.objects.active().filter(clinic_id=membership.clinic_id, role=Role.ADMINISTRATOR.value)
    if not others.exclude(pk=membership.pk).exists():
        raise DomainError(
            "last_administrator", _("A clinic needs at least one administrator. Appoint another one first.")
        )


@transaction.atomic
def update_clinic(*, actor: Actor, fields: dict[str, object], now: datetime) -> Clinic:
    """Change the clinic's public details, hours to answer, and whether its link is open."""
    actor.check(Permission.MANAGE_CLINIC)
    clinic: Clinic = Clinic.objects.select_for_update().get(pk=actor.own_clinic_id)
    for name, value in fields.items():
        setattr(clinic, name, value)
    clinic.save(update_fields=list(fields))
    audit.record(
        action="clinic.changed",
        now=now,
        actor=actor,
        subject_kind="clinic",
        subject_id=clinic.pk,
        detail={"fields": sorted(fields)},
    )
    return clinic


@transaction.atomic
def renew_join_code(*, actor: Actor, now: datetime) -> Clinic:
    """A new registration link; the old one stops working at once."""
    actor.check(Permission.MANAGE_CLINIC)
    clinic: Clinic = Clinic.objects.select_for_update().get(pk=actor.own_clinic_id)
    clinic.join_code = join_code()
    clinic.save(update_fields=["join_code"])
    audit.record(action="clinic.link_renewed", now=now, actor=actor, subject_kind="clinic", subject_id=clinic.pk)
    return clinic


def tombstone_user(*, user_id: UUID, now: datetime) -> None:
    """End a person's account: the e-mail is replaced, sign-in ends. Inside the erasure's transaction."""
    user = User.objects.select_for_update().get(pk=user_id)
    EmailAddress.objects.filter(user=user).delete()
    Authenticator.objects.filter(user=user).delete()
    user.email = f"erased-{user.pk}@erased.invalid"
    user.language = user.time_zone = ""
    user.set_unusable_password()
    user.is_active = False
    user.erased_at = now
    user.save()
