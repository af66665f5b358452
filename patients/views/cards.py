"""The calibration card: print it, check the print, use it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.decorators import roles, signed_in
from accounts.errors import Invalid, NotFound
from accounts.requests import actor_of
from accounts.roles import Role
from patients import selectors, services
from patients.card_pdf import Paper, card_pdf
from patients.forms import CardForm


@require_http_methods(["GET", "POST"])
@roles(Role.PATIENT)
def card(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """What the card is for, the page to print, and the check of the print."""
    actor = actor_of(request)
    patient = selectors.patient_for(actor, patient_id)
    form = CardForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.check_card(
                actor=actor, patient_id=patient_id, ruler_mm=form.cleaned_data["ruler_mm"], now=timezone.now()
            )
        except Invalid as refused:
            form.add_error("ruler_mm", refused.message)
        else:
            messages.success(request, _("The card is checked. Lay it into your photos from now on."))
            return redirect("patients:card", patient_id)
    context = {"patient": patient, "form": form, "card": selectors.printed_card(patient.pk), "papers": list(Paper)}
    return render(request, "patients/card.html", context, status=422 if form.errors else 200)


@require_GET
@signed_in
def card_sheet(_request: HttpRequest, paper: str) -> HttpResponse:
    """The page to print."""
    if paper not in list(Paper):
        raise NotFound
    answer = HttpResponse(card_pdf(Paper(paper)), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="trichora-calibration-card-{paper}.pdf"'
    return answer
