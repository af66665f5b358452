"""Pages of the worklist begin at places in its order, forwards and backwards, and cost the same wherever they are."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from patients.models import PhotoSession
from reviews import queue, services
from reviews.queue import Place, QueueFilters, worklist
from reviews.templatetags.queue_badges import counted
from tests.factories.patients import NOW, actor_for, make_clinic, make_patient, make_staff, signed_in
from tests.factories.reviews import dermatologist, trichologist

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

ALL = QueueFilters()


def fill(clinic, number=30):
    """Cases of every urgency, late and in time, with equal severities and equal times among them."""
    patient = make_patient(clinic)
    kinds = itertools.cycle(itertools.product((0, 1, 2), (2, 80), (0, 30, 70)))
    return PhotoSession.objects.bulk_create(
        PhotoSession(
            patient=patient,
            clinic=clinic,
            status="submitted",
            urgency=urgency,
            urgent=urgency < 2,
            measuring="done" if rank else "none",
            severity_rank=rank,
            shown_rank=rank,
            submitted_at=NOW - timedelta(hours=hours, minutes=place // 20),
        )
        for place, (urgency, hours, rank) in zip(range(number), kinds, strict=False)
    )


def ids(rows):
    return [row.session.pk for row in rows]


@pytest.mark.parametrize(("size", "few"), [(1, 0), (7, 0), (30, 0), (7, queue.FEW)])
def test_walking_by_places_shows_every_case_once_in_both_directions(size, few, monkeypatch):
    monkeypatch.setattr(queue, "FEW", few)
    clinic = make_clinic()
    sessions = fill(clinic)
    me, colleague = dermatologist(clinic), trichologist(clinic)
    for session in sessions[3:9]:
        services.claim_review(actor=me, session_id=session.pk, now=NOW)
    review = services.claim_review(actor=colleague, session_id=sessions[20].pk, now=NOW)
    services.hand_over(actor=colleague, review_id=review.pk, to_id=me.membership_id, note="", now=NOW)
    cases, _counts = worklist(me, ALL, now=NOW)
    whole = ids(cases)
    assert len(cases) == 30
    assert len(set(whole)) == 30
    assert whole[0] == sessions[20].pk, "what was handed over comes first"
    pages = [cases.page(size)]
    while pages[-1].following is not None:
        after = Place.parse(str(pages[-1].following))
        pages.append(cases.page(size, after=after))
    assert [pk for page in pages for pk in ids(page.rows)] == whole
    assert [(page.first, page.last) for page in pages] == [
        (start + 1, min(start + size, 30)) for start in range(0, 30, size)
    ]
    assert pages[0].previous is None
    for earlier, later in itertools.pairwise(pages):
        back = cases.page(size, before=Place.parse(str(later.previous)))
        assert (ids(back.rows), back.first) == (ids(earlier.rows), earlier.first)


def test_a_place_holds_when_cases_before_it_have_left():
    clinic = make_clinic()
    sessions = fill(clinic, 12)
    me = dermatologist(clinic)
    first = worklist(me, ALL, now=NOW)[0].page(5)
    rest = ids(worklist(me, ALL, now=NOW)[0])[5:]
    PhotoSession.objects.filter(pk__in=ids(first.rows)).update(status="closed")
    cases, counts = worklist(me, ALL, now=NOW)
    assert ids(cases.page(5, after=first.following).rows) == rest[:5]
    assert counts.all == len(sessions) - 5
    PhotoSession.objects.filter(pk__in=rest).update(status="closed")
    assert cases.page(5, after=first.following).rows == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "1_2_3",
        "1_9_0_0_0_" + "a" * 32,
        "x_2_0_0_0_" + "a" * 32,
        "0_2_1_99999999_0_" + "a" * 32,
        "0_0_0_0_" + "9" * 40,
    ],
)
def test_what_is_no_place_is_the_beginning(text):
    clinic = make_clinic()
    fill(clinic, 3)
    member = make_staff(Role.DERMATOLOGIST, clinic)
    page = signed_in(member.user).get(reverse("reviews:queue"), {"after": text})
    assert page.content.decode().count("data-list-item") == 3


def test_the_page_names_its_cases_and_leads_on(monkeypatch):
    clinic = make_clinic()
    fill(clinic, 30)
    browser = signed_in(make_staff(Role.DERMATOLOGIST, clinic).user)
    text = browser.get("/queue/?severity_from=3").content.decode()
    assert "1 to 20 of 20" not in text, "one page needs no pager"
    text = browser.get("/queue/").content.decode()
    assert "1 to 25 of 30" in text
    link = text.split('rel="next" href="')[1].split('"')[0]
    text = browser.get("/queue/" + link).content.decode()
    assert "26 to 30 of 30" in text
    link = text.split('rel="prev" href="')[1].split('"')[0]
    assert "1 to 25 of 30" in browser.get("/queue/" + link).content.decode()
    monkeypatch.setattr(queue, "COUNTED", 12)
    monkeypatch.setattr("reviews.templatetags.queue_badges.COUNTED", 12)
    text = browser.get("/queue/").content.decode()
    assert "1 to 25 of" in text
    assert "+" in text.split("pager__where")[1].split("</span>")[0]
    assert counted(12) == "12"


def test_the_list_of_the_api_follows_its_links_and_takes_an_offset():
    clinic = make_clinic()
    fill(clinic, 9)
    member = make_staff(Role.DERMATOLOGIST, clinic)
    browser = signed_in(member.user)
    url = reverse("api-queue")
    whole = [case["session_id"] for case in browser.get(url).json()["results"]]
    found, at = [], f"{url}?limit=4"
    while at:
        page = browser.get(at).json()
        assert page["count"] == 9
        found += [case["session_id"] for case in page["results"]]
        last, at = page, page["next"]
    assert found == whole
    assert [case["session_id"] for case in browser.get(last["previous"]).json()["results"]] == whole[4:8]
    cut = browser.get(url, {"limit": 3, "offset": 4}).json()
    assert [case["session_id"] for case in cut["results"]] == whole[4:7]


def test_states_of_a_case_are_shown_as_badges():
    """Markup that is shown as words would be as long as a paragraph in every row."""
    clinic = make_clinic()
    fill(clinic, 3)
    page = signed_in(make_staff(Role.DERMATOLOGIST, clinic).user).get(reverse("reviews:queue")).content.decode()
    assert '<span class="status tone-urgent">' in page
    assert "&lt;" not in page


@pytest.mark.parametrize("size", [1, 4])
def test_a_filter_that_leaves_few_cases_keeps_the_order_and_the_places(size, monkeypatch):
    clinic = make_clinic()
    sessions = fill(clinic)
    me = dermatologist(clinic)
    services.claim_review(actor=me, session_id=sessions[3].pk, now=NOW)
    monkeypatch.setattr(queue, "FEW", 0)
    whole = worklist(me, ALL, now=NOW)[0]
    wanted = [row.session.pk for row in whole if row.session.measuring == "none"]
    assert len(wanted) == 10
    cases, _counts = worklist(me, QueueFilters(analysis="not_consented"), now=NOW)
    pages = [cases.page(size)]
    while pages[-1].following is not None:
        pages.append(cases.page(size, after=pages[-1].following))
    assert [pk for page in pages for pk in ids(page.rows)] == wanted
    for earlier, later in itertools.pairwise(pages):
        assert ids(cases.page(size, before=later.previous).rows) == ids(earlier.rows)


def statements(client, address):
    with CaptureQueriesContext(connections["default"]) as portal, CaptureQueriesContext(connections["keys"]) as keys:
        assert client.get(address).status_code == 200
    return [query["sql"] for query in (*portal.captured_queries, *keys.captured_queries)]


def test_a_page_of_the_queue_costs_as_many_statements_with_one_case_as_with_twenty_five():
    clinic = make_clinic()
    sessions = fill(clinic, 1)
    me = make_staff(Role.DERMATOLOGIST, clinic)
    client = signed_in(me.user)
    client.get("/queue/")
    few = statements(client, "/queue/")
    fill(clinic, 29)
    many = statements(client, "/queue/")
    assert len(many) == len(few), "\n".join(many)
    assert len(many) <= 12, "\n".join(many)
    services.claim_review(actor=actor_for(me.user), session_id=sessions[0].pk, now=timezone.now())
    assert len(statements(client, "/queue/")) == len(few) + 1, "the cases that one has had to do with"
    assert len(statements(client, "/queue/?analysis=not_consented")) <= len(few) + 2
