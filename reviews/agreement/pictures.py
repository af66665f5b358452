"""Pictures of agreement as Vega-Lite specifications. Each says in words what it shows; its numbers stand in a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from reviews.agreement.figures import Estimate, Limits
from reviews.agreement.report import ConditionFigures, Minutes, Report
from reviews.agreement.seen import BOTH, STAGES, NumberFigures, Overrides, RegionFigures, Seen, StageFigures
from reviews.agreement.words import REGIONS, named, signed, unit_words
from reviews.wording import CONDITIONS

HEIGHT = 220


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart with what it shows in words; its numbers stand in the table beside it."""

    id: str
    title: str
    label: str
    spec: dict[str, Any]


def blind_pictures(report: Report) -> list[Picture]:
    """Grades of readers, and models against grades committed before anybody saw them."""
    points = _("points")
    shares = _("percentage points")
    found = [
        _plot(f"chart-{name}", title, pairs, limits, unit, [0, 100] if unit == shares else [1, 10])
        for name, title, pairs, limits, unit in (
            ("readers", _("Severity: first and second reader"), report.readers.severity_pairs,
             report.readers.severity_limits, points),
            ("model", _("Severity: models and readers"), report.model.severity_pairs,
             report.model.severity_limits, points),
            ("readers-share", _("Affected share: first and second reader"), report.readers.share_pairs,
             report.readers.share_limits, shares),
            ("model-share", _("Affected share: models and readers"), report.model.share_pairs,
             report.model.share_limits, shares),
        )
        if isinstance(limits, Limits)
    ]  # fmt: skip
    for name, title, counted, unit in (
        ("hairs", _("Hairs counted in the frame: first and second reader"), report.details.hairs, _("hairs")),
        ("units", _("Follicular units counted: first and second reader"), report.details.units, _("units")),
    ):
        if isinstance(counted.limits, Limits):
            found.append(_plot(f"chart-readers-{name}", title, counted.pairs, counted.limits, unit, None))
    conditions = _conditions(report.conditions)
    return [*found, conditions] if conditions else found


def seen_pictures(seen: Seen) -> list[Picture]:
    """What clinicians made of the models' findings beside them: regions, outlines, numbers and stages."""
    found = []
    if any(row.shown or row.added for row in seen.regions):
        found.append(_regions(seen.regions))
    if rates := _region_rates(seen.regions):
        found.append(rates)
    for row in seen.regions:
        if row.kind == BOTH and isinstance(row.overlap, Estimate):
            found.append(_overlaps(row.overlaps))
    found += [_number(row, row.limits) for row in seen.numbers if isinstance(row.limits, Limits)]
    if isinstance(seen.stages.within_one, Estimate):
        found.append(_stages(seen.stages))
    return found


def pictures(report: Report) -> list[Picture]:
    """What became of the findings, and how long a case took."""
    found = []
    if any(row.total for row in report.overrides):
        found.append(_bars(report.overrides))
    if rates := [(row, row.rate) for row in report.overrides if isinstance(row.rate, Estimate)]:
        found.append(_rates(rates))
    if isinstance(report.minutes, Minutes):
        found.append(_times(report.minutes))
    return found


def _plot(
    name: str, title: str, pairs: Sequence[tuple[float, float]], limits: Limits, unit: str, domain: list[int] | None
) -> Picture:
    """Bland–Altman: difference over mean. ``domain`` of the means, where the scale has ends."""
    label = _(
        "%(title)s. Each point is a case: difference over mean. Mean difference %(bias)s, limits of agreement %(low)s "
        "to %(high)s, as in the table."
    ) % {"title": title, "bias": signed(limits.bias), "low": signed(limits.lower), "high": signed(limits.upper)}
    points = [{"mean": (one + other) / 2, "difference": one - other} for one, other in pairs]
    lines = [{"at": found.value} for found in (limits.lower, limits.bias, limits.upper)]
    scale = {"domain": domain} if domain else {"zero": False, "padding": 10}
    x = {"field": "mean", "type": "quantitative", "title": _("Mean of both"), "scale": scale}
    y_title = _("Difference, %(unit)s") % {"unit": unit}
    spec = {
        "width": "container",
        "height": HEIGHT,
        "layer": [
            {
                "data": {"values": points},
                "mark": {"type": "point", "opacity": 0.6},
                "encoding": {"x": x, "y": {"field": "difference", "type": "quantitative", "title": y_title}},
            },
            {
                "data": {"values": lines},
                "mark": {"type": "rule", "strokeDash": [4, 3]},
                "encoding": {"y": {"field": "at", "type": "quantitative"}},
            },
        ],
    }
    return Picture(name, title, label, spec)


def _number(row: NumberFigures, limits: Limits) -> Picture:
    title = _("%(what)s: models and clinicians, where another number was typed") % {"what": named(row.kind, row.code)}
    return _plot(f"chart-number-{row.code or row.kind}", title, row.pairs, limits, unit_words(row.unit), None)


def _bars(rows: tuple[Overrides, ...]) -> Picture:
    title = _("Accepted, corrected and rejected")
    words = {"accepted": _("Accepted"), "corrected": _("Corrected"), "rejected": _("Rejected")}
    values = [
        {"kind": named(row.kind, row.code), "verdict": str(text), "n": getattr(row, name)}
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
    label = _("%(title)s, by finding: the share corrected or rejected with its 95 %% interval, as in the table.")
    found = [(named(row.kind, row.code), "", rate) for row, rate in rows]
    return Picture("chart-rates", title, label % {"title": title}, _intervals(found, _("% of findings")))


def _region_rates(rows: Sequence[RegionFigures]) -> Picture | None:
    title = _("Regions: confirmed and missed")
    label = _("%(title)s, by kind: shares with their 95 %% intervals, as in the table.") % {"title": title}
    found = [
        (str(REGIONS[row.kind]), what, share)
        for row in rows
        for what, share in ((_("Confirmed"), row.confirmed), (_("Missed"), row.missed))
        if isinstance(share, Estimate)
    ]
    return Picture("chart-region-rates", title, label, _intervals(found, _("% of regions"))) if found else None


def _conditions(rows: Sequence[ConditionFigures]) -> Picture | None:
    title = _("Conditions: models and blind readers")
    label = _("%(title)s: shares with their 95 %% intervals, as in the table.") % {"title": title}
    found = [
        (str(CONDITIONS[row.condition]), what, share)
        for row in rows
        for what, share in ((_("Confirmed by the reader"), row.confirmed), (_("Found by the models"), row.found))
        if isinstance(share, Estimate)
    ]
    return Picture("chart-conditions", title, label, _intervals(found, _("% of cases"))) if found else None


def _intervals(rows: Sequence[tuple[str, str, Estimate]], unit: str) -> dict[str, Any]:
    """Shares as points on their intervals: (row, series, share); with one series there is no legend."""
    values = [
        {"kind": kind, "series": series, "rate": 100 * share.value, "low": 100 * share.low, "high": 100 * share.high}
        for kind, series, share in rows
    ]
    scale = {"domain": [0, 100]}
    y: dict[str, Any] = {"y": {"field": "kind", "type": "nominal", "title": None}}
    line: dict[str, Any] = {
        "x": {"field": "low", "type": "quantitative", "title": unit, "scale": scale},
        "x2": {"field": "high"},
    }
    point: dict[str, Any] = {"x": {"field": "rate", "type": "quantitative"}}
    names = list(dict.fromkeys(series for _kind, series, _share in rows))
    if len(names) > 1:
        y["yOffset"] = {"field": "series", "type": "nominal", "sort": names}
        told = {"field": "series", "type": "nominal", "title": None, "sort": names}
        line["color"] = {**told, "legend": None}
        point["color"] = point["shape"] = {**told, "legend": {"orient": "bottom", "columns": 1}}
    return {
        "width": "container",
        "height": {"step": 34},
        "data": {"values": values},
        "encoding": y,
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": line,
            },
            {
                "mark": {"type": "point", "filled": True, "size": 70},
                "encoding": point,
            },
        ],
    }


def _regions(rows: Sequence[RegionFigures]) -> Picture:
    title = _("Regions as the models drew them, and as clinicians see them")
    words = {
        "accepted": _("Accepted"),
        "redrawn": _("Redrawn"),
        "renamed": _("Other kind"),
        "rejected": _("Rejected"),
        "added": _("Missed by the models"),
    }
    values = [
        {"kind": str(REGIONS[row.kind]), "outcome": str(text), "n": getattr(row, name)}
        for row in rows
        if row.kind != BOTH
        for name, text in words.items()
    ]
    spec = {
        "width": "container",
        "height": {"step": 34},
        "data": {"values": values},
        "mark": "bar",
        "encoding": {
            "y": {"field": "kind", "type": "nominal", "title": None},
            "x": {
                "field": "n", "type": "quantitative", "title": _("Regions"), "axis": {"tickMinStep": 1, "format": "d"},
            },
            "color": {
                "field": "outcome", "type": "nominal", "title": None, "sort": list(words.values()),
                "legend": {"orient": "bottom", "columns": 2},
            },
        },
    }  # fmt: skip
    label = _("%(title)s, by kind, as in the table.") % {"title": title}
    return Picture("chart-regions", title, label, spec)


def _overlaps(overlaps: Sequence[float]) -> Picture:
    title = _("How much redrawn outlines overlap with the models'")
    spec = {
        "width": "container",
        "height": HEIGHT,
        "data": {"values": [{"overlap": overlap} for overlap in overlaps]},
        "mark": "bar",
        "encoding": {
            "x": {
                "field": "overlap",
                "type": "quantitative",
                "bin": {"extent": [0, 1], "step": 0.1},
                "title": _("Intersection over union"),
            },
            "y": {"aggregate": "count", "type": "quantitative", "title": _("Outlines")},
        },
    }
    label = _("%(title)s: how many outlines have which overlap. The mean and its interval stand in the table.")
    return Picture("chart-overlap", title, label % {"title": title}, spec)


def _stages(found: StageFigures) -> Picture:
    title = _("Norwood stage: models and clinicians")
    values = [
        {"model": model, "clinician": clinician, "n": n} for (model, clinician), n in Counter(found.pairs).items()
    ]
    axis = {"type": "ordinal", "scale": {"domain": list(STAGES)}}
    spec = {
        "width": "container",
        "height": HEIGHT,
        "data": {"values": values},
        "encoding": {
            "x": {**axis, "field": "model", "title": _("Models"), "axis": {"labelAngle": 0}},
            "y": {**axis, "field": "clinician", "title": _("Clinicians"), "scale": {"domain": list(STAGES[::-1])}},
        },
        "layer": [
            {
                "mark": {"type": "point", "filled": True, "opacity": 0.35},
                "encoding": {
                    "size": {
                        "field": "n", "type": "quantitative", "legend": None,
                        "scale": {"range": [120, 900], "zero": False},
                    }
                },
            },
            {"mark": {"type": "text", "fontSize": 12}, "encoding": {"text": {"field": "n", "type": "quantitative"}}},
        ],
    }  # fmt: skip
    label = _("%(title)s: how many cases had which pair of stages. What is off the diagonal was corrected.")
    return Picture("chart-stages", title, label % {"title": title}, spec)


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
