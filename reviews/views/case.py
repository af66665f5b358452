"""The review screen: photographs, findings, the clinician's own reading, and how the review ends."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts.decorators import CLINICIANS, roles
from accounts.errors import DomainError, NotFound
from accounts.requests import actor_of
from reviews import selectors, services
from reviews.case_page import case_page
from reviews.forms import DecisionForm, HandBackForm, ReadingForm, RejectForm, RetakeForm
from reviews.measuring_news import measuring_news
from reviews.reading import Reading
from reviews.services.readings import take_up_numbers
from reviews.views.answers import says_why, valid, with_message
from reviews.views.fragments import id_of, work_answer, workspace_for

clinicians = roles(*CLINICIANS)


@require_GET
@clinicians
def review(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """One case: photographs, findings, intake, history and the clinician's own reading on one page."""
    actor, photo_id = actor_of(request), id_of(request.GET.get("photo"))
    services.read_case(actor=actor, review_id=review_id, photo_id=photo_id, now=timezone.now())
    found = selectors.review_for(actor, review_id)
    context = {
        "page": case_page(found, actor),
        "work": workspace_for(actor, review_id, photo_id=photo_id),
        "news": measuring_news(found, actor),
        "reading_form": ReadingForm.of(Reading.from_dict(found.reading)),
        "retake_form": RetakeForm(auto_id="retake_%s"),
        "reject_form": RejectForm(auto_id="reject_%s"),
        "hand_back_form": HandBackForm(auto_id="hand_back_%s"),
    }
    return render(request, "reviews/review.html", context)


@require_GET
@says_why
@clinicians
def photo(request: HttpRequest, review_id: UUID, photo_id: UUID) -> HttpResponse:
    """Bring a photograph to the stage."""
    if not request.headers.get("HX-Request"):
        return redirect(f"{_url(review_id)}?photo={photo_id}")
    actor = actor_of(request)
    services.read_photo(actor=actor, review_id=review_id, photo_id=photo_id, now=timezone.now())
    work = workspace_for(actor, review_id, photo_id=photo_id)
    return render(request, "reviews/_stage_answer.html", {"work": work})


@require_GET
@says_why
@clinicians
def findings(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """The list of findings as it stands (asked for after an outline was changed on the stage)."""
    return work_answer(request, review_id, open_id=id_of(request.GET.get("open")), quiet=bool(request.GET.get("quiet")))


@require_GET
@says_why
@clinicians
def measuring(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Whether newer numbers are there; asks again by itself while they are being measured."""
    actor = actor_of(request)
    news = measuring_news(selectors.review_for(actor, review_id), actor)
    return render(request, "reviews/_measuring.html", {"news": news})


@require_POST
@says_why
@clinicians
def measured(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Show what was measured since the page was opened; everything outside the findings stays as it is."""
    actor = actor_of(request)
    found = take_up_numbers(actor=actor, review_id=review_id, now=timezone.now())
    answer = work_answer(request, review_id, open_id=None)
    if answer.status_code == HTTPStatus.OK:
        told = {"news": measuring_news(found, actor), "oob": True}
        answer.write(render_to_string("reviews/_measuring.html", told, request=request))
    return answer


@require_POST
@says_why
@clinicians
def opened(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """A beacon: this photo or finding was looked at."""
    subject_id = id_of(request.POST.get("id"))
    if subject_id is None:
        raise NotFound
    services.mark_opened(
        actor=actor_of(request),
        review_id=review_id,
        kind=request.POST.get("kind", ""),
        subject_id=subject_id,
        now=timezone.now(),
    )
    return HttpResponse(status=204)


@require_POST
@says_why
@clinicians
def finding_open(request: HttpRequest, review_id: UUID, finding_id: UUID) -> HttpResponse:
    """Open one finding with its photograph."""
    services.open_finding(actor=actor_of(request), review_id=review_id, finding_id=finding_id, now=timezone.now())
    return work_answer(request, review_id, open_id=finding_id)


@require_POST
@says_why
@clinicians
def finding(request: HttpRequest, review_id: UUID, finding_id: UUID) -> HttpResponse:
    """Accept, correct or reject one finding; the next undecided one opens, or this one stays (``stay``)."""
    form = valid(DecisionForm(request.POST))
    given: dict[str, Any] = {
        "actor": actor_of(request),
        "review_id": review_id,
        "finding_id": finding_id,
        "verdict": form.cleaned_data["verdict"],
        "reason": form.cleaned_data["reason"],
        "cause": form.cleaned_data["cause"],
        "correction": form.correction(),
        "now": timezone.now(),
    }
    if form.cleaned_data["stay"]:
        services.decide_finding(**given)
        return work_answer(request, review_id, open_id=finding_id, quiet=True)
    return work_answer(request, review_id, open_id=services.decide_and_open_next(**given))


@require_POST
@says_why
@clinicians
def finding_undo(request: HttpRequest, review_id: UUID, finding_id: UUID) -> HttpResponse:
    """Take the last decision about a finding back."""
    services.undo_decision(actor=actor_of(request), review_id=review_id, finding_id=finding_id, now=timezone.now())
    return work_answer(request, review_id, open_id=finding_id)


@require_POST
@says_why
@clinicians
def accept_rest(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Accept what is left, once everything was opened."""
    count = services.accept_opened(actor=actor_of(request), review_id=review_id, now=timezone.now())
    text = ngettext("%(n)s finding accepted.", "%(n)s findings accepted.", count) % {"n": count}
    return with_message(work_answer(request, review_id, open_id=None), text)


@require_POST
@says_why
@clinicians
def reading(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Keep the clinician's own reading, as it is typed."""
    form = valid(ReadingForm(request.POST))
    saved = services.save_reading(
        actor=actor_of(request), review_id=review_id, reading=form.reading(), now=timezone.now()
    )
    if not request.headers.get("HX-Request"):
        return redirect("reviews:review", review_id=review_id)
    return render(request, "reviews/_saved.html", {"at": saved.reading_saved_at})


@require_POST
@says_why
@clinicians
def lease(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Keep the case while it is being worked on."""
    held = services.renew_lease(actor=actor_of(request), review_id=review_id, now=timezone.now())
    return render(request, "reviews/_lease.html", {"review": held})


@require_POST
@clinicians
def decide(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Approve or amend, then write the plan."""
    services.decide_review(actor=actor_of(request), review_id=review_id, now=timezone.now())
    return redirect("reviews:plan", review_id=review_id)


@require_POST
@clinicians
def reopen(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Take the decision back."""
    services.reopen(actor=actor_of(request), review_id=review_id, now=timezone.now())
    messages.info(request, _("The case is open again. The plan is kept."))
    return redirect("reviews:review", review_id=review_id)


@require_POST
@clinicians
def retake(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Ask the patient for some views again. Asked by htmx, a refusal is the form as it was filled in, with why."""
    form, by_htmx = RetakeForm(request.POST, auto_id="retake_%s"), bool(request.headers.get("HX-Request"))
    try:
        services.request_retake(
            actor=actor_of(request),
            review_id=review_id,
            wishes=valid(form).wishes(),
            message=form.cleaned_data["message"],
            now=timezone.now(),
        )
    except DomainError as refused:
        if not by_htmx:
            raise
        if not form.errors:
            form.add_error(None, refused.message)
        return render(request, "reviews/_retake_fields.html", {"retake_form": form}, status=422)
    messages.success(request, _("The patient is asked for new photographs and sees which, and why."))
    return HttpResponseClientRedirect(reverse("reviews:queue")) if by_htmx else redirect("reviews:queue")


@require_POST
@clinicians
def reject(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Close the case with a message instead of a plan."""
    form = valid(RejectForm(request.POST))
    services.reject_case(
        actor=actor_of(request), review_id=review_id, message=form.cleaned_data["message"], now=timezone.now()
    )
    messages.success(request, _("The case is closed and the patient has your message."))
    return redirect("reviews:queue")


@require_POST
@clinicians
def hand_back(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Put the case back into the queue with a note."""
    form = valid(HandBackForm(request.POST))
    services.release_review(
        actor=actor_of(request),
        review_id=review_id,
        note=form.cleaned_data["note"],
        for_dermatologist=form.cleaned_data["for_dermatologist"],
        now=timezone.now(),
    )
    messages.success(request, _("The case is back in the queue. Your work is kept with it."))
    return redirect("reviews:queue")


def _url(review_id: UUID) -> str:
    return reverse("reviews:review", args=[review_id])
