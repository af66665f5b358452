"""Conversations: who sees what, who waits for whom, what is told by e-mail, and what is left after an erasure."""

from __future__ import annotations

import io
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connections
from PIL import Image

from accounts.errors import DomainError, Invalid, NotAllowed, NotFound
from accounts.models import AuditEvent, Notification
from accounts.roles import Role
from accounts.tasks import send_waiting
from care import selectors, services
from care.models import Attachment, Message, MessageDraft, Thread
from care.presenters.messages import write_page
from care.privacy import PRIVACY
from care.selectors import InboxFilters, InboxView
from care.services import Upload
from care.workflow import ThreadAction
from patients.models import PatientAccess
from patients.red_flags import RedFlag
from reports import services as reports
from reviews import services as reviews
from tests.factories.care import answer, ask, pdf, picture, writing
from tests.factories.patients import (
    NOW,
    PASSWORD,
    actor_for,
    holder_actor,
    holder_of,
    make_clinic,
    make_patient,
    make_session,
    make_staff,
    make_user,
)
from tests.factories.reports import signed_report

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    """A clinic, its patient, and two clinicians."""
    clinic = make_clinic()
    patient = make_patient(clinic)
    doctor = make_staff(Role.DERMATOLOGIST, clinic)
    colleague = make_staff(Role.TRICHOLOGIST, clinic)
    return clinic, patient, actor_for(doctor.user), actor_for(colleague.user)


def fresh(thread):
    return Thread.objects.select_related("patient").get(pk=thread.pk)


def test_a_question_waits_until_it_is_answered(team):
    _clinic, patient, doctor, _colleague = team
    thread = ask(patient).thread
    ask(patient, "Another thing", subject="Second", now=NOW + timedelta(hours=1))
    first = selectors.inbox(doctor, InboxFilters())[0]
    assert first.pk == thread.pk, "who waits longest comes first"
    answer(thread, doctor, now=NOW + timedelta(hours=2))
    thread = fresh(thread)
    assert thread.status == "answered"
    assert thread.waiting_since is None
    assert thread.assigned_to_id == doctor.membership_id
    answer(thread, holder_actor(patient), "Thank you", now=NOW + timedelta(hours=3))
    assert fresh(thread).waiting_since == NOW + timedelta(hours=3)


def test_the_views_of_the_inbox_and_what_is_unread_are_counted_in_one_statement_each(team, django_assert_num_queries):
    clinic, patient, doctor, colleague = team
    answered = ask(patient).thread
    ask(make_patient(clinic), subject="Second")
    ask(make_patient(make_clinic("South")))
    assert selectors.unread_count(doctor) == 2
    answer(answered, doctor, now=NOW + timedelta(hours=1))
    with django_assert_num_queries(1):
        assert selectors.inbox_counts(doctor) == {"unanswered": 1, "answered": 1, "closed": 0, "all": 2}
    services.read_thread(actor=doctor, thread_id=answered.pk, now=NOW + timedelta(hours=2))
    with django_assert_num_queries(1):
        assert selectors.unread_count(doctor) == 1
    assert selectors.unread_count(colleague) == 1, "what a colleague has taken is theirs"


def test_nobody_outside_sees_a_conversation(team):
    clinic, patient, _doctor, _colleague = team
    thread = ask(patient).thread
    strangers = [
        holder_actor(make_patient(clinic)),
        actor_for(make_user()),
        actor_for(make_staff(Role.DERMATOLOGIST, make_clinic("South")).user),
        actor_for(make_staff(Role.ADMINISTRATOR, clinic).user),
    ]
    for stranger in strangers:
        with pytest.raises((NotFound, NotAllowed)):
            services.read_thread(actor=stranger, thread_id=thread.pk, now=NOW)
        with pytest.raises((NotFound, NotAllowed)):
            answer(thread, stranger)
        assert selectors.unread_count(stranger) == 0


def test_a_guardian_writes_for_the_child_and_both_guardians_read(team):
    clinic, _patient, doctor, _colleague = team
    child = make_patient(clinic, relation=PatientAccess.Relation.GUARDIAN, birth_date=NOW.date().replace(year=2018))
    other = make_user()
    PatientAccess.objects.create(user=other, patient=child, relation="guardian")
    thread = ask(child).thread
    answer(thread, doctor)
    assert len(services.read_thread(actor=actor_for(other), thread_id=thread.pk, now=NOW)[1]) == 2


def test_a_note_of_the_team_reaches_no_page_of_the_patient(team):
    _clinic, patient, doctor, colleague = team
    thread = ask(patient).thread
    note = answer(thread, doctor, "Anxious, answer gently", internal=True, uploads=[pdf()])
    holder = holder_actor(patient)
    _thread, shown = services.read_thread(actor=holder, thread_id=thread.pk, now=NOW)
    assert [message.body for message in shown] == ["How often do I use it?"]
    assert selectors.unread_count(holder) == 0
    with pytest.raises(NotFound):
        services.open_attachment(actor=holder, attachment_id=note.attachments.get().pk, now=NOW)
    assert fresh(thread).status == "open", "a note is no answer"
    assert [m.body for m in services.read_thread(actor=colleague, thread_id=thread.pk, now=NOW)[1]][-1].startswith(
        "Anx"
    )
    with pytest.raises(NotAllowed):
        answer(thread, holder, internal=True)
    exported = b"".join(file.open().read() for file in PRIVACY.export(patient.pk))
    assert b"Anxious" not in exported
    assert json.loads(exported.partition(b"\n]")[0] + b"\n]")[0]["internal_notes"]["count"] == 1


def test_sent_twice_by_the_same_form_it_is_one_message(team):
    _clinic, patient, _doctor, _colleague = team
    key = uuid.uuid4()
    first = ask(patient, send_key=key)
    assert ask(patient, send_key=key).pk == first.pk
    again = uuid.uuid4()
    one = answer(first.thread, holder_actor(patient), send_key=again)
    assert answer(first.thread, holder_actor(patient), send_key=again).pk == one.pk
    assert Message.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_thread(sealed_files):
    patient = make_patient()
    key, actor = uuid.uuid4(), holder_actor(patient)

    def click(_n):
        try:
            return services.start_thread(
                actor=actor,
                patient_id=patient.pk,
                subject="S",
                writing=writing(send_key=key, uploads=[picture()]),
                now=NOW,
            ).pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(click, range(3)))) == 1
    assert Thread.objects.count() == Message.objects.count() == 1
    assert len(sealed_files()) == 2, "one picture and its thumbnail; what the other clicks sealed is gone"


def test_a_red_flag_in_words_or_boxes_comes_first_and_is_told_to_all(team):
    _clinic, patient, doctor, colleague = team
    ask(patient, now=NOW - timedelta(days=1))
    message = ask(patient, "There is pus on my scalp", symptoms=(RedFlag.EYEBROW_LOSS,))
    assert set(message.red_flags) == {"pus", "eyebrow_loss"}
    assert selectors.inbox(doctor, InboxFilters())[0].pk == message.thread_id
    urgent = Notification.objects.filter(kind="urgent_message")
    assert {row.recipient_id for row in urgent} == {doctor.user_id, colleague.user_id}
    answer(message.thread, doctor)
    assert not fresh(message.thread).urgent


def test_at_most_one_mail_per_thread_until_it_is_read_and_never_its_words(team):
    _clinic, patient, doctor, _colleague = team
    thread = ask(patient, "Secret worry").thread
    answer(thread, doctor, "First answer")
    answer(thread, doctor, "Second answer")
    holder = holder_actor(patient)
    mine = Notification.objects.filter(recipient_id=holder.user_id, kind="message")
    assert mine.count() == 1
    services.read_thread(actor=holder, thread_id=thread.pk, now=NOW)
    answer(thread, doctor, "Third answer")
    assert mine.count() == 2
    send_waiting()
    text = "".join(str(sent.message()) for sent in mail.outbox)
    assert mail.outbox
    for word in ("Secret", "answer", "lotion", "Mira", "Sommer"):
        assert word not in text.replace("Do not answer it", "")


def test_unread_is_counted_per_person(team):
    _clinic, patient, doctor, colleague = team
    thread = ask(patient).thread
    assert (selectors.unread_count(doctor), selectors.unread_count(colleague)) == (1, 1)
    services.read_thread(actor=doctor, thread_id=thread.pk, now=NOW)
    assert (selectors.unread_count(doctor), selectors.unread_count(colleague)) == (0, 1)
    services.assign(actor=doctor, thread_id=thread.pk, membership_id=doctor.membership_id, now=NOW)
    assert selectors.unread_count(colleague) == 0, "assigned to somebody else"
    stranger = make_staff(Role.DERMATOLOGIST, make_clinic("South"))
    with pytest.raises(Invalid):
        services.assign(actor=doctor, thread_id=thread.pk, membership_id=stranger.pk, now=NOW)


def test_a_closed_conversation_takes_no_message_until_it_is_taken_up_again(team):
    _clinic, patient, doctor, _colleague = team
    thread = ask(patient).thread
    services.change_state(actor=doctor, thread_id=thread.pk, action=ThreadAction.CLOSE, now=NOW)
    with pytest.raises(DomainError) as refused:
        answer(thread, holder_actor(patient))
    assert refused.value.code == "thread_closed"
    with pytest.raises(NotAllowed):
        services.change_state(actor=holder_actor(patient), thread_id=thread.pk, action=ThreadAction.REOPEN, now=NOW)
    services.change_state(actor=doctor, thread_id=thread.pk, action=ThreadAction.REOPEN, now=NOW)
    answer(thread, holder_actor(patient))
    assert len(selectors.inbox(doctor, InboxFilters(InboxView.UNANSWERED))) == 1


def test_a_picture_loses_its_metadata_and_is_sealed(team, sealed_folder):
    _clinic, patient, doctor, _colleague = team
    message = ask(patient, uploads=[picture(), pdf(name="../../Letter\x00 of Dr. X.pdf")])
    first, second = message.attachments.order_by("position")
    assert (first.media_type, second.media_type) == ("image/jpeg", "application/pdf")
    assert second.title == "Letter of Dr. X.pdf"
    stored = b"".join(path.read_bytes() for path in sealed_folder.rglob("*") if path.is_file())
    assert b"%PDF" not in stored
    opened = services.open_attachment(actor=doctor, attachment_id=first.pk, now=NOW)
    data = b"".join(opened.chunks)
    assert b"Camera of Mira" not in data
    assert Image.open(io.BytesIO(data)).size == (640, 480)
    assert services.open_attachment(actor=doctor, attachment_id=second.pk, now=NOW).as_download
    assert AuditEvent.objects.filter(action="attachment.read", actor_id=doctor.user_id).count() == 2


@pytest.mark.parametrize(
    ("upload", "code"),
    [
        (Upload(io.BytesIO(b"MZ not a picture at all"), "a.jpg", "image/jpeg"), "unknown_type"),
        (Upload(io.BytesIO(b"%PDF-1.7 cut"), "a.pdf", "application/pdf"), "broken_pdf"),
        (Upload(io.BytesIO(b""), "a.pdf", "application/pdf"), "empty"),
    ],
)
def test_other_files_are_refused_and_nothing_is_kept(team, sealed_files, upload, code):
    _clinic, patient, _doctor, _colleague = team
    with pytest.raises(Invalid) as refused:
        ask(patient, uploads=[picture(), upload])
    assert refused.value.code == code
    assert sealed_files() == []
    assert Thread.objects.count() == 0


def test_sizes_and_numbers_are_bounded(team, settings):
    _clinic, patient, _doctor, _colleague = team
    settings.ATTACHMENT_MAX_BYTES = 1024
    for uploads in ([picture()], [pdf()] * 6):
        with pytest.raises(Invalid):
            ask(patient, uploads=uploads)
    with pytest.raises(Invalid):
        ask(patient, "  ")


def test_a_message_refers_only_to_what_its_sender_may_see(team):
    clinic, patient, _doctor, _colleague = team
    session = make_session(patient, views=[])
    ask(patient, session_id=session.pk)
    foreign = make_session(make_patient(clinic), views=[])
    with pytest.raises(NotFound):
        ask(patient, session_id=foreign.pk)


def test_a_draft_is_sealed_kept_per_person_and_gone_when_sent(team):
    _clinic, patient, doctor, _colleague = team
    thread = ask(patient).thread
    save = {"patient_id": patient.pk, "thread_id": thread.pk, "subject": "", "now": NOW}
    key = uuid.uuid4()
    services.save_draft(actor=doctor, body="Half a sent", send_key=key, **save)
    services.save_draft(actor=doctor, body="Half a sentence", send_key=key, **save)
    assert selectors.draft_for(doctor, patient, thread).body == "Half a sentence"
    assert selectors.draft_for(holder_actor(patient), patient, thread) is None
    answer(thread, doctor, "A sentence", send_key=key)
    services.save_draft(actor=doctor, body="A sentence", send_key=key, **save)
    assert MessageDraft.objects.count() == 0, "what was sent leaves no draft, even when a late save arrives"
    services.save_draft(actor=doctor, body="Old", send_key=None, **save)
    assert services.sweep_drafts(now=NOW + timedelta(days=31)) == 1


def test_words_lie_sealed_in_the_database(team):
    from django.db import connection

    _clinic, patient, _doctor, _colleague = team
    ask(patient, "Very private words", subject="Private subject")
    with connection.cursor() as cursor:
        cursor.execute("select body, red_flags from care_message")
        rows = str(cursor.fetchall())
        cursor.execute("select subject from care_thread")
        rows += str(cursor.fetchall())
    assert "rivate" not in rows


def test_export_holds_the_conversation_and_erasure_removes_it(team, sealed_files, django_capture_on_commit_callbacks):
    _clinic, patient, doctor, _colleague = team
    thread = ask(patient, "My question", uploads=[picture()]).thread
    answer(thread, doctor, "My answer")
    exported = {file.path: file.open().read() for file in PRIVACY.export(patient.pk)}
    assert "My question" in exported["messages.json"].decode()
    assert "Dr. Ada Krause" in exported["messages.json"].decode()
    attached = [path for path in exported if path.startswith("messages/")]
    assert len(attached) == 1
    assert attached[0] in exported["messages.json"].decode()
    planned = {step.what: step.count for step in PRIVACY.plan_erasure(patient.pk)}
    assert planned["Messages with the care team"] == 2
    with django_capture_on_commit_callbacks(execute=True):
        PRIVACY.erase(patient.pk, NOW)
    assert Thread.objects.count() == Message.objects.count() == Attachment.objects.count() == 0
    assert sealed_files() == []


def test_everything_is_in_the_access_log_by_id_only(team):
    _clinic, patient, doctor, _colleague = team
    thread = ask(patient, "Words that stay out").thread
    services.read_thread(actor=doctor, thread_id=thread.pk, now=NOW)
    events = AuditEvent.objects.filter(patient_id=patient.pk, subject_kind="thread")
    assert [event.action for event in events.order_by("id")] == ["message.sent", "message.read"]
    assert "Words" not in str([event.detail for event in events])
    assert holder_of(patient).email not in str(list(AuditEvent.objects.values_list("detail", flat=True)))


def test_a_report_that_was_replaced_is_named_so_where_a_message_is_written():
    case, report = signed_report()
    review = reports.amend_signed(actor=case.reviewer, report_id=report.pk, reason="A dose was wrong.", now=NOW)
    reviews.decide_review(actor=case.reviewer, review_id=review.pk, now=NOW)
    newer = reports.sign_and_issue(actor=case.reviewer, review_id=review.pk, secret=PASSWORD, now=NOW)
    choices = dict(write_page(case.holder, case.patient, None)["about"])
    assert choices[f"report:{report.pk}"].endswith("replaced since")
    assert not choices[f"report:{newer.pk}"].endswith("replaced since")
