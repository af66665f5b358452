"""What a clinic entered before a table changed its shape is still there afterwards."""

from __future__ import annotations

import uuid
from contextlib import closing

from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from config.settings.base import sqlite_database


def test_the_trichoscope_that_a_clinic_had_is_taken_along(tmp_path, monkeypatch, settings, django_db_blocker):
    """On a database of its own, whose clinic's row is of the time before."""
    settings.MIGRATION_MODULES = {}
    own = {**connections["keys"].settings_dict, **sqlite_database(tmp_path / "before.sqlite3")}
    monkeypatch.setitem(connections.settings, "before", own)
    before = connections["before"]
    with django_db_blocker.unblock(), closing(before):
        state = MigrationExecutor(before).migrate([("accounts", "0008_vellus_cutoff")])
        old = state.apps.get_model("accounts", "Clinic").objects.using("before")
        facts = {"record_key_id": uuid.uuid4(), "trichoscope_bar_mm": 0.5}
        ours = old.create(name="Ours", join_code="a", trichoscope_px_per_mm=233.3, trichoscope_width_px=832, **facts)
        old.create(name="None", join_code="b", record_key_id=uuid.uuid4())
        state = MigrationExecutor(before).migrate([("accounts", "0010_trichoscope_fields_leave_the_clinic")])
        taken = state.apps.get_model("accounts", "Trichoscope").objects.using("before").get()
        assert (taken.clinic_id, taken.px_per_mm, taken.width_px, taken.bar_mm) == (ours.pk, 233.3, 832, 0.5)
        state = MigrationExecutor(before).migrate([("accounts", "0008_vellus_cutoff")])
        back = state.apps.get_model("accounts", "Clinic").objects.using("before").get(pk=ours.pk)
        assert (back.trichoscope_px_per_mm, back.trichoscope_width_px, back.trichoscope_bar_mm) == (233.3, 832, 0.5)
