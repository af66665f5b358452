"""Pages: what each person sees, and what they never see before a signature."""

from __future__ import annotations

import pytest
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.urls import reverse

from accounts.models import AuditEvent, User
from accounts.roles import Role
from analysis.services import submit_session
from reports.models import Report, ReportImage
from tests.factories.patients import (
    NOW,
    PASSWORD,
    holder_actor,
    holder_of,
    make_clinic,
    make_patient,
    make_session,
    make_staff,
    ready_patient,
    signed_in,
)  # fmt: skip
from tests.factories.reports import make_case, sign, signed_report

pytestmark = pytest.mark.django_db


def user_of(actor) -> User:
    return User.objects.get(pk=actor.user_id)


def home(patient, client=None):
    client = client or signed_in(holder_of(patient))
    return client.get(reverse("reports:patient_home", args=[patient.pk]))


def test_home_leads_from_consent_to_answers_to_the_first_session():
    patient = make_patient()
    assert "First: what may we do with your data?" in home(patient).content.decode()
    ready = ready_patient(make_clinic("Two"))
    assert "Take your first photographs" in home(ready).content.decode()


def test_home_shows_only_the_state_before_signing():
    case = make_case()
    text = home(case.patient).content.decode()
    assert "Your photographs are with your clinic" in text
    for unsigned in ("Your crown is thinner", "Minoxidil", "64 %", "4.2 of 10", "Your latest report"):
        assert unsigned not in text


def test_home_shows_the_signed_result_plan_and_day():
    _case, report = signed_report()
    response = home(_case.patient)
    text = response.content.decode()
    assert "Your crown is thinner than the back of your head." in text
    assert reverse("reports:report", args=[report.pk]) in text
    assert "Read the report" in text
    assert "no-store" in response["Cache-Control"]
    assert AuditEvent.objects.filter(action="record.home_read", patient_id=_case.patient.pk).exists()


def test_home_of_somebody_else_does_not_exist():
    case = make_case()
    stranger = make_patient(make_clinic("Elsewhere"))
    assert home(case.patient, signed_in(holder_of(stranger))).status_code == 404


def test_a_retake_shows_the_clinicians_message():
    from patients.capture_protocol import RetakeReason
    from reviews.services import claim_review, request_retake
    from reviews.services.outcome import RetakeWish
    from tests.factories.patients import actor_for
    from vision.types import View

    session = make_session(views=(View.CROWN,))
    submit_session(actor=holder_actor(session.patient), session_id=session.pk, now=NOW)
    actor = actor_for(make_staff(Role.DERMATOLOGIST, session.patient.clinic).user)
    review = claim_review(actor=actor, session_id=session.pk, now=NOW)
    request_retake(
        actor=actor, review_id=review.pk, wishes=[RetakeWish(View.CROWN, next(iter(RetakeReason)))],
        message="More light, please.", now=NOW,
    )  # fmt: skip
    text = home(session.patient).content.decode()
    assert "More light, please." in text
    assert "Your clinic asks for some photographs again" in text
    assert text.index("More light, please.") < text.index("Take them again")


def test_a_case_closed_without_a_plan_says_so_first_in_the_clinicians_words():
    from reviews.services import claim_review, reject_case
    from tests.factories.patients import actor_for
    from vision.types import View

    session = make_session(views=(View.CROWN,))
    submit_session(actor=holder_actor(session.patient), session_id=session.pk, now=NOW)
    actor = actor_for(make_staff(Role.DERMATOLOGIST, session.patient.clinic).user)
    review = claim_review(actor=actor, session_id=session.pk, now=NOW)
    reject_case(actor=actor, review_id=review.pk, message="Please see us in person.", now=NOW)
    text = home(session.patient).content.decode()
    assert (
        text.index("Your clinic has answered") < text.index("Please see us in person.") < text.index("Start a session")
    )
    assert "Take your first photographs" not in text


def test_the_sign_page_is_the_document_and_signs_it():
    case = make_case()
    client = signed_in(user_of(case.reviewer))
    url = reverse("reports:sign", args=[case.review.pk])
    response = client.get(url)
    text = response.content.decode()
    assert "Draft: not signed yet" in text
    assert "Your crown is thinner than the back of your head." in text
    read_hash = response.context["form"].initial["read_hash"]
    picture = response.context["document"].pictures[0].src
    jpeg = client.get(picture)
    assert jpeg["Content-Type"] == "image/jpeg"
    assert "no-store" in jpeg["Cache-Control"]
    wrong = client.post(url, {"secret": "wrong", "read_hash": read_hash})
    assert wrong.status_code == 422
    assert "not right" in wrong.content.decode()
    assert 'action="#sign-here"' in wrong.content.decode(), "the answer shows the form with what was wrong, not the top"
    signed = client.post(url, {"secret": PASSWORD, "read_hash": read_hash})
    report = Report.objects.get()
    assert signed["Location"] == reverse("reports:report", args=[report.pk])
    after = client.get(signed["Location"]).content.decode()
    assert "Signed. The patient is told" in after
    assert "To the queue" in after


def test_with_a_second_factor_its_code_signs_and_the_password_does_not():
    case = make_case()
    user = user_of(case.reviewer)
    key = generate_totp_secret()
    TOTP.activate(user, key)
    client = signed_in(user)
    url = reverse("reports:sign", args=[case.review.pk])
    page = client.get(url)
    assert "Code of your authenticator app" in page.content.decode()
    typed = {"read_hash": page.context["form"].initial["read_hash"]}
    refused = client.post(url, {**typed, "secret": PASSWORD})
    assert refused.status_code == 422
    assert "not your password" in refused.content.decode()
    assert not Report.objects.exists()
    code = format_hotp_value(hotp_value(key, next(iter(yield_hotp_counters_from_time()))))
    client.post(url, {**typed, "secret": code})
    assert Report.objects.get().content["issue"]["step_up"] == "totp"


def test_the_sign_page_tells_a_trichologist_why_a_dermatologist_is_needed():
    from reviews.reading import Reading

    case = make_case(role=Role.TRICHOLOGIST, treatment="", reading=Reading(diagnosis_code="L64"))
    text = signed_in(user_of(case.reviewer)).get(reverse("reports:sign", args=[case.review.pk])).content.decode()
    assert "A dermatologist has to sign, because a diagnosis is stated." in text
    assert "Sign and issue" not in text


def test_the_patient_reads_report_pictures_and_pdf_and_each_look_is_audited():
    case, report = signed_report(render=True)
    client = signed_in(holder_of(case.patient))
    page = client.get(reverse("reports:report", args=[report.pk]))
    assert page.status_code == 200
    assert report.verification_code in page.content.decode()
    image = ReportImage.objects.filter(report=report)[0]
    picture = client.get(reverse("reports:report_image", args=[image.pk]))
    assert b"".join(picture)[:2] == b"\xff\xd8"
    pdf = client.get(reverse("reports:report_pdf", args=[report.pk]))
    assert b"".join(pdf)[:5] == b"%PDF-"
    for response in (page, picture, pdf):
        assert "private" in response["Cache-Control"]
        assert "no-store" in response["Cache-Control"]
    actions = list(AuditEvent.objects.filter(actor_id=holder_of(case.patient).pk).values_list("action", flat=True))
    assert "report.read" in actions
    assert "report.pdf_read" in actions


def test_a_picture_opened_by_itself_is_audited():
    case, report = signed_report()
    image = ReportImage.objects.filter(report=report)[0]
    assert b"".join(signed_in(holder_of(case.patient)).get(reverse("reports:report_image", args=[image.pk])))
    assert AuditEvent.objects.filter(action="report.picture_read").count() == 1


@pytest.mark.parametrize("name", ["report", "report_pdf", "report_status", "report_qr"])
def test_nobody_else_finds_the_report(name):
    _case, report = signed_report(render=True)
    other = make_clinic("Elsewhere")
    url = reverse(f"reports:{name}", args=[report.pk])
    strangers = [
        holder_of(make_patient(other)),
        make_staff(Role.DERMATOLOGIST, other).user,
        make_staff(Role.ADMINISTRATOR, _case.clinic).user,
    ]
    for stranger in strangers:
        assert signed_in(stranger).get(url).status_code == 404


def test_the_pdf_status_asks_again_until_it_is_there():
    from reports import services

    case, report = signed_report()
    client = signed_in(holder_of(case.patient))
    url = reverse("reports:report_status", args=[report.pk])
    assert "hx-get" in client.get(url).content.decode()
    services.render_report(report_id=report.pk, now=NOW)
    done = client.get(url).content.decode()
    assert "hx-get" not in done
    assert "Open the PDF" in done


def test_a_clinician_opens_a_correction_from_the_report():
    case, report = signed_report()
    client = signed_in(user_of(case.reviewer))
    url = reverse("reports:correct", args=[report.pk])
    assert client.get(url).status_code == 200
    answer = client.post(url, {"reason": "A dose was written wrongly."})
    assert answer.status_code == 302
    assert "/reviews/" in answer["Location"]


def test_sign_twice_issues_one_report():
    case = make_case()
    sign(case)
    from accounts.errors import DomainError

    with pytest.raises(DomainError):
        sign(case)
    assert Report.objects.count() == 1
