"""The questions about health, and who looked at the record."""

from __future__ import annotations

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from accounts.decorators import roles
from accounts.requests import actor_of
from accounts.roles import Role
from patients import access_csv, presenters, selectors, services
from patients.forms import IntakeForm, intake_initial
from patients.models import Patient

patient_side = roles(Role.PATIENT)


@require_http_methods(["GET", "POST"])
@patient_side
def intake(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Questions about health. What should be looked at soon is said at once after saving."""
    actor = actor_of(request)
    patient = _opened(request, patient_id)
    newest = selectors.latest_intake(patient.pk)
    initial = intake_initial(selectors.answers_of(newest)) if newest else None
    form = IntakeForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        services.save_intake(actor=actor, patient_id=patient_id, answers=form.answers(), now=timezone.now())
        return redirect("patients:intake_saved", patient_id)
    context = {"patient": patient, "form": form, "newest": newest}
    return render(request, "patients/intake.html", context, status=422 if form.errors else 200)


@require_GET
@patient_side
def intake_saved(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """What the answers ask for, and what comes next."""
    patient = _opened(request, patient_id)
    newest = selectors.latest_intake(patient.pk)
    if newest is None:
        return redirect("patients:intake", patient_id)
    draft = selectors.draft_of(patient.pk)
    context = {
        "patient": patient,
        "clinic": patient.clinic,
        "notes": presenters.safety_notes(newest),
        "draft_url": presenters.next_step_url(draft) if draft else "",
    }
    return render(request, "patients/intake_saved.html", context)


@require_GET
@patient_side
def access_log(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Who looked at this record, and what did they do?"""
    actor = actor_of(request)
    events = services.read_access_log(actor=actor, patient_id=patient_id, now=timezone.now())
    others_only = request.GET.get("who") != "all"
    if others_only:
        events = events.exclude(actor_id=actor.user_id)
    page = Paginator(events, 100).get_page(request.GET.get("page"))
    patient = selectors.patient_for(actor, patient_id)
    context = {
        "patient": patient,
        "days": presenters.access_days(page.object_list, actor, patient.clinic.time_zone),
        "page": page,
        "others_only": others_only,
        "zone": patient.clinic.time_zone,
    }
    return render(request, "patients/access_log.html", context)


@require_GET
@patient_side
def access_log_csv(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """The same, the whole of it, as a table for a spreadsheet."""
    actor = actor_of(request)
    events = services.read_access_log(actor=actor, patient_id=patient_id, now=timezone.now())
    zone = selectors.patient_for(actor, patient_id).clinic.time_zone
    table = access_csv.access_csv(presenters.access_days(events[: access_csv.LIMIT], actor, zone))
    response = HttpResponse(table, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{access_csv.FILE_NAME}"'
    return response


def _opened(request: HttpRequest, patient_id: UUID) -> Patient:
    return services.read_patient(
        actor=actor_of(request), patient_id=patient_id, action="intake.read", now=timezone.now()
    )
