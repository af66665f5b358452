"""The plan, edited in place until it is signed."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import CLINICIANS, roles
from accounts.errors import NotFound
from accounts.requests import actor_of
from reviews import selectors, services
from reviews.case_page import case_page
from reviews.forms import HandBackForm, PlanForm, PlanItemForm
from reviews.plan_page import categories, formulary_cards, plan_page
from reviews.views.answers import says_why, valid

clinicians = roles(*CLINICIANS)


@require_http_methods(["GET", "POST"])
@says_why
@clinicians
def plan(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Read the plan, or save its words and its date as they are typed."""
    actor, now = actor_of(request), timezone.now()
    if request.method == "POST":
        form = valid(PlanForm(request.POST))
        services.save_plan(actor=actor, review_id=review_id, **form.cleaned_data, now=now)
        return _answer(request, review_id, "reviews/_plan_saved.html")
    services.read_plan(actor=actor, review_id=review_id, now=now)
    review = selectors.review_for(actor, review_id)
    found = selectors.plan_of(review)
    page = plan_page(review, actor)
    initial = (
        {"summary": found.summary, "advice": found.advice, "follow_up_date": found.follow_up_date}
        if found
        else {"advice": "\n".join(page.referrals)}
    )
    context = {
        "page": case_page(review, actor),
        "plan": page,
        "form": PlanForm(initial=initial),
        "entries": formulary_cards(review),
        "categories": categories(),
        "templates": services.templates_of(actor),
        "hand_back_form": HandBackForm(auto_id="hand_back_%s"),
    }
    return render(request, "reviews/plan.html", context)


@require_POST
@says_why
@clinicians
def plan_draft(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Compose the summary anew from the accepted findings."""
    drafted = services.draft_summary(actor=actor_of(request), review_id=review_id, now=timezone.now())
    form = PlanForm(
        initial={"summary": drafted.summary, "advice": drafted.advice, "follow_up_date": drafted.follow_up_date}
    )
    return _answer(request, review_id, "reviews/_plan_drafted.html", form=form)


@require_POST
@says_why
@clinicians
def plan_item_add(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Put a treatment of the formulary into the plan."""
    try:
        entry_id = UUID(request.POST.get("entry", ""))
    except ValueError:
        raise NotFound from None
    services.add_item(
        actor=actor_of(request),
        review_id=review_id,
        entry_id=entry_id,
        override_reason=request.POST.get("override_reason", ""),
        now=timezone.now(),
    )
    return _answer(request, review_id, "reviews/_plan_items_answer.html")


@require_POST
@says_why
@clinicians
def plan_item(request: HttpRequest, review_id: UUID, item_id: UUID) -> HttpResponse:
    """Change what is written about a treatment."""
    form = valid(PlanItemForm(request.POST))
    services.update_item(
        actor=actor_of(request), review_id=review_id, item_id=item_id, **form.cleaned_data, now=timezone.now()
    )
    return _answer(request, review_id, "reviews/_plan_saved.html")


@require_POST
@says_why
@clinicians
def plan_item_remove(request: HttpRequest, review_id: UUID, item_id: UUID) -> HttpResponse:
    """Take a treatment out of the plan."""
    services.remove_item(actor=actor_of(request), review_id=review_id, item_id=item_id, now=timezone.now())
    return _answer(request, review_id, "reviews/_plan_items_answer.html")


@require_GET
@says_why
@clinicians
def formulary(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Search the formulary; every hit carries what speaks against it for this patient."""
    actor = actor_of(request)
    review = selectors.review_for(actor, review_id)
    cards = formulary_cards(review, text=request.GET.get("q", ""), category=request.GET.get("category", ""))
    return render(request, "reviews/_formulary.html", {"plan": plan_page(review, actor), "entries": cards})


def _answer(request: HttpRequest, review_id: UUID, template: str, **context: object) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        return redirect("reviews:plan", review_id=review_id)
    actor = actor_of(request)
    review = selectors.review_for(actor, review_id)
    entries = formulary_cards(review, text=request.POST.get("q", ""), category=request.POST.get("category", ""))
    page = {"plan": plan_page(review, actor), "entries": entries, "templates": services.templates_of(actor)}
    return render(request, template, {**page, **context})
