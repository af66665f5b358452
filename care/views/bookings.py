"""Consultations: what comes, booking, moving, cancelling, the calendar file and the video room."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import CLINICIANS, roles
from accounts.errors import DomainError, NotAllowed, NotFound
from accounts.requests import actor_of
from accounts.roles import Role
from care import selectors, services
from care.context import reader_zone
from care.forms import BookingForm, CancelForm, SlotsForm
from care.models import Consultation
from care.presenters import booking as present
from care.workflow import ConsultationAction
from patients.models import Patient
from patients.selectors import patient_for, records_of

both_sides = roles(Role.PATIENT, *CLINICIANS)


@require_GET
@roles(Role.PATIENT)
def consultations(request: HttpRequest) -> HttpResponse:
    """What comes and what was, for every record that this person holds."""
    actor = actor_of(request)
    patients = [row.patient for row in records_of(actor)]
    zone = reader_zone(request, patients[0].clinic.time_zone if patients else "UTC")
    return render(request, "care/consultations.html", present.list_page(actor, patients, zone=zone, now=timezone.now()))


@require_http_methods(["GET", "POST"])
@both_sides
def book(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Choose a kind, then a free time."""
    actor, now = actor_of(request), timezone.now()
    patient = patient_for(actor, patient_id)
    asked = SlotsForm(request.GET)
    asked.is_valid()
    kind_id = asked.cleaned_data.get("kind")
    if request.method == "POST" and kind_id:
        form = BookingForm(request.POST)
        if form.is_valid():
            starts_at, member_id = form.cleaned_data["slot"]
            booked = _try_booking(request, patient, kind_id, starts_at, member_id, form.cleaned_data["send_key"], now)
            if booked is not None:
                return redirect("care:consultation", booked.pk)
    kinds = selectors.kinds_for(actor, patient)
    kind = selectors.kind_for(actor, patient, kind_id) if kind_id else kinds[0] if len(kinds) == 1 else None
    page = present.booking_page(
        actor,
        patient,
        kinds=kinds,
        kind=kind,
        member_id=asked.cleaned_data.get("who"),
        week=asked.cleaned_data.get("week"),
        zone=reader_zone(request, patient.clinic.time_zone),
        now=now,
    )
    return render(request, "care/book.html", page)


@require_GET
@both_sides
def consultation(request: HttpRequest, consultation_id: UUID) -> HttpResponse:
    """One consultation."""
    actor, now = actor_of(request), timezone.now()
    found = services.read_consultation(actor=actor, consultation_id=consultation_id, now=now)
    zone = reader_zone(request, found.clinic.time_zone)
    return render(request, "care/consultation.html", present.consultation_page(actor, found, zone=zone, now=now))


@require_http_methods(["GET", "POST"])
@both_sides
def move(request: HttpRequest, consultation_id: UUID) -> HttpResponse:
    """Another time."""
    actor, now = actor_of(request), timezone.now()
    found = selectors.consultation_for(actor, consultation_id)
    if request.method == "POST":
        form = BookingForm(request.POST)
        if form.is_valid():
            starts_at, member_id = form.cleaned_data["slot"]
            try:
                services.move(
                    actor=actor,
                    consultation_id=consultation_id,
                    membership_id=member_id,
                    starts_at=starts_at,
                    now=now,
                )
            except (NotFound, NotAllowed):
                raise
            except DomainError as refused:
                messages.error(request, refused.message)
            else:
                messages.success(request, _("The consultation is moved. Add it to your calendar again to update it."))
                return redirect("care:consultation", consultation_id)
    asked = SlotsForm(request.GET)
    asked.is_valid()
    page = present.booking_page(
        actor,
        found.patient,
        kinds=[],
        kind=found.kind,
        member_id=asked.cleaned_data.get("who"),
        week=asked.cleaned_data.get("week"),
        zone=reader_zone(request, found.clinic.time_zone),
        now=now,
        leaving=found,
    )
    return render(request, "care/move.html", page)


@require_POST
@both_sides
def cancel(request: HttpRequest, consultation_id: UUID) -> HttpResponse:
    """Cancel."""
    form = CancelForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    services.cancel(actor=actor_of(request), consultation_id=consultation_id, reason=reason, now=timezone.now())
    messages.success(request, _("The consultation is cancelled."))
    return redirect("care:consultation", consultation_id)


@require_POST
@roles(*CLINICIANS)
def outcome(request: HttpRequest, consultation_id: UUID) -> HttpResponse:
    """It took place, or was missed."""
    missed = request.POST.get("outcome") == "missed"
    action = ConsultationAction.MARK_MISSED if missed else ConsultationAction.MARK_HELD
    services.mark_outcome(actor=actor_of(request), consultation_id=consultation_id, action=action, now=timezone.now())
    return redirect("care:consultation", consultation_id)


@require_GET
@both_sides
def calendar(request: HttpRequest, consultation_id: UUID) -> HttpResponse:
    """The calendar file."""
    data = services.calendar_of(actor=actor_of(request), consultation_id=consultation_id, now=timezone.now())
    return HttpResponse(
        data,
        content_type="text/calendar; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="consultation.ics"',
            "X-Content-Type-Options": "nosniff",
        },
    )


@require_GET
@both_sides
def video(request: HttpRequest, consultation_id: UUID) -> HttpResponse:
    """Into the video room, while it is open."""
    address = services.video_address(actor=actor_of(request), consultation_id=consultation_id, now=timezone.now())
    return HttpResponseRedirect(address, headers={"Referrer-Policy": "no-referrer"})


def _try_booking(
    request: HttpRequest,
    patient: Patient,
    kind_id: UUID,
    starts_at: datetime,
    member_id: UUID,
    send_key: UUID | None,
    now: datetime,
) -> Consultation | None:
    try:
        booked = services.book(
            actor=actor_of(request),
            patient_id=patient.pk,
            kind_id=kind_id,
            membership_id=member_id,
            starts_at=starts_at,
            send_key=send_key or uuid4(),
            now=now,
        )
    except (NotFound, NotAllowed):
        raise
    except DomainError as refused:
        messages.error(request, refused.message)
        return None
    messages.success(request, _("The consultation is booked."))
    return booked
