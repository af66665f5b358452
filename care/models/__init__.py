"""Threads with their messages, consultations with the hours they are booked from, plans of photographs, and the guide.

Fields and constraints only.
"""

from care.models.booking import (
    CalendarFeed,
    CareSettings,
    Consultation,
    ConsultationKind,
    HoursException,
    Schedule,
    WeeklyHours,
)
from care.models.captures import CapturePlan, PlanStretch, ReminderChoice, RhythmChoice
from care.models.guide import GuideAddition, GuideVersion
from care.models.messages import Attachment, CannedReply, Message, MessageDraft, Thread, ThreadReader

__all__ = [
    "Attachment",
    "CalendarFeed",
    "CannedReply",
    "CapturePlan",
    "CareSettings",
    "Consultation",
    "ConsultationKind",
    "GuideAddition",
    "GuideVersion",
    "HoursException",
    "Message",
    "MessageDraft",
    "PlanStretch",
    "ReminderChoice",
    "RhythmChoice",
    "Schedule",
    "Thread",
    "ThreadReader",
    "WeeklyHours",
]
