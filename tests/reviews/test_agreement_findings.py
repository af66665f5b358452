"""Models against clinicians, finding by finding: outlines, numbers and stages, with intervals that count people."""

from __future__ import annotations

import csv
import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.roles import Role
from analysis.models import Finding
from patients.selectors import photos_of
from reviews import agreement
from reviews.agreement import Estimate, Limits, TooFew
from reviews.agreement.looks import Period
from reviews.agreement.report import agreement_report, condition_figures
from reviews.models import FindingDecision, OwnRegion, Review
from reviews.outlines import overlap
from reviews.payloads import correct_number, correct_region, correct_stage
from tests.factories.patients import NOW, actor_for, make_clinic, make_patient, make_staff, signed_in
from tests.factories.reviews import LATER, SQUARE, measured, submitted_session
from vision.types import View

PERIOD = Period(NOW - timedelta(days=1), NOW + timedelta(days=1))
PEOPLE = 12


def moved(by):
    return [[x + by, y] for x, y in SQUARE]


def test_overlap_of_outlines_is_that_of_their_areas():
    assert overlap(SQUARE, SQUARE) == 1.0
    assert overlap(SQUARE, moved(0.2)) == pytest.approx(1 / 3, abs=0.005)
    assert overlap(SQUARE, [[0.3, 0.3], [0.7, 0.3], [0.3, 0.7]]) == pytest.approx(1 / 2, abs=0.005)
    assert overlap([[x / 50, y] for x, y in SQUARE], [[x / 50, y] for x, y in moved(0.2)]) == pytest.approx(
        1 / 3, abs=0.005
    )
    assert overlap(SQUARE, moved(0.5)) == 0.0


def test_findings_of_one_person_count_for_what_they_are_worth():
    hits = [n % 3 == 0 for n in range(30)]
    alone = agreement.share_of(hits, range(30))
    assert isinstance(alone, Estimate)
    assert (alone.value, alone.n) == (1 / 3, 30)
    plain = agreement.wilson(10, 30)
    assert isinstance(plain, Estimate)
    assert alone.low == pytest.approx(plain.low, abs=0.01)
    twice = agreement.share_of([hit for hit in hits for _n in range(2)], [n // 2 for n in range(60)])
    assert isinstance(twice, Estimate)
    assert twice.n == 60
    assert (twice.low, twice.high) == pytest.approx((alone.low, alone.high), abs=0.01)  # said twice, known once
    assert agreement.share_of([True] * 40, [n % 10 for n in range(40)]) == agreement.Estimate(
        1.0, pytest.approx(0.722, abs=0.001), 1.0, 40
    )  # Wilson of ten
    assert agreement.share_of([True] * 40, [n % 9 for n in range(40)]) == TooFew(40)


def test_an_interval_of_numbers_draws_whole_people():
    people = [n // 5 for n in range(100)]
    pairs = [(float(person % 4) + n % 2, 0.0) for n, person in enumerate(people)]
    alike, known = agreement.limits_of(pairs), agreement.limits_of(pairs, people)
    assert isinstance(alike, Limits)
    assert isinstance(known, Limits)
    assert known.bias.value == alike.bias.value == pytest.approx(2.0)
    assert known.bias.high - known.bias.low > 1.5 * (alike.bias.high - alike.bias.low)
    assert agreement.mean_of([0.5, 0.7] * 20, [n % 9 for n in range(40)]) == TooFew(40)


def test_a_condition_is_confirmed_and_found_by_those_who_did_not_see_each_other():
    pairs = [(0, 0)] * 9 + [(0, 1)] * 3 + [(1, 1)] * 2
    alopecia, psoriasis = condition_figures(pairs)
    assert (alopecia.by_models, alopecia.by_readers, alopecia.both) == (12, 9, 9)
    assert isinstance(alopecia.confirmed, Estimate)
    assert alopecia.confirmed.value == 0.75
    assert alopecia.found == TooFew(9)
    assert (psoriasis.by_models, psoriasis.by_readers, psoriasis.both) == (2, 5, 2)


# --- a clinic's signed cases -----------------------------------------------------------------------------------------


def signed_case(clinic, reviewer, n, *, closed_at=LATER, review_of=None):
    """A signed case with a region, a coverage, a Norwood stage; ``n`` says what the clinician made of each."""
    if review_of is None:
        session = submitted_session(make_patient(clinic), views=(View.CROWN,))
        analysis = measured(session)
        Finding.objects.create(
            analysis=analysis, kind="norwood", code="norwood_stage", position=99, release="norwood-0.1",
            payload={"stage": 3 + n % 2, "lowest": 3, "highest": 5, "probabilities": {}, "views": ["crown"]},
        )  # fmt: skip
    else:
        session, analysis = review_of.session, review_of.analysis
    return Review.objects.create(
        session=session, clinic=clinic, reviewer=reviewer, analysis=analysis, status="signed", claimed_at=LATER,
        lease_until=LATER, decided_at=LATER, closed_at=closed_at,
    )  # fmt: skip


def decide(review, finding, verdict, corrected=None):
    FindingDecision.objects.create(
        review=review, finding=finding, verdict=verdict, corrected=corrected, position=0, decided_by=review.reviewer
    )


def judge(review, n):
    """Of twelve people: ten outlines redrawn, one accepted, one rejected; four bald regions missed."""
    found = {
        finding.kind: finding
        for finding in Finding.objects.filter(analysis=review.analysis_id)
        if finding.code != "thinning_area_mm2"
    }
    region = found["region"].payload
    if n < 10:
        outline = correct_region(region, kind="thinning", polygon=moved(0.1 + 0.1 * (n % 2)), labels=None)
        decide(review, found["region"], "corrected", {**outline, "share_of_scalp": 16.2 + n})
    else:
        decide(review, found["region"], "accepted" if n == 10 else "rejected")
    decide(
        review,
        found["measure"],
        "corrected",
        correct_number("measure", "coverage_index", found["measure"].payload, 80.4 + n % 3),
    )
    stage = found["norwood"].payload["stage"] + (0 if n < 8 else 1 if n < 11 else 2)
    decide(review, found["norwood"], *(("accepted",) if n < 8 else ("corrected", correct_stage({}, str(stage)))))
    decide(review, found["condition"], "accepted")
    if n < 4:
        OwnRegion.objects.create(
            review=review, photo=photos_of(review.session)[0], region_id=uuid.uuid4(), act="drawn", position=0,
            payload={"kind": "bald", "polygon": SQUARE}, drawn_by=review.reviewer,
        )  # fmt: skip


def judged_case(clinic, reviewer, n):
    review = signed_case(clinic, reviewer, n)
    judge(review, n)
    return review


@pytest.mark.django_db(databases=["default", "keys"])
def test_every_kind_of_finding_is_compared_with_what_clinicians_made_of_it():
    clinic, elsewhere = make_clinic(), make_clinic("Elsewhere")
    reviewer = make_staff(Role.DERMATOLOGIST, clinic)
    admin = make_staff(Role.ADMINISTRATOR, clinic)
    acting = actor_for(admin.user)
    first = judged_case(clinic, reviewer, 0)
    for n in range(1, PEOPLE - 1):
        judged_case(clinic, reviewer, n)
    with CaptureQueriesContext(connection) as for_fewer:
        agreement_report(acting, PERIOD)
    judged_case(clinic, reviewer, PEOPLE - 1)
    earlier = signed_case(clinic, reviewer, 0, closed_at=LATER - timedelta(hours=1), review_of=first)
    decide(earlier, Finding.objects.get(analysis=first.analysis_id, kind="region"), "rejected")  # since superseded

    with CaptureQueriesContext(connection) as queries:
        seen = agreement_report(acting, PERIOD).seen
    assert len(queries) == len(for_fewer)  # as many for a year as for a day
    by_kind = {row.kind: row for row in seen.regions}
    thinning, bald, both = by_kind["thinning"], by_kind["bald"], by_kind[""]
    assert (thinning.accepted, thinning.redrawn, thinning.renamed, thinning.rejected) == (1, 10, 0, 1)
    assert (bald.shown, bald.added, bald.missed) == (0, 4, TooFew(4))
    assert isinstance(both.confirmed, Estimate)
    assert (both.confirmed.value, both.confirmed.n) == (11 / 12, 12)
    assert isinstance(both.missed, Estimate)
    assert (both.missed.value, both.missed.n) == (4 / 15, 15)
    assert isinstance(both.overlap, Estimate)
    assert both.overlap.value == pytest.approx((0.6 + 1 / 3) / 2, abs=0.005)
    assert both.overlap.low < both.overlap.value < both.overlap.high
    assert isinstance(both.share, Limits)
    assert both.share.bias.value == pytest.approx(-4.5)
    [coverage] = seen.numbers
    assert (coverage.code, coverage.judged, coverage.typed, coverage.unit) == ("coverage_index", 12, 12, "%")
    assert isinstance(coverage.limits, Limits)
    assert coverage.limits.bias.value == pytest.approx(1.0)
    assert isinstance(seen.stages.same, Estimate)
    assert isinstance(seen.stages.within_one, Estimate)
    assert (seen.stages.same.value, seen.stages.within_one.value) == (8 / 12, 11 / 12)
    assert isinstance(seen.stages.kappa, Estimate)
    assert seen.condition == TooFew(12, flat=True)
    assert agreement_report(actor_for(make_staff(Role.ADMINISTRATOR, elsewhere).user), PERIOD).seen.people == 0

    browser = signed_in(admin.user)
    days = {"from": NOW.date().isoformat(), "to": NOW.date().isoformat()}
    page = browser.get(reverse("reviews:agreement"), days)
    text = re.sub(r"<[^>]+>|\s+", " ", page.content.decode())
    assert "Seen beside the models" in text
    assert re.search(r"Both kinds\s+12\s+1\s+10\s+0\s+1\s+92 % \(\d+ to \d+\)\s+4\s+27 % \(", text)
    assert "0.47 (" in text
    assert "not enough cases" in text  # four people are too few for what was missed of bald regions
    drawn = {picture.id: picture.spec for picture in page.context["page"].seen_pictures}
    assert drawn.keys() >= {
        "chart-regions",
        "chart-region-rates",
        "chart-overlap",
        "chart-number-coverage_index",
        "chart-stages",
    }
    assert drawn["chart-regions"]["encoding"]["x"]["axis"]["tickMinStep"] == 1, "regions are counted in whole ones"
    table = list(csv.reader(browser.get(reverse("reviews:agreement_csv"), days).content.decode().splitlines()))
    [missed] = [row for row in table if row[:3] == ["regions", "both", "share_missed"]]
    assert (missed[3], missed[4], missed[7]) == ("15", "0.2667", "beside_models")
    by_api = browser.get("/api/v1/agreement/", days).json()
    assert {row["basis"] for row in by_api if row["section"] == "model_against_readers"} == {"blind"}
    beside = [row for row in by_api if (row["section"], row["measure"]) == ("stages", "share_within_one")]
    assert [row["value"] for row in beside] == ["0.9167"]
