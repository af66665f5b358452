"""Replies that a clinic uses often."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import CLINICIANS, roles
from accounts.requests import actor_of
from care import selectors, services
from care.forms import CannedReplyForm

team = roles(*CLINICIANS)


@require_http_methods(["GET", "POST"])
@team
def replies(request: HttpRequest) -> HttpResponse:
    """The list, and a form for a new one."""
    actor = actor_of(request)
    form = CannedReplyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.save_reply(actor=actor, now=timezone.now(), **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("care:replies")
    context = {"replies": selectors.canned_replies(actor), "form": form}
    return render(request, "care/replies.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@team
def reply_edit(request: HttpRequest, reply_id: UUID) -> HttpResponse:
    """Change one."""
    actor = actor_of(request)
    reply = selectors.canned_reply_for(actor, reply_id)
    form = CannedReplyForm(request.POST or None, initial={"title": reply.title, "body": reply.body})
    if request.method == "POST" and form.is_valid():
        services.save_reply(actor=actor, reply_id=reply_id, now=timezone.now(), **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("care:replies")
    return render(request, "care/reply.html", {"reply": reply, "form": form}, status=422 if form.errors else 200)


@require_POST
@team
def reply_retire(request: HttpRequest, reply_id: UUID) -> HttpResponse:
    """Take one out of the list."""
    services.retire_reply(actor=actor_of(request), reply_id=reply_id, now=timezone.now())
    return redirect("care:replies")
