"""What is typed into a case is kept in the tab until the server has it: the reading and the words of the plan."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from tests.factories import reviews as made
from tests.factories.patients import signed_in

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


@pytest.mark.parametrize(("page", "draft"), [("review", "reading"), ("plan", "plan")])
def test_a_form_that_saves_itself_keeps_its_words_and_says_so(monkeypatch, page, draft):
    for name in ("NOW", "LATER"):
        monkeypatch.setattr(made, name, timezone.now())
    review, actor = made.review_at("decided")
    markup = signed_in(User.objects.get(pk=actor.user_id)).get(reverse(f"reviews:{page}", args=[review.pk]))
    [form] = re.findall(rf'<form[^>]*data-draft="{draft}:{review.session_id}"[^>]*>', markup.content.decode())
    assert f'data-draft-owner="{actor.user_id}"' in form
    assert "kept in this tab and sent again" in form
    for place in re.findall(r'data-draft-(?:status|kept)="([^"]+)"', form):
        assert f'id="{place}"' in markup.content.decode(), place
