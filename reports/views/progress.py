"""Pages of progress: overview, one view, delta report, summary, and the documents made from them."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import CLINICIANS, roles, signed_in
from accounts.errors import DomainError
from accounts.requests import actor_of
from reports import progress_presenters as presenters
from reports import services
from reports.views.streaming import stream


@signed_in
@require_GET
def progress(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """What changed, in words; then each view."""
    page = presenters.overview_page(actor_of(request), patient_id, now=timezone.now())
    return render(request, "reports/progress.html", page)


@signed_in
@require_GET
def progress_view(request: HttpRequest, patient_id: UUID, view: str) -> HttpResponse:
    """One view: two photographs, verdicts, charts. ``site``, ``then`` and ``now`` (reports) stand in the address."""
    asked = request.GET
    page = presenters.view_page(
        actor_of(request),
        patient_id,
        (view, asked.get("site", "")),
        asked.get("then", ""),
        asked.get("now", ""),
        now=timezone.now(),
    )
    part = request.headers.get("HX-Request") and request.headers.get("HX-Target") == "comparison"
    return render(request, "reports/_progress_pair.html" if part else "reports/progress_view.html", page)


@signed_in
@require_http_methods(["GET", "POST"])
def progress_delta(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """What changed between two visits; posted, its PDF is asked for."""
    return _document(request, patient_id, "delta", ("then", "now"))


@signed_in
@require_http_methods(["GET", "POST"])
def progress_summary(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """A summary to bring to a visit; posted, its PDF is asked for."""
    return _document(request, patient_id, "summary", ("from", "to"))


@signed_in
@require_GET
def progress_document(request: HttpRequest, document_id: UUID) -> HttpResponseBase:
    """The PDF."""
    found, reader = services.read_document(actor=actor_of(request), document_id=document_id, now=timezone.now())
    return stream(reader, "application/pdf", name=f"{found.kind}-{found.requested_at:%Y-%m-%d}.pdf")


@signed_in
@require_GET
def progress_document_status(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Whether the PDF is ready; asks again by itself until it is."""
    found = services.document_in_scope(actor_of(request), document_id)
    return render(request, "reports/_progress_pdf.html", {"made": found})


@signed_in
@require_GET
def progress_picture(request: HttpRequest, image_id: UUID) -> HttpResponseBase:
    """A derived picture of a comparison."""
    image, reader = services.read_comparison_image(actor=actor_of(request), image_id=image_id, now=timezone.now())
    return stream(reader, image.media_type)


@roles(*CLINICIANS)
@require_POST
def progress_release(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    """Let the patient see map and figures of a comparison, or take that back."""
    patient_id = services.release_comparison(
        actor=actor_of(request),
        comparison_id=comparison_id,
        released=request.POST.get("released") == "1",
        now=timezone.now(),
    )
    back = presenters.way_back(request.POST.get("back", ""), patient_id)
    return redirect(back)


def _document(request: HttpRequest, patient_id: UUID, kind: str, names: tuple[str, str]) -> HttpResponse:
    actor, asked = actor_of(request), request.GET
    first, last = (asked.get(name, "") for name in names)
    if request.method == "POST":
        made = services.request_document(
            actor=actor, patient_id=patient_id, kind=kind, first=first, last=last, now=timezone.now()
        )
        if request.headers.get("HX-Request"):
            return render(request, "reports/_progress_pdf.html", {"made": made})
        return redirect(
            f"{request.path}?{asked.urlencode()}&made={made.pk}" if asked else f"{request.path}?made={made.pk}"
        )
    try:
        page = presenters.document_page(actor, patient_id, kind, first, last, asked.get("made", ""), now=timezone.now())
    except DomainError as error:
        page = presenters.nothing_page(actor, patient_id, kind, error.message, first, last)
        return render(request, "reports/progress_nothing.html", page)
    return render(request, "reports/progress_document.html", page)
