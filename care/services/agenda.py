"""A clinician's agenda, on the page and as a private calendar address."""

from __future__ import annotations

import hashlib
import secrets
from datetime import date, datetime, timedelta
from email.utils import parseaddr
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.errors import NotFound
from accounts.models import Clinic, User
from accounts.roles import Permission
from care import calendar_file, selectors
from care.models import CalendarFeed, Consultation
from care.models.booking import Mode
from care.services.bookings import read_consultation
from care.services.hours import member_for, own_membership
from patients.selectors import patient_label

FEED_PAST = timedelta(days=30)
FEED_AHEAD = timedelta(days=180)


@transaction.atomic
def read_agenda(
    *, actor: Actor, membership_id: UUID | None, first: date, last: date, now: datetime
) -> list[Consultation]:
    """Consultations of the clinic (or one clinician) on the clinic's days, in order; one event for the page."""
    actor.check(Permission.RUN_CONSULTATIONS)
    rows = selectors.consultations_between(actor, membership_id, first, last)
    ids = [str(row.pk) for row in rows]
    audit.record(action="agenda.read", now=now, actor=actor, subject_kind="agenda", detail={"consultations": ids})
    return rows


@transaction.atomic
def make_feed(*, actor: Actor, now: datetime) -> str:
    """A new private calendar address; an older one stops working. Returns its token, which is not stored."""
    actor.check(Permission.SET_OWN_HOURS)
    member = member_for(actor, own_membership(actor))
    CalendarFeed.objects.filter(membership=member, revoked_at=None).update(revoked_at=now)
    token = secrets.token_urlsafe(32)
    feed = CalendarFeed.objects.create(membership=member, token_digest=digest(token), created_at=now)
    audit.record(action="calendar_feed.made", now=now, actor=actor, subject_kind="calendar_feed", subject_id=feed.pk)
    return token


@transaction.atomic
def revoke_feed(*, actor: Actor, now: datetime) -> None:
    """Make the address useless."""
    actor.check(Permission.SET_OWN_HOURS)
    membership_id = own_membership(actor)
    CalendarFeed.objects.filter(membership_id=membership_id, revoked_at=None).update(revoked_at=now)
    audit.record(
        action="calendar_feed.revoked", now=now, actor=actor, subject_kind="membership", subject_id=membership_id
    )


@transaction.atomic
def read_feed(*, token: str, now: datetime) -> bytes:
    """The calendar behind a private address: times, initials and the clinic. Raises NotFound."""
    feed = (
        CalendarFeed.objects.select_related("membership", "membership__clinic")
        .filter(token_digest=digest(token), revoked_at=None, membership__ended_at=None)
        .filter(membership__user__is_active=True)
        .first()
    )
    if feed is None:
        raise NotFound
    rows = selectors.consultations_of_member(feed.membership_id, now - FEED_PAST, now + FEED_AHEAD)
    clinic: Clinic = feed.membership.clinic
    audit.record(
        action="calendar_feed.read",
        now=now,
        clinic_id=clinic.pk,
        subject_kind="calendar_feed",
        subject_id=feed.pk,
        detail={"consultations": [str(row.pk) for row in rows]},
    )
    entries = [
        calendar_file.Entry(
            uid=str(row.pk),
            sequence=row.sequence,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            stamp=row.scheduled_at,
            summary=_("Consultation · %(who)s") % {"who": patient_label(row.patient).partition(" · ")[0]},
            location=clinic.address if row.mode == Mode.IN_PERSON else _("Video"),
        )
        for row in rows
    ]
    return calendar_file.feed(name=clinic.name, zone=clinic.time_zone, entries=entries)


@transaction.atomic
def calendar_of(*, actor: Actor, consultation_id: UUID, now: datetime) -> bytes:
    """The calendar file of one consultation, for the one who asks: no medical content, only where and when."""
    consultation = read_consultation(actor=actor, consultation_id=consultation_id, now=now)
    clinic = consultation.clinic
    place = clinic.address if consultation.mode == Mode.IN_PERSON else _("By video, through the portal")
    entry = calendar_file.Entry(
        uid=str(consultation.pk),
        sequence=consultation.sequence,
        starts_at=consultation.starts_at,
        ends_at=consultation.ends_at,
        stamp=consultation.ended_at or consultation.scheduled_at,
        summary=_("Consultation at %(clinic)s") % {"clinic": clinic.name},
        location=place,
        url=settings.PORTAL_ORIGIN + reverse("care:consultation", args=[consultation.pk]),
        cancelled=consultation.status == Consultation.Status.CANCELLED,
    )
    return calendar_file.invitation(
        entry,
        zone=clinic.time_zone,
        organizer=parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
        organizer_name=clinic.name,
        attendee=User.objects.get(pk=actor.user_id).email,
    )


def digest(token: str) -> str:
    """What is stored of a feed's token."""
    return hashlib.sha256(token.encode()).hexdigest()
