"""A clinic with one measured case and a blind first read, in a running portal's database: rows and drawn results.

``python -m tests.e2e.seed_case LABEL`` prints the dermatologist's address and the case as JSON. No network runs.
"""

from __future__ import annotations

import itertools
import json
import sys

import django


def main(label: str) -> None:
    """Make them in a clinic of their own, so that its policy is nobody else's."""
    django.setup()

    from allauth.account.models import EmailAddress
    from django.utils import timezone

    from accounts.models import User
    from accounts.roles import Role
    from accounts.services import add_staff
    from analysis.models import PhotoResult
    from config.demo_people import PASSWORD
    from reviews import services
    from reviews.policy import Demand, ReadingRules
    from tests.factories import patients as factory
    from tests.factories.patients import actor_for, make_clinic, make_patient, make_staff
    from tests.factories.reviews import MEASURES, measured, submitted_session

    now = timezone.now()
    factory._numbers = itertools.count(int(now.timestamp() * 1000))  # a process of its own begins at 1 again
    clinic = make_clinic(f"Day clinic {label}", now=now)
    address = f"{label}@day.test".lower()
    user = User.objects.create_user(address, PASSWORD)
    EmailAddress.objects.create(user=user, email=address, verified=True, primary=True)
    add_staff(user=user, clinic=clinic, role=Role.DERMATOLOGIST, display_name="Dr. Day", now=now)
    admin = actor_for(make_staff(Role.ADMINISTRATOR, clinic).user)
    services.set_reading_policy(actor=admin, rules=ReadingRules(blind_first=Demand.ALWAYS), now=now)
    session = submitted_session(make_patient(clinic, now=now), now=now)
    analysis = measured(session, condition="no_finding")
    for result in PhotoResult.objects.filter(analysis=analysis).select_related("photo__session__patient"):
        result.result = {"view": result.photo.view, "measures": MEASURES}
        result.save()
    sys.stdout.write(json.dumps({"address": address, "session": str(session.pk)}))


if __name__ == "__main__":
    main(sys.argv[1])
