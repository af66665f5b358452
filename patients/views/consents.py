"""Consents of a patient, and the texts an administrator writes."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import roles
from accounts.errors import NotFound
from accounts.requests import actor_of
from accounts.roles import Role
from patients import selectors, services
from patients.forms import ConsentForm, ConsentTextForm
from patients.models import Purpose

patient_side = roles(Role.PATIENT)
administrators = roles(Role.ADMINISTRATOR)


@require_http_methods(["GET", "POST"])
@patient_side
def consents(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """What may the clinic do with this record? Each purpose granted or refused separately."""
    actor = actor_of(request)
    patient = selectors.patient_for(actor, patient_id)
    now = timezone.now()
    states = selectors.consent_state(patient.pk)
    shown = [states[purpose] for purpose in selectors.purposes_open_to(patient, patient.clinic.day_of(now))]
    shown = [state for state in shown if state.current_text is not None]
    decided = [
        (state.purpose, state.granted if state.consent is not None and not state.wording_changed else None)
        for state in shown
    ]
    form = ConsentForm(request.POST or None, purposes=decided)
    if request.method == "POST" and form.is_valid():
        services.record_consents(actor=actor, patient_id=patient_id, decisions=form.decisions(), now=now)
        return redirect(_after_consents(request, patient_id))
    context = {
        "patient": patient,
        "clinic": patient.clinic,
        "rows": [{"state": state, "field": form[state.purpose.value]} for state in shown],
        "form": form,
        "history": selectors.consent_history(actor, patient_id),
        "closed_to_minors": len(shown) < len(states),
    }
    return render(request, "patients/consents.html", context, status=422 if form.errors else 200)


def _after_consents(request: HttpRequest, patient_id: UUID) -> str:
    if not selectors.has_consent(patient_id, Purpose.CARE):
        messages.warning(request, _("Saved. Without your consent to care, the clinic cannot look after you here."))
        return reverse("patients:consents", args=[patient_id])
    messages.success(request, _("Your decisions are saved. You can change them at any time."))
    if selectors.latest_intake(patient_id) is None:
        return reverse("patients:intake", args=[patient_id])
    return reverse("patients:consents", args=[patient_id])


@require_POST
@patient_side
def consent_withdraw(request: HttpRequest, patient_id: UUID, purpose: str) -> HttpResponse:
    """Take one consent back."""
    if purpose not in Purpose.values:
        raise NotFound
    services.withdraw_consent(
        actor=actor_of(request), patient_id=patient_id, purpose=Purpose(purpose), now=timezone.now()
    )
    messages.success(request, _("Your consent is withdrawn. Nothing new begins on it from now on."))
    return redirect("patients:consents", patient_id)


@require_GET
@patient_side
def consent_receipt(request: HttpRequest, patient_id: UUID, consent_id: UUID) -> HttpResponse:
    """One decision with the exact wording it was about, to print or keep."""
    actor = actor_of(request)
    services.read_patient(actor=actor, patient_id=patient_id, action="consent.read", now=timezone.now())
    consent = selectors.consent_for(actor, patient_id, consent_id)
    return render(request, "patients/consent_receipt.html", {"consent": consent, "clinic": consent.patient.clinic})


@require_GET
@administrators
def consent_texts(request: HttpRequest) -> HttpResponse:
    """Which wording is in force for each purpose, and what came before."""
    versions = selectors.consent_texts(actor_of(request))
    rows = [
        {
            "purpose": purpose,
            "in_force": next((text for text in texts if text.published_at), None),
            "draft": next((text for text in texts if not text.published_at), None),
            "versions": texts,
        }
        for purpose, texts in versions.items()
    ]
    return render(request, "patients/consent_texts.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
@administrators
def consent_text_edit(request: HttpRequest, purpose: str) -> HttpResponse:
    """Write the next version of one purpose's text."""
    if purpose not in Purpose.values:
        raise NotFound
    actor = actor_of(request)
    texts = selectors.consent_texts(actor)[Purpose(purpose)]
    newest = texts[0] if texts else None
    initial = {"title": newest.title, "body": newest.body} if newest else {"title": Purpose(purpose).label}
    form = ConsentTextForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        services.save_consent_text(actor=actor, purpose=Purpose(purpose), now=timezone.now(), **form.cleaned_data)
        messages.success(request, _("The draft is saved. Patients see it once you publish it."))
        return redirect("patients:consent_texts")
    context = {"form": form, "purpose": Purpose(purpose), "newest": newest}
    return render(request, "patients/consent_text_edit.html", context, status=422 if form.errors else 200)


@require_POST
@administrators
def consent_text_publish(request: HttpRequest, text_id: UUID) -> HttpResponse:
    """Put a draft in force."""
    services.publish_consent_text(actor=actor_of(request), text_id=text_id, now=timezone.now())
    messages.success(request, _("Published. Patients are asked about this wording from now on."))
    return redirect("patients:consent_texts")
