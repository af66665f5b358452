"""Resumable uploads, spoken over real HTTP through Django's client: dropped, resumed, refused, swept."""

from __future__ import annotations

import base64
import io
import tracemalloc
from datetime import timedelta

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from patients import selectors, services
from patients.models import Photo, Upload
from patients.services import uploads as upload_services
from tests.factories.patients import (
    NOW,
    add_drawn_photo,
    drawn_jpeg,
    holder_actor,
    holder_of,
    make_patient,
    make_session,
    signed_in,
)
from tests.patients.test_photos import flat_jpeg
from vault import files
from vision.types import View

pytestmark = pytest.mark.django_db
TUS = {"HTTP_TUS_RESUMABLE": "1.0.0"}


@pytest.fixture
def session(sealed_folder):
    return make_session(views=[])


@pytest.fixture
def browser(session):
    return signed_in(holder_of(session.patient))


def metadata(session, *, view="crown", filename="IMG_0042.jpg", filetype="image/jpeg"):
    pairs = {"session": str(session.pk), "view": view, "filename": filename, "filetype": filetype}
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())


def announce(browser, session, length, **names):
    return browser.post(
        reverse("patients:uploads"),
        HTTP_UPLOAD_LENGTH=str(length),
        HTTP_UPLOAD_METADATA=metadata(session, **names),
        **TUS,
    )


def send(browser, url, offset, data, **extra):
    return browser.generic(
        "PATCH",
        url,
        data,
        content_type="application/offset+octet-stream",
        HTTP_UPLOAD_OFFSET=str(offset),
        CONTENT_TYPE="application/offset+octet-stream",  # the client leaves it out of an empty request
        **TUS,
        **extra,
    )


def standing(browser, url):
    return int(browser.head(url, **TUS)["Upload-Offset"])


def result(browser, url):
    return browser.get(url + "result/", HTTP_ACCEPT="application/json").json()


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """Run what waits for the commit, as a server does."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def test_the_server_says_what_it_can(browser):
    answer = browser.options(reverse("patients:uploads"), **TUS)
    assert answer.status_code == 204
    assert answer["Tus-Extension"] == "creation,expiration,termination"
    assert answer["Tus-Max-Size"] == str(50 * 1024 * 1024)


def test_a_photo_arrives_in_pieces_and_is_kept_once(browser, session, sealed_files, committed):
    data = drawn_jpeg(20)
    url = announce(browser, session, len(data))["Location"]
    third = len(data) // 3
    with committed():
        for start in (0, third, 2 * third):
            stop = len(data) if start == 2 * third else start + third
            answer = send(browser, url, start, data[start:stop])
            assert (answer.status_code, answer["Upload-Offset"]) == (204, str(stop))
    outcome = result(browser, url)
    assert outcome["state"] == "accepted"
    assert outcome["message"] == "Good. The photo is kept."
    assert outcome["photo_id"] == str(Photo.objects.get().pk)
    assert reverse("patients:thumbnail", args=[Photo.objects.get().pk]) in outcome["html"]
    assert len(sealed_files()) == 2  # the photo and its thumbnail; no part is left


def test_what_the_gate_noticed_without_refusing_is_said_at_once_and_not_called_good(browser, session, committed):
    still = np.asarray(Image.open(io.BytesIO(drawn_jpeg(20))))
    buffer = io.BytesIO()
    Image.fromarray((still * np.array([1.0, 0.85, 0.3])).astype(np.uint8)).save(buffer, "JPEG", quality=92)
    url = announce(browser, session, len(buffer.getvalue()))["Location"]
    with committed():
        send(browser, url, 0, buffer.getvalue())
    outcome = result(browser, url)
    assert (outcome["state"], outcome["hinted"]) == ("accepted", True)
    assert outcome["message"].startswith("Kept, and it counts. The light is strongly coloured.")
    assert "Please check" in outcome["html"]
    assert "Use white light" in outcome["html"]


def test_a_dropped_connection_is_resumed_where_it_stopped(browser, session, committed):
    data = drawn_jpeg(21)
    url = announce(browser, session, len(data))["Location"]

    class Dropping(io.BytesIO):
        """Delivers 50,000 bytes, then the network is gone."""

        def read(self, size=-1):
            if self.tell() >= 50_000:
                raise OSError("connection reset")
            return super().read(min(size, 50_000 - self.tell()))

    upload_id = Upload.objects.get().pk
    actor = holder_actor(session.patient)
    services.append_part(actor=actor, upload_id=upload_id, offset=0, source=Dropping(data), now=timezone.now())
    assert standing(browser, url) == 50_000
    with committed():
        send(browser, url, 50_000, data[50_000:])
    assert result(browser, url)["state"] == "accepted"
    with selectors.open_photo(Photo.objects.get()) as stream:
        assert len(stream.read()) == Photo.objects.get().size_bytes


def test_a_part_at_the_wrong_place_is_refused_and_changes_nothing(browser, session, sealed_files):
    data = drawn_jpeg(22)
    url = announce(browser, session, len(data))["Location"]
    send(browser, url, 0, data[:1000])
    before = sealed_files()
    for offset in (0, 999, 1001, 5000):
        assert send(browser, url, offset, data[:500]).status_code == 409
    assert standing(browser, url) == 1000
    assert sealed_files() == before


def test_two_parts_for_the_same_place_count_once(browser, session, sealed_files, monkeypatch):
    """The second request was checked before the first was recorded: the record decides, the loser's bytes go."""
    data = drawn_jpeg(23)
    url = announce(browser, session, len(data))["Location"]
    stale = Upload.objects.get()
    send(browser, url, 0, data[:1000])
    monkeypatch.setattr(upload_services, "receiving_upload", lambda actor, upload_id, now: refreshed(stale))
    assert send(browser, url, 0, data[:1000]).status_code == 409
    assert len(sealed_files()) == 1
    assert Upload.objects.get().offset_bytes == 1000


def refreshed(stale):
    fresh = Upload.objects.select_related("session", "session__patient").get(pk=stale.pk)
    fresh.offset_bytes, fresh.parts = 0, []
    return fresh


def test_a_lost_answer_to_the_last_part_makes_no_second_photo(browser, session, committed):
    data = drawn_jpeg(24)
    url = announce(browser, session, len(data))["Location"]
    with committed():
        send(browser, url, 0, data)
    assert standing(browser, url) == len(data)
    assert send(browser, url, len(data), b"").status_code == 204
    assert send(browser, url, 0, data).status_code == 204
    assert result(browser, url)["state"] == "accepted"
    assert Photo.objects.count() == 1


def test_a_photo_whose_server_died_after_the_last_part_is_finished_by_whoever_asks(
    browser, session, committed, monkeypatch
):
    data = drawn_jpeg(25)
    url = announce(browser, session, len(data))["Location"]
    with monkeypatch.context() as patch:
        patch.setattr(upload_services, "finish_upload", lambda **kwargs: Upload.objects.get())
        send(browser, url, 0, data)
    assert not Photo.objects.exists()
    with committed():
        assert result(browser, url)["state"] == "accepted"
    assert Photo.objects.count() == 1


def test_a_file_that_is_no_photo_is_rejected_with_its_reason_and_leaves_nothing(
    browser, session, sealed_files, committed
):
    data = b"%PDF-1.7" * 100
    url = announce(browser, session, len(data))["Location"]
    with committed():
        send(browser, url, 0, data)
    outcome = result(browser, url)
    assert outcome["state"] == "rejected"
    assert outcome["message"] == "This is not a photo that we can read. Send a JPEG, PNG, WebP or HEIC file."
    assert outcome["photo_id"] is None
    assert sealed_files() == []


def test_the_same_photo_again_is_said_to_be_there_already(browser, session, sealed_files, committed):
    data = drawn_jpeg(26)
    for _attempt in range(2):
        url = announce(browser, session, len(data))["Location"]
        with committed():
            send(browser, url, 0, data)
    outcome = result(browser, url)
    assert (outcome["state"], "already in this session" in outcome["message"]) == ("rejected", True)
    assert len(sealed_files()) == 2


def test_a_photo_not_good_enough_is_kept_and_says_what_to_change(browser, session, committed):
    data = flat_jpeg(8)
    url = announce(browser, session, len(data))["Location"]
    with committed():
        send(browser, url, 0, data)
    outcome = result(browser, url)
    assert outcome["state"] == "not_good_enough"
    assert "not good enough to be measured" in outcome["message"]
    assert "too dark" in outcome["message"]
    assert "Turn on the lamp" in outcome["html"]
    assert Photo.objects.get().quality_passed is False


def test_whoever_was_signed_out_meanwhile_is_told_so(browser, session):
    url = announce(browser, session, 5000)["Location"]
    answer = send(Client(), url, 0, b"x")
    assert (answer.status_code, "Sign in again" in answer.content.decode()) == (401, True)


def test_a_large_part_is_never_whole_in_memory(session):
    """20 MB pass through at the price of a few chunks."""
    size = 20 * 1024 * 1024
    actor = holder_actor(session.patient)
    upload = services.create_upload(
        actor=actor,
        session_id=session.pk,
        view=View.CROWN,
        site="",
        length_bytes=size + 1,
        claimed_type="image/jpeg",
        claimed_extension="jpg",
        now=NOW,
    )

    class Zeros(io.RawIOBase):
        left = size

        def read(self, count=-1):
            count = min(count, self.left)
            self.left -= count
            return bytes(count)

    tracemalloc.start()
    services.append_part(actor=actor, upload_id=upload.pk, offset=0, source=Zeros(), now=NOW)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert Upload.objects.get().offset_bytes == size
    assert peak < 8 * 1024 * 1024


@pytest.mark.parametrize(
    ("length", "status", "words"),
    [(0, 422, "empty"), (50 * 1024 * 1024 + 1, 413, "too large"), ("x", 422, "not understood")],
)
def test_an_impossible_length_is_refused_with_a_sentence(browser, session, length, status, words):
    answer = announce(browser, session, length)
    assert (answer.status_code, words in answer.content.decode()) == (status, True)
    assert answer["Content-Type"].startswith("text/plain")
    assert not Upload.objects.exists()


def test_more_bytes_than_announced_are_refused(browser, session, sealed_files):
    url = announce(browser, session, 1000)["Location"]
    assert send(browser, url, 0, b"x" * 1500).status_code == 413
    assert sealed_files() == []
    assert standing(browser, url) == 0


def test_a_cancelled_upload_leaves_nothing(browser, session, sealed_files, committed):
    url = announce(browser, session, 5000)["Location"]
    send(browser, url, 0, b"x" * 1000)
    with committed():
        assert browser.delete(url, **TUS).status_code == 204
    assert sealed_files() == []
    assert browser.head(url, **TUS).status_code == 404


def test_an_expired_upload_is_gone_and_swept_with_its_parts(browser, session, sealed_files, committed):
    url = announce(browser, session, 5000)["Location"]
    send(browser, url, 0, b"x" * 1000)
    Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert browser.head(url, **TUS).status_code == 410
    assert send(browser, url, 1000, b"x").status_code == 410
    with committed():
        assert services.sweep_uploads(timezone.now()) == 1
    assert sealed_files() == []
    assert not Upload.objects.exists()


def test_the_sweep_leaves_what_is_under_way(browser, session):
    announce(browser, session, 5000)
    assert services.sweep_uploads(timezone.now()) == 0
    assert Upload.objects.count() == 1


def test_files_that_a_killed_process_left_are_swept_and_nothing_else(browser, session, sealed_files):
    """Killed between sealing and recording: the file lies there, and no row names it."""
    photo = add_drawn_photo(session)
    url = announce(browser, session, 5000)["Location"]
    send(browser, url, 0, b"x" * 1000)
    kept = sealed_files()
    key_id, upload = session.patient.key_id, Upload.objects.get()
    for folder in (f"photos/{session.pk.hex}", f"uploads/{upload.pk.hex}"):
        files.seal_file(key_id=key_id, source=io.BytesIO(b"half"), folder=folder)
    assert services.sweep_orphans(timezone.now()) == 0  # perhaps just being recorded
    assert services.sweep_orphans(timezone.now() + timedelta(hours=2)) == 2
    assert sealed_files() == kept
    with selectors.open_photo(photo) as stream:
        assert stream.read(2) == b"\xff\xd8"


def test_a_part_lies_sealed_while_it_waits(browser, session, sealed_folder):
    data = drawn_jpeg(27)
    url = announce(browser, session, len(data))["Location"]
    send(browser, url, 0, data[:30_000])
    (part,) = (path for path in sealed_folder.rglob("*.sealed"))
    assert b"JFIF" not in part.read_bytes()


def test_another_persons_upload_does_not_exist(session, browser):
    url = announce(browser, session, 5000)["Location"]
    stranger = signed_in(holder_of(make_patient()))
    assert stranger.head(url, **TUS).status_code == 404
    assert send(stranger, url, 0, b"x").status_code == 404
    assert stranger.delete(url, **TUS).status_code == 404
    assert stranger.get(url + "result/").status_code == 404
    assert announce(stranger, session, 5000).status_code == 404


def test_a_submitted_session_takes_no_upload_and_says_so_without_inviting_a_retry(browser, session):
    services.mark_submitted(session=make_ready(session), now=NOW)
    answer = announce(browser, session, 5000)
    assert (answer.status_code, "sent already" in answer.content.decode()) == (422, True)


def make_ready(session):
    add_drawn_photo(session)
    return selectors.session_for(holder_actor(session.patient), session.pk)


@pytest.mark.parametrize("view", ["", "elbow", "trichoscopy", "crown:vertex"])
def test_a_file_without_a_proper_view_is_refused(browser, session, view):
    assert announce(browser, session, 5000, view=view).status_code == 422


def test_a_close_up_names_its_site(browser, session):
    assert announce(browser, session, 5000, view="trichoscopy:vertex").status_code == 201
    assert Upload.objects.get().site == "vertex"


def test_the_name_a_person_chose_is_not_stored(browser, session):
    announce(browser, session, 5000, filename="my divorce.HEIC", filetype="")
    upload = Upload.objects.get()
    assert upload.claimed_extension == "heic"
    assert "divorce" not in repr(Upload.objects.values().get())


def test_a_foreign_page_cannot_upload(session):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(holder_of(session.patient), backend="accounts.standing.PortalBackend")
    assert announce(strict, session, 5000).status_code == 403


def test_an_unknown_protocol_version_is_told_the_known_one(browser, session):
    answer = browser.post(reverse("patients:uploads"), HTTP_TUS_RESUMABLE="0.2.2")
    assert (answer.status_code, answer["Tus-Version"]) == (412, "1.0.0")
