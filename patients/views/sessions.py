"""A photo session, from the empty page that teaches to the button that sends it."""

from __future__ import annotations

from typing import BinaryIO, cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import roles
from accounts.errors import DomainError, NotAllowed, NotFound
from accounts.requests import actor_of
from accounts.roles import Role
from patients import intake_words, occasions, photo_intake, presenters, selectors, services
from patients.capture_protocol import CHECKLIST_LABELS, GUIDES
from patients.forms import ChecklistForm, parse_view
from patients.models import Occasion, PhotoSession, Purpose
from patients.presenters import Step

patient_side = roles(Role.PATIENT)


@require_http_methods(["GET", "POST"])
@patient_side
def session_new(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """What a session is, how long it takes and what is needed; then start it, or go on with the open one."""
    actor = actor_of(request)
    patient = selectors.patient_for(actor, patient_id)
    if request.method == "POST":
        session = services.start_session(actor=actor, patient_id=patient_id, now=timezone.now())
        return redirect(presenters.next_step_url(session))
    draft = selectors.draft_of(patient.pk)
    context = {
        "patient": patient,
        "guides": [guide for guide in GUIDES if guide.expected],
        "draft": draft,
        "draft_url": presenters.next_step_url(draft) if draft else "",
        "has_care": selectors.has_consent(patient.pk, Purpose.CARE),
        "has_intake": selectors.latest_intake(patient.pk) is not None,
    }
    return render(request, "patients/session_new.html", context)


@require_http_methods(["GET", "POST"])
@patient_side
def session_answers(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Do medicines, allergies and pregnancy still stand as answered? Confirm or change."""
    actor = actor_of(request)
    session = _draft(request, session_id)
    if request.method == "POST":
        session = services.confirm_intake(actor=actor, session_id=session_id, now=timezone.now())
        return redirect(presenters.next_step_url(session))
    services.read_patient(actor=actor, patient_id=session.patient_id, action="intake.read", now=timezone.now())
    newest = selectors.latest_intake(session.patient_id)
    context = {
        "session": session,
        "intake": newest,
        "rows": intake_words.reconfirmed(selectors.answers_of(newest)) if newest else [],
        "steps": presenters.steps(session, Step.ANSWERS),
        "notes": presenters.safety_notes(newest),
    }
    return render(request, "patients/session_answers.html", context)


@require_http_methods(["GET", "POST"])
@patient_side
def checklist(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """What makes this session comparable with the next."""
    session = _draft(request, session_id)
    stored = session.checklist
    initial = {"done": [name for name, value in stored.items() if value is True], "wash": stored.get("wash")}
    form = ChecklistForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        session = services.save_checklist(
            actor=actor_of(request),
            session_id=session_id,
            done=form.items(),
            wash=form.wash_interval(),
            now=timezone.now(),
        )
        return redirect(presenters.next_step_url(session))
    context = {
        "session": session,
        "form": form,
        "reasons": CHECKLIST_LABELS.values(),
        "steps": presenters.steps(session, Step.CHECKLIST),
    }
    return render(request, "patients/checklist.html", context, status=422 if form.errors else 200)


@require_GET
@patient_side
def capture(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """One view at a time: how to take it, what is there already, and what to do better."""
    session = services.read_session(actor=actor_of(request), session_id=session_id, now=timezone.now())
    if session.status != PhotoSession.Status.DRAFT:
        return redirect("analysis:session", session.pk)
    parsed = parse_view(request.GET.get("view", ""))
    page = presenters.capture_page(session, *(parsed or (None, "")))
    context = {
        "session": session,
        "page": page,
        "steps": presenters.steps(session, Step.PHOTOS),
        "notes": [note for note in presenters.safety_notes(session.intake) if note.urgent],
    }
    return render(request, "patients/capture.html", context)


@require_POST
@patient_side
def takes(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Each view twice in this session, or once."""
    twice = request.POST.get("takes") == "twice"
    services.choose_takes(actor=actor_of(request), session_id=session_id, twice=twice, now=timezone.now())
    parsed = parse_view(request.POST.get("view", ""))
    return redirect(presenters.view_url(session_id, *(parsed or (None, ""))))


@require_POST
@patient_side
def photo_upload(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """The plain form: one or several files of one view, without JavaScript."""
    parsed = parse_view(request.POST.get("view", ""))
    if parsed is None:
        raise NotFound
    view, site = parsed
    uploads = request.FILES.getlist("photo")
    if not uploads:
        messages.error(request, _("Choose at least one photo first."))
    for upload in uploads:
        try:
            photo = services.add_photo(
                actor=actor_of(request),
                session_id=session_id,
                view=view,
                site=site,
                upload=cast(BinaryIO, upload),
                claimed_type=upload.content_type or "",
                claimed_extension=photo_intake.extension_of(upload.name or ""),
                now=timezone.now(),
            )
        except (NotFound, NotAllowed):
            raise
        except DomainError as refused:
            messages.error(request, refused.message)
        else:
            _say_quality(request, passed=photo.quality_passed)
    return redirect(presenters.view_url(session_id, view, site))


@require_POST
@patient_side
def photo_remove(request: HttpRequest, photo_id: UUID) -> HttpResponse:
    """Take a photo out again."""
    actor = actor_of(request)
    photo = selectors.photo_for(actor, photo_id)
    services.remove_photo(actor=actor, photo_id=photo_id, now=timezone.now())
    messages.success(request, _("The photo is removed."))
    view_and_site = parse_view(f"{photo.view}:{photo.site}" if photo.site else photo.view)
    return redirect(presenters.view_url(photo.session_id, *(view_and_site or (None,))))


@require_GET
@patient_side
def finish(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Everything once more before it is sent: photos, what is missing, what happens next."""
    session = services.read_session(actor=actor_of(request), session_id=session_id, now=timezone.now())
    if session.status != PhotoSession.Status.DRAFT:
        return redirect("analysis:session", session.pk)
    page = presenters.capture_page(session, None)
    context = {
        "session": session,
        "clinic": session.patient.clinic,
        "kept": occasions.occasion_of(session, timezone.now()) == Occasion.INTERIM,
        "tiles": presenters.tiles_in_order(selectors.photos_of(session)),
        "missing": page.missing,
        "page": page,
        "gaps": presenters.gap_links(session, services.submission_gaps(session)),
        "uses_ai": selectors.has_consent(session.patient_id, Purpose.AI_ANALYSIS),
        "steps": presenters.steps(session, Step.SEND),
        "notes": presenters.safety_notes(session.intake),
    }
    return render(request, "patients/finish.html", context)


@require_POST
@patient_side
def discard(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Throw a session away that nobody has seen."""
    actor = actor_of(request)
    session = selectors.session_for(actor, session_id)
    services.discard_session(actor=actor, session_id=session_id, now=timezone.now())
    messages.success(request, _("The session and its photos are deleted."))
    return redirect("patients:session_new", session.patient_id)


def _say_quality(request: HttpRequest, *, passed: bool) -> None:
    if passed:
        messages.success(request, _("The photo is good."))
    else:
        messages.warning(
            request, _("The photo is kept, but it is not good enough to be measured. See below what to change.")
        )


def _draft(request: HttpRequest, session_id: UUID) -> PhotoSession:
    session = selectors.session_for(actor_of(request), session_id)
    if session.status != PhotoSession.Status.DRAFT:
        raise DomainError("session_not_open", _("This session was sent already."))
    return session
