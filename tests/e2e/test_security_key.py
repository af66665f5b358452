"""A clinician whose second factor is a security key: adds it, signs with it, and a wrong answer signs nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.urls import reverse
from playwright.sync_api import Browser, Page, Route, expect

from accounts.models import User
from reports.models import Report
from tests.e2e.live import look, open_live
from tests.factories.patients import PASSWORD
from tests.factories.reports import Case, make_case

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("live"),  # their database is made once
    pytest.mark.django_db(transaction=True, databases=["default", "keys"]),
]

KEY = {
    "protocol": "ctap2",
    "transport": "usb",
    "hasResidentKey": False,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def case() -> Case:
    return make_case()


def add_key(page: Page) -> None:
    """Under “Two-step sign-in”, after the password; the browser's key is made on the spot."""
    page.goto(reverse("mfa_add_webauthn"))
    page.locator("input[type=password]").fill(PASSWORD)
    page.locator("main button[type=submit]").first.click()
    page.wait_for_url("**/webauthn/add/**")
    page.locator("#mfa_webauthn_add").click()
    page.wait_for_url("**/recovery-codes/**")


def another_challenge(route: Route) -> None:
    """The challenge as somebody in between would change it."""
    answer = route.fetch()
    told = answer.json()
    told["publicKey"]["challenge"] = "A" * len(told["publicKey"]["challenge"])
    route.fulfill(response=answer, body=json.dumps(told))


def test_a_security_key_signs_and_an_answer_to_another_challenge_does_not(
    browser: Browser, live_server: Any, case: Case
) -> None:
    user = User.objects.get(pk=case.reviewer.user_id)
    page, problems = open_live(browser, live_server, user, 1440)
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    add_key(page)
    assert Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).count() == 1

    page.goto(reverse("reports:sign", args=[case.review.pk]))
    button = page.get_by_role("button", name="Sign with your security key")
    expect(button).to_be_visible()
    assert look(page, "reads", "sign-with-key-1440") == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert look(page, "reads", "sign-with-key-390") == []
    page.route("**/step-up/key/", another_challenge)
    button.click()
    expect(page.locator("main")).to_contain_text("did not confirm this")
    assert not Report.objects.exists()

    page.unroute("**/step-up/key/")
    button.click()
    page.wait_for_url("**/reports/**")
    assert Report.objects.get().content["issue"]["step_up"] == "security_key"
    assert [text for text in problems if "422" not in text] == []
    page.context.close()
