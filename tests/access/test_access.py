"""Who reaches what: every address of the portal × everybody who might try it, from one table.

An address that is missing from the table fails the test, and so does one that is in the table and no longer exists.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections, transaction
from django.http.response import HttpResponseBase
from django.test import Client, TestCase
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts import services as accounts
from accounts.models import User
from accounts.requests import resolve_actor
from accounts.roles import Role
from analysis.models import Analysis, DerivedImage, Finding, ModelRelease
from analysis.services import submit_session
from patients.models import Consent, ConsentText, Purpose
from patients.services import create_upload
from reports import services as reports
from reports.compose import compose
from reports.models import ReportImage
from reviews.models import FormularyEntry
from reviews.services import reopen
from tests.factories.patients import (
    PASSWORD,
    actor_for,
    add_drawn_photo,
    drawn_jpeg,
    holder_actor,
    holder_of,
    make_clinic,
    make_patient,
    make_session,
    make_staff,
    make_user,
    signed_in,
)
from tests.factories.reports import make_case, signed_report
from tests.factories.reviews import measured
from vision.types import View


class Who(StrEnum):
    """Everybody who might try an address."""

    ANYBODY = "anybody"  # not signed in
    HOLDER = "holder"  # the patient whose things these are
    OTHER_PATIENT = "other patient"  # of the same clinic
    NEWCOMER = "newcomer"  # signed in, no record, no role
    DERMATOLOGIST = "dermatologist"  # who holds the review
    TRICHOLOGIST = "trichologist"  # a colleague of the same clinic
    FOREIGN_DERMATOLOGIST = "foreign dermatologist"  # of another clinic
    ADMINISTRATOR = "administrator"
    FOREIGN_ADMINISTRATOR = "foreign administrator"


class May(StrEnum):
    """What is to happen. ``OK``: it is done, or refused for a reason of the matter (409, 422), never for the person."""

    OK = "ok"
    SIGN_IN = "sign in"
    FORBIDDEN = "403"
    NOT_FOUND = "404"
    COLLEAGUE = "ok, or held by a colleague"  # in scope; acts are for the holder of the review


def outcome(response: HttpResponseBase) -> May:
    if response.status_code == 302 and "/accounts/login/" in response["Location"]:
        return May.SIGN_IN
    if response.status_code == 401:  # an upload or the API: a redirect would mean nothing to a machine
        return May.SIGN_IN
    if response.status_code == 403:
        return May.FORBIDDEN
    if response.status_code == 404:
        return May.NOT_FOUND
    assert response.status_code < 500
    assert response.status_code not in (400, 405), f"the table asks wrongly: {response.status_code}"
    return May.OK


Rule = dict[Who, May]


def rule(default: May, **others: May) -> Rule:
    return {who: others.get(who.name.lower(), default) for who in Who}


OPEN = rule(May.OK)
"""Open to the world."""

SIGNED_IN = rule(May.OK, anybody=May.SIGN_IN)

HOLDERS = rule(May.FORBIDDEN, anybody=May.SIGN_IN, holder=May.OK, other_patient=May.NOT_FOUND, newcomer=May.NOT_FOUND)
"""The patient's own side: staff are told that the page is not theirs, strangers that there is nothing."""

ANY_PATIENT = rule(May.FORBIDDEN, anybody=May.SIGN_IN, holder=May.OK, other_patient=May.OK, newcomer=May.OK)

CASES = rule(
    May.FORBIDDEN,
    anybody=May.SIGN_IN,
    dermatologist=May.OK,
    trichologist=May.COLLEAGUE,
    foreign_dermatologist=May.NOT_FOUND,
)
"""A clinic's clinicians."""

CLINICIANS_OF_THE_CASE = {**CASES, Who.TRICHOLOGIST: May.OK}
"""The same for reading, where it makes no difference who holds the case."""

ANY_CLINICIAN = rule(
    May.FORBIDDEN, anybody=May.SIGN_IN, dermatologist=May.OK, trichologist=May.OK, foreign_dermatologist=May.OK
)

ADMINISTRATORS = rule(May.FORBIDDEN, anybody=May.SIGN_IN, administrator=May.OK, foreign_administrator=May.OK)

OWN_ADMINISTRATORS = rule(May.FORBIDDEN, anybody=May.SIGN_IN, administrator=May.OK, foreign_administrator=May.NOT_FOUND)

HOLDERS_AND_CASES = rule(May.NOT_FOUND, anybody=May.SIGN_IN, holder=May.OK, dermatologist=May.OK, trichologist=May.OK)
"""What the patient and the clinic's clinicians both read."""

API = {May.SIGN_IN: May.FORBIDDEN}
"""The API answers 403 where a page leads to the sign-in."""


@dataclass(frozen=True)
class Address:
    """How to ask for one address: its rule, and the arguments (names of the world's things)."""

    rule: Rule
    method: str = "get"
    args: tuple[str, ...] = ()
    data: dict[str, Any] | None = None
    json: bool = False
    body: str = ""  # a raw JSON body with {names} of the world's things
    htmx: bool = False
    files: bool = False  # with a drawn photograph


def get(rule: Rule, *args: str) -> Address:
    return Address(rule, "get", args)


def post(rule: Rule, *args: str, **data: Any) -> Address:
    return Address(rule, "post", args, data)


def api(rule: Rule, method: str, *args: str, **data: Any) -> Address:
    return Address({who: API.get(may, may) for who, may in rule.items()}, method, args, data or None, json=True)


OUTLINE = '{"action": "update", "id": "REGION", "type": "polygon", "polygon": [[100, 100], [300, 100], [300, 300]]}'

TABLE: dict[str, Address] = {
    "home": get(SIGNED_IN),
    "healthz": get(OPEN),
    "readyz": get(OPEN),
    # --- accounts
    "accounts:staff": get(ADMINISTRATORS),
    "accounts:staff_invite": post(ADMINISTRATORS, display_name="N", email="n@example.org", role="dermatologist"),
    "accounts:staff_role": post(OWN_ADMINISTRATORS, "colleague", role="trichologist"),
    "accounts:staff_end": post(OWN_ADMINISTRATORS, "colleague"),
    "accounts:invitation_withdraw": post(OWN_ADMINISTRATORS, "invitation"),
    "accounts:invitation": get(OPEN, "token"),
    "accounts:clinic": get(ADMINISTRATORS),
    "accounts:clinic_new_link": post(ADMINISTRATORS),
    "accounts:audit": get(ADMINISTRATORS),
    # --- patients
    "patients:join": get(OPEN, "join_code"),
    "patients:register": get(SIGNED_IN, "join_code"),
    "patients:records": get(ANY_PATIENT),
    "patients:no_record": get(ANY_PATIENT),
    "patients:record": get(HOLDERS, "patient"),
    "patients:consents": get(HOLDERS, "patient"),
    "patients:consent_withdraw": post(HOLDERS, "patient", "purpose"),
    "patients:consent_receipt": get(HOLDERS, "patient", "consent"),
    "patients:intake": get(HOLDERS, "patient"),
    "patients:intake_saved": get(HOLDERS, "patient"),
    "patients:access_log": get(HOLDERS, "patient"),
    "patients:session_new": get(HOLDERS, "patient"),
    "patients:session_answers": get(HOLDERS, "draft"),
    "patients:checklist": get(HOLDERS, "draft"),
    "patients:capture": get(HOLDERS, "draft"),
    "patients:photo_upload": Address(HOLDERS, "post", ("draft",), {"view": "crown"}, files=True),
    "patients:finish": get(HOLDERS, "draft"),
    "patients:discard": post(HOLDERS, "draft"),
    "patients:upload": Address(HOLDERS, "head", ("upload",)),
    "patients:uploads": Address(HOLDERS, "tus_create", ("draft",)),
    "patients:upload_result": get(HOLDERS, "upload"),
    "patients:photo": get(HOLDERS_AND_CASES, "photo"),
    "patients:thumbnail": get(HOLDERS_AND_CASES, "photo"),
    "patients:photo_remove": post(HOLDERS, "draft_photo"),
    "patients:consent_texts": get(ADMINISTRATORS),
    "patients:consent_text_edit": get(ADMINISTRATORS, "purpose"),
    "patients:consent_text_publish": post(OWN_ADMINISTRATORS, "text_draft"),
    # --- analysis
    "analysis:session": get(HOLDERS, "session"),
    "analysis:session_status": get(HOLDERS, "session"),
    "analysis:submit": post(HOLDERS, "draft"),
    "analysis:derived": get(CLINICIANS_OF_THE_CASE, "derived"),
    "analysis:releases": get(ADMINISTRATORS),
    "analysis:release_card": get(ADMINISTRATORS, "release"),
    "analysis:release_switch": post(ADMINISTRATORS, "release", enabled="off"),
    # --- reviews
    "reviews:queue": get(ANY_CLINICIAN),
    "reviews:claim": post(CASES, "waiting"),
    "reviews:review": get(CASES, "review"),
    "reviews:photo": Address(CASES, "get", ("review", "photo_in_review"), htmx=True),
    "reviews:outlines": Address(CASES, "post", ("review", "region_photo"), body=OUTLINE),
    "reviews:opened": post(CASES, "review", kind="photo", id="@photo_in_review"),
    "reviews:findings": get(CASES, "review"),
    "reviews:accept_rest": post(CASES, "review"),
    "reviews:finding": post(CASES, "review", "finding", verdict="accepted"),
    "reviews:finding_open": post(CASES, "review", "finding"),
    "reviews:finding_undo": post(CASES, "review", "finding"),
    "reviews:reading": post(CASES, "review"),
    "reviews:lease": post(CASES, "review"),
    "reviews:decide": post(CASES, "review"),
    "reviews:reopen": post(CASES, "decided"),
    "reviews:retake": post(CASES, "review"),
    "reviews:reject": post(CASES, "review", message="Please come in."),
    "reviews:hand_back": post(CASES, "review"),
    "reviews:plan": get(CASES, "decided"),
    "reviews:plan_draft": post(CASES, "decided"),
    "reviews:formulary": get(CASES, "decided"),
    "reviews:plan_item_add": post(CASES, "decided", entry="@entry"),
    "reviews:plan_item": post(CASES, "decided", "item", dose="1 ml", duration="six months"),
    "reviews:plan_item_remove": post(CASES, "decided", "item"),
    # --- reports
    "reports:patient_home": get(HOLDERS, "patient"),
    "reports:sign": get(CASES, "decided"),
    "reports:sign_picture": get(CASES, "decided", "decided_photo"),
    "reports:report": get(HOLDERS_AND_CASES, "report"),
    "reports:report_status": get(HOLDERS_AND_CASES, "report"),
    "reports:report_pdf": get(HOLDERS_AND_CASES, "report"),
    "reports:report_qr": get(HOLDERS_AND_CASES, "report"),
    "reports:correct": get(CASES, "report"),
    "reports:report_image": get(HOLDERS_AND_CASES, "report_image"),
    "reports:verify": get(OPEN),
    "reports:verify_code": get(OPEN, "code"),
    "reports:exports": get(HOLDERS, "patient"),
    "reports:exports_status": get(HOLDERS, "patient"),
    "reports:export_download": get(HOLDERS, "export"),
    "reports:erasure": get(HOLDERS, "patient"),
    "reports:erasure_withdraw": post(HOLDERS, "erasure"),
    "reports:requests": get(ADMINISTRATORS),
    "reports:erasure_decision": get(OWN_ADMINISTRATORS, "erasure"),
    "reports:certificate": get(OWN_ADMINISTRATORS, "executed"),
    "reports:certificate_json": get(OWN_ADMINISTRATORS, "executed"),
}
TABLE |= {
    "api-sessions": api(HOLDERS_AND_CASES, "get", "patient"),
    "api-session": api(HOLDERS_AND_CASES, "get", "session"),
    "api-checklist": api(HOLDERS, "put", "draft", done=[], wash="today"),
    "api-intake": api(HOLDERS, "post", "draft"),
    "api-photos": Address(api(HOLDERS, "post", "draft").rule, "post", ("draft",), {"view": "crown"}, files=True),
    "api-submit": api(HOLDERS, "post", "draft"),
    "api-analysis": api(HOLDERS_AND_CASES, "get", "session"),
    "api-derived": api(CLINICIANS_OF_THE_CASE, "get", "derived"),
    "api-photo": api(HOLDERS_AND_CASES, "get", "photo"),
    "api-photo-content": api(HOLDERS_AND_CASES, "get", "photo"),
    "api-queue": api(ANY_CLINICIAN, "get"),
    "api-claim": api(CASES, "post", "waiting"),
    "api-review": api(CASES, "get", "review"),
    "api-review-opened": api(CASES, "post", "review", kind="photo", id="@photo_in_review"),
    "api-review-reading": api(CASES, "put", "review", reasoning="Lost ostia."),
    "api-review-decide": api(CASES, "post", "review"),
    "api-review-finding": api(CASES, "post", "review", "finding", verdict="accepted"),
    "api-review-accept-rest": api(CASES, "post", "review"),
    "api-review-lease": api(CASES, "post", "review"),
    "api-review-reopen": api(CASES, "post", "decided"),
    "api-review-retake": api(CASES, "post", "review", wishes=[{"view": "crown", "reason": "blurred"}]),
    "api-review-reject": api(CASES, "post", "review", message="Please come in."),
    "api-review-hand-back": api(CASES, "post", "review", note="The crown, please."),
    "api-plan": api(CASES, "put", "decided", summary="Words."),
    "api-plan-draft": api(CASES, "post", "decided"),
    "api-formulary": api(CASES, "get", "decided"),
    "api-plan-items": api(CASES, "post", "decided", entry="@entry"),
    "api-plan-item": api(CASES, "put", "decided", "item", dose="1 ml", duration="six months"),
    "api-sign": api(CASES, "get", "decided"),
    "api-sign-picture": api(CASES, "get", "decided", "decided_photo"),
    "api-reports": api(HOLDERS_AND_CASES, "get", "patient"),
    "api-report": api(HOLDERS_AND_CASES, "get", "report"),
    "api-report-pdf": api(HOLDERS_AND_CASES, "get", "report"),
    "api-report-picture": api(HOLDERS_AND_CASES, "get", "report_image"),
    "api-report-correct": api(CASES, "post", "report", reason="The dose was wrong."),
    "api-verify": api(OPEN, "get", "code"),
    "api-exports": api(HOLDERS, "get", "patient"),
    "api-export-archive": api(HOLDERS, "get", "export"),
    "api-erasures": api(HOLDERS, "get", "patient"),
    "api-erasure-withdraw": api(HOLDERS, "post", "erasure"),
    "api-erasure-cases": api(ADMINISTRATORS, "get"),
    "api-erasure-case": api(OWN_ADMINISTRATORS, "get", "erasure"),
    "api-erasure-execute": api(OWN_ADMINISTRATORS, "post", "erasure", secret="not the password"),
    "api-erasure-refuse": api(OWN_ADMINISTRATORS, "post", "erasure", reason="A legal hold."),
    "api-erasure-certificate": api(OWN_ADMINISTRATORS, "get", "executed"),
    "api-unknown": api(rule(May.NOT_FOUND, anybody=May.SIGN_IN), "get", "patient"),
}


def portal_addresses() -> Iterator[str]:
    """Names of all our own addresses; the sign-in library's and the API schema's are theirs to test."""

    def walk(resolver: URLResolver, namespace: str) -> Iterator[str]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
                yield from walk(entry, inner)
            elif isinstance(entry, URLPattern):
                yield f"{namespace}{entry.name}"

    for name in walk(get_resolver(), ""):
        if not name.startswith(("account_", "mfa_")) and name != "api-schema":
            yield name


def first(rows: Any) -> Any:
    """The first row of a query that must have one."""
    found = rows.first()
    assert found is not None, f"the world lacks a {rows.model.__name__}"
    return found


class AccessTest(TestCase):
    databases = {"default", "keys"}
    things: ClassVar[dict[str, Any]]
    people: ClassVar[dict[Who, User | None]]

    @classmethod
    def setUpTestData(cls) -> None:
        now = timezone.now()
        clinic, elsewhere = make_clinic(now=now), make_clinic("Clinic South", now=now)
        doctor = make_staff(Role.DERMATOLOGIST, clinic, now=now)
        colleague = make_staff(Role.TRICHOLOGIST, clinic, now=now)
        administrator = make_staff(Role.ADMINISTRATOR, clinic, now=now)
        case, report = signed_report(clinic=clinic, member=doctor, render=True, now=now)
        patient = case.patient
        waiting = make_session(patient, views=[View.CROWN], consent=False, now=now)
        submit_session(actor=case.holder, session_id=waiting.pk, now=now)
        Analysis.objects.filter(session=waiting).delete()
        measured(waiting)
        decided = make_case(clinic=clinic, member=doctor, now=now)
        open_case = make_case(clinic=clinic, member=doctor, now=now)
        reopen(actor=open_case.reviewer, review_id=open_case.review.pk, now=now)
        draft = make_session(patient, views=[View.CROWN], consent=False, now=now)
        draft_photo = add_drawn_photo(draft, View.OCCIPUT, now=now)
        upload = create_upload(
            actor=case.holder,
            session_id=draft.pk,
            view=View.PART,
            site="",
            length_bytes=1000,
            claimed_type="image/jpeg",
            claimed_extension="jpg",
            now=now,
        )
        export = reports.request_export(actor=case.holder, patient_id=patient.pk, now=now)
        erasure = reports.request_erasure(actor=case.holder, patient_id=patient.pk, now=now)
        gone = make_patient(clinic, now=now)
        executed = reports.request_erasure(actor=holder_actor(gone), patient_id=gone.pk, now=now)
        reports.execute_erasure(actor=actor_for(administrator.user), request_id=executed.pk, secret=PASSWORD, now=now)
        invitation, token = accounts.invite_staff(
            actor=resolve_actor(administrator.user),
            email="new@example.org",
            role=Role.TRICHOLOGIST,
            display_name="New",
            now=now,
        )
        release = ModelRelease.objects.create(task="segmentation", name="scalp-segmentation", version="9", digest="x")
        text = ConsentText.objects.create(clinic=clinic, purpose=Purpose.CARE, version=99, title="T", body="B")
        review_photo = first(open_case.session.photos)
        region = first(Finding.objects.filter(analysis=open_case.review.analysis, kind="region"))
        reports.build_export(export_id=export.pk, now=now)
        recipe = compose(decided.review).recipes[0]
        decided_plan = decided.review.plan
        cls.things = {
            "patient": patient.pk,
            "join_code": clinic.join_code,
            "colleague": colleague.pk,
            "invitation": invitation.pk,
            "token": token,
            "purpose": Purpose.RESEARCH.value,
            "consent": first(Consent.objects.filter(patient=patient)).pk,
            "draft": draft.pk,
            "draft_photo": draft_photo.pk,
            "upload": upload.pk,
            "photo": first(case.session.photos).pk,
            "session": case.session.pk,
            "text_draft": text.pk,
            "derived": first(DerivedImage.objects.filter(photo_result__photo__session__patient__clinic=clinic)).pk,
            "release": release.pk,
            "waiting": waiting.pk,
            "review": open_case.review.pk,
            "photo_in_review": review_photo.pk,
            "finding": first(Finding.objects.filter(analysis=open_case.review.analysis)).pk,
            "decided": decided.review.pk,
            "decided_photo": recipe.picture.id,
            "region": region.pk,
            "region_photo": region.photo_id,
            "entry": first(FormularyEntry.objects).pk,
            "item": first(decided_plan.items).pk,
            "report": report.pk,
            "report_image": first(ReportImage.objects.filter(report=report)).pk,
            "code": report.verification_code,
            "export": export.pk,
            "erasure": erasure.pk,
            "executed": executed.pk,
        }
        cls.people = {
            Who.ANYBODY: None,
            Who.HOLDER: holder_of(patient),
            Who.OTHER_PATIENT: holder_of(make_patient(clinic, now=now)),
            Who.NEWCOMER: make_user(),
            Who.DERMATOLOGIST: doctor.user,
            Who.TRICHOLOGIST: colleague.user,
            Who.FOREIGN_DERMATOLOGIST: make_staff(Role.DERMATOLOGIST, elsewhere, now=now).user,
            Who.ADMINISTRATOR: administrator.user,
            Who.FOREIGN_ADMINISTRATOR: make_staff(Role.ADMINISTRATOR, elsewhere, now=now).user,
        }

    def thing(self, value: Any) -> Any:
        """``@name`` stands for the id of one of the world's things."""
        return self.things[value[1:]] if isinstance(value, str) and value.startswith("@") else value

    def ask(self, who: Who, name: str, address: Address) -> May:
        """Ask once; whatever it changed is undone."""
        cache.clear()
        user = self.people[who]
        client = signed_in(user) if user else Client()
        things = [self.things[key] for key in address.args]
        data = {key: self.thing(value) for key, value in (address.data or {}).items()}
        keys = connections["keys"]
        with transaction.atomic(), transaction.atomic(using="keys"):
            if address.method == "tus_create":
                meta = {"session": str(things[0]), "view": "part", "filename": "a.jpg", "filetype": "image/jpeg"}
                header = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in meta.items())
                response = client.post(
                    reverse(name),
                    headers={"Tus-Resumable": "1.0.0", "Upload-Length": "1000", "Upload-Metadata": header},
                    content_type="application/offset+octet-stream",
                )
            elif address.method == "head":
                response = client.head(reverse(name, args=things), headers={"Tus-Resumable": "1.0.0"})
            elif address.files:
                name_of_file = "file" if name.startswith("api-") else "photo"
                picture = SimpleUploadedFile("a.jpg", drawn_jpeg(9), content_type="image/jpeg")
                response = client.post(reverse(name, args=things), {**data, name_of_file: picture})
            elif address.body:
                body = address.body.replace("REGION", str(self.things["region"]))
                response = client.post(reverse(name, args=things), body, content_type="application/json")
            elif address.htmx:
                response = client.get(reverse(name, args=things), headers={"HX-Request": "true"})
            elif address.json:
                response = getattr(client, address.method)(
                    reverse(name, args=things), data or None, content_type="application/json"
                )
            else:
                response = getattr(client, address.method)(reverse(name, args=things), data)
            found = outcome(response)
            if response.streaming:
                response.getvalue()  # a stream that is not read would keep its file open
            transaction.set_rollback(True)
            transaction.set_rollback(True, using=keys.alias)
        return found

    def test_every_address_is_in_the_table(self) -> None:
        real = set(portal_addresses())
        assert real - set(TABLE) == set(), "say in the table who may reach these"
        assert set(TABLE) - real == set(), "these addresses no longer exist"

    def test_everybody_gets_what_the_table_says(self) -> None:
        wrong = []
        for name, address in TABLE.items():
            for who, expected in address.rule.items():
                try:
                    found = self.ask(who, name, address)
                except AssertionError as error:
                    wrong.append(f"{name}: {who}: {error!r}")
                    continue
                allowed = (May.OK, May.FORBIDDEN) if expected is May.COLLEAGUE else (expected,)
                if found not in allowed:
                    wrong.append(f"{name}: {who} gets “{found}”, the table says “{expected}”")
        assert wrong == [], "\n".join(wrong)
