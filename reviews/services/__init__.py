"""What clinicians do with a case. Every service takes an actor and the time, and is one transaction."""

from __future__ import annotations

from patients.capture_protocol import RetakeReason
from reviews.services.acts import redo, undo
from reviews.services.claims import claim_review, open_correction, release_review, renew_lease
from reviews.services.comparing import compare_case
from reviews.services.escalations import escalate_case
from reviews.services.findings import (
    Correction,
    accept_opened,
    correct_outline,
    decide_and_open_next,
    decide_finding,
    mark_opened,
    open_finding,
    undo_decision,
)
from reviews.services.follow_up import cancel_task, complete_task, own_tasks, postpone_task, read_tasks, remind, tasks
from reviews.services.handovers import colleagues, decline_handover, hand_over
from reviews.services.marks import Stroke, mark_for_grade, mark_for_read, marks_of
from reviews.services.opinions import (
    ask_opinion,
    give_opinion,
    look_closer_for_opinion,
    read_opinion,
    show_opinion,
    withdraw_opinion,
)
from reviews.services.outcome import (
    RetakeWish,
    decide_review,
    mark_signed,
    reject_case,
    reopen,
    request_retake,
)
from reviews.services.plan_templates import (
    Template,
    TemplateItem,
    apply_template,
    make_template,
    remove_template,
    save_template,
    template_for,
    templates_of,
)
from reviews.services.plans import add_item, draft_summary, remove_item, save_plan, update_item
from reviews.services.readings import read_case, read_photo, read_plan, read_queue, read_review, save_reading
from reviews.services.reads import (
    commit_grade,
    commit_read,
    look_closer,
    open_read,
    read_reading_policy,
    set_reading_policy,
    show_read,
    waive_reading,
)
from reviews.services.regions import (
    add_region,
    change_region,
    change_shape,
    draw_shape,
    merge_regions,
    remove_region,
    remove_scale,
    set_scale,
)
from reviews.services.rescaling import measure_with_scales
from reviews.services.saved_views import remove_view, save_view, views_of
from reviews.services.shown_ranks import apply_reading_policy, resume_reading_policies
from reviews.services.side_effects import (
    answer_side_effects,
    answers_of_patient,
    checklist_of,
    newest_reports,
    read_answers,
)

__all__ = [
    "Correction",
    "RetakeReason",
    "RetakeWish",
    "Stroke",
    "Template",
    "TemplateItem",
    "accept_opened",
    "add_item",
    "add_region",
    "answer_side_effects",
    "answers_of_patient",
    "apply_reading_policy",
    "apply_template",
    "ask_opinion",
    "cancel_task",
    "change_region",
    "change_shape",
    "checklist_of",
    "claim_review",
    "colleagues",
    "commit_grade",
    "commit_read",
    "compare_case",
    "complete_task",
    "correct_outline",
    "decide_and_open_next",
    "decide_finding",
    "decide_review",
    "decline_handover",
    "draft_summary",
    "draw_shape",
    "escalate_case",
    "give_opinion",
    "hand_over",
    "look_closer",
    "look_closer_for_opinion",
    "make_template",
    "mark_for_grade",
    "mark_for_read",
    "mark_opened",
    "mark_signed",
    "marks_of",
    "measure_with_scales",
    "merge_regions",
    "newest_reports",
    "open_correction",
    "open_finding",
    "open_read",
    "own_tasks",
    "postpone_task",
    "read_answers",
    "read_case",
    "read_opinion",
    "read_photo",
    "read_plan",
    "read_queue",
    "read_reading_policy",
    "read_review",
    "read_tasks",
    "redo",
    "reject_case",
    "release_review",
    "remind",
    "remove_item",
    "remove_region",
    "remove_scale",
    "remove_template",
    "remove_view",
    "renew_lease",
    "reopen",
    "request_retake",
    "resume_reading_policies",
    "save_plan",
    "save_reading",
    "save_template",
    "save_view",
    "set_reading_policy",
    "set_scale",
    "show_opinion",
    "show_read",
    "tasks",
    "template_for",
    "templates_of",
    "undo",
    "undo_decision",
    "update_item",
    "views_of",
    "waive_reading",
    "withdraw_opinion",
]
