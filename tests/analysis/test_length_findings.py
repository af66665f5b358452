"""What a clinician is asked about a parting and a hairline."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from analysis.findings import FindingDraft, draft_findings
from reviews.wording import count_facts, interval, reason_words, title, value
from tests.vision.test_measure import disc, scalp_map
from vision.codec import photo_to_json, session_to_json
from vision.head_lines import HeadLength, HeadLine, Lengths
from vision.measure import measure_photo
from vision.types import (
    Measured,
    NotMeasurable,
    PhotoAnalysis,
    PhotoContext,
    QualityReport,
    Reason,
    SessionAnalysis,
    View,
)

GOOD = QualityReport(())
NOTHING = SessionAnalysis(NotMeasurable(Reason.VIEWS_MISSING), NotMeasurable(Reason.VIEWS_MISSING))


def findings_of(view: View, lengths: Lengths, px_per_mm: float | None) -> dict[str, FindingDraft]:
    """The drafts about lengths of a session with one photo of this view."""
    photo = PhotoAnalysis(
        context=PhotoContext(view, px_per_mm),
        width_px=800,
        height_px=800,
        quality=GOOD,
        measures=measure_photo(
            scalp_map(disc(0.9, 0.1, 0)), GOOD, PhotoContext(view, px_per_mm), (800, 800), {}, lengths
        ),
        regions=(),
        condition=NotMeasurable(Reason.MODEL_OFF),
        images=(),
        releases=(),
    )
    drafts = draft_findings([(uuid4(), photo_to_json(photo))], session_to_json(NOTHING), {})
    return {draft.code: draft for draft in drafts if draft.code.startswith(("part_", "hairline_"))}


def said(draft: FindingDraft) -> tuple[str, str]:
    payload: dict[str, Any] = dict(draft.payload)
    return title("measure", draft.code, payload), f"{value('measure', payload)}, {interval('measure', payload)}"


WIDTH = HeadLength(Measured(20.0, 17.0, 24.0, "px"), 500.0, 0.03)
HEIGHT = HeadLength(Measured(150.0, 140.0, 160.0, "px"), 120.0, 0.06)


def test_a_part_width_is_told_in_mm_where_there_is_a_scale() -> None:
    found = findings_of(View.PART, {HeadLine.PART_WIDTH: WIDTH}, 4.0)
    assert list(found) == ["part_width_mm"]
    assert said(found["part_width_mm"]) == ("Part width", "5 mm, 95 % interval 4.2 to 6 mm")


def test_without_a_scale_it_is_told_of_the_heads_width_and_why_not_in_mm() -> None:
    found = findings_of(View.PART, {HeadLine.PART_WIDTH: WIDTH}, None)
    assert list(found) == ["part_width_ratio"]
    assert said(found["part_width_ratio"]) == ("Part width, of head width", "4 %, 95 % interval 3.4 to 4.8 %")
    shown = dict(count_facts(found["part_width_ratio"].payload))
    assert shown["In millimetres"] == "Not measurable, because there is no scale in the picture"


def test_a_hairline_has_three_heights_and_each_its_own_reason() -> None:
    out_of_sight = NotMeasurable(Reason.HAIRLINE_OUT_OF_SIGHT)
    lengths = {
        HeadLine.HAIRLINE_MIDDLE: HEIGHT,
        HeadLine.HAIRLINE_LEFT: out_of_sight,
        HeadLine.HAIRLINE_RIGHT: HEIGHT,
    }
    found = findings_of(View.HAIRLINE, lengths, 2.0)
    assert list(found) == ["hairline_middle_mm", "hairline_left_ratio", "hairline_right_mm"]
    assert said(found["hairline_middle_mm"])[1].startswith("75 mm, 95 % interval 70 to")
    assert "no hair begins" in reason_words(found["hairline_left_ratio"].payload)


@pytest.mark.parametrize(
    ("view", "lengths", "code", "words"),
    [
        (
            View.HAIRLINE,
            dict.fromkeys(
                (HeadLine.HAIRLINE_MIDDLE, HeadLine.HAIRLINE_LEFT, HeadLine.HAIRLINE_RIGHT),
                NotMeasurable(Reason.NO_LANDMARKS),
            ),
            "hairline_middle_ratio",
            "eyes",
        ),
        (View.PART, {HeadLine.PART_WIDTH: NotMeasurable(Reason.NO_PARTING)}, "part_width_ratio", "no parting"),
    ],
)
def test_what_was_not_measured_at_all_is_said_once_with_its_reason(
    view: View, lengths: Lengths, code: str, words: str
) -> None:
    found = findings_of(view, lengths, None)
    assert list(found) == [code]
    assert words in reason_words(found[code].payload)


def test_views_that_show_neither_say_nothing_of_them() -> None:
    assert findings_of(View.CROWN, {}, 4.0) == {}
