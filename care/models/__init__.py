"""Threads with their messages, and consultations with the hours they are booked from. Fields and constraints only."""

from care.models.booking import (
    CalendarFeed,
    CareSettings,
    Consultation,
    ConsultationKind,
    HoursException,
    Schedule,
    WeeklyHours,
)
from care.models.messages import Attachment, CannedReply, Message, MessageDraft, Thread, ThreadReader

__all__ = [
    "Attachment",
    "CalendarFeed",
    "CannedReply",
    "CareSettings",
    "Consultation",
    "ConsultationKind",
    "HoursException",
    "Message",
    "MessageDraft",
    "Schedule",
    "Thread",
    "ThreadReader",
    "WeeklyHours",
]
