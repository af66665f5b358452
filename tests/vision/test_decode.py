"""What is taken, what is refused with which sentence, and what never survives an upload."""

from __future__ import annotations

import io
import struct
import zlib
from datetime import UTC, datetime

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from vision.decode import (
    ImageRejected,
    MediaType,
    RejectionCode,
    decode_image,
    read_capture_facts,
    sniff,
    strip_metadata,
)
from vision.render.files import COMMENT, OWNER, SERIAL, TRAILER, jpeg_with_exif
from vision.types import RgbImage

LEAKS = (b"Exif", b"GPS", SERIAL.encode(), OWNER.encode(), COMMENT, TRAILER, b"http://ns.adobe.com/xap", b"2026:03:14")


def gradient(width: int = 320, height: int = 200) -> RgbImage:
    """Smooth and without symmetry, so that a wrong turn shows and JPEG keeps it close."""
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    return np.stack((across * 255, down * 255, (1 - across) * down * 255), axis=-1).astype(np.uint8)


def encoded(image: RgbImage | Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def heic(image: RgbImage, **options: object) -> bytes:
    buffer = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(image)).save(buffer, quality=90, **options)
    return buffer.getvalue()


def code_of(data: bytes, **options: object) -> RejectionCode:
    with pytest.raises(ImageRejected) as caught:
        decode_image(data, **options)  # type: ignore[arg-type]
    assert caught.value.message
    return caught.value.code


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (encoded(gradient(), "JPEG"), MediaType.JPEG),
        (encoded(gradient(), "PNG"), MediaType.PNG),
        (encoded(gradient(), "WEBP"), MediaType.WEBP),
        (heic(gradient()), MediaType.HEIC),
    ],
)
def test_every_type_is_recognised_and_decoded(data: bytes, media_type: MediaType) -> None:
    assert sniff(data) is media_type
    image = decode_image(data)
    assert image.shape == (200, 320, 3)
    assert image.dtype == np.uint8
    assert np.abs(image.astype(int) - gradient()).mean() < 4
    assert (decode_image(io.BytesIO(data)) == image).all()


def test_an_empty_file_is_refused() -> None:
    assert code_of(b"") is RejectionCode.EMPTY


@pytest.mark.parametrize("data", [b"%PDF-1.7 hello", b"GIF89a" + bytes(60), b"\x00" * 64, b"hello"])
def test_other_files_are_refused(data: bytes) -> None:
    assert code_of(data) is RejectionCode.UNKNOWN_TYPE


def test_a_wrong_extension_is_refused_and_a_right_one_passes() -> None:
    data = encoded(gradient(), "PNG")
    with pytest.raises(ImageRejected) as caught:
        sniff(data, claimed="photo.JPG")
    assert caught.value.code is RejectionCode.WRONG_EXTENSION
    for claimed in ("photo.PNG", ".png", "png", "image/png"):
        assert sniff(data, claimed=claimed) is MediaType.PNG
    assert sniff(encoded(gradient(), "JPEG"), claimed="image/jpeg; charset=binary") is MediaType.JPEG


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "HEIC"])
@pytest.mark.parametrize("left", [0.35, 0.9])
def test_a_file_cut_short_is_called_truncated(form: str, left: float) -> None:
    noisy = np.random.default_rng(0).integers(0, 255, (200, 320, 3), dtype=np.uint8)
    data = heic(noisy) if form == "HEIC" else encoded(noisy, form)
    assert code_of(data[: int(len(data) * left)]) is RejectionCode.TRUNCATED
    with pytest.raises(ImageRejected) as caught:
        strip_metadata(data[: int(len(data) * left)])
    assert caught.value.code is RejectionCode.TRUNCATED


def test_a_huge_file_is_refused_without_reading_on() -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            assert 0 <= size <= 51 * 1024 * 1024
            self.given += size
            return b"\xff\xd8\xff" + bytes(size - 3)

    source = Endless()
    with pytest.raises(ImageRejected) as caught:
        decode_image(source)  # type: ignore[arg-type]
    assert caught.value.code is RejectionCode.TOO_LARGE


def png_bomb(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


def jpeg_bomb() -> bytes:
    data = bytearray(encoded(gradient(), "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 60_000, 60_000)
    return bytes(data)


@pytest.mark.parametrize("data", [png_bomb(30_000, 30_000), png_bomb(2**31 - 1, 2**31 - 1), jpeg_bomb()])
def test_a_decompression_bomb_is_refused_by_its_header(data: bytes) -> None:
    assert code_of(data) is RejectionCode.TOO_MANY_PIXELS


def test_the_pixel_limit_is_the_callers() -> None:
    data = encoded(gradient(), "JPEG")
    assert code_of(data, max_pixels=320 * 200 - 1) is RejectionCode.TOO_MANY_PIXELS
    assert decode_image(data, max_pixels=320 * 200).shape == (200, 320, 3)


def test_a_thumbnail_is_too_small() -> None:
    assert code_of(encoded(gradient(300, 40), "JPEG")) is RejectionCode.TOO_SMALL


def test_broken_content_is_called_corrupt() -> None:
    data = bytearray(encoded(gradient(), "PNG"))
    start = data.index(b"IDAT")
    data[start + 8 : start + 60] = bytes(52)
    assert code_of(bytes(data)) is RejectionCode.CORRUPT
    assert code_of(b"\xff\xd8\xff\xd9") is RejectionCode.CORRUPT


def test_animations_are_refused() -> None:
    frames = [Image.fromarray(np.roll(gradient(), 40 * step, axis=1)) for step in range(3)]
    for form in ("WEBP", "PNG"):
        data = encoded(frames[0], form, save_all=True, append_images=frames[1:], duration=100)
        assert code_of(data) is RejectionCode.ANIMATED
    assert code_of(b"\x00\x00\x00\x18ftypmsf1" + bytes(32)) is RejectionCode.ANIMATED


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_every_orientation_shows_upright_before_and_after_stripping(orientation: int) -> None:
    data = jpeg_with_exif(gradient(), orientation=orientation, quality=95)
    clean = strip_metadata(data)
    assert (clean.width_px, clean.height_px) == (320, 200)
    for shown in (decode_image(data), decode_image(clean.data), np.asarray(Image.open(io.BytesIO(clean.data)))):
        assert shown.shape == (200, 320, 3)
        assert np.abs(shown.astype(int) - gradient()).mean() < 3


@pytest.mark.parametrize("orientation", [1, 6])
def test_nothing_but_the_picture_survives_a_jpeg(orientation: int) -> None:
    data = jpeg_with_exif(gradient(), orientation=orientation)
    assert all(leak in data for leak in (b"Exif", SERIAL.encode(), OWNER.encode(), COMMENT, TRAILER))
    clean = strip_metadata(data)
    assert clean.media_type is MediaType.JPEG
    assert not [leak for leak in LEAKS if leak in clean.data]
    assert clean.data.endswith(b"\xff\xd9")
    assert not Image.open(io.BytesIO(clean.data)).getexif()


def test_an_upright_jpeg_keeps_its_coded_pixels() -> None:
    data = jpeg_with_exif(gradient(), quality=71)
    assert (decode_image(strip_metadata(data).data) == decode_image(data)).all()
    progressive = encoded(gradient(), "JPEG", progressive=True, comment=COMMENT)
    clean = strip_metadata(progressive)
    assert COMMENT not in clean.data
    assert (decode_image(clean.data) == decode_image(progressive)).all()


def test_the_second_picture_of_an_mpo_is_dropped() -> None:
    buffer = io.BytesIO()
    secret = Image.fromarray(255 - gradient())
    Image.fromarray(gradient()).save(buffer, "MPO", save_all=True, append_images=[secret])
    data = buffer.getvalue()
    assert data.count(b"\xff\xd8\xff") == 2
    clean = strip_metadata(data)
    assert clean.data.count(b"\xff\xd8\xff") == 1
    assert np.abs(decode_image(clean.data).astype(int) - gradient()).mean() < 4


def test_png_text_time_and_trailing_bytes_are_dropped() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", OWNER)
    info.add_itxt("XML:com.adobe.xmp", "http://ns.adobe.com/xap")
    exif = Image.Exif()
    exif[0x010E] = SERIAL
    data = encoded(gradient(), "PNG", pnginfo=info, exif=exif) + TRAILER
    clean = strip_metadata(data)
    assert not [leak for leak in (*LEAKS, b"eXIf", b"tEXt", b"iTXt") if leak in clean.data]
    assert (decode_image(clean.data) == gradient()).all()


def test_webp_metadata_is_dropped_and_the_file_stays_valid() -> None:
    exif = Image.Exif()
    exif[0x010E] = SERIAL
    data = encoded(gradient(), "WEBP", exif=exif, xmp=b"<x:xmpmeta>http://ns.adobe.com/xap</x:xmpmeta>") + TRAILER
    clean = strip_metadata(data)
    assert not [leak for leak in (*LEAKS, b"EXIF", b"XMP ") if leak in clean.data]
    assert int.from_bytes(clean.data[4:8], "little") == len(clean.data) - 8
    assert (decode_image(clean.data) == decode_image(data)).all()


@pytest.mark.parametrize("orientation", [1, 6])
def test_heic_becomes_an_upright_jpeg_without_metadata(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = SERIAL
    stored = gradient() if orientation == 1 else np.rot90(gradient()).copy()
    data = heic(stored, exif=exif.tobytes())
    clean = strip_metadata(data)
    assert clean.media_type is MediaType.JPEG
    assert (clean.width_px, clean.height_px) == (320, 200)
    assert SERIAL.encode() not in clean.data
    assert np.abs(decode_image(clean.data).astype(int) - gradient()).mean() < 4
    assert np.abs(decode_image(data).astype(int) - gradient()).mean() < 4


def test_unusual_pixels_become_plain_rgb() -> None:
    wide = (gradient()[..., 0].astype(np.uint16) * 257).astype(np.uint16)
    assert (
        np.abs(decode_image(encoded(Image.fromarray(wide), "PNG"))[..., 1].astype(int) - gradient()[..., 0]).max() <= 1
    )
    palette = Image.fromarray(gradient()).quantize(64)
    assert np.abs(decode_image(encoded(palette, "PNG")).astype(int) - gradient()).mean() < 12
    clear = np.dstack((gradient(), np.zeros((200, 320), np.uint8)))
    assert (decode_image(encoded(Image.fromarray(clear), "PNG")) == 255).all()
    grey = Image.fromarray(gradient()).convert("L")
    assert decode_image(encoded(grey, "JPEG")).shape == (200, 320, 3)
    inked = decode_image(encoded(Image.fromarray(gradient()).convert("CMYK"), "JPEG", quality=95))
    assert np.abs(inked.astype(int) - gradient()).mean() < 12


def test_a_wide_gamut_profile_is_converted_to_srgb() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    assert (decode_image(encoded(gradient(), "PNG", icc_profile=lab.tobytes())) == gradient()).all()
    clean = strip_metadata(encoded(gradient(), "JPEG", icc_profile=lab.tobytes()))
    assert Image.open(io.BytesIO(clean.data)).info["icc_profile"] == lab.tobytes()


def test_a_smaller_copy_is_decoded_at_the_scale_asked_for() -> None:
    big = gradient(2000, 1250)
    for form in ("JPEG", "PNG", "WEBP"):
        small = decode_image(encoded(big, form), max_long_edge=500)
        assert small.shape == (312, 500, 3)
        assert np.abs(small.astype(int) - gradient(500, 312)).mean() < 3
    assert decode_image(encoded(gradient(), "PNG"), max_long_edge=5000).shape == (200, 320, 3)


def test_capture_facts_tell_the_camera_and_never_the_place() -> None:
    facts = read_capture_facts(jpeg_with_exif(gradient(), orientation=6))
    assert facts.orientation == 6
    assert (facts.camera_make, facts.camera_model) == ("Trichora", "Drawing board")
    assert facts.lens == "Drawn lens 5.1 mm f/1.8"
    assert facts.focal_length_mm == pytest.approx(5.1)
    assert facts.exposure_s == pytest.approx(0.008)
    assert facts.iso == 125
    assert facts.flash_fired is True
    assert facts.captured_at is not None
    assert facts.captured_at.astimezone(UTC) == datetime(2026, 3, 14, 13, 9, 26, tzinfo=UTC)
    assert SERIAL not in repr(facts)
    assert "48" not in repr(facts)


def test_a_file_without_exif_has_no_facts() -> None:
    facts = read_capture_facts(encoded(gradient(), "PNG"))
    assert facts.camera_model is None
    assert facts.flash_fired is None
    assert facts.captured_at is None
