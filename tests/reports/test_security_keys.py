"""Signing with a security key: the answer counts once, in the session that was asked, from a key of one's own."""

from __future__ import annotations

import json
from copy import deepcopy

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.urls import reverse

from accounts.models import AuditEvent, User
from accounts.stepup import MAX_FAILURES
from reports.models import Report
from tests.factories.keys import SoftKey
from tests.factories.patients import signed_in
from tests.factories.reports import make_case

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


@pytest.fixture(scope="module")
def decided(keep):
    return keep(make_case)


@pytest.fixture
def desk(db, decided):
    """A decided case, its reviewer's browser, their key, and the page on which it is signed."""
    case = deepcopy(decided)
    user = User.objects.get(pk=case.reviewer.user_id)
    key = SoftKey()
    key.register(user)
    return case, signed_in(user), key, reverse("reports:sign", args=[case.review.pk])


def challenge(browser):
    answer = browser.post(reverse("api-step-up-key"))
    assert answer.status_code == 200, answer.content
    assert answer["Cache-Control"] == "no-store"
    return answer.json()


def signing(browser, url, answer, secret=""):
    read = browser.get(url).context["form"].initial["read_hash"]
    return browser.post(url, {"secret": secret, "key": json.dumps(answer), "read_hash": read})


def test_a_key_signs_and_the_signature_says_so(desk):
    case, browser, key, url = desk
    page = browser.get(url).content.decode()
    assert "Sign with your security key" in page
    assert "Recovery code" in page
    asked = challenge(browser)
    assert [one["id"] for one in asked["publicKey"]["allowCredentials"]] == [key.answer(asked)["id"]]
    signed = signing(browser, url, key.answer(asked))
    report = Report.objects.get()
    assert signed["Location"] == reverse("reports:report", args=[report.pk])
    assert report.content["issue"]["step_up"] == "security_key"
    assert AuditEvent.objects.get(action="report.signed").detail["step_up"] == "security_key"
    assert Authenticator.objects.get(user_id=case.reviewer.user_id).last_used_at is not None


def test_an_answer_counts_once(desk):
    case, browser, key, url = desk
    answer = key.answer(challenge(browser))
    other = make_case(clinic=case.clinic, member=case.review.reviewer)
    assert signing(browser, url, answer).status_code == 302
    again = signing(browser, reverse("reports:sign", args=[other.review.pk]), answer)
    assert again.status_code == 422
    assert "did not confirm this" in again.content.decode()
    assert answer["response"]["signature"] not in again.content.decode()
    assert Report.objects.count() == 1


def test_a_refused_answer_uses_its_challenge_up(desk):
    _case, browser, key, url = desk
    asked = challenge(browser)
    assert signing(browser, url, SoftKey().answer(asked)).status_code == 422
    assert signing(browser, url, key.answer(asked)).status_code == 422
    assert not Report.objects.exists()


def test_an_answer_for_another_session_or_another_site_signs_nothing(desk):
    case, browser, key, url = desk
    elsewhere = signed_in(User.objects.get(pk=case.reviewer.user_id))
    challenge(browser)
    assert signing(browser, url, key.answer(challenge(elsewhere))).status_code == 422
    phished = SoftKey("portal.example")
    phished.credential_id, phished._private = key.credential_id, key._private
    assert signing(browser, url, phished.answer(challenge(browser))).status_code == 422
    assert not Report.objects.exists()


def test_wrong_keys_lock_like_wrong_codes_and_lock_the_right_one_too(desk):
    _case, browser, key, url = desk
    for _attempt in range(MAX_FAILURES):
        assert "did not confirm this" in signing(browser, url, SoftKey().answer(challenge(browser))).content.decode()
    locked = signing(browser, url, key.answer(challenge(browser)))
    assert "Too many wrong attempts" in locked.content.decode()
    assert not Report.objects.exists()


@pytest.mark.parametrize(
    "nonsense", [{"id": 1}, {"response": {}}, {"id": "x", "rawId": "x", "response": []}, [], "key", 7]
)
def test_what_is_no_answer_of_a_key_is_refused(desk, nonsense):
    _case, browser, _key, url = desk
    challenge(browser)
    assert signing(browser, url, nonsense).status_code == 422
    assert not Report.objects.exists()


def test_without_the_key_a_recovery_code_signs_and_nothing_at_all_does_not(desk):
    case, browser, _key, url = desk
    empty = signing(browser, url, None)
    assert empty.status_code == 422
    assert "Confirm with your security key, or type a code." in empty.content.decode()
    user = User.objects.get(pk=case.reviewer.user_id)
    code = RecoveryCodes.activate(user).get_unused_codes()[0]
    assert signing(browser, url, None, secret=code).status_code == 302
    assert Report.objects.get().content["issue"]["step_up"] == "recovery"


def test_who_has_no_key_is_neither_offered_nor_allowed_one():
    case = make_case()
    browser, url = signed_in(User.objects.get(pk=case.reviewer.user_id)), reverse("reports:sign", args=[case.review.pk])
    assert "security key" not in browser.get(url).content.decode()
    refused = browser.post(reverse("api-step-up-key"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "no_security_key")
    assert signing(browser, url, SoftKey().answer({"publicKey": {"challenge": "AAAA"}})).status_code == 422
    assert not Report.objects.exists()


def test_a_key_signs_over_the_api(desk):
    case, browser, key, _url = desk
    url = reverse("api-sign", args=[case.review.pk])
    draft = browser.get(url).json()
    assert (draft["step_up"], draft["has_key"]) == ("recovery_code", True)
    body = {"key": key.answer(challenge(browser)), "read_hash": draft["read_hash"]}
    signed = browser.post(url, body, content_type="application/json")
    assert signed.status_code == 201, signed.content
    assert Report.objects.get().content["issue"]["step_up"] == "security_key"
    wrong = browser.post(url, {"key": {}, "read_hash": draft["read_hash"]}, content_type="application/json")
    assert wrong.status_code in (409, 422)
