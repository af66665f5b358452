"""A first summary for the patient, composed from what the clinician accepted, and where a red flag sends them. Pure;
the clinician edits both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from patients.red_flags import RedFlag, Severity, safety_text, severity
from reviews.decisions import FinalFinding
from reviews.diagnoses import PLAIN_NAMES
from reviews.payloads import not_measurable_reason
from reviews.reading import Reading
from reviews.wording import number, short_view
from vision.types import Metric


def compose(
    *, findings: Sequence[FinalFinding], reading: Reading, treatments: Sequence[str], follow_up: date | None
) -> str:
    """Sentences in plain words: what was seen, what it is called, what to do, when to meet again."""
    paragraphs = [_seen(findings), _named(reading), _to_do(treatments, follow_up)]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def referrals(flags: Iterable[RedFlag]) -> tuple[str, ...]:
    """One line per urgent flag: when and where to seek care, in the words that the patient has read already."""
    texts = [safety_text(flag) for flag in flags if severity(flag) is Severity.URGENT]
    return tuple(
        _("%(what)s: %(where)s Do not wait if %(signs)s")
        % {"what": text.title, "where": text.when_and_where, "signs": text.at_once_if}
        for text in texts
    )


def with_referrals(advice: str, flags: Iterable[RedFlag]) -> str:
    """The advice with the lines of :func:`referrals` that it does not hold yet, first."""
    missing = [line for line in referrals(flags) if line not in advice]
    return "\n".join([*missing, advice] if advice else missing)


def without_referrals(advice: str, flags: Iterable[RedFlag]) -> str:
    """The advice without those lines: what is meant for other patients too."""
    own = set(referrals(flags))
    return "\n".join(line for line in advice.splitlines() if line not in own)


def _seen(findings: Sequence[FinalFinding]) -> str:
    sentences = [_("We looked at your photographs.")]
    coverage = [
        (finding.view, finding.payload["value"])
        for finding in findings
        if finding.code == Metric.COVERAGE_INDEX and not not_measurable_reason(finding.payload)
    ]
    if coverage:
        view, lowest = min(coverage, key=lambda pair: float(pair[1]))
        sentences.append(
            _("Hair covers the scalp least at the view “%(view)s”: about %(share)s %% of the scalp seen there.")
            % {"view": short_view(view), "share": number(lowest)}
        )
    regions = [finding for finding in findings if finding.kind == "region"]
    if regions:
        views = ", ".join(dict.fromkeys(short_view(finding.view) for finding in regions))
        sentences.append(_("Thinner areas are marked in the pictures: %(views)s.") % {"views": views})
    return " ".join(sentences)


def _named(reading: Reading) -> str:
    name = PLAIN_NAMES.get(reading.diagnosis) if reading.diagnosis_code else None
    if name is not None:
        return _("What you have is called %(name)s.") % {"name": name}
    if reading.diagnosis_code == "none":
        return _("We found no disease of the scalp.")
    return reading.diagnosis_text


def _to_do(treatments: Sequence[str], follow_up: date | None) -> str:
    sentences = []
    if treatments:
        sentences.append(
            _("We suggest: %(names)s. How to use them is written below.") % {"names": ", ".join(treatments)}
        )
    if follow_up is not None:
        sentences.append(_("We would like to see new photographs on %(date)s.") % {"date": date_format(follow_up)})
    return " ".join(sentences)
