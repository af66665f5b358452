"""The agreement page: what was judged blind, what clinicians made of the findings beside the models, and the cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from reviews.agreement.details import DetailAgreement
from reviews.agreement.figures import Estimate, Limits, TooFew
from reviews.agreement.looks import Period
from reviews.agreement.pictures import Picture, blind_pictures, pictures, seen_pictures
from reviews.agreement.report import Agreement, ConditionFigures, Minutes, Report
from reviews.agreement.seen import BOTH, NumberFigures, Overrides, RegionFigures, Seen
from reviews.agreement.words import (
    REGIONS,
    Row,
    between_limits,
    figure_row,
    interval,
    limits_row,
    mean_words,
    named,
    percent,
    share_row,
    signed,
    unit_words,
    why_none,
)
from reviews.read_forms import SCALES
from reviews.wording import CONDITIONS

DEFAULT_DAYS = 365


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """One condition, by models and blind readers."""

    what: str
    by_models: int
    by_readers: int
    both: int
    confirmed: str
    found: str


@dataclass(frozen=True, slots=True)
class RegionRow:
    """One kind of region: what became of the models' and how many were missed."""

    what: str
    figures: RegionFigures
    confirmed: str
    missed: str
    redrawn: int  # outlines that were drawn anew
    overlap: str
    share: str
    share_limits: str


@dataclass(frozen=True, slots=True)
class NumberRow:
    """One number of the models, and how far off it was where another one was typed."""

    what: str
    judged: int
    typed: int
    bias: str
    limits: str
    unit: str


@dataclass(frozen=True, slots=True)
class AgreementPage:
    """Everything on the page."""

    start: date
    end: date
    readers: tuple[Row, ...]
    model: tuple[Row, ...]
    conditions: tuple[ConditionRow, ...]
    blind_pictures: tuple[Picture, ...]
    people: int  # of whom a signed case stands in the figures below
    regions: tuple[RegionRow, ...]
    numbers: tuple[NumberRow, ...]
    grades: tuple[Row, ...]
    grades_note: str
    seen_pictures: tuple[Picture, ...]
    overrides: tuple[tuple[Overrides, str, str], ...]  # with words of the kind and of the rate
    minutes: str
    minutes_spread: str
    signed: int
    signed_unseen: int
    graded_unseen: int
    graded: int
    adjudicated: int
    pictures: tuple[Picture, ...]


def period_of(start: str, end: str, *, now: datetime, zone: str) -> Period:
    """The period that the address asks for, in the clinic's time zone; the last year where it does not say.

    A date that cannot be read is left out, and one that ends before it begins is turned round.
    """
    place = ZoneInfo(zone)
    last, first = _date(end) or now.astimezone(place).date(), _date(start)
    first = first or last - timedelta(days=DEFAULT_DAYS)
    first, last = min(first, last), max(first, last)
    begin = datetime.combine(first, time.min, tzinfo=place)
    close = datetime.combine(last + timedelta(days=1), time.min, tzinfo=place)
    return Period(begin.astimezone(UTC), close.astimezone(UTC))


def agreement_page(report: Report, *, zone: str) -> AgreementPage:
    """The page of a report."""
    place = ZoneInfo(zone)
    median, spread = _minutes(report.minutes)
    seen = report.seen
    return AgreementPage(
        start=report.period.start.astimezone(place).date(),
        end=(report.period.end.astimezone(place) - timedelta(days=1)).date(),
        readers=(
            *_rows(report.readers, _("ICC(1,1), readers differ from case to case")),
            *_detail_rows(report.details),
        ),
        model=_rows(report.model, _("ICC(2,1), absolute agreement")),
        conditions=tuple(_condition(row) for row in report.conditions),
        blind_pictures=tuple(blind_pictures(report)),
        people=seen.people,
        regions=tuple(_region(row) for row in seen.regions if row.shown or row.added or row.kind == BOTH),
        numbers=tuple(_number(row) for row in seen.numbers),
        grades=_grades(seen),
        grades_note=_grades_note(seen),
        seen_pictures=tuple(seen_pictures(seen)),
        overrides=tuple((row, named(row.kind, row.code), percent(row.rate)) for row in report.overrides),
        minutes=median,
        minutes_spread=spread,
        signed=report.signed,
        signed_unseen=len(report.signed_unseen),
        graded_unseen=len(report.graded_unseen),
        graded=report.graded,
        adjudicated=report.adjudicated,
        pictures=tuple(pictures(report)),
    )


def _rows(found: Agreement, icc: str) -> tuple[Row, ...]:
    return (
        figure_row(_("Condition"), _("Cohen's kappa"), found.condition),
        figure_row(_("Affected share, in bands"), _("Weighted kappa, quadratic"), found.band),
        figure_row(_("Severity, 1 to 10"), icc, found.severity),
        figure_row(_("Affected share, %"), icc, found.share),
        limits_row(_("Severity, 1 to 10"), found.severity_limits, _("points")),
        limits_row(_("Affected share"), found.share_limits, _("percentage points")),
    )


def _detail_rows(found: DetailAgreement) -> tuple[Row, ...]:
    """What readers recorded beside the grade; parts that nobody recorded twice are left out."""
    rows: list[Row] = []
    for stages in found.stages:
        if stages.pairs:
            what = _("%(scale)s stage") % {"scale": SCALES[stages.scale]}
            rows += [
                figure_row(what, _("Weighted kappa, quadratic"), stages.kappa),
                share_row(what, _("Same stage"), stages.same),
                share_row(what, _("Within one stage"), stages.within_one),
            ]
    for what, unit, counted in (
        (_("Hairs counted in the frame"), _("hairs"), found.hairs),
        (_("Follicular units counted in the frame"), _("units"), found.units),
    ):
        if counted.pairs:
            icc = _("ICC(1,1), readers differ from case to case")
            rows += [figure_row(what, icc, counted.icc), limits_row(what, counted.limits, unit)]
    if found.regions.cases:
        what = _("Regions drawn")
        rows += [
            share_row(what, _("Drawn by the other reader too"), found.regions.matched),
            figure_row(what, _("Mean overlap of those (intersection over union)"), found.regions.overlap),
        ]
    return tuple(rows)


def _condition(row: ConditionFigures) -> ConditionRow:
    name = str(CONDITIONS[row.condition])
    return ConditionRow(
        name, row.by_models, row.by_readers, row.both, confirmed=percent(row.confirmed), found=percent(row.found)
    )


def _region(row: RegionFigures) -> RegionRow:
    bias, limits = _difference(row.share)
    return RegionRow(
        what=str(REGIONS[row.kind]),
        figures=row,
        confirmed=percent(row.confirmed),
        missed=percent(row.missed),
        redrawn=len(row.overlaps),
        overlap=mean_words(row.overlap),
        share=bias,
        share_limits=limits,
    )


def _number(row: NumberFigures) -> NumberRow:
    bias, limits = _difference(row.limits) if row.typed else ("", "")
    return NumberRow(named(row.kind, row.code), row.judged, row.typed, bias, limits, unit_words(row.unit))


def _grades(seen: Seen) -> tuple[Row, ...]:
    stage = _("Norwood stage")
    rows = (
        figure_row(stage, _("Weighted kappa, quadratic"), seen.stages.kappa),
        share_row(stage, _("Same stage"), seen.stages.same),
        share_row(stage, _("Within one stage"), seen.stages.within_one),
    )
    condition = figure_row(_("Condition"), _("Cohen's kappa"), seen.condition)
    return (*rows, condition) if seen.stages.pairs else (condition,)


def _grades_note(seen: Seen) -> str:
    """What the stages leave out."""
    if not seen.stages.ungradable and not seen.stages.rejected:
        return ""
    return _("Without Norwood stages that were rejected (%(rejected)s) or called not gradable (%(ungradable)s).") % {
        "rejected": seen.stages.rejected,
        "ungradable": seen.stages.ungradable,
    }


def _difference(found: Limits | TooFew) -> tuple[str, str]:
    """Mean difference with its interval, and the limits."""
    if isinstance(found, TooFew):
        return why_none(found), ""
    words = {"bias": signed(found.bias), "interval": _signed_interval(found.bias)}
    return _("%(bias)s (%(interval)s)") % words, between_limits(found)


def _signed_interval(figure: Estimate) -> str:
    return _("%(low)s to %(high)s") % {"low": f"{figure.low:+z.1f}", "high": f"{figure.high:+z.1f}"}


def _minutes(found: Minutes | TooFew) -> tuple[str, str]:
    if isinstance(found, TooFew):
        return why_none(found), ""
    spread = _("95 %% interval %(interval)s; half of the cases between %(low)s and %(high)s min") % {
        "interval": interval(found.median, 1),
        "low": f"{found.low:.1f}",
        "high": f"{found.high:.1f}",
    }
    return _("%(median)s min") % {"median": f"{found.median.value:.1f}"}, spread


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
