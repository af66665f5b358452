"""What the progress pages show: a clear overview first, then one view with its photographs, charts and tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from analysis.models import Comparison
from reports.progress.charts import Chart, chart_of
from reports.progress.content import ChangeRow, CourseLine
from reports.progress.reading import Place, Progress
from reports.progress.series import SESSION, Series
from reports.progress.writing import change_row, course_line, metric_name, place_name, range_words, released_facts
from reports.words import METRIC_MEANINGS, amount
from reviews.change_words import ChangeFacts, facts_of
from reviews.judging import SAID_WORDS, TONES, Said, Standing, cure_words, why_words
from vision.repeatability import RULES
from vision.types import ImageKind, Metric, View

_OVERVIEW: Final[dict[str, tuple[Metric, ...]]] = {
    SESSION: (Metric.SEVERITY_INDEX, Metric.SALT_ESTIMATE, Metric.NORWOOD_STAGE),
    View.PART: (Metric.PART_WIDTH_MM, Metric.PART_WIDTH_RATIO, Metric.COVERAGE_INDEX),
    View.HAIRLINE: (Metric.HAIRLINE_MIDDLE_MM, Metric.HAIRLINE_MIDDLE_RATIO, Metric.COVERAGE_INDEX),
    View.TRICHOSCOPY: (Metric.HAIR_DENSITY, Metric.CALIBRE_MEAN, Metric.VELLUS_SHARE),
}
_OF_OTHERS: Final = (Metric.COVERAGE_INDEX, Metric.BALD_SHARE)
_EITHER: Final = (
    (Metric.PART_WIDTH_MM, Metric.PART_WIDTH_RATIO),
    (Metric.HAIRLINE_MIDDLE_MM, Metric.HAIRLINE_MIDDLE_RATIO),
)
"""Of a length and its ratio the overview shows one."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A change against one earlier visit, as the overview shows it."""

    row: ChangeRow
    since: str
    tone: str
    icon: str


@dataclass(frozen=True, slots=True)
class OverviewLine:
    """One number: now, against the first visit and against the last one. ``last`` None where that is the first."""

    name: str
    meaning: str
    now: str
    interval: str
    day: str
    first: Verdict | None
    last: Verdict | None


@dataclass(frozen=True, slots=True)
class PlaceCard:
    """One view in the overview. ``url`` is empty for the numbers of the whole session, which have no photograph."""

    id: str
    name: str
    url: str
    lines: tuple[OverviewLine, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """One sentence of "what changed": a verdict and what it is true of."""

    words: str
    tone: str
    icon: str
    what: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VisitLine:
    """A signed visit in the list."""

    report_id: UUID
    day: dt.date
    signatory: str
    url: str


@dataclass(frozen=True, slots=True)
class Overview:
    """The first page: what changed in words, then a card per view."""

    visits: tuple[VisitLine, ...]
    first_day: str
    last_day: str
    since_first: tuple[Told, ...]
    since_last: tuple[Told, ...]
    places: tuple[PlaceCard, ...]
    courses: tuple[CourseLine, ...]
    waiting: bool

    @property
    def has_changes(self) -> bool:
        return len(self.visits) > 1


@dataclass(frozen=True, slots=True)
class Choice:
    """A visit that a photograph can be chosen from."""

    report_id: UUID
    label: str
    chosen_then: bool
    chosen_now: bool


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two photographs."""

    day: str
    src: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True, slots=True)
class PairView:
    """Two photographs of one view. ``aligned``: the later one is laid onto the earlier; ``map_src``: where change lies.

    ``may_release`` and ``released``: for clinicians, whether the patient sees map and figures.
    """

    then: Side
    now: Side
    aligned: bool
    map_src: str
    map_is_hairs: bool
    why: str
    cure: str  # what to do about it
    pending: bool
    facts: ChangeFacts | None
    comparison_id: UUID | None
    may_release: bool
    released: bool


@dataclass(frozen=True, slots=True)
class MetricSection:
    """One number over time: its newest change and its chart with the table."""

    name: str
    meaning: str
    verdict: Verdict | None
    chart: Chart


@dataclass(frozen=True, slots=True)
class PlacePage:
    """One view: its photographs, its verdicts, its charts."""

    name: str
    view: str
    site: str
    choices: tuple[Choice, ...]
    pair: PairView | None
    sections: tuple[MetricSection, ...]
    courses: tuple[CourseLine, ...]
    delta_url: str
    others: tuple[tuple[str, str, bool], ...]  # name, address, current


def overview(progress: Progress) -> Overview:
    """What changed since the first visit and since the last one, and each view's numbers."""
    visits = tuple(
        VisitLine(
            visit.report_id,
            visit.day,
            visit.content.signatory.name,
            reverse("reports:report", args=[visit.report_id]),
        )
        for visit in progress.visits
    )
    newest = len(visits) - 1
    progress.load_pairs({(then, now) for now in range(len(visits)) for then in (0, now - 1) if 0 <= then < now})
    places = [((SESSION, ""), "session"), *((place, f"view-{n}") for n, place in enumerate(progress.places))]
    cards = tuple(_card(progress, place, anchor) for place, anchor in places)
    return Overview(
        visits=visits,
        first_day=date_format(progress.visits[0].day, "j F Y") if visits else "",
        last_day=date_format(progress.visits[-2].day, "j F Y") if len(visits) > 1 else "",
        since_first=_told(progress, 0, newest) if newest > 0 else (),
        since_last=_told(progress, newest - 1, newest) if newest > 1 else (),
        places=tuple(card for card in cards if card.lines or card.url),
        courses=tuple(course_line(course) for course in progress.courses),
        waiting=any(
            progress.pairing(place, then, newest).standing is Standing.PENDING
            for place in progress.places
            for then in {0, newest - 1}
            if 0 <= then < newest
        ),
    )


def place_page(progress: Progress, place: Place, then: int, now: int, *, for_clinician: bool) -> PlacePage:
    """One view between two visits."""
    with_photo = visits_with(progress, place)
    series = progress.series_at(place)
    pair = pair_view(progress, place, then, now, for_clinician=for_clinician) if then != now else None
    reports = progress.visits[then].report_id, progress.visits[now].report_id
    return PlacePage(
        name=place_name(place),
        view=place[0],
        site=place[1],
        choices=tuple(
            Choice(
                progress.visits[n].report_id,
                date_format(progress.visits[n].day, "j F Y"),
                n == then,
                n == now,
            )
            for n in with_photo
        ),
        pair=pair,
        sections=tuple(_section(progress, one, then, now) for one in series),
        courses=tuple(course_line(course) for course in progress.courses),
        delta_url=(
            reverse("reports:progress_delta", args=[progress.patient.pk])
            + "?"
            + urlencode({"then": reports[0], "now": reports[1]})
            if then != now
            else ""
        ),
        others=tuple((place_name(one), place_url(progress.patient.pk, one), one == place) for one in progress.places),
    )


def place_url(patient_id: UUID, place: Place) -> str:
    """The page of a view, and of a trichoscopy site."""
    view, site = place
    url = reverse("reports:progress_view", args=[patient_id, view])
    return f"{url}?{urlencode({'site': site})}" if site else url


def pair_view(progress: Progress, place: Place, then: int, now: int, *, for_clinician: bool) -> PairView | None:
    """The two signed photographs of a place; map and figures as far as this reader may see them (G8)."""
    pictures = progress.picture(then, place), progress.picture(now, place)
    if pictures[0] is None or pictures[1] is None:
        return None
    sides = []
    for visit, picture in zip((then, now), pictures, strict=True):
        if picture is None:
            return None
        day = date_format(progress.visits[visit].day, "j F Y")
        url = reverse("reports:report_image", args=[picture.id])
        sides.append(Side(day, url, picture.width_px, picture.height_px, picture.alt))
    row = progress.comparison(place, then, now)
    pairing = progress.pairing(place, then, now)
    done = row is not None and pairing.standing is Standing.COMPARABLE
    images = {image.kind: image for image in row.images.all()} if row is not None and done else {}
    aligned = images.get(ImageKind.ALIGNED.value)
    if aligned is not None:
        url = reverse("reports:progress_picture", args=[aligned.pk])
        sides[1] = Side(sides[1].day, url, aligned.width_px, aligned.height_px, sides[1].alt)
    stated = {one.key.metric for one in progress.series_at(place) if one.at(then) and one.at(now)}
    open_to_reader = row is not None and (for_clinician or row.released_at is not None)
    overlay = images.get(ImageKind.CHANGE.value) or images.get(ImageKind.HAIR_FATES.value) if open_to_reader else None
    return PairView(
        then=sides[0],
        now=sides[1],
        aligned=aligned is not None,
        map_src=reverse("reports:progress_picture", args=[overlay.pk]) if overlay else "",
        map_is_hairs=overlay is not None and overlay.kind == ImageKind.HAIR_FATES.value,
        why=why_words(pairing),
        cure=cure_words(pairing),
        pending=pairing.standing is Standing.PENDING,
        facts=_facts(row, stated, for_clinician=for_clinician) if done else None,
        comparison_id=row.pk if row is not None else None,
        may_release=for_clinician and done,
        released=row is not None and row.released_at is not None,
    )


def visits_with(progress: Progress, place: Place) -> list[int]:
    """The visits that have a photograph of a place, else those that have a number of it."""
    with_photo = [n for n, taken in enumerate(progress.photos) if place in taken]
    return with_photo or sorted({point.visit for one in progress.series_at(place) for point in one.points})


def _facts(row: Comparison | None, stated: set[str], *, for_clinician: bool) -> ChangeFacts | None:
    if row is None:
        return None
    return facts_of(row.result) if for_clinician else released_facts(row, stated)


def _card(progress: Progress, place: Place, anchor: str) -> PlaceCard:
    url = place_url(progress.patient.pk, place) if place[0] else ""
    return PlaceCard(anchor, place_name(place), url, tuple(_line(progress, one) for one in _headlines(progress, place)))


def _headlines(progress: Progress, place: Place) -> Sequence[Series]:
    """The one to three numbers of a view that the overview shows."""
    found = {one.key.metric: one for one in progress.series_at(place)}
    wanted = _OVERVIEW.get(place[0], _OF_OTHERS)
    chosen = [metric for metric in wanted if metric.value in found]
    for length, ratio in _EITHER:
        if length in chosen and ratio in chosen:
            chosen.remove(ratio)
    return [found[metric.value] for metric in chosen[:3]]


def _line(progress: Progress, series: Series) -> OverviewLine:
    newest = series.points[-1]
    first, last = series.points[0].visit, series.points[-2].visit if len(series.points) > 2 else None
    return OverviewLine(
        name=metric_name(series.key.metric),
        meaning=str(METRIC_MEANINGS.get(series.key.metric, "")),
        now=amount(newest.value.value, series.unit),
        interval=range_words(newest.value),
        day=date_format(newest.day, "j M Y"),
        first=_verdict(progress, series, first, newest.visit) if len(series.points) > 1 else None,
        last=_verdict(progress, series, last, newest.visit) if last is not None else None,
    )


def _verdict(progress: Progress, series: Series, then: int, now: int) -> Verdict | None:
    change = progress.judgement(series, then, now)
    if change is None:
        return None
    tone, icon = TONES[change.said]
    return Verdict(change_row(series, change), date_format(progress.visits[then].day, "j M Y"), tone, icon)


def _told(progress: Progress, then: int, now: int) -> tuple[Told, ...]:
    """What changed between two visits, verdict by verdict, of the overview's numbers."""
    groups: dict[Said, list[str]] = {}
    for place in ((SESSION, ""), *progress.places):
        for series in _headlines(progress, place):
            change = progress.judgement(series, then, now)
            if change is None or change.metric not in RULES:  # a stage is told by its own line
                continue
            what = _("%(place)s: %(metric)s, %(then)s to %(now)s") % {
                "place": place_name(place),
                "metric": metric_name(series.key.metric).lower() if place[0] else metric_name(series.key.metric),
                "then": amount(change.then.value, series.unit),
                "now": amount(change.now.value, series.unit),
            }
            if change.why:
                what = _("%(what)s, because %(why)s") % {"what": what, "why": change.why}
            groups.setdefault(change.said, []).append(what)
    order = (
        Said.WORSE,
        Said.IMPROVED,
        Said.NO_DETECTABLE_CHANGE,
        Said.NOT_KNOWN,
        Said.NOT_COMPARABLE,
        Said.PENDING,
    )
    return tuple(Told(str(SAID_WORDS[said]), *TONES[said], tuple(groups[said])) for said in order if said in groups)


def _section(progress: Progress, series: Series, then: int, now: int) -> MetricSection:
    verdict = _verdict(progress, series, then, now) if then != now else None
    return MetricSection(
        name=metric_name(series.key.metric),
        meaning=str(METRIC_MEANINGS.get(series.key.metric, "")),
        verdict=verdict,
        chart=chart_of(series, progress.noise(series), progress.courses),
    )
