"""The photo stage: outlines, regions that the models missed, the scale, an earlier session beside; undo and redo."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.decorators import CLINICIANS, roles
from accounts.errors import Invalid, NotFound
from accounts.requests import actor_of
from reviews import services
from reviews.forms import OwnRegionForm, ScaleForm
from reviews.outlines import polygon_of
from reviews.views.answers import says_why, valid, with_message
from reviews.views.fragments import id_of, work_answer, workspace_for

clinicians = roles(*CLINICIANS)


@require_POST
@clinicians
def outlines(request: HttpRequest, review_id: UUID, photo_id: UUID) -> HttpResponse:
    """An outline was drawn or changed on the stage: a region of the models is corrected, an own one follows the hand.

    Answers with the id that the server gave, so that the stage can go on from there.
    """
    try:
        change = json.loads(request.body)
        shape, action, own = id_of(str(change["id"])), change["action"], bool(change.get("own"))
        polygon = polygon_of(change) if action != "delete" else ()
    except (ValueError, KeyError, TypeError):
        raise Invalid("bad_outline", _("The outline cannot be read. Draw it again.")) from None
    common: dict[str, Any] = {"actor": actor_of(request), "review_id": review_id, "now": timezone.now()}
    match action:
        case "create":
            kind = str(change.get("kind", "thinning"))
            region = services.draw_shape(photo_id=photo_id, kind=kind, polygon_px=polygon, **common)
            return JsonResponse({"id": str(region.region_id)})
        case "update" if shape and own:
            services.change_shape(photo_id=photo_id, region_id=shape, polygon_px=polygon, **common)
        case "delete" if shape and own:
            services.remove_region(region_id=shape, **common)
        case "update" if shape:
            services.correct_outline(photo_id=photo_id, finding_id=shape, polygon_px=polygon, **common)
        case _:
            raise Invalid("not_editable", _("Outlines of the models can be changed; reject a region to remove it."))
    return JsonResponse({"id": str(shape)})


@require_POST
@says_why
@clinicians
def regions(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Add a region that the models missed, by its points."""
    photo_id, points = id_of(request.POST.get("photo")), _points(request.POST.get("polygon"))
    form = valid(OwnRegionForm(request.POST))
    if photo_id is None:
        raise NotFound
    region = services.add_region(
        actor=actor_of(request),
        review_id=review_id,
        photo_id=photo_id,
        kind=form.cleaned_data["kind"] or "thinning",
        polygon=points,
        reason=form.cleaned_data["reason"],
        now=timezone.now(),
    )
    return work_answer(request, review_id, open_id=region.region_id)


@require_POST
@says_why
@clinicians
def region(request: HttpRequest, review_id: UUID, region_id: UUID) -> HttpResponse:
    """Change the kind of an own region, or say why it was added."""
    form = valid(OwnRegionForm(request.POST))
    services.change_region(
        actor=actor_of(request),
        review_id=review_id,
        region_id=region_id,
        kind=form.cleaned_data["kind"] or None,
        reason=form.cleaned_data["reason"] if "reason" in request.POST else None,
        now=timezone.now(),
    )
    return work_answer(request, review_id, open_id=region_id)


@require_POST
@says_why
@clinicians
def region_open(request: HttpRequest, review_id: UUID, region_id: UUID) -> HttpResponse:
    """Show one own region with its photograph."""
    services.renew_lease(actor=actor_of(request), review_id=review_id, now=timezone.now())
    return work_answer(request, review_id, open_id=region_id)


@require_POST
@says_why
@clinicians
def region_remove(request: HttpRequest, review_id: UUID, region_id: UUID) -> HttpResponse:
    """Take an own region out."""
    services.remove_region(actor=actor_of(request), review_id=review_id, region_id=region_id, now=timezone.now())
    return with_message(work_answer(request, review_id, open_id=None), _("The region is removed. Undo brings it back."))


@require_POST
@says_why
@clinicians
def region_merge(request: HttpRequest, review_id: UUID, region_id: UUID) -> HttpResponse:
    """Make one region of two own ones."""
    other_id = id_of(request.POST.get("other"))
    if other_id is None:
        raise NotFound
    services.merge_regions(
        actor=actor_of(request), review_id=review_id, region_id=region_id, other_id=other_id, now=timezone.now()
    )
    return work_answer(request, review_id, open_id=region_id)


@require_POST
@says_why
@clinicians
def scale(request: HttpRequest, review_id: UUID, photo_id: UUID) -> HttpResponse:
    """Keep the scale of a photograph from two points, or end it (``remove``)."""
    actor, now = actor_of(request), timezone.now()
    if request.POST.get("remove"):
        services.remove_scale(actor=actor, review_id=review_id, photo_id=photo_id, now=now)
        text = _("The scale is removed.")
    else:
        form = valid(ScaleForm(request.POST))
        points = _points(form.cleaned_data["points"])
        length = form.cleaned_data["length_mm"]
        services.set_scale(
            actor=actor, review_id=review_id, photo_id=photo_id, points=points, length_mm=length, now=now
        )
        text = _("The scale is kept with this photograph, with your name.")
    work = workspace_for(actor, review_id, photo_id=photo_id)
    return with_message(render(request, "reviews/_findings_answer.html", {"work": work, "with_scale": True}), text)


@require_POST
@says_why
@clinicians
def measure_again(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Have the case measured again with the scales set by hand."""
    services.measure_with_scales(actor=actor_of(request), review_id=review_id, now=timezone.now())
    messages.success(request, _("Being measured again with your scale. The page tells you when the numbers are there."))
    photo = id_of(request.POST.get("photo"))  # where one was
    return redirect(reverse("reviews:review", args=[review_id]) + (f"?photo={photo}" if photo else ""))


@require_POST
@says_why
@clinicians
def undo(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Take the last act back."""
    subject = services.undo(actor=actor_of(request), review_id=review_id, now=timezone.now())
    return work_answer(request, review_id, open_id=subject, quiet=True)


@require_POST
@says_why
@clinicians
def redo(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Do again what was taken back."""
    subject = services.redo(actor=actor_of(request), review_id=review_id, now=timezone.now())
    return work_answer(request, review_id, open_id=subject, quiet=True)


@require_GET
@says_why
@clinicians
def compare(request: HttpRequest, review_id: UUID, photo_id: UUID) -> HttpResponse:
    """The photograph beside the same view of an earlier session."""
    if not request.headers.get("HX-Request"):
        return redirect(f"{reverse('reviews:review', args=[review_id])}?photo={photo_id}")
    found = services.compare_case(
        actor=actor_of(request),
        review_id=review_id,
        photo_id=photo_id,
        session_id=id_of(request.GET.get("session")),
        now=timezone.now(),
    )
    return render(request, "reviews/_compare.html", {"comparison": found})


def _points(text: str | None) -> tuple[tuple[float, float], ...]:
    """Points of picture fractions, as JSON: ``[[x, y], …]``."""
    try:
        found: Sequence[Sequence[float]] = json.loads(text or "")
        return tuple((float(x), float(y)) for x, y in found)
    except (ValueError, TypeError):
        raise Invalid("bad_points", _("Click two points inside the picture.")) from None
