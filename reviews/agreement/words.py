"""Figures of agreement in words: a row of a table, an interval, and why there is no figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from reviews.agreement.figures import Estimate, Limits, TooFew
from reviews.wording import METRICS, UNITS

KINDS: dict[str, Any] = {
    "region": lazy("Regions"),
    "condition": lazy("Condition"),
    "severity": lazy("Severity index"),
    "salt": lazy("SALT estimate"),
    "norwood": lazy("Norwood stage"),
}
REGIONS: dict[str, Any] = {"bald": lazy("Bald"), "thinning": lazy("Thinning"), "": lazy("Both kinds")}


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: what, how it is measured, the value and its interval in words."""

    what: str
    measure: str
    value: str
    interval: str
    n: int
    note: str = ""


def named(kind: str, code: str) -> str:
    """A kind of finding; of a measure its metric."""
    return str(METRICS[code][0]) if code in METRICS else str(KINDS.get(kind, kind))


def figure_row(what: str, measure: str, figure: Estimate | TooFew) -> Row:
    """A coefficient with its interval."""
    if isinstance(figure, TooFew):
        return Row(what, measure, why_none(figure), "", figure.n)
    return Row(what, measure, f"{figure.value:z.2f}", interval(figure, 2), figure.n)


def share_row(what: str, measure: str, figure: Estimate | TooFew) -> Row:
    """A share with its interval, in percent."""
    if isinstance(figure, TooFew):
        return Row(what, measure, why_none(figure), "", figure.n)
    low, high = (f"{100 * edge:.0f}" for edge in (figure.low, figure.high))
    between = _("%(low)s to %(high)s") % {"low": f"{low} %", "high": f"{high} %"}
    return Row(what, measure, f"{100 * figure.value:.0f} %", between, figure.n)


def limits_row(what: str, found: Limits | TooFew, unit: str) -> Row:
    """Mean difference with its interval, and the limits of agreement."""
    measure = _("Mean difference and limits of agreement (Bland–Altman), %(unit)s") % {"unit": unit}
    if isinstance(found, TooFew):
        return Row(what, measure, why_none(found), "", found.n)
    value = _("%(bias)s; limits %(limits)s") % {"bias": signed(found.bias), "limits": between_limits(found)}
    return Row(what, measure, value, interval(found.bias, 1), found.bias.n, _("interval of the mean difference"))


def between_limits(found: Limits) -> str:
    """The limits of agreement."""
    return _("%(low)s to %(high)s") % {"low": signed(found.lower), "high": signed(found.upper)}


def signed(figure: Estimate) -> str:
    """A difference with its sign, one decimal."""
    return f"{figure.value:+z.1f}"


def unit_words(unit: str) -> str:
    """The unit of a difference: percentage points where the number is a percentage."""
    if unit in ("%", "index"):
        return _("percentage points") if unit == "%" else _("points")
    return UNITS.get(unit, unit).strip()


def interval(figure: Estimate, digits: int) -> str:
    """A 95 % interval."""
    return _("%(low)s to %(high)s") % {"low": f"{figure.low:z.{digits}f}", "high": f"{figure.high:z.{digits}f}"}


def why_none(figure: TooFew) -> str:
    """Why there is no figure."""
    return _("all alike") if figure.flat else _("not enough cases")


def mean_words(figure: Estimate | TooFew) -> str:
    """A mean between 0 and 1 with its interval."""
    if isinstance(figure, TooFew):
        return why_none(figure)
    return _("%(value)s (%(interval)s)") % {"value": f"{figure.value:.2f}", "interval": interval(figure, 2)}


def percent(figure: Estimate | TooFew) -> str:
    """A share with its interval, in percent."""
    if isinstance(figure, TooFew):
        return why_none(figure)
    return _("%(value)s %% (%(low)s to %(high)s)") % {
        "value": f"{100 * figure.value:.0f}",
        "low": f"{100 * figure.low:.0f}",
        "high": f"{100 * figure.high:.0f}",
    }
