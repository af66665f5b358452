"""The patient's rights over their data: export and erasure, and the administrator's side of them."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import roles
from accounts.errors import DomainError, Invalid
from accounts.requests import actor_of, user_of
from accounts.roles import Role
from accounts.stepup import asked_of, has_key
from reports import presenters, selectors, services
from reports.forms import DecisionForm, ErasureForm, RefusalForm
from reports.views.streaming import stream
from reports.views.typed import typed


@roles(Role.PATIENT)
@require_http_methods(["GET", "POST"])
def exports(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Ask for the archive, watch it being made, fetch it."""
    if request.method == "POST":
        services.request_export(actor=actor_of(request), patient_id=patient_id, now=timezone.now())
        return redirect("reports:exports", patient_id=patient_id)
    page = presenters.exports_page(actor_of(request), patient_id, now=timezone.now())
    return render(request, "reports/exports.html", page)


@roles(Role.PATIENT)
@require_GET
def exports_status(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """The list by itself; asks again until nothing is being prepared."""
    page = presenters.exports_page(actor_of(request), patient_id, now=timezone.now())
    return render(request, "reports/_exports.html", page)


@roles(Role.PATIENT)
@require_GET
def export_download(request: HttpRequest, export_id: UUID) -> HttpResponseBase:
    """The archive, streamed out of the vault."""
    export, reader = services.open_export(actor=actor_of(request), export_id=export_id, now=timezone.now())
    name = f"trichora-{export.requested_at:%Y-%m-%d}.zip"
    return stream(reader, "application/zip", name=name, attachment=True, size_bytes=export.size_bytes)


@roles(Role.PATIENT)
@require_http_methods(["GET", "POST"])
def erasure(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """What an erasure means; ask for it, or take the request back."""
    form = ErasureForm(typed(request))
    if request.method == "POST" and form.is_valid():
        services.request_erasure(actor=actor_of(request), patient_id=patient_id, now=timezone.now())
        return redirect("reports:erasure", patient_id=patient_id)
    page = presenters.erasure_page(actor_of(request), patient_id)
    return render(request, "reports/erasure.html", {**page, "form": form}, status=422 if form.errors else 200)


@roles(Role.PATIENT)
@require_POST
def erasure_withdraw(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Take the request back."""
    withdrawn = services.withdraw_erasure(actor=actor_of(request), request_id=request_id, now=timezone.now())
    return redirect("reports:erasure", patient_id=withdrawn.patient_id)


@roles(Role.ADMINISTRATOR)
@require_GET
def requests(request: HttpRequest) -> HttpResponse:
    """Requests with their deadlines."""
    page = presenters.requests_page(actor_of(request), now=timezone.now())
    return render(request, "reports/requests.html", page)


@roles(Role.ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def erasure_decision(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """The dry run; carry it out with the secret typed again, or refuse with a reason."""
    actor, now = actor_of(request), timezone.now()
    refusing = request.POST.get("action") == "refuse"
    user = user_of(request)
    decide = DecisionForm(None if refusing else typed(request), asked=asked_of(user), has_key=has_key(user))
    refuse = RefusalForm(request.POST if refusing else None)
    if refuse.is_bound and refuse.is_valid():
        services.refuse_erasure(actor=actor, request_id=request_id, reason=refuse.cleaned_data["reason"], now=now)
        return redirect("reports:requests")
    if decide.is_bound and decide.is_valid():
        try:
            services.execute_erasure(actor=actor, request_id=request_id, **decide.proof(), now=now)
        except Invalid as error:
            decide.add_error(decide.refused_field, error.message)
        except DomainError as error:
            decide.add_error(None, error.message)
        else:
            return redirect("reports:certificate", request_id=request_id)
    page = presenters.decision_page(actor, request_id, now=now)
    if page["decided"]:
        return render(request, "reports/erasure_decided.html", page)
    status = 422 if decide.errors or refuse.errors else 200
    return render(request, "reports/erasure_decision.html", {**page, "decide": decide, "refuse": refuse}, status=status)


@roles(Role.ADMINISTRATOR)
@require_GET
def certificate(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """The certificate of an erasure."""
    page = presenters.certificate_page(actor_of(request), request_id)
    return render(request, "reports/certificate.html", page)


@roles(Role.ADMINISTRATOR)
@require_GET
def certificate_json(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """The certificate as data, with its hash."""
    found = selectors.certificate_for(actor_of(request), request_id)
    response = JsonResponse(
        {"certificate": found.certificate, "sha256": found.certificate_hash}, json_dumps_params={"indent": 2}
    )
    response["Content-Disposition"] = f'attachment; filename="erasure-{found.certificate_code[:5]}.json"'
    return response
