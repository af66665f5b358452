"""What every page's frame shows: who is signed in, and where they can go."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor
from accounts.roles import Role

_CLINICIAN = (
    ("reviews:queue", _("Queue")),
    ("care:find", _("Patients")),
    ("reviews:follow_up", _("Follow-up")),
    ("reviews:reads", _("Reads")),
    ("care:inbox", _("Messages")),
    ("care:agenda", _("Agenda")),
    ("reviews:agreement", _("Agreement")),
    ("care:guide_manage", _("Guide")),
)
_NAVIGATION: dict[Role, tuple[tuple[str, Any], ...]] = {
    Role.PATIENT: (
        ("home", _("Home")),
        ("patients:records", _("Records")),
        ("care:inbox", _("Messages")),
        ("care:consultations", _("Consultations")),
    ),
    Role.DERMATOLOGIST: _CLINICIAN,
    Role.TRICHOLOGIST: _CLINICIAN,
    Role.ADMINISTRATOR: (
        ("accounts:staff", _("Staff")),
        ("accounts:clinic", _("Clinic")),
        ("care:offer", _("Consultations")),
        ("care:capture_settings", _("Photo plans")),
        ("patients:consent_texts", _("Consent texts")),
        ("care:guide_manage", _("Guide")),
        ("reports:requests", _("Requests")),
        ("reports:signing", _("Signatures")),
        ("reviews:reading_policy", _("Reading")),
        ("reviews:agreement", _("Agreement")),
        ("analysis:releases", _("Models")),
        ("accounts:webhooks", _("Webhooks")),
        ("accounts:audit", _("Audit")),
    ),
}
ROLE_NAMES: dict[Role, Any] = {
    Role.PATIENT: _("Patient"),
    Role.DERMATOLOGIST: _("Dermatologist"),
    Role.TRICHOLOGIST: _("Trichologist"),
    Role.ADMINISTRATOR: _("Administrator"),
}


def navigation(request: HttpRequest) -> dict[str, Any]:
    """``nav_items`` (label, url, current), ``actor`` and ``role_name`` for the frame of the page."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        return {"nav_items": [], "actor": None}
    items = []
    for name, label in _NAVIGATION[actor.role]:
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue
        current = request.path == url or (url != "/" and request.path.startswith(url))
        items.append({"label": label, "url": url, "current": current})
    return {"nav_items": items, "actor": actor, "role_name": ROLE_NAMES[actor.role]}
