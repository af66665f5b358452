"""The administrator's pages that no job of the other tests passes: seen on a phone and at a desk, and by axe."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Route, expect

from accounts import webhooks
from accounts.models import Clinic, User
from accounts.outbound import Transport
from accounts.roles import Role
from analysis.releases import register_releases
from reviews.blind_details import Details, DrawnRegion, HandCount
from reviews.grade import Grade
from reviews.models import CaseReading, Read
from tests.e2e.live import look, open_live
from tests.factories.patients import actor_for, make_clinic, make_patient, make_staff
from tests.factories.reviews import measured, submitted_session
from vision.types import Condition, View

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("live"),  # their database is made once
    pytest.mark.django_db(transaction=True, databases=["default", "keys"]),
]


@pytest.fixture
def administrator() -> User:
    """Of a clinic with releases, a webhook, twelve cases read twice, and an audit of all that."""
    now = timezone.now()
    clinic = make_clinic(now=now)
    admin = make_staff(Role.ADMINISTRATOR, clinic, now=now).user
    register_releases(now=now)
    webhooks.register_endpoint(
        actor=actor_for(admin),
        url="https://hooks.example.org/trichora",
        events=[webhooks.Event.REPORT_SIGNED],
        now=now,
        transport=Transport(resolve=lambda host, port: ["93.184.215.14"]),
    )
    read_twice(clinic, 12)
    return admin


def read_twice(clinic: Clinic, count: int) -> None:
    now = timezone.now()
    readers = [make_staff(Role.DERMATOLOGIST, clinic, now=now), make_staff(Role.TRICHOLOGIST, clinic, now=now)]
    for n in range(count):
        session = submitted_session(make_patient(clinic, now=now), views=(View.TRICHOSCOPY,))
        measured(session, severity=2.0 + n % 7)
        photo = session.photos.get()
        assert session.submitted_at is not None
        case = CaseReading.objects.create(
            session=session, clinic=clinic, submitted_at=session.submitted_at, severity_points=2, share_points=20
        )
        for position, reader in enumerate(readers):
            left = 0.2 + 0.05 * position
            square = ((left, 0.2), (left + 0.4, 0.2), (left + 0.4, 0.6), (left, 0.6))
            details = Details(
                stage=f"norwood-{1 + (n + position * (n % 3 == 0)) % 7}",
                regions=(DrawnRegion(photo.pk, photo.pk, "bald", square),) if n % 4 or not position else (),
                none_seen=bool(position and not n % 4),
                counts=(HandCount(photo.pk, 60 + 5 * n + 4 * position * (n % 2), None),),
            )
            Read.objects.create(
                case=case,
                reader=reader,
                role=Read.Role.INDEPENDENT,
                position=position,
                grade=Grade(Condition.ALOPECIA, 15 + 5 * (n % 5), 2 + n % 7 + (position and n % 2)).to_dict(),
                details=details.to_dict(),
                committed_at=now,
            )


PAGES = (
    "accounts:audit",
    "accounts:webhooks",
    "analysis:releases",
    "reviews:agreement",
    "reviews:noise",
    "reviews:reading_policy",
    "reports:signing",
)


def test_the_administrators_pages_hold_on_a_phone_and_at_a_desk(
    browser: Browser, live_server: Any, administrator: User
) -> None:
    page, problems = open_live(browser, live_server, administrator, 1440)
    found: list[str] = []
    page.goto(reverse("accounts:audit"))
    lines = {}
    for width in (1440, 820, 390):  # the bar is one line at a desk, two on a tablet and a phone
        page.set_viewport_size({"width": width, "height": 900})
        lines[width] = round(page.locator(".topbar").bounding_box()["height"] / 56)  # type: ignore[index]
    assert lines == {1440: 1, 820: 2, 390: 2}
    for name in PAGES:
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(reverse(name))
        for chart in page.locator("[data-chart]").all():
            chart.locator("svg, canvas").first.wait_for()
        short = name.partition(":")[2]
        found += look(page, "desk", f"{short}-1440")
        page.set_viewport_size({"width": 390, "height": 844})
        found += look(page, "desk", f"{short}-390")
    assert found == []
    assert problems == []
    page.context.close()


def test_trichoscopes_are_added_refused_and_removed_on_a_phone_and_at_a_desk(
    browser: Browser, live_server: Any, administrator: User
) -> None:
    found: list[str] = []
    for width in (1440, 390):
        page, problems = open_live(browser, live_server, administrator, width)
        page.goto(reverse("accounts:clinic"))
        page.get_by_role("link", name="Add a trichoscope").click()
        found += look(page, "trichoscopes", f"new-{width}")
        page.get_by_label("Name").fill("HandyScope, 20x, the one of the second examination room")
        page.get_by_label("Pixels per millimetre").fill("233.3")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Give both, its scale and the width")).to_be_visible()
        found += look(page, "trichoscopes", f"refused-{width}")
        page.get_by_label("Width of its pictures").fill("832")
        page.get_by_label("Length of its scale bar").fill("0.5")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("It holds for photographs added from now on")).to_be_in_viewport()
        page.get_by_role("link", name="Add a trichoscope").click()
        page.get_by_label("Name").fill("Bar only")
        page.get_by_label("Length of its scale bar").fill("1")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("“Bar only” gives no scale now")).to_be_visible()
        found += look(page, "trichoscopes", f"clinic-{width}")
        for name in ("Bar only", "HandyScope"):
            page.get_by_role("link", name=name).click()
            found += look(page, "trichoscopes", f"own-{width}")
            page.get_by_role("button", name="Remove").click()
            page.get_by_role("dialog").get_by_role("button", name="Continue").click()
            expect(page.get_by_text("Removed. Photographs keep the scale")).to_be_in_viewport()
        assert [line for line in problems if "422" not in line] == []  # the browser's word for a refused form
        page.context.close()
    assert found == []


def test_what_is_pressed_before_the_scripts_are_there_still_asks_first(
    browser: Browser, live_server: Any, administrator: User
) -> None:
    page, problems = open_live(browser, live_server, administrator, 390)
    page.goto(reverse("accounts:trichoscope_new"))
    page.get_by_label("Name").fill("HandyScope")
    page.get_by_label("Length of its scale bar").fill("0.5")
    page.get_by_role("button", name="Save").click()
    scripts: list[Route] = []
    page.route("**/dist/app.js", lambda route: scripts.append(route))
    page.get_by_role("link", name="HandyScope").click(no_wait_after=True)
    page.get_by_role("button", name="Remove").click(no_wait_after=True)
    expect(page.get_by_role("button", name="Remove")).to_be_visible()
    assert scripts
    for script in scripts:
        script.continue_()
    page.get_by_role("dialog").get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Removed. Photographs keep the scale")).to_be_visible()
    assert problems == []
    page.context.close()
