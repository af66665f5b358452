"""The report's content shaped for its one template: on the sign page, the patient's page and paper. Frozen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from reports.content import FindingLine, Picture, ReportContent
from reports.scale import Scale, severity_scale
from reports.words import ATTENTION_NOT_EMERGENCY, SEVERITY_CAPTION, view_name

PictureSource = Callable[[Picture], str]


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """The findings of one view, or of the session as a whole."""

    name: str
    lines: tuple[FindingLine, ...]


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """A picture with the address it is shown from."""

    src: str
    caption: str
    alt: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Document:
    """What ``reports/_document.html`` shows."""

    content: ReportContent
    title: str
    signed_at: str
    signed_day: str
    views: str
    groups: tuple[FindingGroup, ...]
    severity: FindingLine | None
    scale: Scale | None
    severity_caption: str
    pictures: tuple[ShownPicture, ...]
    any_marked: bool
    any_thinning: bool
    any_bald: bool
    not_emergency: str
    role: str
    outcome: str
    sex: str


@dataclass(frozen=True, slots=True)
class Seal:
    """The certificate that signs the PDF: its subject, its SHA-256 fingerprint, and whether it is a demo's."""

    subject: str
    fingerprint: str
    is_demo: bool = False

    @property
    def grouped(self) -> str:
        """The fingerprint in groups of four, as readers of PDF files show it."""
        digits = self.fingerprint.upper()
        return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))


@dataclass(frozen=True, slots=True)
class Verification:
    """How a reader checks a signed report: where, the QR code's address, the content's hash, on paper the seal."""

    url: str
    qr_src: str
    content_hash: str
    seal: Seal | None = None


def seal_words(seal: Seal) -> str:
    """What the signature's field is called for somebody who cannot see it."""
    return _("Digital signature of the clinic, made with the certificate “%(subject)s”") % {"subject": seal.subject}


ROLE_WORDS = {
    "dermatologist": lambda: _("Dermatologist"),
    "trichologist": lambda: _("Trichologist"),
}
SEX_WORDS = {"female": lambda: _("female"), "male": lambda: _("male"), "other": lambda: _("other")}


def present(content: ReportContent, picture_source: PictureSource) -> Document:
    """Group the findings by view, in the order of the views, and choose each picture's address."""
    severity = next(iter(content.of_kind("severity")), None)
    drawn = {str(line.payload.get("kind", line.code)) for line in content.of_kind("region")}
    pictures = tuple(
        ShownPicture(
            src=picture_source(picture),
            caption=view_name(picture.view) + (_(", regions outlined") if picture.kind == "marked" else ""),
            alt=picture.alt,
            marked=picture.kind == "marked",
        )
        for picture in content.pictures
    )
    signed = content.issue.signed_at.astimezone(ZoneInfo(content.clinic.timezone)) if content.issue else None
    return Document(
        content=content,
        title=_("Hair and scalp report"),
        signed_at=date_format(signed, "j F Y, H:i T") if signed else "",
        signed_day=date_format(signed, "j F Y") if signed else "",
        views=", ".join(view_name(view) for view in content.views),
        groups=_groups(content),
        severity=severity,
        scale=severity_scale(severity.payload) if severity else None,
        severity_caption=str(SEVERITY_CAPTION),
        pictures=pictures,
        any_thinning="thinning" in drawn,
        any_bald="bald" in drawn,
        any_marked=any(picture.marked for picture in pictures),
        not_emergency=str(ATTENTION_NOT_EMERGENCY),
        role=ROLE_WORDS.get(content.signatory.role, lambda: content.signatory.role)(),
        outcome=_("accepted with changes") if content.outcome == "amended" else _("accepted"),
        sex=SEX_WORDS.get(content.patient.sex, lambda: "")(),
    )


def page_html(document: Document, verification: Verification) -> str:
    """The whole document as HTML for paper; every address in it is a part (:mod:`reports.pdf`)."""
    return render_to_string("reports/print.html", {"document": document, "verification": verification})


def _groups(content: ReportContent) -> tuple[FindingGroup, ...]:
    lines = [line for line in content.findings if line.kind != "severity"]
    views = [*content.views, *sorted({line.view for line in lines if line.view} - set(content.views))]
    groups = [FindingGroup(view_name(view), tuple(line for line in lines if line.view == view)) for view in views]
    groups.append(FindingGroup(_("All photographs together"), tuple(line for line in lines if not line.view)))
    return tuple(group for group in groups if group.lines)
