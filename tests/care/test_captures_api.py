"""Plans and guide over the API: the same rules and words as on the pages."""

from __future__ import annotations

import pytest

from accounts.roles import Role
from tests.factories.patients import grant_all_consents, holder_of, make_clinic, make_patient, make_staff, signed_in

pytestmark = pytest.mark.django_db


def test_a_plan_is_begun_read_paused_and_reminders_are_refused():
    clinic = make_clinic()
    patient = make_patient(clinic)
    grant_all_consents(patient)
    doctor = signed_in(make_staff(Role.TRICHOLOGIST, clinic).user)
    own = signed_in(holder_of(patient))
    address = f"/api/v1/patients/{patient.pk}/photo-plan/"
    assert own.get(address).status_code == 404
    refused = own.post(address, {}, content_type="application/json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not_allowed")
    begun = doctor.post(address, {"rhythm": "fortnightly"}, content_type="application/json").json()
    assert [step["day"] for step in begun["steps"]] == [0, 14, 30, 44, 60, 74, 90]
    assert own.get(address).json()["steps"][0]["state"] == "open"
    paused = own.post(f"/api/v1/photo-plans/{begun['id']}/", {"action": "pause"}, content_type="application/json")
    assert (paused.json()["status"], paused.json()["ends_on"]) == ("paused", None)
    again = own.post(f"/api/v1/photo-plans/{begun['id']}/", {"action": "pause"}, content_type="application/json")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "wrong_state")
    wish = own.put(f"{address}reminders/", {"wanted": False}, content_type="application/json")
    assert wish.json() == {"wanted": False}


def test_a_page_is_approved_and_then_read_as_approved():
    clinic = make_clinic()
    doctor = signed_in(make_staff(Role.DERMATOLOGIST, clinic).user)
    own = signed_in(holder_of(make_patient(clinic)))
    assert own.get("/api/v1/guide/ai/").json()["approved_at"] is None
    page = next(row for row in doctor.get("/api/v1/manage/guide/").json() if row["page"] == "ai")
    assert page["waits"]
    done = doctor.post("/api/v1/manage/guide/ai/approve/", {"digest": page["digest"]}, content_type="application/json")
    assert done.json()["waits"] is False
    read = own.get("/api/v1/guide/ai/").json()
    assert (read["version"], read["approved_by"]) == (1, "Dr. Ada Krause")
    assert own.get("/api/v1/guide/nothing/").status_code == 404
