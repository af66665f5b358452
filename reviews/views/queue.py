"""The worklist and the claim."""

from __future__ import annotations

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.decorators import CLINICIANS, roles
from accounts.requests import actor_of
from reviews import selectors, services
from reviews.queue_page import analysis_choices, queue_lines

PAGE_SIZE = 25


@require_GET
@roles(*CLINICIANS)
def queue(request: HttpRequest) -> HttpResponse:
    """Cases that wait for a clinician. Filters and page stand in the address."""
    actor, now = actor_of(request), timezone.now()
    filters = selectors.QueueFilters.from_query(request.GET)
    rows, counts = selectors.worklist(actor, filters, now=now)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    services.read_queue(actor=actor, session_ids=[row.session.pk for row in page], now=now)
    context = {"filters": filters, "counts": counts, "page": page, "lines": queue_lines(list(page), now)}
    context["analysis_choices"] = analysis_choices()
    return render(
        request, "reviews/_queue.html" if request.headers.get("HX-Request") else "reviews/queue.html", context
    )


@require_POST
@roles(*CLINICIANS)
def claim(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Take a case and go to it."""
    review = services.claim_review(actor=actor_of(request), session_id=session_id, now=timezone.now())
    return redirect("reviews:review", review_id=review.pk)
