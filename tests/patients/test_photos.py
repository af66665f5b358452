"""Photos: what is taken, what is refused and how it is said, and that nothing is left half-stored."""

from __future__ import annotations

import io
import struct
import zlib
from datetime import timedelta

import numpy as np
import pytest
from PIL import Image

from accounts.errors import DomainError, Invalid, NotFound
from accounts.models import AuditEvent
from accounts.roles import Role
from patients import selectors, services
from patients.models import Photo
from patients.services import photos as photo_services
from patients.services.reading import Rendition
from tests.factories.patients import (
    NOW,
    actor_for,
    add_drawn_photo,
    drawn_jpeg,
    holder_actor,
    make_patient,
    make_session,
    make_staff,
    photo_ids,
)
from vision.types import View

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(sealed_folder):
    return make_session(views=[])


def add(session, data, *, extension="jpg", media_type="image/jpeg", view=View.CROWN, site="", now=NOW):
    return services.add_photo(
        actor=holder_actor(session.patient),
        session_id=session.pk,
        view=view,
        site=site,
        upload=io.BytesIO(data),
        claimed_type=media_type,
        claimed_extension=extension,
        now=now,
    )


def stored_bytes(photo):
    with selectors.open_photo(photo) as stream:
        return stream.read()


def png_bomb():
    """A valid PNG header that promises 100,000 x 100,000 pixels."""
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    chunks = b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b""))
    )
    return b"\x89PNG\r\n\x1a\n" + chunks


def flat_jpeg(grey):
    buffer = io.BytesIO()
    Image.new("RGB", (800, 600), (grey, grey, grey)).save(buffer, "JPEG")
    return buffer.getvalue()


# --- taken -----------------------------------------------------------------------------------------------------------


def test_a_good_photo_is_kept_sealed_and_reads_back(session, sealed_folder):
    photo = add(session, drawn_jpeg(1))
    assert photo.quality_passed
    picture = Image.open(io.BytesIO(stored_bytes(photo)))
    assert (picture.width, picture.height) == (photo.width_px, photo.height_px) == (720, 540)
    for path in sealed_folder.rglob("*.sealed"):
        raw = path.read_bytes()
        assert b"JFIF" not in raw
        assert b"WEBP" not in raw


def test_the_thumbnail_is_a_webp_of_480_pixels(session):
    photo = add(session, drawn_jpeg(1))
    stream = services.read_photo(
        actor=holder_actor(session.patient), photo_id=photo.pk, rendition=Rendition.THUMBNAIL, now=NOW
    )
    picture = Image.open(io.BytesIO(b"".join(stream.chunks)))
    assert (picture.format, max(picture.size)) == ("WEBP", 480)


def test_the_place_and_the_camera_owner_are_gone_from_what_is_stored(session):
    exif = Image.Exif()
    exif[0x010F], exif[0x013B], exif[0x9003] = "Acme", "Jane Roe", "2026:11:20 08:15:00"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 17.0)})
    data = drawn_jpeg(2, exif=exif)
    assert Image.open(io.BytesIO(data)).getexif().get_ifd(0x8825)
    photo = add(session, data)
    kept = stored_bytes(photo)
    assert not Image.open(io.BytesIO(kept)).getexif()
    assert b"Jane Roe" not in kept
    assert b"Exif" not in kept
    assert "Jane Roe" not in repr(photo.capture)
    assert photo.capture["camera_make"] == "Acme"


@pytest.mark.parametrize(("kind", "extension"), [("PNG", "png"), ("WEBP", "webp")])
def test_other_picture_types_are_taken(session, kind, extension):
    buffer = io.BytesIO()
    Image.open(io.BytesIO(drawn_jpeg(3))).save(buffer, kind)
    photo = add(session, buffer.getvalue(), extension=extension, media_type=f"image/{extension}")
    assert photo.media_type == f"image/{extension}"


def test_heic_from_a_telephone_becomes_a_jpeg_that_browsers_show(session):
    pillow_heif = pytest.importorskip("pillow_heif")
    picture = Image.open(io.BytesIO(drawn_jpeg(3)))
    buffer = io.BytesIO()
    pillow_heif.from_pillow(picture).save(buffer, quality=90)
    photo = add(session, buffer.getvalue(), extension="heic", media_type="")
    assert photo.media_type == "image/jpeg"
    assert stored_bytes(photo).startswith(b"\xff\xd8")


def test_a_dark_photo_is_kept_with_its_reason_and_never_passes(session):
    photo = add(session, flat_jpeg(8))
    assert not photo.quality_passed
    failed = {item["check"] for item in photo.quality["checks"] if not item["passed"]}
    assert {"too_dark", "blur"} <= failed


def test_a_close_up_needs_its_site(session):
    with pytest.raises(Invalid, match="Choose the site"):
        add(session, drawn_jpeg(4), view=View.TRICHOSCOPY)
    assert add(session, drawn_jpeg(4), view=View.TRICHOSCOPY, site="vertex").site == "vertex"


# --- refused ---------------------------------------------------------------------------------------------------------

FAULTS = {
    "nothing in it": (b"", "jpg", "empty"),
    "not a picture": (b"%PDF-1.7 hello" * 50, "jpg", "cannot read|that we can read"),
    "a PNG called JPG": (png_bomb(), "jpg", "name says one kind"),
    "cut short": (drawn_jpeg(6)[:20_000], "jpg", "incomplete|cannot be read"),
    "a decompression bomb": (png_bomb(), "png", "too many pixels"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_file_is_refused_with_a_sentence_and_leaves_nothing(session, sealed_files, fault):
    data, extension, words = FAULTS[fault]
    with pytest.raises(Invalid, match=words):
        add(session, data, extension=extension)
    assert sealed_files() == []
    assert not Photo.objects.exists()


def test_a_file_above_the_limit_is_refused(session, settings, sealed_files):
    settings.UPLOAD_MAX_BYTES = 10_000
    with pytest.raises(Invalid, match="too large"):
        add(session, drawn_jpeg(1))
    assert sealed_files() == []


def test_the_same_photo_twice_in_a_session_is_refused(session, sealed_files):
    add(session, drawn_jpeg(7))
    before = sealed_files()
    with pytest.raises(DomainError, match="already in this session"):
        add(session, drawn_jpeg(7), view=View.PART)
    assert sealed_files() == before


def test_a_photo_of_an_earlier_session_is_not_used_again(session):
    add(session, drawn_jpeg(8))
    services.mark_submitted(session=session, now=NOW)
    later = make_session(session.patient, views=[], now=NOW + timedelta(days=30))
    assert later.pk != session.pk
    with pytest.raises(DomainError, match="earlier session"):
        add(later, drawn_jpeg(8))


def test_another_patient_may_have_the_very_same_file(session):
    first = add(session, drawn_jpeg(9))
    second = add(make_session(views=[]), drawn_jpeg(9))
    assert first.sha256 != second.sha256  # and nobody can tell from the database that they are equal


def test_a_photo_that_loses_the_race_leaves_no_file(session, sealed_files, monkeypatch):
    """Two tabs send the same photo: both pass the first look, the database lets one through."""
    add(session, drawn_jpeg(10))
    before = sealed_files()
    monkeypatch.setattr(photo_services, "check_new", lambda session, index: None)
    with pytest.raises(DomainError, match="already in this session"):
        add(session, drawn_jpeg(10))
    assert sealed_files() == before
    assert Photo.objects.count() == 1


def test_a_failing_transaction_leaves_no_file(session, sealed_files, monkeypatch):
    def fail(**kwargs):
        raise RuntimeError("the database went away")

    monkeypatch.setattr(photo_services.audit, "record", fail)
    with pytest.raises(RuntimeError):
        add(session, drawn_jpeg(11))
    assert sealed_files() == []
    assert not Photo.objects.exists()


def test_a_session_takes_only_so_many_photos(session, monkeypatch):
    monkeypatch.setattr(photo_services, "MAX_PHOTOS", 1)
    add(session, drawn_jpeg(1))
    with pytest.raises(DomainError, match="full"):
        add(session, drawn_jpeg(2))


# --- removed and read ------------------------------------------------------------------------------------------------


def test_a_removed_photo_is_deleted_when_no_clinician_has_seen_it(
    session, sealed_files, django_capture_on_commit_callbacks
):
    photo = add(session, drawn_jpeg(12))
    with django_capture_on_commit_callbacks(execute=True):
        services.remove_photo(actor=holder_actor(session.patient), photo_id=photo.pk, now=NOW)
    assert sealed_files() == []
    assert not Photo.objects.exists()
    add(session, drawn_jpeg(12))  # and may be added again


def test_a_stranger_cannot_reach_a_photo(session):
    photo = add(session, drawn_jpeg(13))
    stranger = holder_actor(make_patient())
    for act in (
        lambda: services.read_photo(actor=stranger, photo_id=photo.pk, rendition=Rendition.ORIGINAL, now=NOW),
        lambda: services.remove_photo(actor=stranger, photo_id=photo.pk, now=NOW),
        lambda: add_photo_as(stranger, session),
    ):
        with pytest.raises(NotFound):
            act()


def add_photo_as(actor, session):
    return services.add_photo(
        actor=actor,
        session_id=session.pk,
        view=View.CROWN,
        site="",
        upload=io.BytesIO(drawn_jpeg(14)),
        claimed_type="image/jpeg",
        claimed_extension="jpg",
        now=NOW,
    )


def test_a_photo_opened_by_itself_is_audited_and_a_tile_of_a_page_is_not(session):
    add_drawn_photo(session)
    services.mark_submitted(session=session, now=NOW)
    doctor = actor_for(make_staff(Role.DERMATOLOGIST, session.patient.clinic).user)
    photo_id = photo_ids(session)[0]

    def read(minutes):
        moment = NOW + timedelta(minutes=minutes)
        services.read_photo(actor=doctor, photo_id=photo_id, rendition=Rendition.ORIGINAL, now=moment)

    def events():
        return list(AuditEvent.objects.filter(actor_id=doctor.user_id).order_by("id").values_list("action", flat=True))

    read(0)
    assert events() == ["photo.read"]
    services.read_session(actor=doctor, session_id=session.pk, now=NOW + timedelta(hours=1))
    read(61)
    assert events() == ["photo.read", "session.read"]
    read(120)
    assert events() == ["photo.read", "session.read", "photo.read"]


def test_orientation_is_applied(session):
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = add(session, drawn_jpeg(15, exif=exif))
    assert (photo.width_px, photo.height_px) == (540, 720)
    assert np.asarray(Image.open(io.BytesIO(stored_bytes(photo)))).shape[:2] == (720, 540)
