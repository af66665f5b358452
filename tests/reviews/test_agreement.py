"""Agreement: formulas against published worked examples, figures of a clinic, and cases signed unseen."""

from __future__ import annotations

import csv
import re
from datetime import timedelta

import numpy as np
import pytest
from django.db import transaction
from django.urls import reverse
from sklearn.metrics import cohen_kappa_score

from accounts.errors import DomainError, Invalid
from accounts.roles import Role
from reports.services import sign_and_issue
from reviews import agreement, services
from reviews.agreement import Estimate, TooFew
from reviews.agreement.looks import Period
from reviews.agreement.report import agreement_report
from reviews.agreement.table import csv_rows
from reviews.grade import Grade
from reviews.models import CaseReading, FindingOpened, PhotoLook, Read, Review
from tests.factories.patients import NOW, PASSWORD, actor_for, make_clinic, make_patient, make_staff, signed_in
from tests.factories.reviews import (
    LATER,
    dermatologist,
    finding_of,
    grade_blind,
    look_at_all,
    measured,
    review_at,
    signable,
    submitted_session,
)
from vision.types import Condition, View

PERIOD = Period(NOW - timedelta(days=1), NOW + timedelta(days=1))

# Shrout & Fleiss 1979, table 2: six targets, four judges.
SHROUT = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)

# Bland & Altman 1986, table 1: peak flow, large and mini meter, l/min.
LARGE = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]


def test_icc_of_shrout_and_fleiss():
    assert round(agreement.icc_one_way(SHROUT), 2) == 0.17
    assert round(agreement.icc_two_way(SHROUT), 2) == 0.29


def test_limits_of_bland_and_altman():
    bias, low, high = agreement.limits(np.array(LARGE, float) - np.array(MINI, float))
    assert bias == pytest.approx(-2.1, abs=0.05)
    assert low == pytest.approx(-78.1, abs=0.2)
    assert high == pytest.approx(73.9, abs=0.2)


def test_kappa_of_two_readers_of_fifty_grants():
    first = np.repeat([0, 0, 1, 1], [20, 5, 10, 15])
    second = np.repeat([0, 1, 0, 1], [20, 5, 10, 15])
    assert agreement.kappa(first, second, 2) == pytest.approx(0.4)


def test_weighted_kappa_is_that_of_an_independent_library():
    drawn = np.random.default_rng(5)
    first = drawn.integers(0, 5, 80)
    second = np.clip(first + drawn.integers(-1, 2, 80), 0, 4)
    theirs = cohen_kappa_score(first, second, weights="quadratic")
    assert agreement.kappa(first, second, 5, quadratic=True) == pytest.approx(theirs)


def test_wilson_interval():
    found = agreement.wilson(20, 20)
    assert isinstance(found, Estimate)
    assert (round(found.low, 3), found.high) == (0.839, 1.0)
    assert agreement.wilson(1, 3) == TooFew(3)


def test_small_numbers_and_flat_ones_give_no_figure():
    assert agreement.icc_of([(1, 1)] * 9, same_raters=True) == TooFew(9)
    assert agreement.kappa_of([(1, 1)] * 30, 3) == TooFew(30, flat=True)
    assert agreement.limits_of([(1, 2)] * 3) == TooFew(3)


def test_an_interval_holds_its_figure_and_is_the_same_twice():
    pairs = [(float(n), n + (1.0 if n % 2 else -0.5)) for n in range(1, 31)]
    one, two = (agreement.icc_of(pairs, same_raters=True) for _n in range(2))
    assert isinstance(one, Estimate)
    assert one == two
    assert one.low < one.value < one.high


def test_the_median_lies_in_its_interval_and_ten_cases_are_needed():
    found = agreement.median_of([1.0, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 9.0, 30.0, 60.0])
    assert isinstance(found, Estimate)
    assert (found.value, 2.5 <= found.low < 5.0, 5.0 < found.high <= 9.0) == (5.0, True, True)
    assert agreement.median_of([1.0] * 9) == TooFew(9)


@pytest.mark.django_db(databases=["default", "keys"])
def test_time_per_case_has_an_interval_a_picture_and_its_row_of_the_table():
    clinic = make_clinic()
    actor = dermatologist(clinic)
    for n in range(10):
        review, _actor = review_at("decided", clinic=clinic, actor=actor, views=(View.CROWN,))
        Review.objects.filter(pk=review.pk).update(
            claimed_at=LATER, decided_at=LATER + timedelta(minutes=n + 1), status="signed", closed_at=LATER
        )
    browser = signed_in(make_staff(Role.ADMINISTRATOR, clinic).user)
    days = {"from": NOW.date().isoformat(), "to": NOW.date().isoformat()}
    page = browser.get(reverse("reviews:agreement"), days)
    assert page.context["page"].minutes == "5.5 min"
    assert "95 % interval" in page.context["page"].minutes_spread
    assert [picture.id for picture in page.context["page"].pictures] == [
        "chart-overrides",
        "chart-rates",
        "chart-times",
    ]
    assert "Coverage index" in page.content.decode()
    table = [row.split(",") for row in browser.get(reverse("reviews:agreement_csv"), days).content.decode().split()]
    [median] = [row for row in table if row[1:3] == ["minutes_to_decision", "median"]]
    assert (median[3], float(median[4])) == ("10", 5.5)
    assert float(median[5]) < 5.5 < float(median[6])
    [rate] = [row for row in table if row[1:3] == ["coverage_index", "share_corrected_or_rejected"]]
    assert (rate[3], float(rate[4]), float(rate[6]) > 0.1) == ("10", 0.0, True)


# --- a clinic's figures ----------------------------------------------------------------------------------------------


def grade_of(severity, share, condition=Condition.ALOPECIA):
    return Grade(condition, share, severity).to_dict()


def read_twice(clinic, readers, count):
    """Cases with a measured session and two grades, a little apart."""
    for n in range(count):
        session = submitted_session(make_patient(clinic))
        assert session.submitted_at is not None
        measured(session, severity=2.0 + n % 7)
        case = CaseReading.objects.create(
            session=session, clinic=clinic, submitted_at=session.submitted_at, severity_points=2, share_points=20
        )
        for position, reader in enumerate(readers):
            Read.objects.create(
                case=case,
                reader=reader,
                role=Read.Role.INDEPENDENT,
                position=position,
                grade=grade_of(2 + n % 7 + (position and n % 2), 15 + 5 * (n % 5)),
                committed_at=LATER,
            )


@pytest.mark.django_db(databases=["default", "keys"])
def test_figures_are_of_the_own_clinic_and_period_and_name_no_patient():
    clinic, elsewhere = make_clinic(), make_clinic("Elsewhere")
    readers = [make_staff(Role.DERMATOLOGIST, clinic), make_staff(Role.TRICHOLOGIST, clinic)]
    read_twice(clinic, readers, 12)
    admin = make_staff(Role.ADMINISTRATOR, clinic)
    report = agreement_report(actor_for(admin.user), PERIOD)
    assert isinstance(report.readers.severity, Estimate)
    assert report.readers.severity.n == 12
    assert report.readers.severity.value > 0.9
    assert report.readers.condition == TooFew(12, flat=True)
    assert isinstance(report.model.severity, Estimate)
    assert report.model.severity.value > 0.9
    other = agreement_report(actor_for(make_staff(Role.ADMINISTRATOR, elsewhere).user), PERIOD)
    assert other.readers.severity == TooFew(0)
    later = agreement_report(actor_for(admin.user), Period(PERIOD.end, PERIOD.end + timedelta(days=1)))
    assert later.graded == 0
    browser = signed_in(admin.user)
    days = {"from": NOW.date().isoformat(), "to": NOW.date().isoformat()}
    page = browser.get(reverse("reviews:agreement"), days).content.decode()
    assert "ICC(2,1)" in page
    assert "chart-readers" in page
    assert not any(row.record_number in page for row in {case.session.patient for case in CaseReading.objects.all()})
    table = list(csv.reader(browser.get(reverse("reviews:agreement_csv"), days).content.decode().splitlines()))
    assert table[3][:4] == ["readers", "severity", "icc_1_1", "12"]
    assert browser.get("/api/v1/agreement/", days).json()[2]["n"] == 12


@pytest.mark.django_db(databases=["default", "keys"])
def test_a_case_signed_without_opening_every_finding_is_found():
    review, actor = review_at("decided")
    Review.objects.filter(pk=review.pk).update(status="signed", closed_at=LATER)
    assert agreement_report(actor, PERIOD).signed_unseen == ()
    report = agreement_report(actor, PERIOD)
    assert report.signed == 1
    assert {row.code or row.kind: row.accepted for row in report.overrides} == {
        "condition": 1, "coverage_index": 2, "region": 1, "severity": 1,
    }  # fmt: skip
    FindingOpened.objects.filter(review=review, subject_id=finding_of(review, "region").pk).delete()  # forged
    assert agreement_report(actor, PERIOD).signed_unseen == (review.pk,)


@pytest.mark.django_db(databases=["default", "keys"])
def test_a_photograph_that_was_never_opened_is_found_for_who_signed_and_for_second_readers():
    review, actor = review_at("decided")
    Review.objects.filter(pk=review.pk).update(status="signed", closed_at=LATER)
    case = CaseReading.objects.create(
        session=review.session, clinic=review.clinic, submitted_at=NOW, severity_points=2, share_points=20
    )
    second = dermatologist(review.clinic)
    assert second.membership_id is not None
    look_at_all(review.session, second)
    grade = Grade(Condition.ALOPECIA, 20, 4).to_dict()
    read = Read.objects.create(
        case=case, reader_id=second.membership_id, role="independent", position=1, grade=grade, committed_at=LATER
    )
    assert (agreement_report(actor, PERIOD).signed_unseen, agreement_report(actor, PERIOD).graded_unseen) == ((), ())
    FindingOpened.objects.filter(review=review, subject_kind="photo").first().delete()  # forged
    PhotoLook.objects.first().delete()
    report = agreement_report(actor, PERIOD)
    assert (report.signed_unseen, report.graded_unseen) == ((review.pk,), (read.pk,))
    rows = {row[1]: row[3:5] for row in csv_rows(report) if row[0] == "cases"}
    assert rows["graded_without_opening_every_photograph"] == ["1", "1"]


@pytest.mark.django_db(databases=["default", "keys"])
def test_a_case_whose_every_finding_was_not_opened_cannot_be_signed_and_the_page_counts_none():
    """Even where a row of what was opened goes missing between the decision and the signature."""
    review, actor = review_at("decided")
    signable(review, actor)
    FindingOpened.objects.filter(review=review, subject_id=finding_of(review, "region").pk).delete()
    with pytest.raises(DomainError) as refused:
        sign_and_issue(actor=actor, review_id=review.pk, secret=PASSWORD, now=LATER)
    assert refused.value.code == "unseen"
    with pytest.raises(Invalid, match="Look at every photograph"), transaction.atomic():
        services.mark_signed(review=Review.objects.select_for_update().get(pk=review.pk), actor=actor, now=LATER)
    assert Review.objects.get(pk=review.pk).status == "decided"
    services.mark_opened(
        actor=actor, review_id=services.reopen(actor=actor, review_id=review.pk, now=LATER).pk, kind="finding",
        subject_id=finding_of(review, "region").pk, now=LATER,
    )  # fmt: skip
    services.decide_review(actor=actor, review_id=review.pk, now=LATER)
    sign_and_issue(actor=actor, review_id=review.pk, secret=PASSWORD, now=LATER)
    assert Review.objects.get(pk=review.pk).status == "signed"
    browser = signed_in(make_staff(Role.ADMINISTRATOR, review.clinic).user)
    days = {"from": NOW.date().isoformat(), "to": NOW.date().isoformat()}
    rows = csv.reader(browser.get(reverse("reviews:agreement_csv"), days).content.decode().splitlines())
    assert [row[3:5] for row in rows if "signed_without_opening_every_finding" in row] == [["1", "0"]]
    page = re.sub(r"<[^>]+>|\s+", " ", browser.get(reverse("reviews:agreement"), days).content.decode())
    assert re.search(r"Signed without opening everything\s+0", page)


@pytest.mark.django_db(databases=["default", "keys"])
def test_the_reference_of_a_case_is_its_adjudication():
    clinic = make_clinic()
    first, second, third = (dermatologist(clinic) for _n in range(3))
    review, first = review_at("claimed", clinic=clinic, actor=first)
    grade_blind(actor=first, review_id=review.pk, grade=Grade(Condition.ALOPECIA, 20, 4), now=LATER)
    case = CaseReading.objects.get()
    CaseReading.objects.update(status="adjudication_due")
    look_at_all(review.session, third)
    services.commit_read(actor=third, case_id=case.pk, grade=Grade(Condition.PSORIASIS, 20, 9), now=LATER)
    report = agreement_report(second, PERIOD)
    assert report.adjudicated == 1
    assert report.graded_unseen == ()
    assert report.model.severity_pairs == ((4.2, 9.0),)
