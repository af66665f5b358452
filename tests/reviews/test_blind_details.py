"""Blind readers record more than a grade: stage, regions and counts; and are compared in what both of them recorded."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.errors import DomainError, Invalid, NotFound
from accounts.models import User
from accounts.roles import Role
from patients.selectors import photos_of
from reviews import services
from reviews.agreement.details import Pair, detail_agreement
from reviews.agreement.figures import Estimate, TooFew
from reviews.agreement.looks import Period
from reviews.agreement.report import agreement_report
from reviews.blind_details import Details, DrawnRegion, HandCount, check, matches
from reviews.grade import Grade
from reviews.models import CaseReading, Read, ReadMarks
from reviews.policy import Demand, ReadingRules
from tests.factories import reviews as made
from tests.factories.patients import actor_for, make_clinic, make_staff, signed_in
from tests.factories.reviews import look_at_all, open_photos, review_at
from vision.types import Condition, View

PHOTO, OTHER = uuid4(), uuid4()
GRADE = Grade(Condition.ALOPECIA, 20, 4)
SQUARE = ((0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6))


def square(left: float, kind: str = "bald", photo: UUID = PHOTO, side: float = 0.4) -> DrawnRegion:
    right = left + side
    return DrawnRegion(uuid4(), photo, kind, ((left, 0.2), (right, 0.2), (right, 0.6), (left, 0.6)))


def test_regions_are_one_when_kind_and_photograph_are_and_they_share_enough_each_once():
    near, far, thin, elsewhere = square(0.25), square(0.55), square(0.2, "thinning"), square(0.2, photo=OTHER)
    mine = square(0.2)
    [(one, other, shared)] = matches([mine], [far, near, thin, elsewhere])
    assert (one, other) == (mine, near)
    assert shared == pytest.approx(0.35 / 0.45, abs=0.01)
    assert matches([mine], [thin, elsewhere, far]) == []
    twice = matches([mine, square(0.22)], [near])
    assert len(twice) == 1, "one region of the other reader answers one of mine"


def pair(one: Details, other: Details) -> Pair:
    return Pair(uuid4(), one, other)


def test_readers_are_compared_only_in_what_both_recorded():
    stage = Details(stage="norwood-3")
    found = detail_agreement([pair(stage, Details()), pair(Details(), Details(none_seen=True))])
    assert found.stages[0].pairs == ()
    assert found.regions.cases == 0
    apart = [pair(stage, Details(stage="sinclair-2")), pair(stage, Details(stage="not_gradable")), pair(stage, stage)]
    found = detail_agreement(apart)
    assert found.one_gradable == 2
    assert found.stages[0].pairs == ((3, 3),)


def test_stages_counts_and_regions_of_many_readers_have_figures_with_intervals():
    pairs = []
    for n in range(20):
        hairs = 40 + 5 * n
        one = Details(f"norwood-{1 + n % 7}", (square(0.2),), counts=(HandCount(PHOTO, hairs, hairs // 2),))
        theirs = (square(0.25 + 0.02 * (n % 2)),) if n % 4 else ()  # every fourth reader saw none
        other = Details(
            f"norwood-{1 + (n % 7 if n % 3 else min(6, n % 7 + 1))}",
            theirs,
            none_seen=not theirs,
            counts=(HandCount(PHOTO, hairs + (4 if n % 2 else 0), None),),
        )
        pairs.append(pair(one, other))
    found = detail_agreement(pairs)
    norwood = found.stages[0]
    assert isinstance(norwood.kappa, Estimate)
    assert 0.9 < norwood.kappa.value < 1
    assert isinstance(norwood.same, Estimate)
    assert norwood.same.value == pytest.approx(sum(a == b for a, b in norwood.pairs) / 20)
    assert isinstance(found.hairs.icc, Estimate)
    assert found.hairs.icc.value > 0.98
    assert not isinstance(found.hairs.limits, TooFew)
    assert found.hairs.limits.bias.value == pytest.approx(-2)
    assert isinstance(found.units.icc, TooFew), "the second reader counted no units"
    assert (found.regions.cases, found.regions.by_first, found.regions.by_second) == (20, 20, 15)
    assert isinstance(found.regions.matched, Estimate)
    assert found.regions.matched.value == pytest.approx(30 / 35)  # 2 m / (a + b)
    assert isinstance(found.regions.overlap, Estimate)
    assert 0.7 < found.regions.overlap.value < 0.35 / 0.45 + 0.01


@pytest.mark.parametrize(
    ("details", "code"),
    [
        (Details(stage="norwood-8"), "unknown_stage"),
        (Details(regions=(square(0.2, photo=OTHER),)), "unknown_photo"),
        (Details(counts=(HandCount(OTHER, 3, None),)), "unknown_photo"),
        (Details(counts=(HandCount(PHOTO, 3, None), HandCount(PHOTO, 4, None))), "bad_count"),
        (Details(counts=(HandCount(PHOTO, 10, 11),)), "bad_count"),
        (Details(counts=(HandCount(PHOTO, 5000, None),)), "bad_count"),
    ],
)
def test_what_cannot_be_is_refused(details, code):
    with pytest.raises(Invalid) as refused:
        check(details, photos=[PHOTO], closeups=[PHOTO])
    assert refused.value.code == code


@pytest.fixture
def blind(monkeypatch):
    """A case of a clinic that reads twice, with a close-up: its holder's browser, and the review."""
    monkeypatch.setattr(made, "LATER", timezone.now())
    clinic = make_clinic()
    admin = actor_for(make_staff(Role.ADMINISTRATOR, clinic).user)
    services.set_reading_policy(actor=admin, rules=ReadingRules(double_read=Demand.ALWAYS), now=timezone.now())
    review, holder = review_at("claimed", clinic=clinic, views=(View.CROWN, View.TRICHOSCOPY))
    return review, holder


def stroke(photo, **change):
    width, height = photo.width_px, photo.height_px
    polygon = [[x * width, y * height] for x, y in SQUARE]
    return json.dumps({"action": "create", "id": str(uuid4()), "type": "polygon", "polygon": polygon, **change})


@pytest.mark.django_db(databases=["default", "keys"])
def test_two_readers_draw_count_and_stage_and_the_third_sees_both(blind):
    review, holder = blind
    crown, closeup = sorted(photos_of(review.session), key=lambda photo: photo.view != View.CROWN)
    first = signed_in(User.objects.get(pk=holder.user_id))
    page = first.get(reverse("reviews:review", args=[review.pk])).content.decode()
    assert "Draw a region that you see" in page
    assert "data-ruler" not in page, "the scale is set beside the findings"
    url = reverse("reviews:grade_marks", args=[review.pk, crown.pk])
    drawn = first.post(url, stroke(crown, kind="bald"), content_type="application/json").json()["id"]
    gone = first.post(url, stroke(crown), content_type="application/json").json()["id"]
    first.post(url, json.dumps({"action": "delete", "id": gone, "own": True}), content_type="application/json")
    shown = first.get(reverse("reviews:photo", args=[review.pk, crown.pk]), headers={"HX-Request": "true"})
    assert drawn in shown.content.decode()
    assert gone not in shown.content.decode()
    frame = first.get(reverse("reviews:photo", args=[review.pk, closeup.pk]), headers={"HX-Request": "true"})
    assert "Frame to count in" in frame.content.decode()
    form = {"condition": "alopecia", "share_percent": 20, "severity": 4, "stage": "norwood-3", "hairs_0": 80}
    assert first.post(reverse("reviews:grade", args=[review.pk]), form).status_code == 302
    assert first.post(url, stroke(crown), content_type="application/json").status_code == 409, "it is committed"

    case = CaseReading.objects.get()
    second = make_staff(Role.TRICHOLOGIST, review.clinic)
    reader = signed_in(second.user)
    page = reader.get(reverse("reviews:read", args=[case.pk]), {"photo": str(crown.pk)}).content.decode()
    assert drawn not in page, "nobody sees the other's regions before committing"
    mine = reader.post(
        reverse("reviews:read_marks", args=[case.pk, crown.pk]), stroke(crown), content_type="application/json"
    ).json()["id"]
    assert mine in reader.get(reverse("reviews:read", args=[case.pk]), {"photo": str(crown.pk)}).content.decode()
    look_at_all(review.session, actor_for(second.user))
    far = {"condition": "psoriasis", "share_percent": 90, "severity": 9, "stage": "norwood-5", "hairs_0": 85}
    assert reader.post(reverse("reviews:read", args=[case.pk]), far).status_code == 302
    assert ReadMarks.objects.count() == 0
    one, other = (Details.from_dict(read.details) for read in Read.objects.order_by("position"))
    assert (one.stage, one.counts, len(one.regions)) == ("norwood-3", (HandCount(closeup.pk, 80, None),), 1)
    assert [region.kind for region in other.regions] == ["thinning"]
    with pytest.raises(DomainError):
        services.mark_for_read(
            actor=actor_for(second.user), case_id=case.pk, photo_id=crown.pk,
            stroke=services.Stroke("create", None, "bald", SQUARE), now=timezone.now(),
        )  # fmt: skip

    third = signed_in(make_staff(Role.DERMATOLOGIST, review.clinic).user)
    page = third.get(reverse("reviews:read", args=[case.pk]), {"photo": str(crown.pk)}).content.decode()
    assert drawn in page
    assert mine in page
    assert "Norwood–Hamilton 3 · 1 region drawn · Trichoscopy" in page
    assert ": 80 hairs" in page
    period = Period(timezone.now() - timedelta(days=1), timezone.now() + timedelta(days=1))
    found = agreement_report(holder, period).details
    assert (found.stages[0].pairs, found.hairs.pairs, found.regions.cases) == (((3, 5),), ((80.0, 85.0),), 1)
    table = list(csv.reader(first.get(reverse("reviews:agreement_csv")).content.decode().splitlines()))
    assert ["readers", "norwood_stage", "quadratic_weighted_kappa", "1", "", "", "", "blind"] in table
    assert "Hairs counted in the frame" in first.get(reverse("reviews:agreement")).content.decode()


@pytest.mark.django_db(databases=["default", "keys"])
def test_the_api_commits_the_same_and_refuses_a_photograph_of_another_case(blind):
    review, holder = blind
    crown = photos_of(review.session)[0]
    first = signed_in(User.objects.get(pk=holder.user_id))
    url = reverse("api-review-grade", args=[review.pk])
    open_photos(review, holder, timezone.now())
    body = {
        **GRADE.to_dict(),
        "stage": "not_gradable",
        "regions": [{"photo": str(uuid4()), "kind": "bald", "polygon": [list(point) for point in SQUARE]}],
    }
    refused = first.post(url, body, content_type="application/json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "unknown_photo")
    body["regions"][0]["photo"] = str(crown.pk)
    kept = first.post(url, body, content_type="application/json").json()["details"]
    assert (kept["stage"], kept["regions"][0]["photo"]) == ("not_gradable", str(crown.pk))
    with pytest.raises(NotFound):
        services.mark_for_read(
            actor=actor_for(make_staff(Role.TRICHOLOGIST, review.clinic).user), case_id=CaseReading.objects.get().pk,
            photo_id=uuid4(), stroke=services.Stroke("create", None, "bald", SQUARE), now=timezone.now(),
        )  # fmt: skip
