"""Signing in, stepping up, and what an anonymous visitor meets."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.urls import reverse
from django.utils import timezone

from accounts import services, stepup
from accounts.errors import DomainError, Invalid
from accounts.models import User
from accounts.roles import PERMISSIONS, Permission, Role

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture
def user() -> User:
    user = User.objects.create_user("someone@example.test", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def test_without_a_second_factor_the_password_typed_again_is_a_step_up(user):
    assert stepup.asked_of(user) is stepup.Asked.PASSWORD
    assert stepup.verify(user=user, secret=PASSWORD, now=timezone.now()).method is stepup.Method.PASSWORD


def test_a_second_factor_code_is_a_step_up(user):
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    assert stepup.verify(user=user, secret=code, now=timezone.now()).method is stepup.Method.TOTP
    with pytest.raises(Invalid, match="not right"):  # each code once
        stepup.verify(user=user, secret=code, now=timezone.now())


def test_with_a_second_factor_the_password_is_no_step_up(user):
    TOTP.activate(user, generate_totp_secret())
    assert stepup.asked_of(user) is stepup.Asked.CODE
    with pytest.raises(Invalid, match="not your password"):
        stepup.verify(user=user, secret=PASSWORD, now=timezone.now())


def test_a_security_key_alone_steps_up_by_a_recovery_code(user):
    Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data={})
    codes = RecoveryCodes.activate(user)
    assert stepup.asked_of(user) is stepup.Asked.RECOVERY_CODE
    [code, *_rest] = codes.get_unused_codes()
    assert stepup.verify(user=user, secret=code, now=timezone.now()).method is stepup.Method.RECOVERY
    with pytest.raises(Invalid):
        stepup.verify(user=user, secret=code, now=timezone.now())


def test_a_wrong_secret_is_refused_and_five_lock(user):
    for _ in range(5):
        with pytest.raises(Invalid, match="not right"):
            stepup.verify(user=user, secret="wrong", now=timezone.now())
    with pytest.raises(DomainError, match="Wait five minutes"):
        stepup.verify(user=user, secret=PASSWORD, now=timezone.now())


def test_wrong_passwords_lock_the_sign_in_for_a_while(client, user):
    attempt = {"login": user.email, "password": "wrong"}
    for _ in range(5):
        client.post(reverse("account_login"), attempt)
    page = client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    assert page.status_code == 200, "the right password must not open a locked account"
    assert b"Too many failed" in page.content


def test_nobody_signs_up_without_a_clinics_link(client):
    page = client.get(reverse("account_signup"))
    assert b"password1" not in page.content


@pytest.mark.parametrize("name", ["accounts:staff", "accounts:clinic", "accounts:audit"])
def test_an_anonymous_visitor_is_sent_to_sign_in(client, name):
    page = client.get(reverse(name))
    assert page.status_code in (302, 403)


def test_staff_without_a_second_factor_set_one_up_first_where_the_clinic_demands_it(client, user, settings):
    settings.STAFF_MFA_REQUIRED = True
    clinic = services.create_clinic(name="Clinic", time_zone="UTC", now=timezone.now())
    services.add_staff(user=user, clinic=clinic, role=Role.ADMINISTRATOR, display_name="A", now=timezone.now())
    client.force_login(user)
    assert client.get(reverse("accounts:staff")).url == reverse("mfa_index")
    TOTP.activate(user, generate_totp_secret())
    assert Authenticator.objects.filter(user=user).exists()
    assert client.get(reverse("accounts:staff")).status_code == 200


def test_every_permission_has_its_roles_and_only_dermatologists_sign_medicine():
    assert set(PERMISSIONS) == set(Permission)
    assert PERMISSIONS[Permission.SIGN_MEDICAL_PLAN] == {Role.DERMATOLOGIST}
    assert all(Role.ADMINISTRATOR not in PERMISSIONS[p] for p in (Permission.READ_CASES, Permission.READ_OWN_REPORTS))


def test_health_answers_without_signing_in(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json()["parts"] == {"default": "ok", "keys": "ok", "vault": "ok", "analysis": "ok"}


def test_pages_carry_a_policy_without_inline_script_or_eval(client):
    policy = client.get(reverse("account_login"))["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
