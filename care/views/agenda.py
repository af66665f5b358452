"""The team's side of time: agenda, hours, private calendar address; what a clinic offers."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import CLINICIANS, roles
from accounts.errors import Invalid, NotFound
from accounts.requests import actor_of
from accounts.roles import Role
from accounts.selectors import clinic_of, staff_of
from care import selectors, services
from care.forms import AgendaForm, ExceptionForm, HoursForm, KindForm, SettingsForm
from care.presenters import booking as present
from care.services.hours import member_for, own_membership

team = roles(*CLINICIANS)
staff = roles(*CLINICIANS, Role.ADMINISTRATOR)
administrators = roles(Role.ADMINISTRATOR)


@require_GET
@team
def agenda(request: HttpRequest) -> HttpResponse:
    """Who comes today, or this week."""
    actor, now = actor_of(request), timezone.now()
    clinic = clinic_of(actor)
    asked = AgendaForm(request.GET)
    asked.is_valid()
    week = asked.cleaned_data.get("show") == "week"
    member_id = asked.cleaned_data.get("who")
    first = present.first_day(asked.cleaned_data.get("day"), clinic, week=week, now=now)
    days = 7 if week else 1
    found = services.read_agenda(
        actor=actor, membership_id=member_id, first=first, last=first + timedelta(days=days - 1), now=now
    )
    page = present.agenda_page(actor, clinic, found, first=first, days=days, member_id=member_id, now=now)
    return render(request, "care/agenda.html", page)


@require_http_methods(["GET", "POST"])
@staff
def hours(request: HttpRequest, membership_id: UUID | None = None) -> HttpResponse:
    """A clinician's week. Everybody sets their own; an administrator sets anybody's of the clinic."""
    actor, now = actor_of(request), timezone.now()
    member = member_for(actor, membership_id or own_membership(actor))
    schedule, weekly = selectors.schedule_of(member)
    form = HoursForm(request.POST or None, initial=HoursForm.initial_of(schedule, weekly))
    if request.method == "POST" and form.is_valid():
        try:
            services.save_hours(actor=actor, membership_id=member.pk, grid=form.grid(), week=form.week(), now=now)
        except Invalid as refused:
            form.add_error(None, refused.message)
        else:
            messages.success(request, _("The hours are saved. What is booked stays booked."))
            return redirect(request.path)
    own = member.pk == actor.membership_id
    context = {
        "member": member,
        "own": own,
        "form": form,
        "exceptions": selectors.exceptions_of(member.clinic_id, member.pk, member.clinic.day_of(now)),
        "closings": selectors.exceptions_of(member.clinic_id, None, member.clinic.day_of(now)),
        "exception_form": ExceptionForm(),
        "feed": selectors.feed_of(actor) if own else None,
        "feed_link": request.session.pop("calendar_feed", "") if own else "",
        "zone": member.clinic.time_zone,
    }
    return render(request, "care/hours.html", context, status=422 if form.errors else 200)


@require_POST
@staff
def exception_add(request: HttpRequest, membership_id: UUID) -> HttpResponse:
    """Days off, or with other hours."""
    actor = actor_of(request)
    _add_exception(request, membership_id)
    own = membership_id == actor.membership_id
    return redirect("care:hours") if own else redirect("care:hours_of", membership_id)


@require_POST
@administrators
def closing_add(request: HttpRequest) -> HttpResponse:
    """Days on which the clinic is closed."""
    _add_exception(request, None)
    return redirect("care:offer")


@require_POST
@staff
def exception_remove(request: HttpRequest, exception_id: UUID) -> HttpResponse:
    """The week holds again."""
    actor = actor_of(request)
    services.remove_exception(actor=actor, exception_id=exception_id, now=timezone.now())
    return redirect("care:offer" if actor.role is Role.ADMINISTRATOR else "care:hours")


@require_POST
@team
def feed_make(request: HttpRequest) -> HttpResponse:
    """A private calendar address; it is shown once."""
    token = services.make_feed(actor=actor_of(request), now=timezone.now())
    request.session["calendar_feed"] = settings.PORTAL_ORIGIN + reverse("care:feed", args=[token])
    return redirect("care:hours")


@require_POST
@team
def feed_revoke(request: HttpRequest) -> HttpResponse:
    """Make the address useless."""
    services.revoke_feed(actor=actor_of(request), now=timezone.now())
    messages.success(request, _("The address no longer works."))
    return redirect("care:hours")


@require_GET
@never_cache
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """The calendar behind a private address: whoever holds it reads times and initials, nothing else."""
    return HttpResponse(
        services.read_feed(token=token, now=timezone.now()),
        content_type="text/calendar; charset=utf-8",
        headers={"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"},
    )


@require_http_methods(["GET", "POST"])
@administrators
def offer(request: HttpRequest) -> HttpResponse:
    """What the clinic offers, its limits, and whose hours they are booked from."""
    actor = actor_of(request)
    clinic = clinic_of(actor)
    form = SettingsForm(request.POST or None, initial=SettingsForm.initial_of(selectors.settings_of(clinic.pk)))
    if request.method == "POST" and form.is_valid():
        try:
            services.save_settings(
                actor=actor,
                video_template=form.cleaned_data["video_template"],
                change_until_hours=form.cleaned_data["change_until_hours"],
                reminder_hours=form.cleaned_data["reminders"],
                now=timezone.now(),
            )
        except Invalid as refused:
            form.add_error(None, refused.message)
        else:
            messages.success(request, _("Saved."))
            return redirect("care:offer")
    context = {
        "form": form,
        "kinds": selectors.kinds_of_clinic(actor),
        "colleagues": staff_of(clinic.pk, CLINICIANS),
        "closings": selectors.exceptions_of(clinic.pk, None, clinic.day_of(timezone.now())),
        "exception_form": ExceptionForm(),
    }
    return render(request, "care/offer.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@administrators
def kind(request: HttpRequest, kind_id: UUID | None = None) -> HttpResponse:
    """A new kind, or a changed one."""
    actor = actor_of(request)
    kinds = {row.pk: row for row in selectors.kinds_of_clinic(actor)}
    current = kinds.get(kind_id) if kind_id else None
    if kind_id and current is None:
        raise NotFound
    colleagues = staff_of(actor.own_clinic_id, CLINICIANS)
    form = KindForm(request.POST or None, colleagues=colleagues, kind=current)
    if request.method == "POST" and form.is_valid():
        services.save_kind(actor=actor, details=form.details(), kind_id=kind_id, now=timezone.now())
        messages.success(request, _("Saved. What is booked already stays as it was booked."))
        return redirect("care:offer")
    return render(request, "care/kind.html", {"form": form, "kind": current}, status=422 if form.errors else 200)


@require_POST
@administrators
def kind_retire(request: HttpRequest, kind_id: UUID) -> HttpResponse:
    """Offer a kind no longer."""
    services.retire_kind(actor=actor_of(request), kind_id=kind_id, now=timezone.now())
    return redirect("care:offer")


def _add_exception(request: HttpRequest, membership_id: UUID | None) -> None:
    form = ExceptionForm(request.POST)
    actor = actor_of(request)
    if membership_id is not None:
        member_for(actor, membership_id)
    if not form.is_valid():
        messages.error(request, _("Check the days and hours and add them again."))
        return
    first, last = form.days()
    try:
        services.add_exception(
            actor=actor,
            membership_id=membership_id,
            first_date=first,
            last_date=last,
            hours=form.cleaned_data["hours"],
            note=form.cleaned_data["note"],
            now=timezone.now(),
        )
    except Invalid as refused:
        messages.error(request, refused.message)
