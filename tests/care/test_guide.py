"""The guide: what a clinician approved is what patients read, until a clinician approves something else."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from django.urls import reverse

from accounts.errors import DomainError, NotAllowed
from accounts.models import AuditEvent, User
from accounts.roles import Role
from care import selectors, services
from care.guide import Page, page_text, to_dict
from care.guide.blocks import Kind
from care.presenters.guide import guide_page
from patients.red_flags import RULES, RedFlag
from tests.factories.patients import NOW, actor_for, holder_actor, make_clinic, make_patient, make_staff, signed_in

ROOT = Path(__file__).parents[2]


@pytest.fixture
def clinic():
    return make_clinic()


@pytest.fixture
def doctor(clinic):
    return actor_for(make_staff(Role.DERMATOLOGIST, clinic).user)


def approve(doctor, page=Page.PHOTOS):
    state = selectors.page_state(doctor.clinic_id, page)
    return services.approve_page(actor=doctor, page=page, digest=state.pending.digest, now=NOW)


def blocks(page):
    return [block for section in page_text(page).sections for block in section.blocks]


def test_every_drawing_that_a_page_names_is_drawn():
    drawn = set(re.findall(r'name == "([a-z-]+)"', (ROOT / "templates/care/guide/_picture.html").read_text()))
    views = set(re.findall(r'view == "([a-z_]+)"', (ROOT / "templates/patients/_outline.html").read_text()))
    for block in (block for page in Page for block in blocks(page)):
        wanted = {block.picture, block.other_picture} - {""}
        assert wanted <= (views if block.kind is Kind.VIEW else drawn), block.title


def test_the_page_about_doctors_says_what_the_red_flags_say():
    warnings = {block.title: block for block in blocks(Page.DOCTOR) if block.kind is Kind.WARNING}
    for rule in RULES:
        if rule.flag is RedFlag.SUICIDAL_THOUGHTS:  # told to somebody who has told nobody yet
            shown = warnings["Thoughts of suicide or of harming yourself"]
        else:
            shown = warnings[str(rule.text.title)]
            assert shown.text == str(rule.text.what)
        assert (shown.items, shown.other) == ((str(rule.text.when_and_where),), str(rule.text.at_once_if))
        assert "You told us" not in shown.text


def test_thoughts_of_suicide_stand_among_what_needs_help_at_once():
    at_once = page_text(Page.DOCTOR).sections[0]
    assert at_once.title == "Call for help at once"
    assert "Thoughts of suicide or of harming yourself" in [block.title for block in at_once.blocks]


@pytest.mark.django_db
def test_before_the_first_approval_the_page_says_that_nobody_approved_it(clinic):
    patient = make_patient(clinic)
    browser = signed_in(User.objects.get(pk=holder_actor(patient).user_id))
    page = browser.get(reverse("care:guide_page", args=["photos"])).content.decode()
    assert "Not approved yet" in page
    assert "Light from the front" in page


@pytest.mark.django_db
def test_a_changed_wording_waits_while_patients_read_the_approved_one(clinic, doctor, monkeypatch):
    approve(doctor)
    patient = holder_actor(make_patient(clinic))
    changed = replace(page_text(Page.PHOTOS), lead="Another sentence.")
    monkeypatch.setattr("care.selectors.guide.page_text", lambda page: changed)
    assert guide_page(patient, Page.PHOTOS, None).lead != "Another sentence."
    state = selectors.page_state(clinic.pk, Page.PHOTOS)
    assert (state.waits, state.portal_changed) == (True, True)
    assert approve(doctor).number == 2
    found = guide_page(patient, Page.PHOTOS, None)
    assert (found.lead, found.number, found.approved_by) == ("Another sentence.", 2, "Dr. Ada Krause")


@pytest.mark.django_db
def test_the_clinics_own_words_are_read_once_a_clinician_has_approved_them(clinic, doctor):
    administrator = actor_for(make_staff(Role.ADMINISTRATOR, clinic).user)
    patient = holder_actor(make_patient(clinic))
    approve(doctor)
    services.save_addition(actor=administrator, page=Page.PHOTOS, text="Use the blue lamp.", now=NOW)
    assert guide_page(patient, Page.PHOTOS, None).addition == ""
    with pytest.raises(NotAllowed):
        approve(administrator)
    approve(doctor)
    assert guide_page(patient, Page.PHOTOS, None).addition == "Use the blue lamp."
    assert AuditEvent.objects.filter(action="guide.approved", clinic=clinic).count() == 2


@pytest.mark.django_db
def test_nobody_approves_what_they_did_not_read(clinic, doctor):
    digest = selectors.page_state(clinic.pk, Page.AI).pending.digest
    services.save_addition(actor=doctor, page=Page.AI, text="New.", now=NOW)
    with pytest.raises(DomainError) as refused:
        services.approve_page(actor=doctor, page=Page.AI, digest=digest, now=NOW)
    assert refused.value.code == "text_changed"


@pytest.mark.django_db
def test_an_approved_version_is_never_edited(clinic, doctor):
    version = approve(doctor)
    version.addition = "Later"
    with pytest.raises(TypeError):
        version.save()
    assert version.content == to_dict(page_text(Page.PHOTOS))


@pytest.mark.django_db
def test_a_person_with_records_in_two_clinics_reads_either_guide(clinic, doctor):
    first = make_patient(clinic)
    user = User.objects.get(pk=holder_actor(first).user_id)
    south = make_clinic("South")
    make_patient(south, user=user, birth_date=NOW.date().replace(year=2018), relation="guardian")
    approve(doctor)
    reader = actor_for(user)
    assert guide_page(reader, Page.PHOTOS, clinic.pk).approved_by == "Dr. Ada Krause"
    assert guide_page(reader, Page.PHOTOS, south.pk).approved_by == ""
    stranger = make_clinic("North")
    assert guide_page(reader, Page.PHOTOS, stranger.pk).clinic in (clinic, south)
