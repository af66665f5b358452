"""From a clinic's link to a record: account, e-mail, sign-in, registration, as a new person meets it."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from patients.models import Patient
from tests.factories.patients import PASSWORD, make_clinic

pytestmark = pytest.mark.django_db


def sign_up(browser, address="mira@example.org"):
    return browser.post(
        reverse("account_signup"), {"email": address, "password1": PASSWORD, "password2": PASSWORD}, follow=True
    )


def test_a_new_person_registers_through_the_link():
    clinic, browser = make_clinic("Hair Clinic North"), Client()
    browser.get(reverse("patients:join", args=[clinic.join_code]))
    sign_up(browser)
    (letter,) = mail.outbox
    link = re.search(r"https?://[^/]+(/\S+)", letter.body)[1]
    assert "Sommer" not in letter.body
    browser.get(link)
    browser.post(link)
    browser.post(reverse("account_login"), {"login": "mira@example.org", "password": PASSWORD})
    answer = browser.get(reverse("home"), follow=True)
    assert answer.redirect_chain[-1][0] == reverse("patients:register", args=[clinic.join_code])
    assert "Registration with Hair Clinic North" in answer.content.decode()
    browser.post(
        answer.redirect_chain[-1][0],
        {"relation": "self", "given_name": "Mira", "family_name": "Sommer", "birth_date": "1990-05-17"},
    )
    assert Patient.objects.get().clinic == clinic


def test_an_unconfirmed_address_registers_nobody():
    clinic, browser = make_clinic(), Client()
    browser.get(reverse("patients:join", args=[clinic.join_code]))
    sign_up(browser)
    answer = browser.get(reverse("patients:register", args=[clinic.join_code]))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


def test_nobody_makes_an_account_without_a_link():
    answer = sign_up(Client())
    assert mail.outbox == []
    assert "Sommer" not in answer.content.decode()
