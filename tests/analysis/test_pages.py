"""What each person sees of the measuring: patients progress and no number, clinicians pictures, staff switches."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.roles import Role
from analysis import services
from analysis.models import Analysis, Finding, ModelRelease
from patients.models import PhotoSession, Purpose
from tests.analysis.conftest import Measured, submit, take
from tests.factories.patients import (
    add_drawn_photo,
    holder_of,
    make_clinic,
    make_session,
    make_staff,
    make_user,
    ready_patient,
    signed_in,
)
from vision.types import Condition, Metric, View

pytestmark = pytest.mark.django_db

SAID_BY_MODELS = (
    *(metric.value for metric in Metric),
    *(condition.value for condition in Condition if condition is not Condition.OTHER),
    "71.0", "66.0", "76.0", "29.0", "4.9", "0.91", "7.5",
    "coverage", "visibility", "severity", "thinning", "bald", "scalp-segmentation", "%",
)  # fmt: skip
"""Values and labels of the findings of ``measured``, and the words by which they would be announced."""


def words_of(response) -> str:
    """What a page says and links, in lower case, without its script and style addresses."""
    html = response.content.decode()
    main = re.search(r"<main.*?</main>", html, re.DOTALL)
    return (main[0] if main else html).lower()


def assert_nothing_measured(text: str) -> None:
    told = [word for word in SAID_BY_MODELS if word in text]
    assert not told, f"a patient reads {told} before anybody has signed"


@pytest.fixture
def patient_browser(analysis: Analysis):
    return signed_in(holder_of(analysis.session.patient))


class TestThePatientsStatusPage:
    def test_while_waiting_it_asks_again_by_itself(self, analysis, patient_browser):
        page = patient_browser.get(reverse("analysis:session", args=[analysis.session_id]))
        assert "Waiting to be measured" in page.content.decode()
        assert reverse("analysis:session_status", args=[analysis.session_id]) in page.content.decode()
        assert 'hx-trigger="every 2s"' in page.content.decode()
        assert page.headers["Cache-Control"] == "private, no-store"

    def test_while_measuring_it_shows_how_far_it_is(self, analysis, patient_browser):
        now = timezone.now()
        claim = take(analysis, now)
        services.heartbeat(claim=claim, photos_done=1, now=now)
        fragment = patient_browser.get(reverse("analysis:session_status", args=[analysis.session_id]))
        assert "Being measured" in fragment.content.decode()
        assert re.search(r'<progress[^>]*value="1"[^>]*max="2"', fragment.content.decode())
        assert "every 2s" in fragment.content.decode()

    @pytest.mark.parametrize("name", ["session", "session_status"])
    def test_when_measured_it_stops_asking_and_tells_no_number(self, measured: Measured, patient_browser, name):
        page = patient_browser.get(reverse(f"analysis:{name}", args=[measured.session.pk]))
        assert page.status_code == 200
        assert "every 2s" not in page.content.decode()
        assert "With the clinic" in page.content.decode()
        assert_nothing_measured(words_of(page))
        assert str(measured.image.pk) not in page.content.decode()

    def test_a_failed_analysis_is_the_clinics_matter(self, analysis, patient_browser):
        claim = take(analysis, timezone.now())
        services.record_failure(claim=claim, code="SealedFileCorrupt", now=timezone.now(), final=True)
        page = patient_browser.get(reverse("analysis:session", args=[analysis.session_id])).content.decode()
        assert "With the clinic" in page
        assert "SealedFileCorrupt" not in page
        assert "every 2s" not in page

    def test_who_refuses_ai_reads_that_it_is_left_out(self, network):
        session = submit(make_session(views=[View.CROWN], without=[Purpose.AI_ANALYSIS]))
        page = signed_in(holder_of(session.patient)).get(reverse("analysis:session", args=[session.pk]))
        assert "without AI, as you wished" in page.content.decode()
        assert "every 2s" not in page.content.decode()

    def test_what_was_said_of_a_photo_at_upload_still_stands_there_once_it_is_sent(self, network):
        session = submit(make_session(views=[View.CROWN, View.TRICHOSCOPY]))
        photo = session.photos.get(view="crown")
        doubt = {"check": "wrong_view", "value": 5.1, "threshold": 2.5, "passed": False, "refuses": False}
        photo.quality = {"checks": [{**doubt, "detail": "occiput"}]}
        photo.save(update_fields=["quality"])
        page = signed_in(holder_of(session.patient)).get(reverse("analysis:session", args=[session.pk]))
        text = " ".join(page.content.decode().split())
        assert "Good enough to measure" in text
        assert "This looks like the back of the head. It should show: Crown, from above." in text
        assert "Close-up with a lens: Crown" in text

    def test_somebody_elses_session_is_not_there(self, analysis):
        stranger = signed_in(holder_of(ready_patient()))
        for name in ("session", "session_status"):
            assert stranger.get(reverse(f"analysis:{name}", args=[analysis.session_id])).status_code == 404
        assert stranger.post(reverse("analysis:submit", args=[analysis.session_id])).status_code == 404


class TestSubmitting:
    def test_a_submitted_session_is_queued_and_its_page_follows(self, network):
        session = make_session(views=[View.CROWN])
        browser = signed_in(holder_of(session.patient))
        answer = browser.post(reverse("analysis:submit", args=[session.pk]), follow=True)
        assert answer.redirect_chain == [(reverse("analysis:session", args=[session.pk]), 302)]
        assert "Your photos are with the clinic" in answer.content.decode()
        assert Analysis.objects.get(session=session).status == "queued"
        assert PhotoSession.objects.get(pk=session.pk).status == "submitted"

    def test_sending_twice_queues_once(self, network):
        session = make_session(views=[View.CROWN])
        browser = signed_in(holder_of(session.patient))
        browser.post(reverse("analysis:submit", args=[session.pk]))
        again = browser.post(reverse("analysis:submit", args=[session.pk]))
        assert again.status_code == 409
        assert Analysis.objects.filter(session=session).count() == 1

    def test_a_session_without_photos_stays_with_the_patient(self, network):
        session = make_session(views=[])
        answer = signed_in(holder_of(session.patient)).post(reverse("analysis:submit", args=[session.pk]))
        assert answer.status_code in (409, 422)
        assert PhotoSession.objects.get(pk=session.pk).status == "draft"

    def test_nothing_is_sent_by_following_a_link(self, network):
        session = make_session(views=[View.CROWN])
        browser = signed_in(holder_of(session.patient))
        assert browser.get(reverse("analysis:submit", args=[session.pk])).status_code == 405


class TestDerivedPictures:
    @pytest.mark.parametrize("role", [Role.DERMATOLOGIST, Role.TRICHOLOGIST])
    def test_a_clinician_of_the_clinic_sees_it_and_leaves_a_trace(self, measured: Measured, role):
        member = make_staff(role, measured.session.patient.clinic)
        answer = signed_in(member.user).get(reverse("analysis:derived", args=[measured.image.pk]))
        assert b"".join(answer).startswith(b"overlay of ")
        assert answer.headers["Content-Type"] == "image/webp"
        assert answer.headers["Cache-Control"] == "private, no-store"
        event = AuditEvent.objects.get(action="derived.read")
        assert event.patient_id == measured.session.patient_id
        assert event.detail["photos"] == [str(measured.image.photo_result.photo_id)]

    def test_for_another_clinic_it_is_not_there(self, measured: Measured):
        stranger = make_staff(Role.DERMATOLOGIST, make_clinic("Hair Clinic South"))
        assert signed_in(stranger.user).get(reverse("analysis:derived", args=[measured.image.pk])).status_code == 404
        assert not AuditEvent.objects.filter(action="derived.read").exists()

    def test_patients_administrators_and_strangers_do_not_get_it(self, measured: Measured, client):
        address = reverse("analysis:derived", args=[measured.image.pk])
        assert signed_in(holder_of(measured.session.patient)).get(address).status_code in (403, 404)
        administrator = make_staff(Role.ADMINISTRATOR, measured.session.patient.clinic)
        assert signed_in(administrator.user).get(address).status_code in (403, 404)
        assert client.get(address).status_code == 302


class TestReleases:
    @pytest.fixture
    def administrator(self):
        return signed_in(make_staff(Role.ADMINISTRATOR, make_clinic("Hair Clinic West")).user)

    def test_an_administrator_switches_a_network_off_and_on(self, administrator, network: ModelRelease):
        assert "scalp-segmentation 9.9" in administrator.get(reverse("analysis:releases")).content.decode()
        switch = reverse("analysis:release_switch", args=[network.pk])
        page = administrator.post(switch, {"enabled": "off"}, follow=True).content.decode()
        assert "scalp-segmentation 9.9 is off from now on" in page
        network.refresh_from_db()
        assert not network.enabled
        session = submit(make_session(views=[View.CROWN]))
        assert not Analysis.objects.filter(session=session).exists()

        administrator.post(switch, {"enabled": "on"})
        assert ModelRelease.objects.get().enabled
        switched = AuditEvent.objects.filter(action__startswith="release.switched").order_by("pk")
        assert [event.action for event in switched] == ["release.switched_off", "release.switched_on"]

    def test_a_release_whose_files_are_missing_is_named_as_such(self, administrator, network: ModelRelease):
        assert "Files altered" in administrator.get(reverse("analysis:releases")).content.decode()

    @pytest.mark.parametrize("role", [Role.DERMATOLOGIST, Role.TRICHOLOGIST, Role.PATIENT])
    def test_nobody_else_may_look_or_switch(self, network: ModelRelease, role):
        patient = ready_patient()
        user = holder_of(patient) if role is Role.PATIENT else make_staff(role, patient.clinic).user
        browser = signed_in(user)
        assert browser.get(reverse("analysis:releases")).status_code == 403
        assert browser.get(reverse("analysis:release_card", args=[network.pk])).status_code == 403
        switch = reverse("analysis:release_switch", args=[network.pk])
        assert browser.post(switch, {"enabled": "off"}).status_code == 403
        network.refresh_from_db()
        assert network.enabled


class TestTheApi:
    def address(self, measured: Measured) -> str:
        return reverse("api-analysis", args=[measured.session.pk])

    def test_a_patient_reads_progress_and_no_finding(self, measured: Measured, patient_browser):
        answer = patient_browser.get(self.address(measured))
        assert answer.json() == {"state": "done", "photos_done": 2, "photos_total": 2, "findings": [], "images": []}
        assert_nothing_measured(answer.content.decode().lower())

    def test_a_clinician_reads_the_findings(self, measured: Measured):
        member = make_staff(Role.DERMATOLOGIST, measured.session.patient.clinic)
        findings = signed_in(member.user).get(self.address(measured)).json()["findings"]
        assert len(findings) == Finding.objects.count()
        assert findings[0]["payload"]["value"] == 71.0
        assert findings[0]["release"] == "scalp-segmentation-9.9"

    def test_for_another_clinic_and_another_patient_it_is_not_there(self, measured: Measured):
        for user in (make_staff(Role.DERMATOLOGIST, make_clinic("Elsewhere")).user, holder_of(ready_patient())):
            assert signed_in(user).get(self.address(measured)).status_code == 404


def test_a_photo_below_the_quality_gate_is_not_handed_to_the_networks(network):
    session = make_session(views=[View.CROWN])
    poor = add_drawn_photo(session, View.OCCIPUT)
    poor.quality_passed = False
    poor.save()
    submit(session)
    analysis = Analysis.objects.get()
    assert analysis.photos_total == 1
    assert poor not in services.usable_photos(session)


def test_a_person_without_a_record_sees_no_session(analysis):
    assert signed_in(make_user()).get(reverse("analysis:session", args=[analysis.session_id])).status_code in (302, 404)
