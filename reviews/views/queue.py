"""The worklist, named filters, the claim, and handing a case to a colleague."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import CLINICIANS, roles
from accounts.errors import DomainError
from accounts.requests import actor_of
from reviews import selectors, services
from reviews.case_page import case_page
from reviews.forms import HandOverForm, SaveViewForm
from reviews.queue_page import filter_choices, queue_lines, saved_views, workload_lines
from reviews.views.answers import valid

PAGE_SIZE = 25
clinicians = roles(*CLINICIANS)


@require_GET
@clinicians
def queue(request: HttpRequest) -> HttpResponse:
    """Cases that wait for a clinician. Filters and the page's place stand in the address."""
    actor, now = actor_of(request), timezone.now()
    filters = selectors.QueueFilters.from_query(request.GET)
    cases, counts = selectors.worklist(actor, filters, now=now)
    page = cases.page(PAGE_SIZE, **selectors.places(request.GET))
    services.read_queue(actor=actor, session_ids=[row.session.pk for row in page.rows], now=now)
    context = {
        "filters": filters,
        "counts": counts,
        "page": page,
        "lines": queue_lines(page.rows, now),
        "choices": filter_choices(filters, cases.clinicians),
        "views": saved_views(actor, filters),
        "save_form": SaveViewForm(auto_id="view_%s") if filters.query() else None,
    }
    return render(
        request, "reviews/_queue.html" if request.headers.get("HX-Request") else "reviews/queue.html", context
    )


@require_POST
@clinicians
def claim(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Take a case and go to it."""
    review = services.claim_review(actor=actor_of(request), session_id=session_id, now=timezone.now())
    return redirect("reviews:review", review_id=review.pk)


@require_POST
@clinicians
def decline(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Put a case that a colleague handed over into the queue for everybody."""
    services.decline_handover(actor=actor_of(request), session_id=session_id, now=timezone.now())
    messages.success(request, _("The case is in the queue for everybody. Your colleague is told."))
    return redirect("reviews:queue")


@require_http_methods(["GET", "POST"])
@clinicians
def hand_over(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Choose a colleague, with what each has on the desk beside, and leave a note."""
    actor, now = actor_of(request), timezone.now()
    review = selectors.review_for(actor, review_id)
    form = HandOverForm(request.POST or None, colleagues=services.colleagues(actor))
    if request.method == "POST" and form.is_valid():
        try:
            offer = services.hand_over(
                actor=actor,
                review_id=review_id,
                to_id=UUID(form.cleaned_data["to"]),
                note=form.cleaned_data["note"],
                now=now,
            )
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            text = _("%(name)s has the case now, with your note. Your work stays with it.")
            messages.success(request, text % {"name": offer.to_member.display_name})
            return redirect("reviews:queue")
    page = case_page(review, actor)
    context = {"page": page, "form": form, "workloads": workload_lines(actor, now=now)}
    return render(request, "reviews/hand_over.html", context, status=422 if form.errors else 200)


@require_GET
@clinicians
def workload(request: HttpRequest) -> HttpResponse:
    """What every clinician of the clinic has on the desk."""
    return render(
        request, "reviews/workload.html", {"workloads": workload_lines(actor_of(request), now=timezone.now())}
    )


@require_POST
@clinicians
def view_save(request: HttpRequest) -> HttpResponse:
    """Give the filters that are shown a name."""
    form = valid(SaveViewForm(request.POST))
    filters = selectors.QueueFilters.from_query(QueryDict(form.cleaned_data["query"]))
    view = services.save_view(
        actor=actor_of(request),
        name=form.cleaned_data["name"],
        filters=filters,
        shared=form.cleaned_data["shared"],
        now=timezone.now(),
    )
    messages.success(request, _("“%(name)s” is kept among your views.") % {"name": view.name})
    return redirect(f"{reverse('reviews:queue')}?{view.query}")


@require_POST
@clinicians
def view_remove(request: HttpRequest, view_id: UUID) -> HttpResponse:
    """Forget a named set of filters."""
    services.remove_view(actor=actor_of(request), view_id=view_id)
    return redirect("reviews:queue")
