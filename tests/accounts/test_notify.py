"""E-mails say that something happened, never what; each goes out once, and a refused one is tried again."""

from __future__ import annotations

import pytest
from django.core import mail
from django.utils import timezone

from accounts import notify, tasks
from accounts.models import Notification, User
from accounts.notify import Kind

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return User.objects.create_user("someone@example.test", "a-long-password-1")


def tell(user: User) -> None:
    notify.notify(
        recipients=[user.pk],
        kind=Kind.REPORT_SIGNED,
        clinic_id=None,
        path="/reports/1/",
        dedupe_key="r1",
        now=timezone.now(),
    )


def test_the_same_news_is_mailed_once(user):
    tell(user)
    tell(user)
    row = Notification.objects.get()
    assert notify.deliver(row.pk, now=timezone.now()) is True
    assert notify.deliver(row.pk, now=timezone.now()) is False
    assert len(mail.outbox) == 1
    assert "/reports/1/" in mail.outbox[0].body
    assert "no health data" in mail.outbox[0].body


def test_a_refused_mail_waits_for_the_sweep(user, settings):
    tell(user)
    settings.EMAIL_BACKEND = "tests.accounts.mail_down.Backend"
    assert notify.deliver(Notification.objects.get().pk, now=timezone.now()) is False
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    tasks.send_waiting()
    assert Notification.objects.get().sent_at is not None
    assert len(mail.outbox) == 1


def test_every_kind_has_its_sentence():
    assert all(all(notify.subject_and_line(kind)) for kind in Kind)
