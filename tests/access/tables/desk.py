"""Who reaches the addresses of the desk: handovers, named filters, workload."""

from __future__ import annotations

from typing import Any

from reviews.queue_filters import QueueFilters
from reviews.services import hand_over, save_view
from tests.access.rules import ANY_CLINICIAN, CASES, Address, May, Who, api, get, post
from tests.access.world import World
from tests.factories.reports import make_case

OWNERS = {**CASES, Who.TRICHOLOGIST: May.FORBIDDEN}
"""A view belongs to one person; colleagues see that it is there, when it is shared."""

RECEIVERS = {**CASES, Who.DERMATOLOGIST: May.NOT_FOUND, Who.TRICHOLOGIST: May.OK}
"""Only who was handed a case may decline it."""

TABLE: dict[str, Address] = {
    "reviews:workload": get(ANY_CLINICIAN),
    "reviews:view_save": post(ANY_CLINICIAN, name="Severe", query="severity_from=6"),
    "reviews:view_remove": post(OWNERS, "saved_view"),
    "reviews:decline": post(RECEIVERS, "handed_over"),
    "reviews:hand_over": get(CASES, "review"),
    "api-decline": api(RECEIVERS, "post", "handed_over"),
    "api-views": api(ANY_CLINICIAN, "get"),
    "api-view": api(OWNERS, "delete", "saved_view"),
    "api-workload": api(ANY_CLINICIAN, "get"),
    "api-hand-over": api(CASES, "post", "review", to="@colleague", note="Please look at the crown."),
}


def things(world: World) -> dict[str, Any]:
    """A case that the dermatologist handed to the trichologist, and a shared view of the dermatologist."""
    case = make_case(clinic=world.clinic, member=world.doctor, now=world.now)
    receiver = world.colleague.pk
    hand_over(actor=case.reviewer, review_id=case.review.pk, to_id=receiver, note="", now=world.now)
    filters = QueueFilters(severity_from=6)
    view = save_view(actor=case.reviewer, name="Severe", filters=filters, shared=True, now=world.now)
    return {"handed_over": case.session.pk, "saved_view": view.pk}
