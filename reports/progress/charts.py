"""Charts of a series: one Vega-Lite specification for the page and for paper, with the same numbers as a table. Pure.

The page draws it with the bundled Vega-Lite, a worker draws it for a PDF with :func:`svg_of`. Only sizes and colours
that follow the theme differ; they are the caller's configuration, not the specification.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from reports.progress.series import Course, Series
from reports.words import METRIC_NAMES, amount, number, reason_words
from vision.repeatability import Noise
from vision.types import Metric, NotMeasurable

VEGA_LITE: Final = "6.4"
"""Of vl-convert; the page bundles the same (package-lock.json), held together by a test."""

BAND_COLOUR: Final = "#7a8b8a"
PAPER: Final[dict[str, Any]] = {
    "background": "transparent",
    "font": "Figtree",
    "axis": {
        "domainColor": "#8c857b",
        "gridColor": "#e2ddd4",
        "tickColor": "#8c857b",
        "labelColor": "#655f57",
        "titleColor": "#655f57",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    },
    "text": {"color": "#25221e"},
    "view": {"stroke": None},
    "line": {"color": "#0b6260", "strokeWidth": 2},
    "point": {"color": "#0b6260", "filled": True, "size": 60},
    "rule": {"color": "#655f57"},
}
"""The house's look on paper; on a screen ``charts.js`` takes the same from the theme's tokens."""

_WHOLE: Final[dict[str, Any]] = {"tickMinStep": 1, "format": "d"}
"""The axis of stages: there is none between two."""

_PAPER_WIDTH: Final = 560
_HEIGHT: Final = 190


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table beside a chart: for screen readers, and for everybody who wants the numbers."""

    day: str
    value: str
    interval: str
    note: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with what it shows in words and the table with its numbers."""

    id: str
    title: str
    label: str
    spec: dict[str, Any]
    rows: tuple[Row, ...]
    band: str  # what the grey band means, in words; empty without one


def chart_of(series: Series, noise: Noise | NotMeasurable | None, courses: Sequence[Course]) -> Chart:
    """Values with their intervals, the band that noise alone explains around the baseline, and treatments."""
    key = series.key
    name = str(METRIC_NAMES.get(key.metric, key.metric.replace("_", " ").capitalize()))
    baseline = series.points[0]
    band = None
    if isinstance(noise, Noise) and len(series.points) > 1 and baseline.value.value > 0:
        low, high = noise.band(baseline.value.value, baseline.takes, series.points[-1].takes)
        band = (max(0.0, low), high)
    return Chart(
        id="chart-" + "-".join(part for part in (key.view, key.site, key.metric) if part),
        title=name,
        label=_label(name, series),
        spec=_spec(series, band, courses),
        rows=_rows(series),
        band=_band_words(series, band),
    )


def svg_of(spec: dict[str, Any]) -> bytes:
    """The chart as SVG, for paper. Loads the drawing engine: for workers."""
    import vl_convert

    sized = {**spec, "width": _PAPER_WIDTH, "height": 170, "config": PAPER}
    drawn: str = vl_convert.vegalite_to_svg(json.dumps(sized), vl_version=VEGA_LITE, allowed_base_urls=[])
    return drawn.encode()


def _spec(series: Series, band: tuple[float, float] | None, courses: Sequence[Course]) -> dict[str, Any]:
    first, last = series.points[0].day, series.points[-1].day
    pad = dt.timedelta(days=max(7, (last - first).days // 20))
    window = first - pad, last + pad
    x = {
        "field": "day",
        "type": "temporal",
        "title": None,
        "scale": {"domain": [_at(window[0]), _at(window[1])]},
        "axis": {"format": "%b %Y", "labelOverlap": True, "tickCount": {"interval": "month", "step": _months(window)}},
    }
    y = {
        "field": "value",
        "type": "quantitative",
        "title": None,
        "scale": {"zero": False, "nice": True, "padding": 8},
        "axis": {"tickCount": 5, **(_WHOLE if series.key.metric == Metric.NORWOOD_STAGE else {})},
    }
    values = [
        {
            "day": _at(point.day),
            "value": round(point.value.value, 3),
            "low": round(point.value.low, 3),
            "high": round(point.value.high, 3),
            "text": _spoken(point.day, amount(point.value.value, series.unit)),
        }
        for point in series.points
    ]
    layers: list[dict[str, Any]] = []
    if band is not None:
        layers.append(_band_layer(band, x, y))
    marks = _marks(courses, window)
    if marks:
        layers += _treatment_layers(marks, x)
    tooltip = {"field": "text", "type": "nominal"}
    layers += [
        {
            "mark": {"type": "rule", "strokeWidth": 5, "opacity": 0.35},
            "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
        },
        {"mark": {"type": "line"}, "encoding": {"x": x, "y": y}},
        {"mark": {"type": "point"}, "encoding": {"x": x, "y": y, "tooltip": tooltip}},
    ]
    return {"width": "container", "height": _HEIGHT, "data": {"values": values}, "layer": layers}


def _band_layer(band: tuple[float, float], x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
    return {
        "data": {"values": [{"from": round(band[0], 3), "to": round(band[1], 3)}]},
        "mark": {"type": "rect", "color": BAND_COLOUR, "opacity": 0.2},
        "encoding": {"y": {**y, "field": "from"}, "y2": {"field": "to"}},
    }


def _treatment_layers(marks: list[dict[str, Any]], x: dict[str, Any]) -> list[dict[str, Any]]:
    data = {"values": marks}
    return [
        {
            "data": data,
            "mark": {"type": "rule", "strokeDash": [4, 3]},
            "encoding": {"x": x},
        },
        {
            "data": data,
            "mark": {"type": "text", "baseline": "top", "align": "left", "dx": 4, "fontSize": 12, "fontWeight": 600},
            "encoding": {"x": x, "y": {"value": 0}, "text": {"field": "mark", "type": "nominal"}},
        },
    ]


def _marks(courses: Sequence[Course], window: tuple[dt.date, dt.date]) -> list[dict[str, Any]]:
    """One mark a day: letters of what began and, with a slash, of what ended. What began before stands at the left."""
    days: dict[dt.date, list[str]] = {}
    for course in courses:
        days.setdefault(max(course.started, window[0]), []).append(course.letter)
        if course.ended is not None and course.ended >= window[0]:
            days.setdefault(course.ended, []).append(f"/{course.letter}")
    return [{"day": _at(day), "mark": " ".join(letters)} for day, letters in sorted(days.items()) if day <= window[1]]


def _rows(series: Series) -> tuple[Row, ...]:
    rows = [
        (
            point.day,
            Row(
                day=date_format(point.day, "j F Y"),
                value=amount(point.value.value, series.unit),
                interval=_interval(point.value.low, point.value.high, series.unit),
                note=_note(corrected=point.corrected, takes=point.takes),
            ),
        )
        for point in series.points
    ]
    rows += [
        (
            gap.day,
            Row(date_format(gap.day, "j F Y"), _("not measurable"), "", reason_words(gap.reason)),
        )
        for gap in series.gaps
    ]
    return tuple(row for _day, row in sorted(rows, key=lambda pair: pair[0]))


def _interval(low: float, high: float, unit: str) -> str:
    return _("%(low)s to %(high)s") % {"low": number(low), "high": amount(high, unit)} if low < high else ""


def _note(*, corrected: bool, takes: int) -> str:
    if corrected:
        return _("corrected by the clinician")
    return _("mean of %(n)d photographs") % {"n": takes} if takes > 1 else ""


def _label(name: str, series: Series) -> str:
    first, last = series.points[0], series.points[-1]
    if len(series.points) == 1:
        return _("%(name)s: one signed value, %(value)s on %(day)s.") % {
            "name": name,
            "value": amount(first.value.value, series.unit),
            "day": date_format(first.day, "j F Y"),
        }
    return _("%(name)s from %(then)s on %(first)s to %(now)s on %(last)s; %(n)d signed values, as in the table.") % {
        "name": name,
        "then": amount(first.value.value, series.unit),
        "first": date_format(first.day, "j F Y"),
        "now": amount(last.value.value, series.unit),
        "last": date_format(last.day, "j F Y"),
        "n": len(series.points),
    }


def _band_words(series: Series, band: tuple[float, float] | None) -> str:
    if band is None:
        return ""
    return _(
        "Grey band: from %(low)s to %(high)s. A value inside it cannot be told from the first one: photographs taken "
        "again vary that much by themselves."
    ) % {"low": number(band[0]), "high": amount(band[1], series.unit)}


def _spoken(day: dt.date, value: str) -> str:
    return f"{date_format(day, 'j M Y')}: {value}"


def _at(day: dt.date) -> str:
    return f"{day.isoformat()}T12:00:00"


def _months(window: tuple[dt.date, dt.date]) -> int:
    return max(1, round((window[1] - window[0]).days / 30 / 6))
