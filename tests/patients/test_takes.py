"""Each view twice in one sitting (C8): when it is asked for, what becomes the second take, and that nobody must."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import Clinic
from patients import privacy, selectors, services
from patients.models import Photo, PhotoSession
from patients.repeats import TakeState, take_state
from patients.services.sessions import reopen_for_retake
from tests.factories.patients import (
    NOW,
    add_drawn_photo,
    holder_actor,
    holder_of,
    make_session,
    ready_patient,
    signed_in,
)
from vision.types import View

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=1)


def draft(*, twice: bool = True) -> PhotoSession:
    session = make_session(ready_patient(), views=(), consent=False)
    return services.choose_takes(actor=holder_actor(session.patient), session_id=session.pk, twice=twice, now=NOW)


def state(session: PhotoSession, view: View = View.CROWN) -> TakeState:
    return take_state(session, selectors.photos_of(session), view)


@pytest.mark.parametrize(
    ("setting", "first", "later"), [("never", False, False), ("baseline", True, False), ("always", True, True)]
)
def test_the_clinic_decides_when_the_protocol_asks(setting: str, first: bool, later: bool) -> None:
    patient = ready_patient()
    Clinic.objects.filter(pk=patient.clinic_id).update(repeat_captures=setting)
    session = make_session(patient, views=(View.CROWN,), consent=False)
    assert session.take_twice is first
    PhotoSession.objects.filter(pk=session.pk).update(status=PhotoSession.Status.CLOSED, submitted_at=NOW)
    assert make_session(patient, views=(), consent=False).take_twice is later


def test_the_next_good_photo_of_a_view_is_its_second_take() -> None:
    session = draft()
    assert state(session) is TakeState.FIRST
    first = add_drawn_photo(session, View.CROWN)
    assert state(session) is TakeState.SECOND
    other_view = add_drawn_photo(session, View.OCCIPUT, now=LATER)
    second = add_drawn_photo(session, View.CROWN, now=LATER)
    assert (first.take, other_view.take, second.take) == (1, 1, 2)
    assert second.repeat_of_id == first.pk
    assert state(session) is TakeState.DONE
    assert add_drawn_photo(session, View.CROWN, now=LATER + timedelta(minutes=1)).take == 1
    assert selectors.first_takes(selectors.photos_of(session)).count(second) == 0


def test_without_the_choice_every_photo_is_a_first_take() -> None:
    session = draft(twice=False)
    assert [add_drawn_photo(session, View.CROWN).take for _ in range(2)] == [1, 1]


def test_a_second_take_that_fails_the_gate_is_asked_for_again() -> None:
    session = draft()
    first = add_drawn_photo(session, View.CROWN)
    poor = add_drawn_photo(session, View.CROWN, now=LATER)
    Photo.objects.filter(pk=poor.pk).update(quality_passed=False)
    assert state(session) is TakeState.SECOND
    assert add_drawn_photo(session, View.CROWN, now=LATER + timedelta(minutes=1)).repeat_of_id == first.pk


def test_a_retake_starts_over_with_both_takes() -> None:
    session = draft()
    for minute in (0, 1):
        add_drawn_photo(session, View.CROWN, now=NOW + timedelta(minutes=minute))
    PhotoSession.objects.filter(pk=session.pk).update(status=PhotoSession.Status.SUBMITTED)
    session.refresh_from_db()
    reopen_for_retake(session=session, views=[{"view": "crown"}], now=NOW + timedelta(hours=1))
    anew = add_drawn_photo(session, View.CROWN, now=NOW + timedelta(hours=2))
    assert anew.take == 1
    assert [photo.pk for photo in selectors.photos_of(session)] == [anew.pk]
    assert state(session) is TakeState.SECOND
    assert add_drawn_photo(session, View.CROWN, now=NOW + timedelta(hours=3)).repeat_of_id == anew.pk


def test_the_page_asks_for_it_and_lets_the_patient_decide_otherwise() -> None:
    session = draft(twice=False)
    page, browser = reverse("patients:capture", args=[session.pk]), signed_in(holder_of(session.patient))
    assert "Take each view twice today?" in browser.get(page).content.decode()
    choose = reverse("patients:takes", args=[session.pk])
    answer = browser.post(choose, {"takes": "twice", "view": "crown"})
    assert answer["Location"].endswith("?view=crown")
    assert "Today you take each view twice" in browser.get(page).content.decode()
    add_drawn_photo(session, View.CROWN)
    crown = browser.get(f"{page}?view=crown").content.decode()
    assert "Now the same view once more" in crown
    assert "good, second take to come" in crown
    finish = browser.get(reverse("patients:finish", args=[session.pk])).content.decode()
    assert "1 view has no second take" in finish
    browser.post(choose, {"takes": "once", "view": "crown"})
    assert "Now the same view once more" not in browser.get(f"{page}?view=crown").content.decode()


def test_the_camera_goes_on_to_the_second_take() -> None:
    session = draft()
    browser = signed_in(holder_of(session.patient))
    uploads = []
    for _ in range(2):
        photo = add_drawn_photo(session, View.CROWN, now=LATER + timedelta(minutes=len(uploads)))
        upload = session.uploads.create(
            view="crown", length_bytes=1, offset_bytes=1, status="accepted", photo=photo, expires_at=LATER
        )
        uploads.append(browser.get(reverse("patients:upload_result", args=[upload.pk])).json())
    assert uploads[0]["next"]["url"].endswith("?view=crown&camera=1")
    assert "once more" in uploads[0]["message"]
    assert "Now the same view once more" in uploads[0]["html"]
    assert uploads[1]["next"] is None
    assert "Both takes of this view are here" in uploads[1]["html"]


def test_the_archive_says_which_take_a_photo_is() -> None:
    session = draft()
    for minute in (0, 1):
        add_drawn_photo(session, View.CROWN, now=NOW + timedelta(minutes=minute))
    files = {file.path: file for file in privacy.export(session.patient_id)}
    (entry,) = json.loads(files["sessions.json"].open().read())
    assert [photo["take"] for photo in entry["photos"]] == [1, 2]


def test_the_api_takes_the_same_choice() -> None:
    session = draft(twice=False)
    browser = signed_in(holder_of(session.patient))
    answer = browser.put(
        reverse("api-takes", args=[session.pk]), json.dumps({"twice": True}), content_type="application/json"
    )
    assert answer.json()["take_twice"] is True
    first = add_drawn_photo(session, View.CROWN)
    second = add_drawn_photo(session, View.CROWN, now=LATER)
    told = browser.get(reverse("api-photo", args=[second.pk])).json()
    assert told["repeat_of"] == str(first.pk)
