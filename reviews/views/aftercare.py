"""Versions and templates of plans, the list of follow-ups, and what patients answer about side effects."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import CLINICIANS, roles, signed_in
from accounts.errors import DomainError, Invalid, NotFound
from accounts.requests import actor_of
from accounts.roles import Role
from accounts.selectors import clinic_of
from patients.services import waiting_of_age
from reviews import selectors, services
from reviews.aftercare_forms import PostponeForm, SideEffectForm, TaskNoteForm, TemplateForm, TemplateNameForm
from reviews.aftercare_page import answer_card, own_task_lines, task_lines
from reviews.case_page import case_page
from reviews.plan_versions import versions_of
from reviews.services.follow_up import SHOWS
from reviews.views.answers import valid

clinicians = roles(*CLINICIANS)


@require_GET
@clinicians
def plan_versions(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Who changed what in the plan, newest first."""
    actor = actor_of(request)
    services.read_plan(actor=actor, review_id=review_id, now=timezone.now())
    review = selectors.review_for(actor, review_id)
    context = {"page": case_page(review, actor), "versions": versions_of(actor, review)}
    return render(request, "reviews/plan_versions.html", context)


@require_POST
@clinicians
def template_make(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Keep a plan under a name."""
    form = valid(TemplateNameForm(request.POST))
    template = services.make_template(
        actor=actor_of(request), review_id=review_id, name=form.cleaned_data["name"], now=timezone.now()
    )
    messages.success(request, _("Kept as a template. Read it through: nothing in it may point to this patient."))
    return redirect("reviews:plan_template", template_id=template.pk)


@require_POST
@clinicians
def template_apply(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Put a template into the plan; what speaks against a treatment leaves it out and is said."""
    try:
        template_id = UUID(request.POST.get("template", ""))
    except ValueError:
        raise NotFound from None
    applied = services.apply_template(
        actor=actor_of(request), review_id=review_id, template_id=template_id, now=timezone.now()
    )
    if applied.added:
        messages.success(request, _("Added: %(names)s.") % {"names": ", ".join(applied.added)})
    for name, reason in applied.left_out:
        messages.warning(request, _("Left out: %(name)s. %(reason)s") % {"name": name, "reason": reason})
    return redirect("reviews:plan", review_id=review_id)


@require_GET
@clinicians
def plan_templates(request: HttpRequest) -> HttpResponse:
    """The clinic's templates."""
    rows = services.templates_of(actor_of(request))
    cards = [(row, services.Template.from_dict(row.content)) for row in rows]
    return render(request, "reviews/plan_templates.html", {"cards": cards})


@require_http_methods(["GET", "POST"])
@clinicians
def plan_template(request: HttpRequest, template_id: UUID) -> HttpResponse:
    """Read or change one template."""
    actor = actor_of(request)
    template = services.template_for(actor, template_id)
    form = TemplateForm(request.POST or None, template=template)
    if request.method == "POST" and form.is_valid():
        try:
            services.save_template(
                actor=actor,
                template_id=template_id,
                name=form.cleaned_data["name"],
                content=form.content(),
                now=timezone.now(),
            )
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("The template is saved."))
            return redirect("reviews:plan_templates")
    context = {"template": template, "form": form}
    return render(request, "reviews/plan_template.html", context, status=422 if form.errors else 200)


@require_POST
@clinicians
def template_remove(request: HttpRequest, template_id: UUID) -> HttpResponse:
    """Take a template away."""
    services.remove_template(actor=actor_of(request), template_id=template_id, now=timezone.now())
    return redirect("reviews:plan_templates")


@require_GET
@clinicians
def follow_up(request: HttpRequest) -> HttpResponse:
    """What is due after signed plans."""
    actor, now = actor_of(request), timezone.now()
    show = request.GET.get("show", "due")
    show = show if show in SHOWS else "due"
    today = clinic_of(actor).day_of(now)
    shown = services.tasks(actor, show=show, today=today)
    services.read_tasks(actor=actor, shown=shown, now=now)
    context = {"show": show, "lines": task_lines(shown, today), "postpone_form": PostponeForm()}
    context["of_age"] = len(waiting_of_age(actor))
    return render(request, "reviews/follow_up.html", context)


@require_POST
@clinicians
def task_done(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """It is done."""
    form = valid(TaskNoteForm(request.POST))
    services.complete_task(actor=actor_of(request), task_id=task_id, note=form.cleaned_data["note"], now=timezone.now())
    messages.success(request, _("Done."))
    return redirect("reviews:follow_up")


@require_POST
@clinicians
def task_postpone(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """A later day."""
    form = valid(PostponeForm(request.POST))
    services.postpone_task(
        actor=actor_of(request),
        task_id=task_id,
        until=form.cleaned_data["until"],
        note=form.cleaned_data["note"],
        now=timezone.now(),
    )
    messages.success(request, _("Postponed. The patient is reminded on the new day."))
    return redirect("reviews:follow_up")


@require_POST
@clinicians
def task_cancel(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Not needed any more, with a reason."""
    form = valid(TaskNoteForm(request.POST))
    services.cancel_task(actor=actor_of(request), task_id=task_id, note=form.cleaned_data["note"], now=timezone.now())
    messages.success(request, _("Cancelled."))
    return redirect("reviews:follow_up")


@require_GET
@signed_in
def side_effect_answers(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """A patient's answers with the text that stood beside the red ones: for the patient and for clinicians."""
    report = services.read_answers(actor=actor_of(request), report_id=report_id, now=timezone.now())
    return render(request, "reviews/side_effect_answers.html", {"card": answer_card(report)})


@require_http_methods(["GET", "POST"])
@roles(Role.PATIENT)
def side_effects(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """The questions that belong to the newest signed plan; a red answer is answered at once."""
    actor, now = actor_of(request), timezone.now()
    checklist = services.checklist_of(actor, patient_id)
    form = SideEffectForm(request.POST or None, questions=checklist.questions)
    if request.method == "POST" and form.is_valid():
        try:
            report = services.answer_side_effects(
                actor=actor, patient_id=patient_id, answers=form.answers(), words=form.cleaned_data["words"], now=now
            )
        except Invalid as error:
            form.add_error(None, error.message)
        else:
            return redirect("reviews:side_effect_answers", report_id=report.pk)
    context = {
        "checklist": checklist,
        "form": form,
        "tasks": own_task_lines(services.own_tasks(actor, patient_id), checklist.patient.clinic.day_of(now)),
        "earlier": services.answers_of_patient(actor, patient_id),
    }
    return render(request, "reviews/side_effects.html", context, status=422 if form.errors else 200)
