"""The page on measurement noise: what views taken twice say in a clinic, and from which change a verdict is given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actors import Actor
from accounts.roles import Permission
from analysis.noise import NoiseBook, Repeat, clinic_book
from patients.capture_protocol import guide
from reviews.agreement.pictures import Picture
from reviews.wording import METRICS
from vision.repeatability import (
    MIN_PAIRS,
    RULES,
    Noise,
    NoiseSource,
    Repeatability,
    Scale,
    agreement,
    shipped_prior,
)
from vision.types import Measured, Metric, NotMeasurable, View

SESSION = "session"
"""What the address calls the numbers of a whole session, such as the severity index."""

SESSION_METRICS = (Metric.SEVERITY_INDEX, Metric.SALT_ESTIMATE)
PLOTTED = (Metric.COVERAGE_INDEX, Metric.HAIR_DENSITY, Metric.SEVERITY_INDEX)

SOURCES = {
    NoiseSource.SHIPPED: gettext_lazy("shipped"),
    NoiseSource.CLINIC: gettext_lazy("this clinic"),
    NoiseSource.OWN: gettext_lazy("the patient's own"),
}


@dataclass(frozen=True, slots=True)
class Figures:
    """One metric of one view: what the clinic's pairs say, and the noise that verdicts use for somebody new here."""

    metric: Metric
    view: View | None
    pairs: int
    people: int
    found: Repeatability | NotMeasurable
    noise: Noise | NotMeasurable


@dataclass(frozen=True, slots=True)
class Row:
    """One metric in words."""

    what: str
    pairs: str
    cv: str
    icc: str
    limits: str
    mdc: str
    used: str
    rests_on: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a field."""

    value: str
    label: str
    current: bool


@dataclass(frozen=True, slots=True)
class NoisePage:
    """Everything on the page."""

    rows: tuple[Row, ...]
    views: tuple[Choice, ...]
    devices: tuple[Choice, ...]
    view_name: str
    pairs: int
    people: int
    picture: Picture | None


def noise_figures(actor: Actor) -> list[Figures]:
    """Every metric and view that is known of the actor's clinic or shipped. Raises NotAllowed for patients."""
    book = _book(actor)
    views = [None, *View]
    return [figures for view in views for figures in _figures(book, view, None)]


def noise_page(actor: Actor, view: str, device: str) -> NoisePage:
    """The page for one view ("session" for a whole session's numbers) and camera ("" for all together)."""
    book = _book(actor)
    shown = _view_of(view, book)
    of_view = [repeat for repeat in book.repeats if repeat.view == shown]
    devices = sorted({repeat.device for repeat in of_view if repeat.device})
    camera = device if device in devices else None
    figures = list(_figures(book, shown, camera))
    mine = [repeat for repeat in of_view if camera in (None, repeat.device)]
    first = figures[0].metric if figures else None
    return NoisePage(
        rows=tuple(_row(one) for one in figures),
        views=tuple(Choice(_key(one), _view_name(one), one == shown) for one in (*View, None)),
        devices=tuple(Choice(name, name or _("All cameras"), name == (camera or "")) for name in ("", *devices)),
        view_name=_view_name(shown),
        pairs=sum(repeat.metric is first for repeat in mine),
        people=len({repeat.patient_id for repeat in mine}),
        picture=_picture(figures, mine),
    )


def api_rows(actor: Actor) -> list[dict[str, Any]]:
    """The same figures as plain numbers."""
    return [_plain(one) for one in noise_figures(actor)]


def _book(actor: Actor) -> NoiseBook:
    actor.check(Permission.READ_AGREEMENT)
    return clinic_book(actor.own_clinic_id)


def _figures(book: NoiseBook, view: View | None, device: str | None) -> Iterator[Figures]:
    for metric in RULES:
        repeats = [one for one in book.of(metric, view) if device in (None, one.device)]
        if not repeats and not _belongs(metric, view):
            continue
        yield Figures(
            metric,
            view,
            len(repeats),
            len({repeat.patient_id for repeat in repeats}),
            agreement([repeat.pair for repeat in repeats], metric),
            book.noise_for(None, metric, view, device),
        )


def _belongs(metric: Metric, view: View | None) -> bool:
    """Whether the shipped noise of a metric is one of this view's."""
    if isinstance(shipped_prior(metric, view), NotMeasurable):
        return False
    if metric in SESSION_METRICS:
        return view is None
    close_up = RULES[metric].unit in ("/cm2", "um", "mm/cm2") or metric is Metric.VELLUS_SHARE
    return view is not None and (view is View.TRICHOSCOPY) is close_up


def _view_of(text: str, book: NoiseBook) -> View | None:
    if text == SESSION:
        return None
    if text in set(View):
        return View(text)
    seen = [repeat.view for repeat in book.repeats if repeat.view is not None]
    return max(set(seen), key=seen.count) if seen else View.CROWN


def _key(view: View | None) -> str:
    return SESSION if view is None else view.value


def _view_name(view: View | None) -> str:
    return _("Whole session") if view is None else str(guide(view).label)


def _row(one: Figures) -> Row:
    found = one.found if isinstance(one.found, Repeatability) else None
    return Row(
        what=str(METRICS[one.metric][0]),
        pairs=_("%(pairs)s of %(people)s people") % {"pairs": one.pairs, "people": one.people} if one.pairs else "0",
        cv=_range(found.cv, "%") if found else _("too few"),
        icc=_icc(found.icc) if found else _("too few"),
        limits=_limits(found) if found else _("too few"),
        mdc=_range(found.mdc95, _unit(one.metric)) if found else _("too few"),
        used=_used(one),
        rests_on=_rests_on(one.noise),
    )


def _range(figure: Measured, unit: str) -> str:
    digits = 0 if figure.value >= 20 else 1
    words = {name: f"{getattr(figure, name):z.{digits}f}" for name in ("value", "low", "high")}
    return _("%(value)s %(unit)s (%(low)s to %(high)s)") % {**words, "unit": unit}


def _icc(figure: Measured | NotMeasurable) -> str:
    if isinstance(figure, NotMeasurable):
        return _("too few")
    words = {name: f"{getattr(figure, name):z.2f}" for name in ("value", "low", "high")}
    return _("%(value)s (%(low)s to %(high)s)") % words


def _limits(found: Repeatability) -> str:
    return _("%(bias)s; %(low)s to %(high)s %(unit)s") % {
        "bias": f"{found.bias.value:+z.1f}",
        "low": f"{found.lower_limit.value:+z.1f}",
        "high": f"{found.upper_limit.value:+z.1f}",
        "unit": _unit(found.metric),
    }


def _used(one: Figures) -> str:
    """From which change on a verdict is given, one photograph per visit."""
    if isinstance(one.noise, NotMeasurable):
        return _("no verdict yet")
    if RULES[one.metric].scale is Scale.LOG:
        fall, rise = one.noise.detectable(100.0)
        return _("−%(fall)s %% or +%(rise)s %%") % {"fall": f"{fall:.0f}", "rise": f"{rise:.0f}"}
    fall, _rise = one.noise.detectable(0.0)
    return _("±%(change)s %(unit)s") % {"change": f"{fall:.1f}", "unit": _unit(one.metric)}


def _rests_on(noise: Noise | NotMeasurable) -> str:
    if isinstance(noise, NotMeasurable):
        return "–"
    shares = [(source, share) for source, share in noise.weights.items() if share >= 0.005]
    if len(shares) == 1:
        return str(SOURCES[shares[0][0]])
    return ", ".join(f"{SOURCES[source]} {100 * share:.0f}\N{NO-BREAK SPACE}%" for source, share in shares)


def _unit(metric: Metric) -> str:
    rule = RULES[metric]
    if rule.scale is Scale.LOG:
        return "%"
    return {"%": _("points"), "index": _("points"), "mm2": "mm²"}.get(rule.unit, rule.unit)


def _picture(figures: Sequence[Figures], repeats: Sequence[Repeat]) -> Picture | None:
    """Bland-Altman of the view's leading metric, where there are pairs enough."""
    for one in figures:
        if one.metric in PLOTTED and isinstance(one.found, Repeatability):
            pairs = [repeat for repeat in repeats if repeat.metric is one.metric]
            return _plot(one.found, pairs)
    return None


def _plot(found: Repeatability, repeats: Sequence[Repeat]) -> Picture:
    title = _("%(metric)s: first and second take") % {"metric": METRICS[found.metric][0]}
    of_log = found.scale is Scale.LOG
    points = [
        {
            "mean": round((one.first + one.second) / 2, 3),
            "difference": round(100 * (one.second / one.first - 1) if of_log else one.second - one.first, 3),
        }
        for one in repeats
        if one.first > 0 or not of_log
    ]
    label = _(
        "%(title)s. Each point is a pair of takes: difference over mean. Mean difference %(bias)s, limits of agreement "
        "%(low)s to %(high)s, as in the table."
    ) % {
        "title": title,
        "bias": f"{found.bias.value:+.1f}",
        "low": f"{found.lower_limit.value:+.1f}",
        "high": f"{found.upper_limit.value:+.1f}",
    }
    lines = [{"at": part.value} for part in (found.lower_limit, found.bias, found.upper_limit)]
    x = {"field": "mean", "type": "quantitative", "title": _("Mean of both takes"), "scale": {"zero": False}}
    y_title = _("Second against first, %(unit)s") % {"unit": _unit(found.metric)}
    spec = {
        "width": "container",
        "height": 240,
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
    return Picture("chart-noise", title, label, spec)


def _plain(one: Figures) -> dict[str, Any]:
    found = one.found if isinstance(one.found, Repeatability) else None
    noise = one.noise if isinstance(one.noise, Noise) else None
    fall, rise = noise.detectable(100.0) if noise else (None, None)
    return {
        "metric": one.metric.value,
        "view": _key(one.view),
        "pairs": one.pairs,
        "people": one.people,
        "in_proportion": RULES[one.metric].scale is Scale.LOG,
        "cv_percent": _numbers(found.cv) if found else None,
        "icc": _numbers(found.icc) if found and isinstance(found.icc, Measured) else None,
        "bias": _numbers(found.bias) if found else None,
        "lower_limit": _numbers(found.lower_limit) if found else None,
        "upper_limit": _numbers(found.upper_limit) if found else None,
        "mdc95": _numbers(found.mdc95) if found else None,
        "detectable_fall": fall,
        "detectable_rise": rise,
        "source": noise.source.value if noise else None,
        "weights": {source.value: round(share, 4) for source, share in noise.weights.items()} if noise else {},
        "pairs_needed": MIN_PAIRS,
    }


def _numbers(figure: Measured) -> dict[str, float]:
    return {"value": figure.value, "low": figure.low, "high": figure.high}
