"""The agreement page in words: tables, pictures (Vega-Lite) that each have their table, and rows for a CSV file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from reviews.agreement import Estimate, Limits, TooFew
from reviews.agreement_data import Agreement, Minutes, Overrides, Period, Report
from reviews.wording import METRICS

KINDS: dict[str, Any] = {
    "region": lazy("Regions"),
    "condition": lazy("Condition"),
    "severity": lazy("Severity index"),
    "salt": lazy("SALT estimate"),
    "norwood": lazy("Norwood stage"),
}
DEFAULT_DAYS = 365


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: what, how it is measured, the value and its interval in words."""

    what: str
    measure: str
    value: str
    interval: str
    n: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart with what it shows in words; its numbers stand in the table beside it."""

    id: str
    title: str
    label: str
    spec: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AgreementPage:
    """Everything on the page."""

    start: date
    end: date
    readers: tuple[Row, ...]
    model: tuple[Row, ...]
    overrides: tuple[tuple[Overrides, str, str], ...]  # with words of the kind and of the rate
    minutes: str
    minutes_spread: str
    signed: int
    signed_unseen: int
    graded: int
    adjudicated: int
    pictures: tuple[Picture, ...]


def period_of(start: str, end: str, *, today: date, zone: str) -> Period:
    """The period that the address asks for, in the clinic's time zone; the last year where it does not say.

    A date that cannot be read is left out, and one that ends before it begins is turned round.
    """
    last, first = _date(end) or today, _date(start)
    first = first or last - timedelta(days=DEFAULT_DAYS)
    first, last = min(first, last), max(first, last)
    place = ZoneInfo(zone)
    begin = datetime.combine(first, time.min, tzinfo=place)
    close = datetime.combine(last + timedelta(days=1), time.min, tzinfo=place)
    return Period(begin.astimezone(UTC), close.astimezone(UTC))


def agreement_page(report: Report, *, zone: str) -> AgreementPage:
    """The page of a report."""
    place = ZoneInfo(zone)
    median, spread = _minutes(report.minutes)
    return AgreementPage(
        start=report.period.start.astimezone(place).date(),
        end=(report.period.end.astimezone(place) - timedelta(days=1)).date(),
        readers=_rows(report.readers, _("ICC(1,1), readers differ from case to case")),
        model=_rows(report.model, _("ICC(2,1), absolute agreement")),
        overrides=tuple((row, _named(row), _percent(row.rate)) for row in report.overrides),
        minutes=median,
        minutes_spread=spread,
        signed=report.signed,
        signed_unseen=len(report.signed_unseen),
        graded=report.graded,
        adjudicated=report.adjudicated,
        pictures=tuple(_pictures(report)),
    )


def csv_rows(report: Report) -> list[list[str]]:
    """Head and rows: section, what, measure, n, value, low, high."""
    rows = [["section", "what", "measure", "n", "value", "low", "high"]]
    for section, found in (("readers", report.readers), ("model_against_readers", report.model)):
        icc = "icc_1_1" if section == "readers" else "icc_2_1"
        for what, measure, figure in (
            ("condition", "cohen_kappa", found.condition),
            ("affected_share_band", "quadratic_weighted_kappa", found.band),
            ("severity", icc, found.severity),
            ("affected_share_percent", icc, found.share),
        ):
            rows.append([section, what, measure, *_csv(figure)])
        for what, found_limits in (("severity", found.severity_limits), ("affected_share", found.share_limits)):
            parts: tuple[Estimate | TooFew, ...] = (
                (found_limits.bias, found_limits.lower, found_limits.upper)
                if isinstance(found_limits, Limits)
                else (found_limits,) * 3
            )
            for name, part in zip(("bias", "lower_limit", "upper_limit"), parts, strict=True):
                rows.append([section, what, f"bland_altman_{name}", *_csv(part)])
    for row in report.overrides:
        rows.append(["overrides", row.code or row.kind, "share_corrected_or_rejected", *_csv(row.rate)])
        for name in ("accepted", "corrected", "rejected"):
            rows.append(["overrides", row.code or row.kind, name, str(row.total), str(getattr(row, name)), "", ""])
    spent = report.minutes
    rows.append(
        ["cases", "minutes_to_decision", "median", *_csv(spent.median if isinstance(spent, Minutes) else spent)]
    )
    if isinstance(spent, Minutes):
        for name, quartile in (("first_quartile", spent.low), ("third_quartile", spent.high)):
            rows.append(["cases", "minutes_to_decision", name, str(len(spent.spent)), f"{quartile:.4f}", "", ""])
    rows.append(["cases", "signed", "count", str(report.signed), str(report.signed), "", ""])
    unseen = str(len(report.signed_unseen))
    rows.append(["cases", "signed_without_opening_every_finding", "count", str(report.signed), unseen, "", ""])
    return rows


def _rows(found: Agreement, icc: str) -> tuple[Row, ...]:
    limits = [
        _limits_row(_("Severity, 1 to 10"), found.severity_limits, _("points")),
        _limits_row(_("Affected share"), found.share_limits, _("percentage points")),
    ]
    return (
        _row(_("Condition"), _("Cohen's kappa"), found.condition),
        _row(_("Affected share, in bands"), _("Weighted kappa, quadratic"), found.band),
        _row(_("Severity, 1 to 10"), icc, found.severity),
        _row(_("Affected share, %"), icc, found.share),
        *limits,
    )


def _row(what: str, measure: str, figure: Estimate | TooFew) -> Row:
    if isinstance(figure, TooFew):
        return Row(what, measure, _too_few(figure), "", figure.n)
    return Row(what, measure, f"{figure.value:z.2f}", _interval(figure, 2), figure.n)


def _limits_row(what: str, found: Limits | TooFew, unit: str) -> Row:
    measure = _("Mean difference and limits of agreement (Bland–Altman), %(unit)s") % {"unit": unit}
    if isinstance(found, TooFew):
        return Row(what, measure, _too_few(found), "", found.n)
    value = _("%(bias)s; limits %(low)s to %(high)s") % {
        "bias": f"{found.bias.value:+.1f}",
        "low": f"{found.lower.value:+.1f}",
        "high": f"{found.upper.value:+.1f}",
    }
    return Row(what, measure, value, _interval(found.bias, 1), found.bias.n, _("interval of the mean difference"))


def _interval(figure: Estimate, digits: int) -> str:
    return _("%(low)s to %(high)s") % {"low": f"{figure.low:z.{digits}f}", "high": f"{figure.high:z.{digits}f}"}


def _too_few(figure: TooFew) -> str:
    return _("all alike") if figure.flat else _("too few")


def _percent(figure: Estimate | TooFew) -> str:
    if isinstance(figure, TooFew):
        return _too_few(figure)
    return _("%(value)s %% (%(low)s to %(high)s)") % {
        "value": f"{100 * figure.value:.0f}",
        "low": f"{100 * figure.low:.0f}",
        "high": f"{100 * figure.high:.0f}",
    }


def _minutes(found: Minutes | TooFew) -> tuple[str, str]:
    if isinstance(found, TooFew):
        return _("too few"), ""
    spread = _("95 %% interval %(interval)s; half of the cases between %(low)s and %(high)s min") % {
        "interval": _interval(found.median, 1),
        "low": f"{found.low:.1f}",
        "high": f"{found.high:.1f}",
    }
    return _("%(median)s min") % {"median": f"{found.median.value:.1f}"}, spread


def _csv(figure: Estimate | TooFew) -> list[str]:
    if isinstance(figure, TooFew):
        return [str(figure.n), "", "", ""]
    return [str(figure.n), f"{figure.value:.4f}", f"{figure.low:.4f}", f"{figure.high:.4f}"]


def _pictures(report: Report) -> list[Picture]:
    """Bland–Altman plots where there are enough pairs, and what became of the findings."""
    found = []
    for name, agreement, title in (
        ("readers", report.readers, _("Severity: first and second reader")),
        ("model", report.model, _("Severity: models and readers")),
    ):
        if isinstance(agreement.severity_limits, Limits):
            found.append(_plot(name, title, agreement.severity_pairs, agreement.severity_limits))
    if any(row.total for row in report.overrides):
        found.append(_bars(report.overrides))
    if rates := [(row, row.rate) for row in report.overrides if isinstance(row.rate, Estimate)]:
        found.append(_rates(rates))
    if isinstance(report.minutes, Minutes):
        found.append(_times(report.minutes))
    return found


def _named(row: Overrides) -> str:
    return str(METRICS[row.code][0]) if row.code in METRICS else str(KINDS.get(row.kind, row.kind))


def _plot(name: str, title: str, pairs: tuple[tuple[float, float], ...], limits: Limits) -> Picture:
    label = _(
        "%(title)s. Each point is a case: difference over mean. Mean difference %(bias)s, limits of agreement %(low)s "
        "to %(high)s, as in the table."
    ) % {
        "title": title,
        "bias": f"{limits.bias.value:+.1f}",
        "low": f"{limits.lower.value:+.1f}",
        "high": f"{limits.upper.value:+.1f}",
    }
    points = [{"mean": (one + other) / 2, "difference": one - other} for one, other in pairs]
    lines = [{"at": found.value} for found in (limits.lower, limits.bias, limits.upper)]
    x = {"field": "mean", "type": "quantitative", "title": _("Mean of both"), "scale": {"domain": [1, 10]}}
    y = {"field": "difference", "type": "quantitative", "title": _("Difference")}
    spec = {
        "width": "container",
        "height": 220,
        "layer": [
            {
                "data": {"values": points},
                "mark": {"type": "point", "opacity": 0.6},
                "encoding": {"x": x, "y": y},
            },
            {
                "data": {"values": lines},
                "mark": {"type": "rule", "strokeDash": [4, 3]},
                "encoding": {"y": {"field": "at", "type": "quantitative"}},
            },
        ],
    }
    return Picture(f"chart-{name}", title, label, spec)


def _bars(rows: tuple[Overrides, ...]) -> Picture:
    title = _("Accepted, corrected and rejected")
    words = {"accepted": _("Accepted"), "corrected": _("Corrected"), "rejected": _("Rejected")}
    values = [
        {"kind": _named(row), "verdict": str(text), "n": getattr(row, name)}
        for row in rows
        for name, text in words.items()
    ]
    spec = {
        "width": "container",
        "height": {"step": 34},
        "data": {"values": values},
        "mark": "bar",
        "encoding": {
            "y": {"field": "kind", "type": "nominal", "title": None},
            "x": {"field": "n", "type": "quantitative", "stack": "normalize", "title": _("Share of findings")},
            "color": {"field": "verdict", "type": "nominal", "title": None, "sort": list(words.values())},
        },
    }
    label = _("%(title)s, by kind: accepted, corrected and rejected, as in the table.") % {"title": title}
    return Picture("chart-overrides", title, label, spec)


def _rates(rows: Sequence[tuple[Overrides, Estimate]]) -> Picture:
    title = _("How often the models were overruled")
    values = [
        {"kind": _named(row), "rate": 100 * rate.value, "low": 100 * rate.low, "high": 100 * rate.high}
        for row, rate in rows
    ]
    scale = {"domain": [0, 100]}
    spec = {
        "width": "container",
        "height": {"step": 34},
        "data": {"values": values},
        "encoding": {"y": {"field": "kind", "type": "nominal", "title": None}},
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {
                    "x": {"field": "low", "type": "quantitative", "title": _("% of findings"), "scale": scale},
                    "x2": {"field": "high"},
                },
            },
            {
                "mark": {"type": "point", "filled": True, "size": 70},
                "encoding": {"x": {"field": "rate", "type": "quantitative"}},
            },
        ],
    }
    label = _("%(title)s, by finding: the share corrected or rejected with its 95 %% interval, as in the table.")
    return Picture("chart-rates", title, label % {"title": title}, spec)


def _times(found: Minutes) -> Picture:
    title = _("Time from claim to decision")
    spec = {
        "width": "container",
        "height": 180,
        "data": {"values": [{"minutes": minutes} for minutes in found.spent]},
        "mark": "bar",
        "encoding": {
            "x": {"field": "minutes", "type": "quantitative", "bin": {"maxbins": 20}, "title": _("Minutes")},
            "y": {"aggregate": "count", "type": "quantitative", "title": _("Cases")},
        },
    }
    label = _("%(title)s: how many cases took how many minutes. The median and its interval stand above.")
    return Picture("chart-times", title, label % {"title": title}, spec)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
