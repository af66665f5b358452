"""The acts of this room: the only place that creates, changes or deletes threads, messages, hours,
consultations, plans of photographs and approved pages of the guide.

Every service takes the actor and the time, checks the permission and the scope, changes under a lock, and records the
audit event in the same transaction.
"""

from care.services.agenda import calendar_of, make_feed, read_agenda, read_feed, revoke_feed
from care.services.attachments import AttachmentStream, Upload, open_attachment, open_thumbnail
from care.services.bookings import book, cancel, mark_outcome, move, read_consultation, video_address
from care.services.capture_reminders import remind_of_captures
from care.services.captures import (
    choose_reminders,
    complete_plans,
    judge_occasion,
    read_plan,
    save_capture_settings,
    start_plan,
    steer_plan,
)
from care.services.drafts import save_draft, sweep_drafts
from care.services.finding import find_patients
from care.services.guide import approve_page, save_addition
from care.services.hours import (
    add_exception,
    remove_exception,
    retire_kind,
    save_hours,
    save_kind,
    save_settings,
)
from care.services.reminders import send_reminders
from care.services.replies import retire_reply, save_reply
from care.services.sending import Writing, reply, start_thread
from care.services.threads import assign, change_state, read_inbox, read_news, read_thread

__all__ = [
    "AttachmentStream",
    "Upload",
    "Writing",
    "add_exception",
    "approve_page",
    "assign",
    "book",
    "calendar_of",
    "cancel",
    "change_state",
    "choose_reminders",
    "complete_plans",
    "find_patients",
    "judge_occasion",
    "make_feed",
    "mark_outcome",
    "move",
    "open_attachment",
    "open_thumbnail",
    "read_agenda",
    "read_consultation",
    "read_feed",
    "read_inbox",
    "read_news",
    "read_plan",
    "read_thread",
    "remind_of_captures",
    "remove_exception",
    "reply",
    "retire_kind",
    "retire_reply",
    "revoke_feed",
    "save_addition",
    "save_capture_settings",
    "save_draft",
    "save_hours",
    "save_kind",
    "save_reply",
    "save_settings",
    "send_reminders",
    "start_plan",
    "start_thread",
    "steer_plan",
    "sweep_drafts",
    "video_address",
]
