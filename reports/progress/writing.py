"""From what was read to a document's content: the delta report of two visits, the summary of a period."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence

from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from accounts.models import Clinic
from analysis.models import Comparison
from patients.capture_protocol import SITE_LABELS, TrichoscopySite
from reports.content import Letterhead
from reports.models import ProgressDocument
from reports.progress.charts import chart_of
from reports.progress.content import (
    AnswerLine,
    AreaLine,
    CauseLine,
    ChangeRow,
    CourseLine,
    Drawn,
    Group,
    ProgressContent,
    Shown,
    Source,
)
from reports.progress.reading import Place, Progress
from reports.progress.series import SESSION, Course, Series, Visit
from reports.words import METRIC_MEANINGS, METRIC_NAMES, RESEARCH_STATEMENT, amount, number, view_name
from reviews.aftercare import ANSWER_LABELS, QUESTIONS, Answer
from reviews.change_words import ChangeFacts, facts_of, percent_words
from reviews.judging import Judgement, Said, why_words
from reviews.models import SideEffectReport
from vision.repeatability import RULES
from vision.types import ImageKind, Measured

Kind = ProgressDocument.Kind


def delta_report(progress: Progress, then: int, now: int) -> ProgressContent:
    """What changed between two visits, number by number and place by place."""
    first, later = progress.visits[then], progress.visits[now]
    days = {"then": date_format(first.day, "j F Y"), "now": date_format(later.day, "j F Y")}
    changes = [change for one in progress.series if (change := progress.judgement(one, then, now)) is not None]
    return _document(
        progress,
        kind=Kind.DELTA,
        title=_("What changed"),
        period=_("%(then)s to %(now)s") % days,
        lead=counted(changes),
        visits=(first, later),
        groups=[_delta_group(progress, place, then, now) for place in ((SESSION, ""), *progress.places)],
        courses=[course for course in progress.courses if _during(course, first.day, later.day)],
    )


def summary(progress: Progress, start: dt.date, end: dt.date, answers: Sequence[SideEffectReport]) -> ProgressContent:
    """What was signed from ``start`` to ``end``: values over time, treatments, side effects, photographs then and now.

    With one visit in the period a change is counted from the visit before, where there is one.

    Raises ValueError when nothing was signed in the period.
    """
    inside = _inside(progress, start, end)
    told = visits_told(progress, start, end)
    if told is None:
        raise ValueError("no signed visit in the period")
    then, now = told
    changes = [change for one in progress.series if (change := progress.judgement(one, then, now)) is not None]
    days = {"start": date_format(start, "j F Y"), "end": date_format(end, "j F Y")}
    lead = [
        ngettext("%(n)d signed visit in this time.", "%(n)d signed visits in this time.", len(inside))
        % {"n": len(inside)},
        *(counted(changes) if then != now else ()),
    ]
    return _document(
        progress,
        kind=Kind.SUMMARY,
        title=_("Summary for your visit"),
        period=_("%(start)s to %(end)s") % days,
        lead=tuple(lead),
        visits=progress.visits[then : now + 1],
        groups=[_summary_group(progress, place, then, now) for place in ((SESSION, ""), *progress.places)],
        courses=[course for course in progress.courses if _during(course, start, end)],
        answers=answers,
    )


def visits_told(progress: Progress, start: dt.date, end: dt.date) -> tuple[int, int] | None:
    """Between which visits a summary counts changes; None when nothing was signed in the period."""
    inside = _inside(progress, start, end)
    if not inside:
        return None
    return (inside[0] - 1 if inside[0] > 0 and len(inside) == 1 else inside[0]), inside[-1]


def _inside(progress: Progress, start: dt.date, end: dt.date) -> list[int]:
    return [number for number, visit in enumerate(progress.visits) if start <= visit.day <= end]


def counted(changes: Iterable[Judgement]) -> tuple[str, ...]:
    """How many numbers improved, became worse, did not change detectably, or cannot be compared; one sentence each."""
    said = [change.said for change in changes if change.metric in RULES]
    sentences = []
    told: tuple[tuple[Said, Callable[[int], str]], ...] = (
        (Said.IMPROVED, lambda n: ngettext("%(n)d value improved.", "%(n)d values improved.", n)),
        (Said.WORSE, lambda n: ngettext("%(n)d value became worse.", "%(n)d values became worse.", n)),
        (
            Said.NO_DETECTABLE_CHANGE,
            lambda n: ngettext("%(n)d value did not change detectably.", "%(n)d values did not change detectably.", n),
        ),
        (Said.PENDING, lambda n: ngettext("%(n)d is still being compared.", "%(n)d are still being compared.", n)),
        (
            Said.NOT_KNOWN,
            lambda n: ngettext(
                "%(n)d value has no verdict yet: how much it varies by itself is not known.",
                "%(n)d values have no verdict yet: how much they vary by themselves is not known.",
                n,
            ),
        ),
        (
            Said.NOT_COMPARABLE,
            lambda n: ngettext("%(n)d value cannot be compared.", "%(n)d values cannot be compared.", n),
        ),
    )
    for kind, sentence in told:
        n = said.count(kind)
        if n:
            sentences.append(sentence(n) % {"n": n})
    return tuple(sentences)


def change_row(series: Series, change: Judgement) -> ChangeRow:
    """One number then and now, in words."""
    unit = series.unit
    return ChangeRow(
        name=metric_name(series.key.metric),
        then=amount(change.then.value, unit),
        then_range=range_words(change.then),
        now=amount(change.now.value, unit),
        now_range=range_words(change.now),
        change="" if change.change is None else signed(_between_shown(change), unit),
        percent=percent_words(change.percent),
        detectable=detectable_words(change),
        said=change.said.value,
        words=change.words,
        why=change.why,
        meaning=str(METRIC_MEANINGS.get(series.key.metric, "")),
    )


def _between_shown(change: Judgement) -> float:
    """The step between the two numbers as they are written: 45 → 58 is +13, though 44.6 → 58.4 would round to +14."""
    return float(number(change.now.value)) - float(number(change.then.value))


def detectable_words(change: Judgement) -> str:
    """The smallest change that can be told from noise; both sides where they differ."""
    if change.fall is None or change.rise is None:
        return ""
    if abs(change.fall - change.rise) < 0.05 * max(change.fall, change.rise):
        return "± " + difference(change.rise, change.unit)
    return f"−{difference(change.fall, change.unit)} / +{difference(change.rise, change.unit)}"


def range_words(value: Measured) -> str:
    """``54 to 70 %``; empty without an interval."""
    if not value.low < value.high:
        return ""
    return _("%(low)s to %(high)s") % {"low": number(value.low), "high": amount(value.high, value.unit)}


def signed(value: float, unit: str) -> str:
    """A change with its sign: ``+5 points``, ``−12 /cm²``."""
    sign = "" if float(number(abs(value))) == 0 else "−" if value < 0 else "+"
    return sign + difference(abs(value), unit)


def difference(value: float, unit: str) -> str:
    """The size of a change: a share changes by points, not by percent."""
    return _("%(n)s points") % {"n": number(value)} if unit == "%" else amount(value, unit)


def metric_name(metric: str) -> str:
    return str(METRIC_NAMES.get(metric, metric.replace("_", " ").capitalize()))


def place_name(place: Place) -> str:
    """A view with its trichoscopy site; the session's own numbers under their own name."""
    view, site = place
    if view == SESSION:
        return _("All photographs together")
    if site in {known.value for known in TrichoscopySite}:
        return f"{view_name(view)} · {SITE_LABELS[TrichoscopySite(site)]}"
    return view_name(view)


def released_facts(comparison: Comparison | None, metrics: Iterable[str]) -> ChangeFacts | None:
    """What a patient may read of a comparison: nothing before a clinician released it, and of the metrics that both
    reports state alone (G8)."""
    if comparison is None or comparison.released_at is None or comparison.not_comparable:
        return None
    return facts_of(comparison.result, metrics=metrics)


def _document(
    progress: Progress,
    *,
    kind: Kind,
    title: str,
    period: str,
    lead: tuple[str, ...],
    visits: Sequence[Visit],
    groups: Iterable[Group | None],
    courses: Sequence[Course],
    answers: Sequence[SideEffectReport] = (),
) -> ProgressContent:
    newest = progress.visits[-1].content
    clinic = progress.patient.clinic
    return ProgressContent(
        kind=kind.value,
        title=title,
        period=period,
        lead=lead,
        clinic=Letterhead(
            clinic.name, clinic.address, clinic.phone, clinic.time_zone, clinic.usual_reply, paper=clinic.paper
        ),
        patient=newest.patient,
        made_on=max(visit.day for visit in visits),
        sources=tuple(_source(visit) for visit in visits),
        groups=tuple(group for group in groups if group is not None),
        courses=tuple(course_line(course) for course in courses),
        answers=tuple(_answer(report, clinic) for report in sorted(answers, key=lambda one: one.submitted_at)),
        asked_about_side_effects=kind is Kind.SUMMARY,
        research_statement=str(RESEARCH_STATEMENT) if any(v.content.measured_by_models for v in visits) else "",
        language=(get_language() or "en").split("-")[0],
    )


def _delta_group(progress: Progress, place: Place, then: int, now: int) -> Group | None:
    rows = tuple(_changes(progress, place, then, now))
    pictures = tuple(_pictures(progress, place, then, now))
    if not rows and not pictures:
        return None
    row = progress.comparison(place, then, now) if place[0] else None
    stated = {series.key.metric for series in progress.series_at(place) if series.at(then) and series.at(now)}
    facts = released_facts(row, stated)
    why = why_words(progress.pairing(place, then, now)) if place[0] else ""
    return Group(
        name=place_name(place),
        note=_("Not compared, because %(why)s.") % {"why": why} if why else "",
        rows=rows,
        areas=tuple(
            AreaLine(one.metric, one.area, one.then, one.now, one.change, one.interval, one.percent)
            for one in (facts.areas if facts else ())
        ),
        causes=tuple(
            CauseLine(
                one.metric, one.difference, tuple((part.name, part.amount or _("not known")) for part in one.parts)
            )
            for one in (facts.attributions if facts else ())
        ),
        places=facts.places if facts else (),
        remarks=tuple(part for part in (facts.overlap, facts.light, facts.hairs, *facts.warnings) if part)
        if facts
        else (),
        pictures=pictures,
    )


def _summary_group(progress: Progress, place: Place, then: int, now: int) -> Group | None:
    charts = []
    for series in progress.series_at(place):
        if not any(then <= point.visit <= now for point in series.points):
            continue
        chart = chart_of(series, progress.noise(series), progress.courses)
        table = tuple((row.day, row.value, row.interval, row.note) for row in chart.rows)
        charts.append(Drawn(chart.id, chart.title, chart.label, chart.band, chart.spec, table))
    rows = tuple(_changes(progress, place, then, now)) if then != now else ()
    pictures = tuple(_pictures(progress, place, then, now))
    if not charts and not pictures:
        return None
    why = why_words(progress.pairing(place, then, now)) if place[0] and then != now else ""
    return Group(
        name=place_name(place),
        note=_("Not compared, because %(why)s.") % {"why": why} if why else "",
        rows=rows,
        pictures=pictures,
        charts=tuple(charts[:MOST_CHARTS]),
    )


MOST_CHARTS = 3
"""Charts of one view in a summary that is brought to a visit; the progress page has them all."""


def _changes(progress: Progress, place: Place, then: int, now: int) -> Iterable[ChangeRow]:
    for series in progress.series_at(place):
        change = progress.judgement(series, then, now)
        if change is not None:
            yield change_row(series, change)


def _pictures(progress: Progress, place: Place, then: int, now: int) -> Iterable[Shown]:
    """Then and now as signed; the map of change where a clinician released it."""
    for visit in dict.fromkeys((then, now)):
        picture = progress.picture(visit, place)
        if picture is not None:
            day = date_format(progress.visits[visit].day, "j F Y")
            yield Shown("report", picture.id, day, _("%(alt)s, %(day)s") % {"alt": picture.alt, "day": day})
    row = progress.comparison(place, then, now) if place[0] and then != now else None
    if row is not None and row.released_at is not None and not row.not_comparable:
        for image in row.images.all():
            if image.kind in (ImageKind.CHANGE.value, ImageKind.HAIR_FATES.value):
                yield Shown(
                    "comparison",
                    str(image.pk),
                    _("Map of change"),
                    _("Map of change over the earlier photograph: %(view)s") % {"view": place_name(place)},
                )


def _source(visit: Visit) -> Source:
    signed = visit.content.signed_day
    return Source(
        report_id=str(visit.report_id),
        day=date_format(visit.day, "j F Y"),
        signed=date_format(signed, "j F Y") if signed else "",
        signatory=visit.content.signatory.name,
        code=visit.code,
    )


def course_line(course: Course) -> CourseLine:
    """A treatment in words."""
    return CourseLine(
        letter=course.letter,
        name=course.name,
        doses=" → ".join(dose for dose in course.doses if dose),
        started=date_format(course.started, "j F Y"),
        ended=date_format(course.ended, "j F Y") if course.ended else "",
    )


def _answer(report: SideEffectReport, clinic: Clinic) -> AnswerLine:
    given = (report.answers or {}).get("answers", {})
    said = tuple(
        f"{QUESTIONS[code].text} {ANSWER_LABELS[Answer(answer)]}"
        for code, answer in given.items()
        if code in QUESTIONS and answer != Answer.NONE.value
    )
    words = str((report.answers or {}).get("words", ""))
    day = date_format(clinic.day_of(report.submitted_at), "j F Y")
    return AnswerLine(day, said or (_("No side effects noticed."),), words)


def _during(course: Course, start: dt.date, end: dt.date) -> bool:
    return course.started <= end and (course.ended is None or course.ended >= start)
