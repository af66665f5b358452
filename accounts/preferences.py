"""A person's own language and time zone: of pages and e-mails, and on which wall clock times stand."""

from __future__ import annotations

import zoneinfo
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import Invalid
from accounts.models import User


@transaction.atomic
def save_preferences(*, user_id: UUID, language: str, time_zone: str) -> User:
    """Keep both; an empty one: as the browser or the clinic has it. Raises Invalid ``no_language``, ``no_zone``."""
    if language and language not in dict(settings.LANGUAGES):
        raise Invalid("no_language", _("The portal does not speak this language yet."))
    if time_zone and time_zone not in zoneinfo.available_timezones():
        raise Invalid("no_zone", _("Use a name such as Europe/Berlin."))
    user = User.objects.select_for_update().get(pk=user_id)
    user.language, user.time_zone = language, time_zone
    user.save(update_fields=["language", "time_zone"])
    return user


def preferences_of(user_id: UUID) -> tuple[str, str]:
    """Language and time zone; empty where nothing was chosen."""
    row = User.objects.values_list("language", "time_zone").get(pk=user_id)
    return row[0], row[1]
