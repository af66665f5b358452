"""Grades, second opinions, escalation, and what a clinic demands of its readers."""

from __future__ import annotations

import json
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts.decorators import CLINICIANS, roles
from accounts.errors import Invalid
from accounts.requests import actor_of
from accounts.roles import Role
from patients.models import PhotoSession
from patients.selectors import patient_label
from reviews import second_reads, selectors, services
from reviews.models import CaseReading
from reviews.outlines import polygon_of
from reviews.read_forms import AskForm, EscalateForm, GradeForm, OpinionForm, PolicyForm, ReadForm, WaiveForm
from reviews.reads_page import closeups_of, colleague_choices, read_page, stage_for
from reviews.views.answers import says_why, valid
from reviews.views.fragments import id_of

clinicians = roles(*CLINICIANS)
administrators = roles(Role.ADMINISTRATOR)


@require_GET
@clinicians
def reads(request: HttpRequest) -> HttpResponse:
    """Cases that wait for this clinician's read, and questions of colleagues."""
    actor = actor_of(request)
    found = second_reads.waiting_reads(actor)
    questions = second_reads.open_questions(actor)
    services.read_queue(
        actor=actor,
        session_ids=[row.case.session_id for row in found] + [row.session_id for row in questions],
        now=timezone.now(),
    )
    asked = [(question, patient_label(question.session.patient)) for question in questions]
    return render(request, "reviews/reads.html", {"reads": found, "questions": asked})


@require_http_methods(["GET", "POST"])
@says_why
@clinicians
def read(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Read a case independently, and commit the grade. Asked for by htmx, only the stage with ``?photo=``."""
    actor, now, photo_id = actor_of(request), timezone.now(), id_of(request.GET.get("photo"))
    if request.headers.get("HX-Request") and photo_id:
        looked = services.look_closer(actor=actor, case_id=case_id, photo_id=photo_id, now=now)
        return _stage_answer(request, looked.session, photo_id, looked)
    known = second_reads.reading_for(actor, case_id)
    form = ReadForm(request.POST or None, closeups=closeups_of(known.session))
    if request.method == "POST" and form.is_valid():
        try:
            services.commit_read(
                actor=actor,
                case_id=case_id,
                grade=form.grade(),
                remark=form.cleaned_data["remark"],
                due=form.cleaned_data["due"],
                details=form.details(),
                now=now,
            )
        except Invalid as refused:
            form.add_error(None, refused.message)
        else:
            messages.success(request, _("Your grade is committed. Thank you."))
            return redirect("reviews:reads")
    case = services.show_read(actor=actor, case_id=case_id, photo_id=photo_id, now=now)
    form.fields["due"].initial = case.status
    context = {"case": case, "page": read_page(case.session, actor, case, photo_id=photo_id), "form": form}
    return render(request, "reviews/read.html", context, status=422 if form.errors else 200)


@require_POST
@says_why
@clinicians
def grade(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """The holder's grade; the findings open. Asked by htmx, a refusal is a message and what was typed stays."""
    actor = actor_of(request)
    form = valid(GradeForm(request.POST, closeups=closeups_of(selectors.review_for(actor, review_id).session)))
    services.commit_grade(
        actor=actor,
        review_id=review_id,
        grade=form.grade(),
        details=form.details(),
        remark=form.cleaned_data["remark"],
        now=timezone.now(),
    )
    messages.success(request, _("Your grade is committed. The findings are open."))
    case = reverse("reviews:review", args=[review_id])
    return HttpResponseClientRedirect(case) if request.headers.get("HX-Request") else redirect(case)


@require_POST
@clinicians
def opinion_ask(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Ask a colleague."""
    actor = actor_of(request)
    choices = colleague_choices(selectors.review_for(actor, review_id), actor)
    form = valid(AskForm(request.POST, colleagues=choices))
    services.ask_opinion(
        actor=actor,
        review_id=review_id,
        question=form.cleaned_data["question"],
        asked_of=form.membership(),
        now=timezone.now(),
    )
    messages.success(request, _("Your colleague is told that there is a question. The case stays with you."))
    return redirect("reviews:review", review_id=review_id)


@require_http_methods(["GET", "POST"])
@says_why
@clinicians
def opinion(request: HttpRequest, opinion_id: UUID) -> HttpResponse:
    """Read a colleague's question with the case, and answer it. Asked for by htmx, only the stage with ``?photo=``."""
    actor, now, photo_id = actor_of(request), timezone.now(), id_of(request.GET.get("photo"))
    if request.headers.get("HX-Request") and photo_id:
        looked = services.look_closer_for_opinion(actor=actor, opinion_id=opinion_id, photo_id=photo_id, now=now)
        return _stage_answer(request, looked.session, photo_id)
    form = OpinionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.give_opinion(
                actor=actor, opinion_id=opinion_id, answer=form.cleaned_data["answer"], grade=form.grade(), now=now
            )
        except Invalid as refused:
            form.add_error(None, refused.message)
        else:
            messages.success(request, _("Your opinion stands beside the case. Your colleague is told."))
            return redirect("reviews:reads")
    found = services.show_opinion(actor=actor, opinion_id=opinion_id, photo_id=photo_id, now=now)
    context = {"opinion": found, "page": read_page(found.session, actor, photo_id=photo_id), "form": form}
    return render(request, "reviews/opinion.html", context, status=422 if form.errors else 200)


@require_POST
@clinicians
def opinion_withdraw(request: HttpRequest, opinion_id: UUID) -> HttpResponse:
    """Take a question back."""
    services.withdraw_opinion(actor=actor_of(request), opinion_id=opinion_id, now=timezone.now())
    messages.info(request, _("The question is taken back."))
    return redirect("reviews:queue")


@require_POST
@clinicians
def escalate(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Hand the case up to the dermatologists."""
    form = valid(EscalateForm(request.POST))
    services.escalate_case(
        actor=actor_of(request),
        review_id=review_id,
        reason=form.cleaned_data["reason"],
        urgency=form.cleaned_data["urgency"],
        now=timezone.now(),
    )
    messages.success(request, _("The case is with the dermatologists. Your work stays with it."))
    return redirect("reviews:queue")


@require_http_methods(["GET", "POST"])
@administrators
def reading_policy(request: HttpRequest) -> HttpResponse:
    """What the clinic demands of its readers, and the cases that wait for one."""
    actor = actor_of(request)
    policy = second_reads.policy_of(actor)
    form = PolicyForm(request.POST or None, instance=policy)
    if request.method == "POST" and form.is_valid():
        services.set_reading_policy(actor=actor, rules=form.rules(), now=timezone.now())
        messages.success(request, _("Saved. It holds from the next claim."))
        return redirect("reviews:reading_policy")
    context = {
        "form": form,
        "policy": policy,
        "waiting": second_reads.waiting_reads(actor),
        "clinicians": second_reads.reader_count(actor),
        "waive_form": WaiveForm(),
    }
    return render(request, "reviews/reading_policy.html", context, status=422 if form.errors else 200)


@require_POST
@administrators
def reading_waive(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Let a case go on without another read."""
    form = valid(WaiveForm(request.POST))
    services.waive_reading(
        actor=actor_of(request), case_id=case_id, reason=form.cleaned_data["reason"], now=timezone.now()
    )
    messages.success(request, _("The case can go on. Your reason stands in its history."))
    return redirect("reviews:reading_policy")


@require_POST
@clinicians
def read_marks(request: HttpRequest, case_id: UUID, photo_id: UUID) -> HttpResponse:
    """A second or third reader draws, changes or removes a region of their own."""
    stroke = _stroke(request)
    region = services.mark_for_read(
        actor=actor_of(request), case_id=case_id, photo_id=photo_id, stroke=stroke, now=timezone.now()
    )
    return JsonResponse({"id": str(region)})


@require_POST
@clinicians
def grade_marks(request: HttpRequest, review_id: UUID, photo_id: UUID) -> HttpResponse:
    """The same for the holder, before the grade."""
    stroke = _stroke(request)
    region = services.mark_for_grade(
        actor=actor_of(request), review_id=review_id, photo_id=photo_id, stroke=stroke, now=timezone.now()
    )
    return JsonResponse({"id": str(region)})


def _stroke(request: HttpRequest) -> services.Stroke:
    try:
        change = json.loads(request.body)
        action, region_id = str(change["action"]), id_of(str(change.get("id", "")))
        polygon = polygon_of(change) if action != "delete" else ()
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Invalid("bad_outline", _("The outline cannot be read. Draw it again.")) from None
    return services.Stroke(action, region_id, str(change.get("kind", "thinning")), polygon)


def _stage_answer(
    request: HttpRequest, session: PhotoSession, photo_id: UUID, case: CaseReading | None = None
) -> HttpResponse:
    stage = stage_for(session, actor_of(request), case, photo_id)
    return render(request, "reviews/_read_stage_answer.html", {"stage": stage})
