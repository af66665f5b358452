"""Conversations: the list, one of them, writing, what keeps it up to date, and its files."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import CLINICIANS, roles
from accounts.errors import DomainError, NotAllowed, NotFound
from accounts.requests import actor_of
from accounts.roles import Role
from accounts.selectors import is_uuid
from care import selectors, services, symptoms
from care.forms import InboxForm, MessageForm
from care.presenters import messages as present
from care.services import AttachmentStream, Upload, Writing
from care.workflow import ThreadAction
from patients.models import Patient
from patients.selectors import patient_for

both_sides = roles(Role.PATIENT, *CLINICIANS)
team = roles(*CLINICIANS)
POLL_FOR = timedelta(minutes=30)
"""How long an open page asks for news by itself: a forgotten one must not keep its session alive."""


@require_GET
@both_sides
def inbox(request: HttpRequest) -> HttpResponse:
    """A patient's own conversations, or the clinic's: unanswered first, the longest wait on top."""
    actor, now = actor_of(request), timezone.now()
    filters = InboxForm(request.GET).filters()
    page = Paginator(selectors.inbox(actor, filters), 30).get_page(request.GET.get("page"))
    services.read_inbox(actor=actor, threads=list(page), now=now)
    return render(request, "care/inbox.html", present.inbox_page(actor, filters, page, now))


@require_GET
@both_sides
def thread(request: HttpRequest, thread_id: UUID) -> HttpResponse:
    """One conversation."""
    return _thread_page(request, thread_id)


@require_POST
@both_sides
def send(request: HttpRequest, thread_id: UUID) -> HttpResponse:
    """One more message, or a note."""
    form = MessageForm(request.POST)
    if not form.is_valid():
        return _thread_page(request, thread_id, error=_("The message could not be read. Check it and send it again."))
    try:
        services.reply(
            actor=actor_of(request), thread_id=thread_id, writing=_writing(request, form), now=timezone.now()
        )
    except (NotFound, NotAllowed):
        raise
    except DomainError as refused:
        return _thread_page(request, thread_id, error=refused.message)
    return redirect("care:thread", thread_id)


@require_GET
@both_sides
def news(request: HttpRequest, thread_id: UUID) -> HttpResponse:
    """What came since the page was loaded. The answer asks again until the thread is closed or half an hour passed."""
    actor, now = actor_of(request), timezone.now()
    after = request.GET.get("after", "")
    found, messages = services.read_news(
        actor=actor, thread_id=thread_id, after_id=UUID(after) if is_uuid(after) else None, now=now
    )
    started = request.GET.get("since", "")
    since = int(started) if started.isdigit() else int(now.timestamp())
    context = {
        "thread": found,
        "messages_shown": present.message_views(actor, found, messages),
        "last_id": messages[-1].pk if messages else after,
        "closed": found.status == "closed",
        "since": int(now.timestamp()) if messages else since,
        "tired": not messages and now.timestamp() - since > POLL_FOR.total_seconds(),
        "staff": actor.role is not Role.PATIENT,
    }
    return render(request, "care/_news.html", context)


@require_http_methods(["GET", "POST"])
@both_sides
def write(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Begin a conversation."""
    actor = actor_of(request)
    patient = patient_for(actor, patient_id)
    if request.method != "POST":
        return _write_page(request, patient)
    form = MessageForm(request.POST)
    if not form.is_valid():
        return _write_page(request, patient, error=_("The message could not be read. Check it and send it again."))
    try:
        message = services.start_thread(
            actor=actor,
            patient_id=patient.pk,
            subject=form.cleaned_data["subject"],
            writing=_writing(request, form),
            now=timezone.now(),
        )
    except (NotFound, NotAllowed):
        raise
    except DomainError as refused:
        return _write_page(request, patient, error=refused.message)
    return redirect("care:thread", message.thread_id)


@require_POST
@both_sides
def draft(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Keep what is being typed; the answer carries the safety texts of what it names."""
    actor = actor_of(request)
    thread_id, send_key = request.POST.get("thread", ""), request.POST.get("send_key", "")
    form = MessageForm(request.POST)
    form.is_valid()
    body = request.POST.get("body", "")
    services.save_draft(
        actor=actor,
        patient_id=patient_id,
        thread_id=UUID(thread_id) if is_uuid(thread_id) else None,
        subject=request.POST.get("subject", ""),
        body=body,
        send_key=UUID(send_key) if is_uuid(send_key) else None,
        now=timezone.now(),
    )
    ticked = form.flags() if "symptoms" in form.cleaned_data else ()
    flags = symptoms.flags_of(body, ticked) if actor.role is Role.PATIENT else ()
    return render(request, "care/_draft_saved.html", {"notes": present.safety_notes(flags), "saved": bool(body)})


@require_POST
@team
def assign(request: HttpRequest, thread_id: UUID) -> HttpResponse:
    """Choose who answers."""
    wanted = request.POST.get("to", "")
    membership_id = UUID(wanted) if is_uuid(wanted) else None
    services.assign(actor=actor_of(request), thread_id=thread_id, membership_id=membership_id, now=timezone.now())
    return redirect("care:thread", thread_id)


@require_POST
@team
def state(request: HttpRequest, thread_id: UUID) -> HttpResponse:
    """Close, or take up again."""
    action = ThreadAction.REOPEN if request.POST.get("action") == "reopen" else ThreadAction.CLOSE
    services.change_state(actor=actor_of(request), thread_id=thread_id, action=action, now=timezone.now())
    return redirect("care:thread", thread_id)


@require_GET
@both_sides
def attachment(request: HttpRequest, attachment_id: UUID) -> StreamingHttpResponse:
    """A file: a picture is shown, a document is downloaded."""
    return stream(services.open_attachment(actor=actor_of(request), attachment_id=attachment_id, now=timezone.now()))


@require_GET
@both_sides
def thumbnail(request: HttpRequest, attachment_id: UUID) -> StreamingHttpResponse:
    """A picture, small."""
    return stream(services.open_thumbnail(actor=actor_of(request), attachment_id=attachment_id))


def stream(opened: AttachmentStream) -> StreamingHttpResponse:
    """Private, never stored, never guessed; a document only ever as a download."""
    kind = "attachment" if opened.as_download else "inline"
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": f'{kind}; filename="{opened.name}"',
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    if opened.size_bytes is not None:
        headers["Content-Length"] = str(opened.size_bytes)
    return StreamingHttpResponse(opened.chunks, content_type=opened.media_type, headers=headers)


def _writing(request: HttpRequest, form: MessageForm) -> Writing:
    session_id, report_id = form.about_ids()
    return Writing(
        body=form.cleaned_data["body"],
        send_key=form.cleaned_data["send_key"],
        symptoms=form.flags(),
        session_id=session_id,
        report_id=report_id,
        uploads=[
            Upload(file, file.name or "", file.content_type or "")  # type: ignore[arg-type]
            for file in request.FILES.getlist("files")
        ],
        internal=form.cleaned_data["internal"],
    )


def _thread_page(request: HttpRequest, thread_id: UUID, error: str = "") -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    found, messages = services.read_thread(actor=actor, thread_id=thread_id, now=now)
    context = {
        **present.thread_page(actor, found, messages),
        "error": error,
        "typed": request.POST,
        "since": int(now.timestamp()),
    }
    return render(request, "care/thread.html", context, status=422 if error else 200)


def _write_page(request: HttpRequest, patient: Patient, error: str = "") -> HttpResponse:
    context = {**present.write_page(actor_of(request), patient, None), "error": error, "typed": request.POST}
    return render(request, "care/write.html", context, status=422 if error else 200)
