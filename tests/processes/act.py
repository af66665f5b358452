"""What the tests do inside a portal of their own, as a program: ``python -m tests.processes.act VERB ...`` prints JSON.

- ``prepare``: databases and releases
- ``seed VIEW...``: a patient whose session is submitted; ``seed-several COUNT VIEW...``: so many, queued in one moment
- ``draft``: a patient who is still capturing
- ``sweep SECONDS``: what the clock does, until no analysis waits
- ``claim SESSION``: a dermatologist takes the case
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import Clinic  # noqa: E402
from accounts.roles import Role  # noqa: E402
from analysis.models import Analysis  # noqa: E402
from analysis.services import submit_session, sweep  # noqa: E402
from config.demo import prepare  # noqa: E402
from patients.models import PhotoSession  # noqa: E402
from reviews.services import claim_review  # noqa: E402
from tests.factories import patients as factory  # noqa: E402
from vision.types import View  # noqa: E402

factory._numbers = itertools.count(time.time_ns())  # every call is a new process and must not repeat an address


def seed(*views: str) -> dict[str, str]:
    now = timezone.now()
    clinic = Clinic.objects.first() or factory.make_clinic(now=now)
    patient = factory.ready_patient(clinic, now=now)
    session = factory.make_session(patient, views=[View(view) for view in views], consent=False, now=now)
    submit_session(actor=factory.holder_actor(patient), session_id=session.pk, now=now)
    return {"session": str(session.pk), "analysis": str(Analysis.objects.get(session=session).pk)}


@transaction.atomic  # or one worker may be done with the first before the next is sent
def seed_several(count: str, *views: str) -> list[dict[str, str]]:
    return [seed(*views) for _ in range(int(count))]


def draft() -> dict[str, str]:
    now = timezone.now()
    patient = factory.ready_patient(now=now)
    session = factory.make_session(patient, views=[], consent=False, now=now)
    return {"session": str(session.pk), "email": factory.holder_of(patient).email, "password": factory.PASSWORD}


def sweep_until_done(seconds: str) -> dict[str, bool]:
    waiting = Analysis.objects.filter(status__in=[Analysis.Status.QUEUED, Analysis.Status.RUNNING])
    give_up = time.monotonic() + float(seconds)
    while waiting.exists() and time.monotonic() < give_up:
        sweep(now=timezone.now())
        time.sleep(0.5)
    return {"done": not waiting.exists()}


def claim(session_id: str) -> dict[str, str]:
    now = timezone.now()
    session = PhotoSession.objects.get(pk=session_id)
    member = factory.make_staff(Role.DERMATOLOGIST, session.patient.clinic, now=now)
    review = claim_review(actor=factory.actor_for(member.user), session_id=session.pk, now=now)
    return {"review": str(review.pk)}


VERBS: dict[str, Callable[..., Any]] = {
    "prepare": prepare,
    "seed": seed,
    "seed-several": seed_several,
    "draft": draft,
    "sweep": sweep_until_done,
    "claim": claim,
}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(VERBS[sys.argv[1]](*sys.argv[2:])) + "\n")
