"""An administrator runs the clinic's staff in the browser: invite, change a role, end access, renew the link."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse
from django.utils import timezone

from accounts import services
from accounts.errors import DomainError, NotAllowed, NotFound
from accounts.models import Clinic, Membership, StaffInvitation, User
from accounts.requests import resolve_actor
from accounts.roles import Role

pytestmark = pytest.mark.django_db


def staff(clinic: Clinic, role: Role, email: str) -> User:
    user = User.objects.create_user(email, "a-long-password-1")
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    services.add_staff(user=user, clinic=clinic, role=role, display_name=email.split("@")[0], now=timezone.now())
    return user


@pytest.fixture
def clinic() -> Clinic:
    return services.create_clinic(name="Hair Clinic", time_zone="Europe/Berlin", now=timezone.now())


@pytest.fixture
def administrator(clinic: Clinic) -> User:
    return staff(clinic, Role.ADMINISTRATOR, "admin@clinic.test")


def test_an_invited_colleague_joins_in_the_invited_role(client, clinic, administrator):
    client.force_login(administrator)
    page = client.post(
        reverse("accounts:staff_invite"),
        {"display_name": "Dr. New", "email": "new@clinic.test", "role": "dermatologist"},
    )
    link = page.context["invitation_link"]
    path = "/" + link.split("/", 3)[3]
    newcomer = User.objects.create_user("new@clinic.test", "a-long-password-1")
    EmailAddress.objects.create(user=newcomer, email="new@clinic.test", verified=True, primary=True)
    client.force_login(newcomer)
    assert client.get(path).status_code == 200
    assert client.post(path).status_code == 302
    membership = Membership.objects.get(user=newcomer)
    assert (membership.role, membership.clinic, membership.display_name) == ("dermatologist", clinic, "Dr. New")


def test_an_invitation_is_useless_to_another_address(client, clinic, administrator):
    actor = resolve_actor(administrator)
    _, token = services.invite_staff(
        actor=actor, email="new@clinic.test", role=Role.TRICHOLOGIST, display_name="New", now=timezone.now()
    )
    stranger = User.objects.create_user("stranger@else.test", "a-long-password-1")
    EmailAddress.objects.create(user=stranger, email=stranger.email, verified=True, primary=True)
    with pytest.raises(DomainError, match="another e-mail address"):
        services.accept_invitation(user=stranger, token=token, now=timezone.now())
    assert not Membership.objects.filter(user=stranger).exists()


def test_an_invitation_works_once_and_not_after_a_week(clinic, administrator):
    actor = resolve_actor(administrator)
    now = timezone.now()
    _, token = services.invite_staff(actor=actor, email="n@c.test", role=Role.TRICHOLOGIST, display_name="N", now=now)
    with pytest.raises(NotFound):
        services.open_invitation(token, now + timedelta(days=8))
    services.withdraw_invitation(actor=actor, invitation_id=StaffInvitation.objects.get().pk, now=now)
    with pytest.raises(NotFound):
        services.open_invitation(token, now)


def test_ended_access_ends_at_once_and_the_membership_stays_on_record(client, clinic, administrator):
    colleague = staff(clinic, Role.DERMATOLOGIST, "doc@clinic.test")
    membership = Membership.objects.get(user=colleague)
    client.force_login(administrator)
    client.post(reverse("accounts:staff_end", args=[membership.pk]))
    assert resolve_actor(colleague).role is Role.PATIENT
    membership.refresh_from_db()
    assert membership.ended_at is not None


def test_the_last_administrator_cannot_leave(clinic, administrator):
    membership = Membership.objects.get(user=administrator)
    with pytest.raises(DomainError, match="at least one administrator"):
        services.end_membership(actor=resolve_actor(administrator), membership_id=membership.pk, now=timezone.now())


def test_a_changed_role_opens_a_new_membership_and_keeps_the_old(clinic, administrator):
    colleague = staff(clinic, Role.TRICHOLOGIST, "t@clinic.test")
    old = Membership.objects.get(user=colleague)
    services.change_role(
        actor=resolve_actor(administrator), membership_id=old.pk, role=Role.DERMATOLOGIST, now=timezone.now()
    )
    assert [m.role for m in Membership.objects.filter(user=colleague).order_by("created_at")] == [
        "trichologist",
        "dermatologist",
    ]
    assert resolve_actor(colleague).role is Role.DERMATOLOGIST


def test_staff_of_another_clinic_cannot_be_touched(administrator):
    other = services.create_clinic(name="Other", time_zone="UTC", now=timezone.now())
    foreign = staff(other, Role.DERMATOLOGIST, "foreign@other.test")
    with pytest.raises(NotFound):
        services.end_membership(
            actor=resolve_actor(administrator),
            membership_id=Membership.objects.get(user=foreign).pk,
            now=timezone.now(),
        )


def test_a_clinician_does_not_manage_staff(client, clinic, administrator):
    doctor = staff(clinic, Role.DERMATOLOGIST, "doc@clinic.test")
    client.force_login(doctor)
    assert client.get(reverse("accounts:staff")).status_code == 403
    with pytest.raises(NotAllowed):
        services.update_clinic(actor=resolve_actor(doctor), fields={"name": "Mine"}, now=timezone.now())


def test_a_renewed_link_replaces_the_old_one(client, clinic, administrator):
    before = clinic.join_code
    client.force_login(administrator)
    client.post(reverse("accounts:clinic_new_link"))
    clinic.refresh_from_db()
    assert clinic.join_code != before


def test_clinic_details_are_saved_and_a_wrong_time_zone_is_explained(client, clinic, administrator):
    client.force_login(administrator)
    details = {
        "name": "New name", "address": "", "phone": "", "time_zone": "Mars/Olympus", "sla_hours": 48,
        "urgent_sla_hours": 2, "usual_reply": "one day", "paper": "letter", "registration_open": "on",
        "vellus_cutoff_um": 35, "repeat_captures": "never",
    }  # fmt: skip
    page = client.post(reverse("accounts:clinic"), details)
    assert page.status_code == 422
    assert b"Europe/Berlin" in page.content
    client.post(reverse("accounts:clinic"), {**details, "time_zone": "Europe/Paris"})
    clinic.refresh_from_db()
    assert (clinic.name, clinic.time_zone, clinic.sla_hours) == ("New name", "Europe/Paris", 48)
    assert clinic.vellus_cutoff_um == 35
    other = client.post(reverse("accounts:clinic"), {**details, "time_zone": "Europe/Paris", "vellus_cutoff_um": 33})
    assert other.status_code == 422


def test_audit_search_shows_the_clinics_events_by_name(client, clinic, administrator):
    staff(clinic, Role.TRICHOLOGIST, "t@clinic.test")
    client.force_login(administrator)
    page = client.get(reverse("accounts:audit"), {"action": "staff."})
    assert b"staff.added" in page.content
    assert b"unbroken" in page.content
    assert b"No event matches" in client.get(reverse("accounts:audit"), {"person": "nobody"}).content
