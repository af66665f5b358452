"""The plan of photographs: for the patient, for the clinic, and what a new plan of a clinic begins with."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import CLINICIANS, roles
from accounts.errors import DomainError, NotAllowed, NotFound
from accounts.requests import actor_of
from accounts.roles import Role
from accounts.selectors import clinic_of
from care import selectors, services
from care.forms import CaptureSettingsForm, PlanStartForm, RemindersForm, RhythmForm
from care.presenters import captures as shown
from care.workflow import PlanAction
from patients import presenters as patient_pages
from patients.capture_protocol import CHECKLIST_LABELS, WASH_LABELS, ChecklistItem, WashInterval
from patients.models import PhotoSession
from patients.selectors import patient_for, patient_label, photos_of
from patients.services import present_session, read_session

both_sides = roles(Role.PATIENT, *CLINICIANS)
patient_side = roles(Role.PATIENT)
team = roles(*CLINICIANS)
administrators = roles(Role.ADMINISTRATOR)


@require_GET
@both_sides
def captures(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Where the patient is in their plan."""
    actor, now = actor_of(request), timezone.now()
    found = services.read_plan(actor=actor, patient_id=patient_id, now=now)
    plan, standing = found or (None, None)
    page = shown.captures_page(actor, patient_for(actor, patient_id), plan, standing)
    return render(request, "care/captures.html", {"page": page, "patient": page.patient})


@require_POST
@both_sides
def start(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Begin a plan."""
    actor = actor_of(request)
    patient_for(actor, patient_id)
    form = PlanStartForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Check the length and the first day, and begin again."))
        return redirect("care:captures", patient_id)
    try:
        services.start_plan(
            actor=actor,
            patient_id=patient_id,
            beat=form.beat(),
            days=form.cleaned_data["days"],
            starts_on=form.cleaned_data["starts_on"],
            report_id=form.cleaned_data["report"],
            now=timezone.now(),
        )
    except (NotFound, NotAllowed):
        raise
    except DomainError as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("The plan is begun. Reminders are sent by e-mail, and can be switched off here."))
    return redirect("care:captures", patient_id)


@require_POST
@both_sides
def steer(request: HttpRequest, plan_id: UUID, action: str) -> HttpResponse:
    """Pause, take up again, change the rhythm, end."""
    actor = actor_of(request)
    plan = selectors.plan_for(actor, plan_id)
    known = {item.value.replace("_", "-"): item for item in PlanAction if item is not PlanAction.COMPLETE}
    if action not in known:
        raise NotFound
    form = RhythmForm(request.POST)
    try:
        services.steer_plan(
            actor=actor,
            plan_id=plan_id,
            action=known[action],
            beat=form.beat() if form.is_valid() else None,
            now=timezone.now(),
        )
    except (NotFound, NotAllowed):
        raise
    except DomainError as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _DONE[known[action]]())
    return redirect("care:captures", plan.patient_id)


_DONE = {
    PlanAction.PAUSE: lambda: _("The plan is paused. Nothing is asked for, and nobody is reminded."),
    PlanAction.RESUME: lambda: _("The plan goes on. The days of the pause do not count."),
    PlanAction.CHANGE_RHYTHM: lambda: _("The rhythm is changed from today on."),
    PlanAction.END: lambda: _("The plan is ended. Photographs may still be sent at any time."),
}


@require_POST
@patient_side
def reminders(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """E-mails about this plan: wanted or not."""
    actor = actor_of(request)
    patient_for(actor, patient_id)
    form = RemindersForm(request.POST)
    wanted = form.is_valid() and form.cleaned_data["wanted"] == "yes"
    services.choose_reminders(actor=actor, patient_id=patient_id, wanted=wanted, now=timezone.now())
    text = _("You will be reminded by e-mail.") if wanted else _("You get no reminders any more.")
    messages.success(request, text)
    return redirect("care:captures", patient_id)


@require_GET
@team
def kept(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """One session of a series, to look at."""
    session = read_session(actor=actor_of(request), session_id=session_id, now=timezone.now())
    stored = session.checklist
    wash = stored.get("wash")
    context = {
        "session": session,
        "patient_label": patient_label(session.patient),
        "is_kept": session.status == PhotoSession.Status.KEPT,
        "tiles": patient_pages.tiles_in_order(photos_of(session)),
        "open_items": [CHECKLIST_LABELS[item][0] for item in ChecklistItem if stored and not stored.get(item.value)],
        "wash": WASH_LABELS[WashInterval(wash)] if wash else "",
    }
    return render(request, "care/kept.html", context)


@require_POST
@team
def present(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Put a kept session into the list of cases."""
    session = present_session(actor=actor_of(request), session_id=session_id, now=timezone.now())
    messages.success(request, _("The session is in the queue now."))
    return redirect("care:kept", session.pk)


@require_http_methods(["GET", "POST"])
@administrators
def settings(request: HttpRequest) -> HttpResponse:
    """What a new plan of the clinic begins with."""
    actor = actor_of(request)
    current = selectors.settings_of(clinic_of(actor).pk)
    initial = {
        "rhythm": current.capture_rhythm,
        "days": current.capture_days,
        "patients_start_plans": current.patients_start_plans,
    }
    form = CaptureSettingsForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        services.save_capture_settings(
            actor=actor,
            beat=form.beat(),
            days=form.cleaned_data["days"],
            patients_start_plans=form.cleaned_data["patients_start_plans"],
            now=timezone.now(),
        )
        messages.success(request, _("Saved. It holds for plans that begin from now on."))
        return redirect("care:capture_settings")
    return render(request, "care/capture_settings.html", {"form": form}, status=422 if form.errors else 200)
