"""An administrator tells the clinic's trichoscopes, each known by its width or its bar, and is told what is missing."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, Trichoscope
from accounts.roles import Role
from tests.factories.patients import make_clinic, make_staff

pytestmark = pytest.mark.django_db

NEAR = {"name": "HandyScope, 70x", "px_per_mm": "233.3", "width_px": "832", "bar_mm": ""}


@pytest.fixture
def administrator(client):
    member = make_staff(Role.ADMINISTRATOR, make_clinic())
    client.force_login(member.user)
    return member


def test_a_trichoscope_is_added_changed_and_removed_on_the_pages(client, administrator):
    new = reverse("accounts:trichoscope_new")
    saved = client.post(new, NEAR, follow=True)
    assert "It holds for photographs added from now on" in saved.content.decode()
    assert "#" not in saved.redirect_chain[-1][0], "the page opens at its top, where the message stands"
    scope = Trichoscope.objects.get()
    page = client.get(reverse("accounts:clinic")).content.decode()
    assert "HandyScope, 70x" in page
    assert "233.3 px/mm" in page
    own = reverse("accounts:trichoscope", args=[scope.pk])
    assert client.post(own, {**NEAR, "bar_mm": "0.5"}).status_code == 302
    scope.refresh_from_db()
    assert scope.bar_mm == 0.5
    assert client.post(reverse("accounts:trichoscope_remove", args=[scope.pk])).status_code == 302
    assert not Trichoscope.objects.exists()
    actions = list(
        AuditEvent.objects.filter(subject_kind="trichoscope").order_by("pk").values_list("action", flat=True)
    )
    assert actions == ["trichoscope.added", "trichoscope.changed", "trichoscope.removed"]


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({**NEAR, "width_px": ""}, "width_px", "Give both"),
        ({**NEAR, "px_per_mm": "", "width_px": ""}, "__all__", "or the length of its bar"),
        ({**NEAR, "px_per_mm": "0.1"}, "px_per_mm", "greater than or equal to 20"),
        ({**NEAR, "name": "old SCOPE"}, "name", "Name the magnification"),
        ({**NEAR, "width_px": "1024"}, "width_px", "“Old scope” makes pictures of this width too"),
    ],
)
def test_a_trichoscope_that_could_not_tell_a_scale_is_refused(client, administrator, given, field, words):
    Trichoscope.objects.create(clinic=administrator.clinic, name="Old scope", px_per_mm=100, width_px=1024)
    refused = client.post(reverse("accounts:trichoscope_new"), given)
    assert refused.status_code == 422
    assert words in str(refused.context["form"].errors[field])
    assert "HandyScope" in refused.content.decode() or field == "name", "what was typed stays"
    assert Trichoscope.objects.count() == 1


def test_a_refused_change_leaves_the_trichoscope_and_its_heading_as_they_were(client, administrator):
    scope = Trichoscope.objects.create(clinic=administrator.clinic, name="Old scope", px_per_mm=100, width_px=1024)
    refused = client.post(reverse("accounts:trichoscope", args=[scope.pk]), {**NEAR, "width_px": ""})
    assert "<h1>Old scope" in refused.content.decode().replace("\n", "")
    scope.refresh_from_db()
    assert (scope.name, scope.width_px) == ("Old scope", 1024)


def test_a_bar_that_cannot_be_told_from_another_is_named(client, administrator):
    def clinic_page():
        return client.get(reverse("accounts:clinic")).content.decode()

    Trichoscope.objects.create(clinic=administrator.clinic, name="Bar <1>", bar_mm=1)
    near = Trichoscope.objects.create(clinic=administrator.clinic, name="Near", bar_mm=1)
    assert "gives no scale now" not in clinic_page(), "bars of one length need no telling apart"
    near.bar_mm, near.px_per_mm, near.width_px = 0.5, 300, 900
    near.save()
    assert "“Bar &lt;1&gt;” gives no scale now" in clinic_page()
    assert "“Near” gives no scale now" not in clinic_page(), "its width tells whose bar it is"


def test_another_clinics_width_is_no_hindrance_and_its_trichoscope_is_not_found(client, administrator):
    theirs = Trichoscope.objects.create(
        clinic=make_clinic("Elsewhere"), name="HandyScope, 70x", px_per_mm=100, width_px=832
    )
    assert client.post(reverse("accounts:trichoscope_new"), NEAR).status_code == 302
    assert client.get(reverse("accounts:trichoscope", args=[theirs.pk])).status_code == 404


def test_the_same_over_the_api(client, administrator):
    listed = reverse("api-trichoscopes")
    refused = client.post(listed, {"name": "X", "px_per_mm": 200}, "application/json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "scale_and_width")
    made = client.post(listed, {"name": "X", "bar_mm": 1}, "application/json")
    assert made.status_code == 201
    own = reverse("api-trichoscope", args=[made.json()["id"]])
    changed = client.put(own, json.dumps({"name": "Y", "bar_mm": 2}), "application/json")
    assert (changed.json()["name"], changed.json()["bar_mm"]) == ("Y", 2)
    assert [one["name"] for one in client.get(listed).json()["results"]] == ["Y"]
    assert client.delete(own).status_code == 204
    assert client.get(own).status_code == 404
