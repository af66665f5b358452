"""Personal details: changed by the patient's side, corrected by the clinic."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.decorators import CLINICIANS, roles
from accounts.errors import Invalid
from accounts.preferences import preferences_of, save_preferences
from accounts.requests import actor_of
from accounts.roles import Role
from patients import presenters, selectors, services
from patients.details_forms import ContactForm, CorrectionForm

patient_side = roles(Role.PATIENT)
team = roles(*CLINICIANS)


@require_http_methods(["GET", "POST"])
@patient_side
def contact(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Telephone of the record; time zone and language of the person who is signed in."""
    actor, now = actor_of(request), timezone.now()
    patient = services.read_patient(actor=actor, patient_id=patient_id, action="patient.read", now=now)
    language, time_zone = preferences_of(actor.user_id)
    initial = {"phone": patient.phone, "language": language, "time_zone": time_zone}
    form = ContactForm(request.POST or None, initial=initial, clinic_zone=patient.clinic.time_zone)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        services.change_phone(actor=actor, patient_id=patient_id, phone=data["phone"], now=now)
        save_preferences(user_id=actor.user_id, language=data["language"], time_zone=data["time_zone"])
        messages.success(request, _("Your details are saved."))
        return redirect("patients:record", patient_id)
    context = {"patient": patient, "form": form}
    return render(request, "patients/contact.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@team
def correct(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Name and date of birth, at the patient's wish."""
    actor, now = actor_of(request), timezone.now()
    patient = services.read_patient(actor=actor, patient_id=patient_id, action="patient.read", now=now)
    initial = {name: getattr(patient, name) for name in ("given_name", "family_name", "birth_date")}
    form = CorrectionForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.correct_details(actor=actor, patient_id=patient_id, now=now, **form.cleaned_data)
        except Invalid as refused:
            form.add_error(None, refused.message)
        else:
            messages.success(request, _("The details are corrected. Signed reports keep what they said."))
            return redirect("patients:correct", patient_id)
    context = {"name": presenters.full_name(patient), "label": selectors.patient_label(patient), "form": form}
    context["patient"] = patient
    return render(request, "patients/correct.html", context, status=422 if form.errors else 200)
