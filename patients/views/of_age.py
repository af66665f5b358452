"""A child's record at 18: the clinic's list and invitation, and the page on which the person takes the record over."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import CLINICIANS, roles
from accounts.errors import DomainError
from accounts.requests import actor_of, user_of
from accounts.selectors import clinic_of
from patients import presenters, services
from patients.details_forms import TakeOverForm

team = roles(*CLINICIANS)


@require_GET
@team
def of_age(request: HttpRequest) -> HttpResponse:
    """Whose record passes on to them, or has nobody who holds it until they take it over."""
    actor, now = actor_of(request), timezone.now()
    rows = services.read_of_age(actor=actor, now=now)
    context = {"lines": presenters.of_age_lines(rows, clinic_of(actor).day_of(now), now)}
    return render(request, "patients/of_age.html", context)


@require_POST
@team
def invite(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """A new invitation; its link is shown here, once."""
    now = timezone.now()
    row, token = services.invite_to_take_over(actor=actor_of(request), patient_id=patient_id, now=now)
    line = presenters.of_age_line(row, row.patient.clinic.day_of(now), now)
    context = {"line": line, "link": presenters.take_over_link(token)}
    return render(request, "patients/of_age_invitation.html", context)


@require_POST
@team
def withdraw(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Make the invitation worthless."""
    services.withdraw_take_over(actor=actor_of(request), patient_id=patient_id, now=timezone.now())
    messages.success(request, _("The link no longer works."))
    return redirect("patients:of_age")


@never_cache
@require_http_methods(["GET", "POST"])
def take_over(request: HttpRequest, token: str) -> HttpResponse:
    """Where an invitation leads: an account of one's own, the date of birth, and then what the clinic may do."""
    now = timezone.now()
    found = services.open_take_over(token, now)
    request.session["may_sign_up"] = True
    form = TakeOverForm(request.POST or None)
    if request.method == "POST" and request.user.is_authenticated and form.is_valid():
        try:
            patient = services.take_over(
                user=user_of(request), token=token, birth_date=form.cleaned_data["birth_date"], now=now
            )
        except DomainError as refused:
            form.add_error(None, refused.message)
        else:
            messages.success(request, _("The record is yours. Next: what the clinic may do with it, asked anew."))
            return redirect("patients:consents", patient.pk)
    context = {"clinic": found.patient.clinic, "form": form}
    return render(request, "patients/take_over.html", context, status=422 if form.errors else 200)
