"""The calibration card as a page to print: exact millimetres, A4 or Letter, with a ruler to check the print. Pure."""

from __future__ import annotations

import io
from enum import StrEnum
from typing import Final

from django.utils.translation import gettext as _
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from vision.calibration_card import CARD_MM, grey_patches, ink_rectangles

RULER_MM: Final = 100


class Paper(StrEnum):
    """Sheets that the card is printed on."""

    A4 = "a4"
    LETTER = "letter"


PAGES: Final = {Paper.A4: A4, Paper.LETTER: LETTER}


def card_pdf(paper: Paper) -> bytes:
    """One page: the card with cut marks, a ruler of 100 mm across and one down, and what to do."""
    buffer = io.BytesIO()
    width, height = PAGES[paper]
    canvas = Canvas(buffer, pagesize=(width, height), invariant=1, pageCompression=1)
    canvas.setTitle(_("Trichora calibration card"))
    canvas.setAuthor("Trichora")
    canvas.setViewerPreference("PrintScaling", "None")  # "actual size" is what a print dialog offers first
    left, top = 25 * mm, height - 30 * mm
    canvas.setFont("Helvetica-Bold", 16)
    canvas.drawString(left, top, _("Calibration card"))
    canvas.setFont("Helvetica", 10)
    steps = (
        _("1. Print this page at 100 % (“actual size”, no scaling) on matt white paper."),
        _("2. Measure the ruler below with a real one, and type what it says on the card's page in the portal."),
        _("3. Lay a bank card on the card: they have the same size. If not, the print was scaled: print again."),
        _("4. Cut the card out and glue it on stiff card. Keep it flat and clean; print a new one when it is worn."),
        _("5. For each photo, lay it flat on the hair or the skin, in the picture, where nothing has to be seen."),
    )
    for number, step in enumerate(steps):
        canvas.drawString(left, top - (10 + 5.5 * number) * mm, step)
    _draw_card(canvas, left, top - 110 * mm)
    _draw_ruler(canvas, left, top - 130 * mm, along=True)
    _draw_ruler(canvas, left + 125 * mm, top - 150 * mm, along=False)
    canvas.setFont("Helvetica", 8)
    canvas.drawString(left, 18 * mm, _("Trichora calibration card, version 1. For research use."))
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _draw_card(canvas: Canvas, left: float, bottom: float) -> None:
    width, height = CARD_MM
    canvas.saveState()
    canvas.translate(left, bottom)
    canvas.setLineWidth(0.1 * mm)
    canvas.setStrokeGray(0.6)
    canvas.roundRect(0, 0, width * mm, height * mm, 3.18 * mm)
    canvas.setFillGray(0)
    for x, y, across, down in ink_rectangles():
        # A hair's breadth more downwards, so that no printer leaves a white line between two rows of ink.
        canvas.rect(x * mm, (height - y - down) * mm, across * mm, down * mm + 0.02 * mm, stroke=0, fill=1)
    for x, y, across, down, grey in grey_patches():
        canvas.setFillGray(grey / 255)
        canvas.rect(x * mm, (height - y - down) * mm, across * mm, down * mm, stroke=0, fill=1)
    canvas.restoreState()


def _draw_ruler(canvas: Canvas, left: float, bottom: float, *, along: bool) -> None:
    canvas.saveState()
    canvas.translate(left, bottom)
    if not along:
        canvas.rotate(90)
    canvas.setLineWidth(0.15 * mm)
    canvas.line(0, 0, RULER_MM * mm, 0)
    canvas.setFont("Helvetica", 7)
    for place in range(RULER_MM + 1):
        length = 5 if place % 10 == 0 else 3.5 if place % 5 == 0 else 2
        canvas.line(place * mm, 0, place * mm, length * mm)
        if place % 10 == 0:
            canvas.drawCentredString(place * mm, 6 * mm, str(place))
    canvas.restoreState()
