"""Frozen view data, shaped for the screens of this room."""

from patients.presenters.capture import (
    CameraGuide,
    CapturePage,
    Ghost,
    PhotoTile,
    RetakeWish,
    capture_page,
    photo_tile,
    quality_advice,
    quality_hints,
    retake_wishes,
    tiles_in_order,
    view_url,
)
from patients.presenters.of_age import OfAgeLine, of_age_line, of_age_lines, take_over_link
from patients.presenters.records import (
    AccessDay,
    AccessRow,
    RecordRow,
    access_days,
    full_name,
    record_rows,
)
from patients.presenters.session import (
    SafetyNote,
    Step,
    gap_links,
    next_step_url,
    safety_notes,
    steps,
)

__all__ = [
    "AccessDay",
    "AccessRow",
    "CameraGuide",
    "CapturePage",
    "Ghost",
    "OfAgeLine",
    "PhotoTile",
    "RecordRow",
    "RetakeWish",
    "SafetyNote",
    "Step",
    "access_days",
    "capture_page",
    "full_name",
    "gap_links",
    "next_step_url",
    "of_age_line",
    "of_age_lines",
    "photo_tile",
    "quality_advice",
    "quality_hints",
    "record_rows",
    "retake_wishes",
    "safety_notes",
    "steps",
    "take_over_link",
    "tiles_in_order",
    "view_url",
]
