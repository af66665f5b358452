"""The pages of a photo session in the words a patient reads."""

from __future__ import annotations

import io

import pytest
from django.urls import reverse

from patients import services
from patients.capture_protocol import RetakeReason
from patients.models import Photo, PhotoSession, Purpose
from tests.factories.patients import (
    NOW,
    add_drawn_photo,
    drawn_jpeg,
    holder_of,
    make_session,
    photo_ids,
    ready_patient,
    signed_in,
)
from tests.patients.browsing import page
from tests.patients.test_photos import flat_jpeg
from vision.types import View

pytestmark = pytest.mark.django_db


def test_the_first_page_of_a_patient_teaches_what_a_session_is():
    words = page(signed_in(holder_of(patient := ready_patient())), "session_new", patient.pk)
    assert "about six minutes" in words
    assert "Back of the head" in words
    assert "Start the session" in words


def test_the_capture_page_leads_to_the_first_view_that_is_missing():
    session = make_session(views=[View.CROWN])
    words = page(signed_in(holder_of(session.patient)), "capture", session.pk)
    assert "<h1>Hairline, from the front</h1>" in words
    assert "Hold the hair back" in words
    assert f'data-session="{session.pk}"' in words
    assert 'data-view="hairline"' in words
    assert "Next: Left temple" in words


def test_a_close_up_asks_for_its_site_before_the_photo():
    session = make_session(views=[])
    browser = signed_in(holder_of(session.patient))
    assert "data-upload" not in page(browser, "capture", session.pk, view="trichoscopy")
    assert 'data-view="trichoscopy:vertex"' in page(browser, "capture", session.pk, view="trichoscopy:vertex")


def test_a_poor_photo_says_what_to_change_and_offers_a_retake():
    session = make_session(views=[])
    add_drawn_photo(session, data=flat_jpeg(8))
    words = page(signed_in(holder_of(session.patient)), "capture", session.pk, view="crown")
    assert "The photo is too dark." in words
    assert "Turn on the lamp" in words
    assert "not measured" in words
    assert "Remove and take again" in words


@pytest.mark.parametrize(
    ("asked", "shown", "words"),
    [
        (View.CROWN, View.TEMPLE_LEFT, "This looks like the left side of the head. It should show: Crown"),
        (View.TEMPLE_RIGHT, View.TEMPLE_LEFT, "If you meant this side, the camera has mirrored the photo."),
    ],
)
def test_a_photo_of_another_view_says_what_it_looks_like_and_counts_all_the_same(asked: View, shown: View, words: str):
    session = make_session(views=[asked])
    photo = Photo.objects.get(session=session)
    doubt = {"check": "wrong_view", "value": 5.1, "threshold": 4.4, "passed": False, "refuses": False}
    photo.quality = {"checks": [{**doubt, "detail": shown.value}]}
    photo.save(update_fields=["quality"])
    assert words in page(signed_in(holder_of(session.patient)), "capture", session.pk, view=asked.value)


def test_a_retake_shows_exactly_which_views_and_why():
    session = make_session(views=[View.CROWN, View.PART])
    services.mark_submitted(session=session, now=NOW)
    wishes = [{"view": "part", "reason": RetakeReason.WET.value}]
    services.reopen_for_retake(session=session, views=wishes, now=NOW)
    words = page(signed_in(holder_of(session.patient)), "capture", session.pk)
    assert "<h1>Parting</h1>" in words
    assert "Your clinic asks for these views again" in words
    assert "The hair looks wet or has product in it." in words


def test_a_photo_is_removed_from_its_page():
    session = make_session(views=[View.CROWN])
    browser = signed_in(holder_of(session.patient))
    answer = browser.post(reverse("patients:photo_remove", args=photo_ids(session)), follow=True)
    assert "The photo is removed." in answer.content.decode()
    assert photo_ids(session) == []


def test_before_sending_one_sees_what_is_missing():
    session = make_session(views=[View.CROWN])
    words = page(signed_in(holder_of(session.patient)), "finish", session.pk)
    assert "Views without a photo" in words
    assert "Models measure the photos first" in words
    assert "Still needed" not in words


def test_whoever_refused_ai_reads_that_no_model_measures():
    session = make_session(views=[View.CROWN], without=[Purpose.AI_ANALYSIS])
    words = page(signed_in(holder_of(session.patient)), "finish", session.pk)
    assert "a clinician looks at the photos without it" in words


def test_an_unready_session_cannot_be_sent():
    session = make_session(views=[])
    words = page(signed_in(holder_of(session.patient)), "finish", session.pk)
    assert "At least one photo" in words
    assert "disabled" in words


def test_a_thrown_away_session_is_gone():
    session = make_session(views=[View.CROWN])
    browser = signed_in(holder_of(session.patient))
    browser.post(reverse("patients:discard", args=[session.pk]))
    assert PhotoSession.objects.get().status == "discarded"
    assert "Start the session" in page(browser, "session_new", session.patient_id)


def test_pictures_are_private_and_cannot_be_guessed_at():
    session = make_session(views=[View.CROWN])
    browser = signed_in(holder_of(session.patient))
    for name in ("photo", "thumbnail"):
        answer = browser.get(reverse(f"patients:{name}", args=photo_ids(session)))
        assert answer["Cache-Control"] == "private, no-store"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert len(b"".join(answer.streaming_content)) > 1000


def test_the_plain_form_takes_several_photos_without_javascript(sealed_folder):
    session = make_session(views=[])
    browser = signed_in(holder_of(session.patient))
    files = [io.BytesIO(drawn_jpeg(seed)) for seed in (30, 31)]
    for number, file in enumerate(files):
        file.name = f"photo{number}.jpg"
    empty = io.BytesIO(b"")
    empty.name = "empty.jpg"
    answer = browser.post(
        reverse("patients:photo_upload", args=[session.pk]), {"view": "crown", "photo": [*files, empty]}, follow=True
    )
    assert Photo.objects.filter(view="crown").count() == 2
    assert "The file is empty" in answer.content.decode()
    assert "2 photos in this session" in answer.content.decode()
