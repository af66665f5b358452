"""How well people and models agree: for clinicians and administrators, without patients."""

from __future__ import annotations

import csv
import io

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.decorators import CLINICIANS, roles
from accounts.requests import actor_of
from accounts.roles import Role
from accounts.selectors import clinic_of
from reviews.agreement.page import agreement_page, period_of
from reviews.agreement.report import Report, agreement_report
from reviews.agreement.table import csv_rows

readers = roles(*CLINICIANS, Role.ADMINISTRATOR)


@require_GET
@readers
def agreement(request: HttpRequest) -> HttpResponse:
    """Figures with intervals; the period stands in the address."""
    zone = clinic_of(actor_of(request)).time_zone
    return render(request, "reviews/agreement.html", {"page": agreement_page(_report(request), zone=zone)})


@require_GET
@readers
def agreement_csv(request: HttpRequest) -> HttpResponse:
    """The same figures as a file."""
    text = io.StringIO()
    csv.writer(text).writerows(csv_rows(_report(request)))
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="agreement.csv"'
    return response


def _report(request: HttpRequest) -> Report:
    actor = actor_of(request)
    asked = request.GET
    period = period_of(asked.get("from", ""), asked.get("to", ""), now=timezone.now(), zone=clinic_of(actor).time_zone)
    return agreement_report(actor, period)
