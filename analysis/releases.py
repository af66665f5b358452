"""Which networks exist, which are switched on, and the pipeline that they make together."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.errors import NotFound
from accounts.roles import Permission
from analysis.models import ModelRelease, PipelineRelease
from vision.release import Release, list_releases

PIPELINE_VERSION = "2"
"""Raised when the composition of the stages changes, so that results of two compositions are never mixed."""

FIRST_STAGE = "segmentation"
"""Without it nothing can be measured; the other networks are optional."""


def release_digest(release: Release) -> str:
    """SHA-256 over the release's description, which itself records the sha256 of every file."""
    return hashlib.sha256((release.folder / "release.toml").read_bytes()).hexdigest()


@transaction.atomic
def register_releases(*, now: datetime) -> int:
    """Make a row for every release on disk that has none. Returns how many are new. Never switches one on or off."""
    added = 0
    for release in list_releases():
        _row, created = ModelRelease.objects.get_or_create(
            name=release.name,
            version=release.version,
            defaults={"task": release.task, "digest": release_digest(release), "registered_at": now},
        )
        added += created
    return added


@transaction.atomic
def switch_release(*, actor: Actor, release_id: UUID, enabled: bool, now: datetime) -> ModelRelease:
    """Switch a network on or off (kill switch). Running analyses finish with what they pinned; the next ones differ."""
    actor.check(Permission.MANAGE_RELEASES)
    row = ModelRelease.objects.select_for_update().filter(pk=release_id).first()
    if row is None:
        raise NotFound(_("This release does not exist."))
    row.enabled = enabled
    row.changed_at = now
    row.changed_by_id = actor.user_id
    row.save(update_fields=["enabled", "changed_at", "changed_by"])
    audit.record(
        action="release.switched_on" if enabled else "release.switched_off",
        now=now,
        actor=actor,
        subject_kind="release",
        subject_id=row.pk,
        detail={"release": f"{row.name}-{row.version}"},
    )
    return row


def version_key(version: str) -> tuple[int, ...]:
    """``0.10`` comes after ``0.9``."""
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))


def enabled_releases() -> dict[str, ModelRelease]:
    """The newest switched-on release of each task."""
    newest: dict[str, ModelRelease] = {}
    for row in ModelRelease.objects.filter(enabled=True):
        held = newest.get(row.task)
        if held is None or version_key(row.version) > version_key(held.version):
            newest[row.task] = row
    return newest


def current_pipeline(*, now: datetime) -> PipelineRelease | None:
    """The pipeline of the switched-on networks; None when the segmentation is off or absent."""
    enabled = enabled_releases()
    if FIRST_STAGE not in enabled:
        return None
    digests = {task: row.digest for task, row in sorted(enabled.items())}
    digest = hashlib.sha256(json.dumps([PIPELINE_VERSION, digests]).encode()).hexdigest()
    pipeline, _created = PipelineRelease.objects.get_or_create(
        digest=digest,
        defaults={"releases": {task: f"{row.name}-{row.version}" for task, row in enabled.items()}, "created_at": now},
    )
    return pipeline
