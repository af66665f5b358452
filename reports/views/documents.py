"""Pages of what leaves the building: the patient's home, signing, reports, verification."""

from __future__ import annotations

from uuid import UUID

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.decorators import CLINICIANS, roles, signed_in
from accounts.errors import DomainError, Invalid
from accounts.requests import actor_of, user_of
from accounts.roles import Role
from accounts.stepup import asked_of, has_key
from reports import presenters, selectors, services, verification
from reports.forms import CodeForm, CorrectionForm, SignForm
from reports.views.streaming import stream
from reports.views.typed import typed


@roles(Role.PATIENT)
@require_GET
def patient_home(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Where am I, and what is next."""
    page = presenters.patient_home(actor_of(request), patient_id, now=timezone.now())
    return render(request, "reports/patient_home.html", page)


@roles(*CLINICIANS)
@require_http_methods(["GET", "POST"])
def sign(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """The document as the patient will get it, then the secret."""
    actor = actor_of(request)
    user = user_of(request)
    form = SignForm(typed(request), asked=asked_of(user), has_key=has_key(user))
    if request.method == "POST" and form.is_valid():
        try:
            report = services.sign_and_issue(
                actor=actor,
                review_id=review_id,
                **form.proof(),
                read_hash=form.cleaned_data["read_hash"],
                now=timezone.now(),
            )
        except Invalid as error:
            form.add_error(form.refused_field, error.message)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("Signed. The patient is told by an e-mail without content."))
            return redirect("reports:report", report_id=report.pk)
    page = presenters.sign_page(actor, review_id, form, now=timezone.now())
    return render(request, "reports/sign.html", page, status=422 if form.errors else 200)


@roles(*CLINICIANS)
@require_GET
def sign_picture(request: HttpRequest, review_id: UUID, picture_id: UUID) -> HttpResponse:
    """A picture of the draft, made as it will be made at signing."""
    jpeg = services.draft_picture(actor=actor_of(request), review_id=review_id, picture_id=picture_id)
    return HttpResponse(jpeg.data, content_type="image/jpeg")


@signed_in
@require_GET
def report(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """A signed report, for its patient and the clinic's clinicians."""
    page = presenters.report_page(actor_of(request), report_id, now=timezone.now())
    return render(request, "reports/report.html", page)


@signed_in
@require_GET
def report_status(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """Whether the PDF is ready; asks again by itself until it is."""
    found = services.report_in_scope(actor_of(request), report_id)
    return render(request, "reports/_pdf.html", {"report": found})


@signed_in
@require_GET
def report_pdf(request: HttpRequest, report_id: UUID) -> HttpResponseBase:
    """The PDF."""
    found, reader = services.read_pdf(actor=actor_of(request), report_id=report_id, now=timezone.now())
    name = f"report-{found.signed_at:%Y-%m-%d}-{found.verification_code[:5]}.pdf"
    return stream(reader, "application/pdf", name=name)


@signed_in
@require_GET
def report_image(request: HttpRequest, image_id: UUID) -> HttpResponseBase:
    """One picture of a signed report."""
    image, reader = services.read_image(actor=actor_of(request), image_id=image_id, now=timezone.now())
    return stream(reader, image.media_type)


@signed_in
@require_GET
def report_qr(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """The QR code of the report's verification address."""
    found = services.report_in_scope(actor_of(request), report_id)
    return HttpResponse(services.qr_png(services.verification_url(found.verification_code)), content_type="image/png")


@roles(*CLINICIANS)
@require_http_methods(["GET", "POST"])
def correct(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """Open the correction of a signed report."""
    form = CorrectionForm(typed(request))
    if request.method == "POST" and form.is_valid():
        review = services.amend_signed(
            actor=actor_of(request), report_id=report_id, reason=form.cleaned_data["reason"], now=timezone.now()
        )
        return redirect("reviews:review", review_id=review.pk)
    found = services.report_in_scope(actor_of(request), report_id)
    page = {"report": found, "form": form, "open_correction": selectors.correction_of(found)}
    return render(request, "reports/correct.html", page, status=422 if form.errors else 200)


@never_cache
@require_GET
def verify(request: HttpRequest) -> HttpResponse:
    """The public form; a typed code leads to its own address."""
    form = CodeForm(request.GET or None)
    if form.is_bound and form.is_valid():
        return HttpResponseRedirect(
            reverse("reports:verify_code", args=[form.cleaned_data["code"].strip().replace("/", "")])
        )
    return render(request, "reports/verify.html", {"form": form})


@never_cache
@require_GET
def verify_code(request: HttpRequest, code: str) -> HttpResponse:
    """Valid, superseded, a certificate of erasure, or unknown."""
    try:
        verification.check_rate(get_adapter(request).get_client_ip(request))
    except verification.TooManyChecks:
        return render(request, "429.html", status=429)
    verdict = verification.look_up(code)
    page = {"verdict": verdict, "code": code, "form": CodeForm()}
    return render(request, "reports/verified.html", page, status=200 if verdict else 404)
