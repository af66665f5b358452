"""A statement that was written once answers each question for itself: nobody gets the rows of an earlier one."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models import Value

from accounts.models import Membership
from accounts.roles import Role
from accounts.statements import Statement
from reviews import desk, histories, services
from reviews.models import Review
from tests.factories.patients import NOW, make_clinic, make_patient, make_staff
from tests.factories.reviews import dermatologist, submitted_session

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def test_two_clinics_ask_the_same_statement_and_each_reads_its_own_desk():
    written = []

    def build(role, **values):
        written.append(role)
        return desk._asked(role, **values)

    statement = Statement(build)
    clinics = [make_clinic(), make_clinic()]
    for clinic in clinics:
        case = submitted_session(make_patient(clinic))
        services.claim_review(actor=dermatologist(clinic), session_id=case.pk, now=NOW)
        make_staff(Role.TRICHOLOGIST, clinic)
    seen = []
    for clinic in clinics:
        me = dermatologist(clinic)
        values = {"member": me.membership_id, "clinic": clinic.pk, "now": NOW + timedelta(minutes=1)}
        found = statement.rows(Role.DERMATOLOGIST, **values)
        assert sorted(found, key=str) == sorted(desk._asked(Role.DERMATOLOGIST, **values), key=str)
        assert "held" in {row[0] for row in found}
        seen.append({row[1] for row in found})
    assert written == [Role.DERMATOLOGIST], "the SQL is written once"
    assert not seen[0] & seen[1]


def test_cases_are_asked_for_in_any_number(django_assert_num_queries):
    clinic = make_clinic()
    me = dermatologist(clinic)
    cases = [submitted_session(make_patient(clinic)) for _ in range(3)]
    for case in cases:
        services.claim_review(actor=me, session_id=case.pk, now=NOW)
    for several in (cases[:1], cases):
        with django_assert_num_queries(1):
            found = histories.histories_of(several)
        assert {pk: [review.session_id for review in one.reviews] for pk, one in found.items()} == {
            case.pk: [case.pk] for case in several
        }


def test_a_value_that_the_sql_does_not_ask_for_is_an_error():
    statement = Statement(lambda clinic, member: Membership.objects.filter(clinic_id=clinic).values_list("pk"))
    with pytest.raises(ValueError, match="member"):
        statement.rows(clinic=uuid4(), member=uuid4())


def test_constants_of_the_statement_stay_what_they_are():
    clinic = make_clinic()
    me = dermatologist(clinic)
    case = submitted_session(make_patient(clinic))
    services.claim_review(actor=me, session_id=case.pk, now=NOW)
    statement = Statement(
        lambda clinic, after: Review.objects.filter(
            clinic_id=clinic, lease_until__gt=after, status__in=["claimed", "reading"]
        ).values_list(Value("a word"), "session_id", "claimed_at")
    )
    assert statement.rows(clinic=clinic.pk, after=NOW) == [("a word", case.pk, NOW)]
    assert statement.rows(clinic=clinic.pk, after=NOW + timedelta(days=1)) == []
