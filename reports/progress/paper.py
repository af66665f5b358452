"""A progress document shaped for its one template, on the screen and on paper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from reports.document import SEX_WORDS
from reports.progress.content import Drawn, Group, ProgressContent, Shown

Address = Callable[[Shown], str]


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """A picture with the address it is shown from."""

    src: str
    caption: str
    alt: str


@dataclass(frozen=True, slots=True)
class ShownChart:
    """A chart: on paper ``src`` is its drawing, on a screen it is empty and the page draws ``chart.spec``."""

    chart: Drawn
    src: str


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """One view with its pictures and charts in place."""

    id: str
    group: Group
    pictures: tuple[ShownPicture, ...]
    charts: tuple[ShownChart, ...]


@dataclass(frozen=True, slots=True)
class ProgressPaper:
    """What ``reports/_progress_document.html`` shows."""

    content: ProgressContent
    groups: tuple[ShownGroup, ...]
    sex: str
    made_at: str
    on_paper: bool


def present(
    content: ProgressContent, address: Address, *, made_at: datetime, chart_address: Callable[[str], str] | None = None
) -> ProgressPaper:
    """Put addresses to pictures and charts. ``chart_address`` None: the page draws its charts itself."""
    zone = ZoneInfo(content.clinic.timezone)
    return ProgressPaper(
        content=content,
        groups=tuple(
            ShownGroup(
                id=f"part-{number}",
                group=group,
                pictures=tuple(ShownPicture(address(one), one.caption, one.alt) for one in group.pictures),
                charts=tuple(
                    ShownChart(chart, chart_address(chart.id) if chart_address else "") for chart in group.charts
                ),
            )
            for number, group in enumerate(content.groups)
        ),
        sex=SEX_WORDS.get(content.patient.sex, lambda: "")(),
        made_at=date_format(made_at.astimezone(zone), "j F Y, H:i T"),
        on_paper=chart_address is not None,
    )


def page_html(content: ProgressContent, made_at: datetime, part: Callable[[str], str]) -> str:
    """The whole document as HTML for paper; every address in it is a part (:mod:`reports.pdf`)."""
    paper = present(content, lambda shown: part(shown.id), made_at=made_at, chart_address=part)
    running = _("%(title)s, %(period)s") % {"title": content.title, "period": content.period}
    return render_to_string("reports/progress_print.html", {"paper": paper, "running": running, "made_at": made_at})
