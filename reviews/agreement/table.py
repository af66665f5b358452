"""Every figure of agreement as a row of a table: for the CSV file and the API."""

from __future__ import annotations

from collections.abc import Iterator

from reviews.agreement.details import DetailAgreement
from reviews.agreement.figures import Estimate, Limits, TooFew
from reviews.agreement.report import Agreement, Minutes, Report
from reviews.agreement.seen import RegionFigures, Seen

HEAD = ["section", "what", "measure", "n", "value", "low", "high", "basis"]
BLIND = "blind"
"""Judged before anybody had seen what the models say."""

BESIDE = "beside_models"
"""Judged with the models' statement in view: anchored."""


def csv_rows(report: Report) -> list[list[str]]:
    """Head and rows: section, what, measure, n, value, low, high, basis. Without a figure its value is empty."""
    return [
        HEAD,
        *_grades(report),
        *_details(report.details),
        *_conditions(report),
        *_seen(report.seen),
        *_cases(report),
    ]


def _grades(report: Report) -> Iterator[list[str]]:
    for section, found in (("readers", report.readers), ("model_against_readers", report.model)):
        for row in _agreement(found, "icc_1_1" if section == "readers" else "icc_2_1"):
            yield [section, *row, BLIND]


def _details(found: DetailAgreement) -> Iterator[list[str]]:
    for stages in found.stages:
        for measure, figure in (
            ("quadratic_weighted_kappa", stages.kappa),
            ("share_same", stages.same),
            ("share_within_one", stages.within_one),
        ):
            yield ["readers", f"{stages.scale.value}_stage", measure, *_figure(figure), BLIND]
    staged = str(sum(len(stages.pairs) for stages in found.stages) + found.one_gradable)
    apart = ["one_reader_not_gradable_or_on_another_scale", staged, str(found.one_gradable), "", "", BLIND]
    yield ["readers", "stage", *apart]
    for what, counted in (("hairs_in_frame", found.hairs), ("follicular_units_in_frame", found.units)):
        yield ["readers", what, "icc_1_1", *_figure(counted.icc), BLIND]
        for row in _limits(what, counted.limits):
            yield ["readers", *row, BLIND]
    drawn = found.regions
    for name, count in (("by_first", drawn.by_first), ("by_second", drawn.by_second), ("by_both", drawn.found_by_both)):
        yield ["readers", "regions_drawn", name, str(drawn.cases), str(count), "", "", BLIND]
    yield ["readers", "regions_drawn", "share_matched", *_figure(drawn.matched), BLIND]
    yield ["readers", "regions_drawn", "mean_intersection_over_union_of_matched", *_figure(drawn.overlap), BLIND]


def _agreement(found: Agreement, icc: str) -> Iterator[list[str]]:
    for what, measure, figure in (
        ("condition", "cohen_kappa", found.condition),
        ("affected_share_band", "quadratic_weighted_kappa", found.band),
        ("severity", icc, found.severity),
        ("affected_share_percent", icc, found.share),
    ):
        yield [what, measure, *_figure(figure)]
    yield from _limits("severity", found.severity_limits)
    yield from _limits("affected_share", found.share_limits)


def _conditions(report: Report) -> Iterator[list[str]]:
    for row in report.conditions:
        section, what = "conditions_against_readers", row.condition.value
        yield [section, what, "share_confirmed_by_reader", *_figure(row.confirmed), BLIND]
        yield [section, what, "share_found_by_models", *_figure(row.found), BLIND]


def _seen(seen: Seen) -> Iterator[list[str]]:
    for region in seen.regions:
        for row in _region(region):
            yield ["regions", region.kind or "both", *row, BESIDE]
    for number in seen.numbers:
        what = number.code or number.kind
        yield ["numbers", what, "given_another_number", str(number.judged), str(number.typed), "", "", BESIDE]
        for _what, measure, *cells in _limits(what, number.limits):
            yield ["numbers", what, measure, *cells, BESIDE]
    stages = seen.stages
    for measure, figure in (
        ("quadratic_weighted_kappa", stages.kappa),
        ("share_same", stages.same),
        ("share_within_one", stages.within_one),
    ):
        yield ["stages", "norwood", measure, *_figure(figure), BESIDE]
    for measure, count in (("not_gradable", stages.ungradable), ("rejected", stages.rejected)):
        total = len(stages.pairs) + stages.ungradable + stages.rejected
        yield ["stages", "norwood", measure, str(total), str(count), "", "", BESIDE]
    yield ["conditions", "condition", "cohen_kappa", *_figure(seen.condition), BESIDE]
    for decided in seen.overrides:
        what = decided.code or decided.kind
        yield ["overrides", what, "share_corrected_or_rejected", *_figure(decided.rate), BESIDE]
        for name in ("accepted", "corrected", "rejected"):
            yield ["overrides", what, name, str(decided.total), str(getattr(decided, name)), "", "", BESIDE]


def _region(region: RegionFigures) -> Iterator[list[str]]:
    for name in ("accepted", "redrawn", "renamed", "rejected"):
        yield [name, str(region.shown), str(getattr(region, name)), "", ""]
    yield ["added", str(region.seen), str(region.added), "", ""]
    yield ["share_confirmed", *_figure(region.confirmed)]
    yield ["share_missed", *_figure(region.missed)]
    yield ["mean_intersection_over_union_of_redrawn", *_figure(region.overlap)]
    for _what, measure, *cells in _limits("share_of_scalp", region.share):
        yield [f"share_of_scalp_{measure}", *cells]


def _cases(report: Report) -> Iterator[list[str]]:
    spent = report.minutes
    median = spent.median if isinstance(spent, Minutes) else spent
    yield ["cases", "minutes_to_decision", "median", *_figure(median), ""]
    if isinstance(spent, Minutes):
        for name, quartile in (("first_quartile", spent.low), ("third_quartile", spent.high)):
            yield ["cases", "minutes_to_decision", name, str(len(spent.spent)), f"{quartile:.4f}", "", "", ""]
    signed = str(report.signed)
    yield ["cases", "signed", "count", signed, signed, "", "", ""]
    unseen = str(len(report.signed_unseen))
    yield ["cases", "signed_without_opening_every_finding", "count", signed, unseen, "", "", ""]
    graded, unopened = str(report.graded), str(len(report.graded_unseen))
    yield ["cases", "graded_without_opening_every_photograph", "count", graded, unopened, "", "", ""]


def _limits(what: str, found: Limits | TooFew) -> Iterator[list[str]]:
    parts: tuple[Estimate | TooFew, ...] = (
        (found.bias, found.lower, found.upper) if isinstance(found, Limits) else (found,) * 3
    )
    for name, part in zip(("bias", "lower_limit", "upper_limit"), parts, strict=True):
        yield [what, f"bland_altman_{name}", *_figure(part)]


def _figure(figure: Estimate | TooFew) -> list[str]:
    if isinstance(figure, TooFew):
        return [str(figure.n), "", "", ""]
    return [str(figure.n), f"{figure.value:.4f}", f"{figure.low:.4f}", f"{figure.high:.4f}"]
