"""Pages of this room: session status (patients), derived pictures (clinicians), releases (administrators)."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.decorators import CLINICIANS, roles
from accounts.requests import actor_of
from accounts.roles import Role
from analysis import releases as release_services
from analysis import selectors, services
from analysis.presenters import session_page
from patients.models import PhotoSession
from patients.selectors import session_for
from patients.services import read_session

patients_side = roles(Role.PATIENT)


@require_GET
@patients_side
def session(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Where a session stands. Before a clinician has signed it shows status, never numbers (G8)."""
    found = read_session(actor=actor_of(request), session_id=session_id, now=timezone.now())
    return render(request, "analysis/session.html", {"page": session_page(found)})


@require_GET
@patients_side
def session_status(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """The part of the page that updates itself; it drops its poll when nothing will change any more."""
    return render(request, "analysis/_status.html", {"page": session_page(session_for(actor_of(request), session_id))})


@require_POST
@patients_side
def submit(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Hand the session to the clinic."""
    sent = services.submit_session(
        actor=actor_of(request),
        session_id=session_id,
        look_now=request.POST.get("look_now") == "on",
        now=timezone.now(),
    )
    if sent.status == PhotoSession.Status.KEPT:
        messages.success(request, _("Your photos are kept for your next review. There is nothing else to do."))
    else:
        messages.success(
            request, _("Your photos are with the clinic. You can close this page; we write when there is news.")
        )
    return redirect("analysis:session", session_id=session_id)


@require_GET
@roles(*CLINICIANS)
def derived(request: HttpRequest, image_id: UUID) -> StreamingHttpResponse:
    """One derived picture. The review page that shows it has audited the photos it lists."""
    image = services.read_derived(actor=actor_of(request), image_id=image_id, now=timezone.now())
    response = StreamingHttpResponse(selectors.open_derived(image), content_type=image.media_type)
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_GET
@roles(Role.ADMINISTRATOR)
def releases(request: HttpRequest) -> HttpResponse:
    """Which networks measure, how good they are, and a switch for each."""
    return render(request, "analysis/releases.html", {"releases": selectors.releases(actor_of(request))})


@require_GET
@roles(Role.ADMINISTRATOR)
def release_card(request: HttpRequest, release_id: UUID) -> HttpResponse:
    """The card of one release: data, figures with intervals, limits."""
    return render(request, "analysis/card.html", {"found": selectors.release_card(actor_of(request), release_id)})


@require_POST
@roles(Role.ADMINISTRATOR)
def release_switch(request: HttpRequest, release_id: UUID) -> HttpResponse:
    """Switch a network on or off."""
    enabled = request.POST.get("enabled") == "on"
    row = release_services.switch_release(
        actor=actor_of(request), release_id=release_id, enabled=enabled, now=timezone.now()
    )
    name = f"{row.name} {row.version}"
    text = _("{name} is on. The next sessions are measured with it.") if enabled else _("{name} is off from now on.")
    messages.success(request, text.format(name=name))
    return redirect("analysis:releases")
