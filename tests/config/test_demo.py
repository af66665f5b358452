"""The demo's people: made once, taken up again after an interruption, sent like anybody's photographs."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from accounts.models import Clinic, User
from config import demo, demo_people
from patients.models import PhotoSession
from vision.types import View

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def one_small_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of the drawn patients, with two photographs."""
    small = replace(demo_people.PATIENTS[1], views=(View.CROWN, View.OCCIPUT))
    monkeypatch.setattr(demo_people, "PATIENTS", (small,))


def test_people_can_sign_in_before_anything_is_drawn(client):
    made = demo_people.ensure_people()
    assert len(demo_people.cases_missing()) == 1
    for person in made.people:
        assert User.objects.get(email=person.email).check_password(demo_people.PASSWORD)
    assert client.get(f"/join/{made.join_code}/").status_code == 200


def test_a_second_start_makes_nobody_twice():
    assert demo_people.ensure_people() == demo_people.ensure_people()
    assert Clinic.objects.count() == 1


def test_an_interrupted_start_is_taken_up_where_it_stopped(monkeypatch: pytest.MonkeyPatch):
    demo_people.ensure_people()
    real, added = demo_people.add_photo, []

    def interrupted(**photo):
        if added:
            raise KeyboardInterrupt
        added.append(photo["view"])
        return real(**photo)

    monkeypatch.setattr(demo_people, "add_photo", interrupted)
    with pytest.raises(KeyboardInterrupt):
        demo_people.ensure_cases()
    assert PhotoSession.objects.get().status == "draft"

    monkeypatch.setattr(demo_people, "add_photo", real)
    demo_people.ensure_cases()
    session = PhotoSession.objects.get()
    assert session.status == "submitted"
    assert sorted(session.photos.values_list("view", flat=True)) == ["crown", "occiput"]
    assert all(session.photos.values_list("quality_passed", flat=True)), "the demo's photographs are good enough"
    assert not demo_people.cases_missing()


def test_a_taken_port_is_passed_over():
    with socket.socket() as taken:
        taken.bind((demo.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert port < demo.free_port(port) < port + 50
