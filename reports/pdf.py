"""From the document's HTML to a tagged PDF/A-3a, deterministic and closed to the outside. No database, no settings.

Everything a page refers to is a *part* handed over in memory (``part:<name>``): any other address, a file or a host on
the network, is refused by the fetcher.
"""

from __future__ import annotations

import hashlib
import io
import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final

from fontTools.ttLib import TTFont
from weasyprint import CSS, HTML, Attachment
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from reports.pdf_finish import Finish

for _noisy in ("weasyprint", "weasyprint.progress", "fontTools"):
    logging.getLogger(_noisy).setLevel(logging.ERROR)

VARIANT = "pdf/a-3a"
SCHEME = "part:"
_FONTS = ("figtree-latin-400", "figtree-latin-600", "figtree-latin-ext-400", "figtree-latin-ext-600")


@dataclass(frozen=True, slots=True)
class Part:
    """Something that a page shows: its media type and bytes."""

    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file inside the PDF. ``relationship`` is an AFRelationship of ISO 19005-3: Data, Supplement, Source..."""

    name: str
    media_type: str
    data: bytes
    description: str
    relationship: str
    made_at: datetime


PAPERS: Final = ("a4", "letter")


class ForeignAddress(FatalURLFetchingError):  # type: ignore[misc]
    """The document refers to something that is not one of its own parts. Ends the rendering."""


class PartFetcher(URLFetcher):  # type: ignore[misc]
    """Hands out the document's own parts and nothing else."""

    def __init__(self, parts: Mapping[str, Part]) -> None:
        super().__init__(allowed_protocols=[])
        self._parts = parts

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Any:
        """The part behind ``part:<name>``. Raises ForeignAddress for everything else."""
        part = self._parts.get(url.removeprefix(SCHEME)) if url.startswith(SCHEME) else None
        if part is None:
            raise ForeignAddress(f"refused: {url[:60]}")
        return URLFetcherResponse(url, body=part.data, headers={"Content-Type": part.media_type})


def render(
    html: str,
    *,
    parts: Mapping[str, Part],
    style: str,
    identifier: str,
    paper: str = "a4",
    attached: Sequence[AttachedFile] = (),
    signature_words: str = "",
) -> bytes:
    """The PDF of ``html``, tagged, with embedded fonts and ``attached`` files.

    ``html`` is a whole document with ``lang`` and ``title`` (both are required by PDF/A-3a); ``style`` is the CSS of
    the document's body; ``identifier`` (the content's hash) makes the file's ID, so equal content gives equal bytes;
    ``paper`` is one of ``PAPERS``; ``signature_words`` describe an empty signature field over the document's line for
    it, without them there is none. Raises ForeignAddress when the document refers to anything but its parts.
    """
    everything = {**_fonts(), **parts}
    fetcher = PartFetcher(everything)
    fonts = FontConfiguration()
    sheets = [
        CSS(string=sheet, url_fetcher=fetcher, font_config=fonts, base_url=SCHEME)
        for sheet in (style, _page_style(), f"@page {{ size: {paper}; }}")
    ]
    document = HTML(string=html, url_fetcher=fetcher, base_url=SCHEME)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ResourceWarning
        )  # WeasyPrint 70 leaves closing its sRGB profile to the collector
        data: bytes = document.write_pdf(
            stylesheets=sheets,
            font_config=fonts,
            pdf_variant=VARIANT,
            pdf_tags=True,
            pdf_identifier=hashlib.sha256(identifier.encode()).digest()[:16],
            attachments=[_attachment(file) for file in sorted(attached, key=lambda file: file.name)],
            finisher=Finish({file.name: file.media_type for file in attached}, signature_words),
        )
    return data


def _attachment(file: AttachedFile) -> Any:
    return Attachment(
        string=file.data.decode(),
        name=file.name,
        description=file.description,
        created=file.made_at,
        modified=file.made_at,
        relationship=file.relationship,
    )


def _page_style() -> str:
    return files("reports.print").joinpath("page.css").read_text(encoding="utf-8")


@cache
def _fonts() -> Mapping[str, Part]:
    """The document's fonts, unpacked once per process: WeasyPrint would do it again for every document."""
    folder = files("reports.print")
    return {name: Part("font/ttf", _unpacked(folder.joinpath(f"{name}.woff2").read_bytes())) for name in _FONTS}


def _unpacked(woff2: bytes) -> bytes:
    with TTFont(io.BytesIO(woff2), recalcTimestamp=False) as font:
        font.flavor = None
        plain = io.BytesIO()
        font.save(plain)
    return plain.getvalue()
