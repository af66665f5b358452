"""The clinic's link, registration, and the records a person holds."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.decorators import roles, signed_in
from accounts.errors import DomainError
from accounts.requests import actor_of, user_of
from accounts.roles import Role
from accounts.selectors import clinic_by_join_code
from patients import presenters, selectors, services
from patients.forms import RegistrationForm

patient_side = roles(Role.PATIENT)


@require_GET
def join(request: HttpRequest, code: str) -> HttpResponse:
    """Where a clinic's link leads: which clinic this is, and what happens next."""
    clinic = clinic_by_join_code(code)
    request.session["join_code"] = code
    request.session["may_sign_up"] = True
    context = {"clinic": clinic, "register_url": reverse("patients:register", args=[code])}
    return render(request, "patients/join.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def register(request: HttpRequest, code: str) -> HttpResponse:
    """Register one's own record, or a child's."""
    clinic = clinic_by_join_code(code)
    form = RegistrationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            patient = services.register_patient(
                user=user_of(request),
                clinic=clinic,
                details=form.details(),
                relation=form.relation_value(),
                now=timezone.now(),
            )
        except DomainError as refused:
            form.add_error(None, refused.message)
        else:
            request.session.pop("join_code", None)
            messages.success(request, _("The record is open. Next: what the clinic may do with it."))
            return redirect("patients:consents", patient.pk)
    context = {"clinic": clinic, "form": form}
    return render(request, "patients/register.html", context, status=422 if form.errors else 200)


@require_GET
@patient_side
def records(request: HttpRequest) -> HttpResponse:
    """The records a person holds; whoever holds one only goes straight to it."""
    rows = selectors.records_of(actor_of(request))
    if not rows and "join_code" in request.session:
        return redirect("patients:register", request.session["join_code"])
    if not rows:
        return redirect("patients:no_record")
    if len(rows) == 1:
        return redirect("reports:patient_home", rows[0].patient_id)
    return render(request, "patients/records.html", {"rows": presenters.record_rows(rows)})


@require_GET
@patient_side
def no_record(request: HttpRequest) -> HttpResponse:
    """Signed in, but no record yet: how to get one."""
    return render(request, "patients/no_record.html", {"passed_on": services.lost_as_guardian(actor_of(request))})


@require_GET
@patient_side
def record(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """What the clinic knows about the person, and every page about it."""
    actor = actor_of(request)
    patient = services.read_patient(actor=actor, patient_id=patient_id, action="patient.read", now=timezone.now())
    context = {
        "patient": patient,
        "name": presenters.full_name(patient),
        "clinic": patient.clinic,
        "is_own": selectors.relation_of(actor, patient_id) == "self",
    }
    return render(request, "patients/record.html", context)
