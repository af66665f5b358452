"""Why a finding was changed: named with one key, shown by the shape, and outside the scalp means outside the count."""

from __future__ import annotations

import pytest

from accounts.errors import Invalid
from patients.selectors import photos_of
from reviews import services
from reviews.causes import Cause, because, of_outline
from reviews.decisions import effective, final_findings
from reviews.models import Review
from reviews.presenters import workspace
from reviews.remeasure import measure_again
from reviews.services import Correction
from tests.factories.reviews import LATER, SQUARE, accept_all, finding_of, review_at
from tests.reviews.test_regions import measured_review
from tests.reviews.test_remeasure import LEFT, STORED, head, thinning
from vision.corrections import Outlined, redraw, scalp_of
from vision.types import Measured, Metric, NotMeasurable, Reason, ScalpClass, View

databases = pytest.mark.django_db(databases=["default", "keys"])


def scaled(factor: float, dx: float = 0.0) -> tuple[tuple[float, float], ...]:
    return tuple((0.5 + (x - 0.5) * factor + dx, 0.5 + (y - 0.5) * factor) for x, y in SQUARE)


@pytest.mark.parametrize(
    ("after", "cause"),
    [
        (scaled(1.2), Cause.TOO_SMALL),
        (scaled(0.8), Cause.TOO_LARGE),
        (scaled(1.0, 0.1), Cause.MISPLACED),
    ],
)
def test_an_outline_says_by_its_shape_how_the_models_was_wrong(after, cause):
    assert of_outline(SQUARE, after).cause is cause


def test_words_of_the_list_are_the_listed_reason_and_other_words_stay_words():
    assert because("", " outside the scalp ").cause is Cause.OUTSIDE
    assert because("", "It is the ear.").cause is None
    assert because("shadow_or_glare", "").words == "Shadow or glare"
    with pytest.raises(Invalid, match="reasons in the list"):
        because("because", "")


# --- outside the scalp: pure -----------------------------------------------------------------------------------------


def test_what_lies_outside_the_scalp_counts_neither_as_covered_nor_as_scalp():
    before = int(scalp_of(head()).sum())
    other = Outlined("bald", LEFT, touched=False)
    redrawn = redraw(head(), [thinning(touched=True, outside=True)], [])
    assert before - int(scalp_of(redrawn.labels).sum()) == pytest.approx(200 * 200, rel=0.02)
    held = redraw(head(), [thinning(touched=True, outside=True), other], [])
    assert before - int(scalp_of(held.labels).sum()) == pytest.approx(100 * 200, rel=0.02)
    drawn_again = redraw(head(), [thinning(touched=True, outside=True)], [("bald", SQUARE)])
    assert (drawn_again.labels[200, 200], scalp_of(drawn_again.labels)[200, 200]) == (ScalpClass.BALD, True)


def test_with_too_little_scalp_left_there_is_no_share():
    labels = np_full_background()
    labels[180:220, 180:220] = ScalpClass.DENSE  # 1 % of the picture
    labels[100:180, 100:300] = ScalpClass.THINNING
    region = Outlined("thinning", [[0.25, 0.25], [0.75, 0.25], [0.75, 0.45], [0.25, 0.45]], True, outside=True)
    stored = {**STORED, Metric.SCALP_IN_FRAME: Measured(11.0, 10.0, 12.0, "%")}
    now = measure_again(
        stored, redraw(labels, [region], []), view=View.CROWN, size_px=(400, 400), px_per_mm=None, labels=labels
    )
    assert now[Metric.AFFECTED_SHARE] == NotMeasurable(Reason.TOO_LITTLE_SCALP)
    framed = now[Metric.SCALP_IN_FRAME]
    assert isinstance(framed, Measured)
    assert framed.value == pytest.approx(1.0, abs=0.3)


def np_full_background():
    labels = head()
    labels[:] = ScalpClass.BACKGROUND
    return labels


# --- in a case -------------------------------------------------------------------------------------------------------


@databases
def test_a_dragged_outline_carries_its_reason_until_another_is_named():
    review, actor = review_at("opened")
    region = finding_of(review, "region")
    width, height = region.photo.width_px, region.photo.height_px
    common = {"actor": actor, "review_id": review.pk, "finding_id": region.pk, "now": LATER}

    def drag(factor):
        polygon = [(x * width, y * height) for x, y in scaled(factor)]
        services.correct_outline(photo_id=region.photo_id, polygon_px=polygon, **common)
        return effective(review)[region.pk]

    assert (drag(0.8).cause, drag(0.8).reason) == ("outline_too_large", "The outline was too large")
    assert drag(1.2).cause == "outline_too_small"
    outline = effective(review)[region.pk].corrected["polygon"]
    services.decide_finding(verdict="corrected", cause="shadow_or_glare", **common)
    stands = effective(review)[region.pk]
    assert (stands.cause, stands.reason, stands.corrected["polygon"]) == ("shadow_or_glare", "Shadow or glare", outline)
    assert drag(0.9).cause == "shadow_or_glare"
    services.undo(actor=actor, review_id=review.pk, now=LATER)
    services.undo(actor=actor, review_id=review.pk, now=LATER)
    assert effective(review)[region.pk].cause == "outline_too_small"
    services.redo(actor=actor, review_id=review.pk, now=LATER)
    assert effective(review)[region.pk].reason == "Shadow or glare"
    final = next(found for found in final_findings(review) if found.finding_id == region.pk)
    assert final.reason == "Shadow or glare"


@databases
def test_another_kind_says_so_by_itself():
    review, actor = review_at("opened")
    region = finding_of(review, "region")
    services.decide_finding(
        actor=actor, review_id=review.pk, finding_id=region.pk, verdict="corrected",
        correction=Correction(region_kind="bald"), now=LATER,
    )  # fmt: skip
    assert effective(review)[region.pk].cause == "other_kind"


@databases
def test_a_region_outside_the_scalp_is_taken_out_and_the_page_says_why():
    review, actor = measured_review()
    accept_all(review, actor)
    region = finding_of(review, "region")
    common = {"actor": actor, "review_id": review.pk, "finding_id": region.pk, "verdict": "rejected", "now": LATER}

    def counted():
        group = next(group for group in workspace(review, actor).groups if group.photo_id == region.photo_id)
        return group, {row.label: row.after for row in group.counted}

    services.decide_finding(reason="It is only a shadow.", **common)
    group, numbers = counted()
    assert group.left_out == ()
    services.decide_finding(cause="outside_scalp", **common)
    group, without = counted()
    assert group.left_out == (next(card.number for card in group.cards if card.kind == "region"),)
    assert numbers["Thinning area"] == without["Thinning area"] == "0 %"
    coverage = next(
        found for found in final_findings(review) if found.code == "coverage_index" and found.view == "crown"
    )
    assert coverage.payload["value"] == pytest.approx(100, abs=0.5)
    assert region.pk not in {found.finding_id for found in final_findings(Review.objects.get(pk=review.pk))}
    assert photos_of(review.session)
