"""Who reaches the addresses of what surrounds a plan: versions, templates, follow-ups, side effects."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from reviews.models import FollowUpTask, SideEffectReport
from reviews.services import make_template
from tests.access.rules import (
    ANY_CLINICIAN,
    CASES,
    CLINICIANS_OF_THE_CASE,
    HOLDERS,
    HOLDERS_AND_CASES,
    Address,
    api,
    get,
    post,
)
from tests.access.world import World

ITEM = {"code": "minoxidil-5", "dose": "1 ml", "duration": "six months"}

TABLE: dict[str, Address] = {
    "reviews:plan_versions": get(CASES, "decided"),
    "reviews:template_make": post(CLINICIANS_OF_THE_CASE, "decided", name="Another"),
    "reviews:template_apply": post(CASES, "decided", template="@template"),
    "reviews:plan_templates": get(ANY_CLINICIAN),
    "reviews:plan_template": get(CLINICIANS_OF_THE_CASE, "template"),
    "reviews:template_remove": post(CLINICIANS_OF_THE_CASE, "template"),
    "reviews:follow_up": get(ANY_CLINICIAN),
    "reviews:task_done": post(CLINICIANS_OF_THE_CASE, "task"),
    "reviews:task_postpone": post(CLINICIANS_OF_THE_CASE, "task", until="@later"),
    "reviews:task_cancel": post(CLINICIANS_OF_THE_CASE, "task", note="Seen in person."),
    "reviews:side_effects": get(HOLDERS, "patient"),
    "reviews:side_effect_answers": get(HOLDERS_AND_CASES, "side_effect_report"),
    "api-plan-versions": api(CASES, "get", "decided"),
    "api-plan-template": api(CASES, "put", "decided", template="@template"),
    "api-templates": api(ANY_CLINICIAN, "get"),
    "api-template": api(CLINICIANS_OF_THE_CASE, "put", "template", name="Another", items=[ITEM]),
    "api-follow-ups": api(ANY_CLINICIAN, "get"),
    "api-follow-up": api(CLINICIANS_OF_THE_CASE, "post", "task", act="done"),
    "api-side-effects": api(HOLDERS_AND_CASES, "get", "patient"),
    "api-side-effect-report": api(HOLDERS_AND_CASES, "get", "side_effect_report"),
}


def things(world: World) -> dict[str, Any]:
    """A template of the clinic, a task of the signed plan, and answers of its patient."""
    template = make_template(
        actor=world.decided.reviewer, review_id=world.decided.review.pk, name="Usual", now=world.now
    )
    task = FollowUpTask.objects.filter(review=world.case.review).first()
    assert task is not None, "a signature makes tasks"
    report = SideEffectReport.objects.create(
        patient=world.patient, review=world.case.review, answers={"answers": {"skin": "none"}, "words": ""}
    )
    later = (world.now + timedelta(days=30)).date().isoformat()
    return {"template": template.pk, "task": task.pk, "side_effect_report": report.pk, "later": later}
