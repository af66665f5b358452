"""What the review screen's acts answer with: the list of findings, and everything that depends on it."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.actors import Actor
from accounts.requests import actor_of
from reviews import selectors
from reviews.presenters import Workspace, workspace


def workspace_for(
    actor: Actor, review_id: UUID, *, photo_id: UUID | None = None, open_id: UUID | None = None
) -> Workspace:
    """The changing part of the screen, as this person may see it."""
    return workspace(selectors.review_for(actor, review_id), actor, photo_id=photo_id, open_id=open_id)


def work_answer(request: HttpRequest, review_id: UUID, *, open_id: UUID | None, quiet: bool = False) -> HttpResponse:
    """Findings with everything that depends on them; the stage too when another photograph has to be shown.

    ``quiet`` leaves the keyboard's focus where it is: the person is working on the stage. After drawing a region
    (``new`` in the query) the field for its reason takes it.
    """
    if request.method == "POST" and not request.headers.get("HX-Request"):
        return redirect("reviews:review", review_id=review_id)
    shown = id_of(request.POST.get("photo") or request.GET.get("photo"))
    work = workspace_for(actor_of(request), review_id, photo_id=shown, open_id=open_id)
    moved = work.stage is not None and work.stage.photo.pk != shown
    context = {"work": work, "with_stage": moved, "quiet": quiet, "fresh": bool(request.GET.get("new"))}
    return render(request, "reviews/_findings_answer.html", context)


def id_of(text: str | None) -> UUID | None:
    """A UUID from a request, or nothing."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
