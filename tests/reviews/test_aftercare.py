"""Around a plan: its versions, a clinic's templates, and after the signature follow-ups and side effects."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.errors import DomainError, Invalid, NotFound
from accounts.models import AuditEvent, Notification, User
from patients.intake_form import Pregnancy
from reviews import services
from reviews.aftercare import CHECKLISTS, MONITORING_WEEKS, QUESTIONS, Answer, due_after, questions_for, red_questions
from reviews.formulary import BY_CODE, ENTRIES
from reviews.models import FollowUpTask, FormularyEntry, PlanTemplate, SideEffectReport
from reviews.plan_versions import versions_of
from reviews.privacy import erase, export
from tests.factories.patients import calm_answers, holder_actor, make_clinic, make_patient, signed_in
from tests.factories.reports import make_case, signed_report
from tests.factories.reviews import LATER, dermatologist, review_at, signable

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def entry(code):
    return FormularyEntry.objects.get(code=code)


# --- data


def test_every_entry_that_names_monitoring_has_its_weeks_and_nothing_else_has():
    assert {code.code for code in ENTRIES if code.monitoring} == set(MONITORING_WEEKS)


def test_every_drug_and_procedure_has_questions_that_exist():
    assert set(CHECKLISTS) <= set(BY_CODE)
    unasked = {e.code for e in ENTRIES if e.category != "lifestyle"} - set(CHECKLISTS)
    assert unasked == {"vitamin-d", "biotin"}
    assert {code for codes in CHECKLISTS.values() for code in codes} == set(QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=list(QUESTIONS))
def test_a_red_answer_has_a_text_and_no_is_never_red(question):
    assert Answer.NONE not in question.red
    if question.red:
        assert question.advice.title
        assert question.advice.text


@pytest.mark.parametrize("code", ["finasteride-oral", "finasteride-topical", "dutasteride-oral", "isotretinoin"])
def test_what_can_touch_the_mood_asks_about_it_and_little_is_enough(code):
    assert "mood" in CHECKLISTS[code]
    (red,) = red_questions({"mood": "little"})
    assert "112" in str(red.advice.text)


def test_what_a_plan_asks_for_in_order_of_time():
    dues = due_after(["spironolactone", "nutrition"], signed_on=date(2026, 11, 21), follow_up=date(2027, 2, 1))
    assert [(due.kind, due.code, due.on) for due in dues] == [
        ("monitoring", "spironolactone", date(2026, 11, 28)),
        ("monitoring", "spironolactone", date(2026, 12, 19)),
        ("side_effects", "", date(2026, 12, 19)),
        ("follow_up", "", date(2027, 2, 1)),
        ("monitoring", "spironolactone", date(2027, 2, 13)),
    ]
    assert [q.code for q in questions_for(["minoxidil-5", "minoxidil-2"])] == list(CHECKLISTS["minoxidil-5"])


# --- versions


def test_versions_say_who_changed_what_and_typing_in_one_go_is_one():
    review, actor = review_at("opened")
    signable(review, actor, entries=["nutrition"])
    for number in range(3):
        services.save_plan(
            actor=actor,
            review_id=review.pk,
            summary=f"Draft {number}",
            advice="",
            follow_up_date=None,
            now=LATER + timedelta(minutes=20 + number),
        )
    item = review.plan.items.get()
    services.remove_item(actor=actor, review_id=review.pk, item_id=item.pk, now=LATER + timedelta(minutes=23))
    newest, typed, added, begun = versions_of(actor, review)
    assert (newest.change, newest.who) == ("Treatment removed", "Dr. Ada Krause")
    assert [difference.what for difference in newest.differences] == [item.entry.name]
    assert typed.differences[0].after == "Draft 2"
    assert added.change == "Treatment added"
    assert begun.change == "Words or date changed"
    page = signed_in(User.objects.get(pk=actor.user_id)).get(reverse("reviews:plan_versions", args=[review.pk]))
    assert "Draft 2" in page.content.decode()


def test_a_plan_that_was_taken_over_keeps_who_began_it():
    review, actor = review_at("opened")
    signable(review, actor, entries=["nutrition"])
    services.release_review(actor=actor, review_id=review.pk, now=LATER)
    colleague = dermatologist(review.clinic)
    taken = services.claim_review(actor=colleague, session_id=review.session_id, now=LATER)
    services.add_item(actor=colleague, review_id=taken.pk, entry_id=entry("stress").pk, now=LATER)
    assert [version.change for version in versions_of(colleague, taken)] == [
        "Treatment added",
        "Taken over from the review before",
    ]


# --- templates


def test_a_template_is_made_edited_applied_and_removed():
    review, actor = review_at("opened")
    signable(review, actor, entries=["nutrition", "stress"])
    template = services.make_template(actor=actor, review_id=review.pk, name=" Calm  start ", now=LATER)
    content = services.Template.from_dict(template.content)
    assert (template.name, [item.code for item in content.items]) == ("Calm start", ["nutrition", "stress"])
    assert "thinner at the crown" not in json.dumps(template.content), "the summary is the patient's own"
    with pytest.raises(DomainError, match="of this name exists"):
        services.make_template(actor=actor, review_id=review.pk, name="Calm start", now=LATER)
    kept = services.Template("Sleep well.", 60, content.items[:1])
    services.save_template(actor=actor, template_id=template.pk, name="Calm", content=kept, now=LATER)
    other, _actor = review_at("opened", actor=actor, clinic=review.clinic)
    applied = services.apply_template(actor=actor, review_id=other.pk, template_id=template.pk, now=LATER)
    assert (len(applied.added), applied.left_out) == (1, ())
    other.plan.refresh_from_db()
    assert other.plan.advice == "Sleep well."
    assert other.plan.follow_up_date == timezone.localdate(LATER) + timedelta(days=60)
    again = services.apply_template(actor=actor, review_id=other.pk, template_id=template.pk, now=LATER)
    assert again.left_out[0][1] == "It is already in the plan."
    stranger = dermatologist(make_clinic("Hair Clinic South"))
    assert services.templates_of(stranger) == []
    with pytest.raises(NotFound):
        services.apply_template(actor=stranger, review_id=other.pk, template_id=template.pk, now=LATER)
    services.remove_template(actor=actor, template_id=template.pk, now=LATER)
    assert not PlanTemplate.objects.exists()
    assert other.plan.items.count() == 1


def test_a_template_leaves_out_what_speaks_against_this_patient():
    review, actor = review_at("opened")
    signable(review, actor, entries=["nutrition"])
    template = services.make_template(actor=actor, review_id=review.pk, name="With a drug", now=LATER)
    drug = services.TemplateItem("isotretinoin", "10 mg", "6 months")
    content = services.Template("", None, (drug, *services.Template.from_dict(template.content).items))
    services.save_template(actor=actor, template_id=template.pk, name="With a drug", content=content, now=LATER)
    pregnant, _actor = review_at(
        "opened", actor=actor, clinic=review.clinic, answers=calm_answers(pregnancy=Pregnancy.PREGNANT)
    )
    browser = signed_in(User.objects.get(pk=actor.user_id))
    answer = browser.post(reverse("reviews:template_apply", args=[pregnant.pk]), {"template": template.pk}, follow=True)
    assert "Left out: Isotretinoin" in answer.content.decode()
    assert [item.entry.code for item in pregnant.plan.items.all()] == ["nutrition"]


# --- follow-ups


def test_signing_makes_the_tasks_and_a_correction_replaces_them():
    case, report = signed_report()
    tasks = FollowUpTask.objects.filter(patient=case.patient)
    assert {task.kind for task in tasks} == {"monitoring", "side_effects", "follow_up"}
    assert all(task.status == "open" for task in tasks)
    from reports.services import amend_signed
    from reviews.services.follow_up import plan_follow_up

    review = amend_signed(actor=case.reviewer, report_id=report.pk, reason="The dose.", now=LATER)
    plan_follow_up(review=review, actor=case.reviewer, now=LATER)
    assert set(FollowUpTask.objects.filter(review=case.review).values_list("status", flat=True)) == {"cancelled"}
    assert FollowUpTask.objects.filter(review=review, status="open").count() == tasks.filter(review=review).count() > 0


def test_a_task_is_postponed_done_or_cancelled_with_a_reason_once():
    case, _report = signed_report()
    first, second, third = FollowUpTask.objects.filter(patient=case.patient)[:3]
    actor, today = case.reviewer, timezone.localdate(LATER)
    with pytest.raises(Invalid, match="after today"):
        services.postpone_task(actor=actor, task_id=first.pk, until=today, note="", now=LATER)
    services.postpone_task(actor=actor, task_id=first.pk, until=today + timedelta(days=9), note="Away", now=LATER)
    services.complete_task(actor=actor, task_id=second.pk, note="", now=LATER)
    with pytest.raises(Invalid, match="Write why"):
        services.cancel_task(actor=actor, task_id=third.pk, note=" ", now=LATER)
    services.cancel_task(actor=actor, task_id=third.pk, note="Moved away", now=LATER)
    with pytest.raises(DomainError, match="closed already"):
        services.complete_task(actor=actor, task_id=third.pk, note="", now=LATER)
    assert services.tasks(actor, show="due", today=today) == []
    assert [task.pk for task in services.tasks(actor, show="due", today=today + timedelta(days=9))] == [first.pk]
    assert {task.pk for task in services.tasks(actor, show="done", today=today)} == {second.pk, third.pk}
    assert AuditEvent.objects.filter(action="follow_up.postponed", patient_id=case.patient.pk).exists()


def test_reminders_go_out_once_per_due_date_and_say_nothing_of_the_plan():
    case, _report = signed_report()
    later = LATER + timedelta(weeks=5)
    assert services.remind(now=LATER) == 0
    reminded = services.remind(now=later)
    assert reminded == 1  # the side-effect check at four weeks
    assert services.remind(now=later + timedelta(hours=1)) == 0
    mail = Notification.objects.get(kind="follow_up_due")
    assert mail.recipient_id == case.holder.user_id
    assert mail.path == reverse("reviews:side_effects", args=[case.patient.pk])
    assert Notification.objects.get(kind="tasks_due").recipient_id == case.reviewer.user_id
    task = FollowUpTask.objects.get(kind="side_effects")
    day = timezone.localdate(later) + timedelta(days=3)
    services.postpone_task(actor=case.reviewer, task_id=task.pk, until=day, note="", now=later)
    assert services.remind(now=later) == 0
    assert services.remind(now=later + timedelta(days=3)) == 1


# --- side effects


def answered(case, *, now=LATER, **red):
    checklist = services.checklist_of(case.holder, case.patient.pk)
    answers = {question.code: "none" for question in checklist.questions} | red
    return services.answer_side_effects(
        actor=case.holder, patient_id=case.patient.pk, answers=answers, words="A little dry.", now=now
    )


def test_calm_answers_close_the_check_and_wait_to_be_read():
    case, _report = signed_report()
    report = answered(case, now=LATER + timedelta(weeks=4))
    assert not report.red
    assert FollowUpTask.objects.get(kind="side_effects").status == "done"
    assert not Notification.objects.filter(kind="urgent_answer").exists()
    services.read_answers(actor=case.holder, report_id=report.pk, now=LATER)
    report.refresh_from_db()
    assert report.seen_at is None, "the patient's own look is not the clinic's"
    services.read_answers(actor=case.reviewer, report_id=report.pk, now=LATER)
    report.refresh_from_db()
    assert report.seen_by_id == case.reviewer.membership_id


def test_a_red_answer_shows_its_text_at_once_and_stands_first_in_the_list():
    case, _report = signed_report()
    browser = signed_in(User.objects.get(pk=case.holder.user_id))
    address = reverse("reviews:side_effects", args=[case.patient.pk])
    page = browser.get(address).content.decode()
    assert "a racing heart at rest" in page
    assert browser.post(address, {"q_heart": "much"}).status_code == 422
    fields = {f"q_{q.code}": "none" for q in services.checklist_of(case.holder, case.patient.pk).questions}
    answer = browser.post(address, {**fields, "q_heart": "little", "words": ""}, follow=True).content.decode()
    assert "Signs that the heart is strained" in answer
    assert "call your local emergency number now" in answer
    staff = Notification.objects.filter(kind="urgent_answer")
    assert case.reviewer.user_id in set(staff.values_list("recipient_id", flat=True))
    first = services.tasks(case.reviewer, show="due", today=timezone.localdate())[0]
    assert first.kind == "urgent_answer"
    desk = signed_in(User.objects.get(pk=case.reviewer.user_id))
    listed = desk.get(reverse("reviews:follow_up")).content.decode()
    report = SideEffectReport.objects.get()
    assert reverse("reviews:side_effect_answers", args=[report.pk]) in listed
    assert (
        "Side effects and next steps"
        in browser.get(reverse("reports:patient_home", args=[case.patient.pk])).content.decode()
    )


def test_without_a_signed_plan_there_is_nothing_to_ask():
    case = make_case()
    assert services.checklist_of(case.holder, case.patient.pk).questions == ()
    with pytest.raises(DomainError, match="no signed plan"):
        answered(case)
    with pytest.raises(NotFound):
        services.checklist_of(holder_actor(make_patient(case.clinic)), case.patient.pk)


def test_answers_and_tasks_are_exported_and_erased():
    case, _report = signed_report()
    answered(case, skin="much")
    files = {file.path.split("/")[1].split("-")[0]: file.open().read().decode() for file in export(case.patient.pk)}
    assert "A little dry." in files["side"]
    assert "monitoring" in files["follow"]
    erase(case.patient.pk, LATER)
    assert not SideEffectReport.objects.exists()
    assert not FollowUpTask.objects.exists()
