"""What this room holds about a person: machine output, which leaves the building only as unreviewed.

What a clinician has signed is exported by ``reports``, from the signed report.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import BinaryIO, cast
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.privacy import Category, ErasureStep, ExportFile, FieldRule, OnErasure, RoomPrivacy
from analysis.models import Analysis, Comparison, ComparisonImage, DerivedImage, Finding, PhotoResult
from vault.errors import SealedFileMissing
from vault.files import delete_file, open_file

_HEALTH = FieldRule(Category.HEALTH, OnErasure.ERASE)
_IMAGE = FieldRule(Category.IMAGE, OnErasure.ERASE)
_LINK = FieldRule(Category.LINK, OnErasure.ERASE)
_REFERENCE = FieldRule(Category.REFERENCE, OnErasure.KEEP)

FIELDS: dict[str, FieldRule] = {
    **dict.fromkeys(
        (
            f"ModelRelease.{name}"
            for name in [
                "id",
                "task",
                "name",
                "version",
                "digest",
                "enabled",
                "registered_at",
                "changed_at",
                "changed_by",
            ]
        ),
        _REFERENCE,
    ),
    **dict.fromkeys((f"PipelineRelease.{name}" for name in ["id", "digest", "releases", "created_at"]), _REFERENCE),
    **dict.fromkeys(
        (
            f"Analysis.{name}"
            for name in [
                "id",
                "session",
                "pipeline",
                "input_digest",
                "hand_scales",
                "status",
                "attempts",
                "holder",
                "lease_until",
                "photos_total",
                "photos_done",
                "failure_code",
                "queued_at",
                "started_at",
                "finished_at",
            ]
        ),
        _LINK,
    ),
    "Analysis.summary": _HEALTH,
    **dict.fromkeys((f"PhotoResult.{name}" for name in ["id", "analysis", "photo", "created_at"]), _LINK),
    "PhotoResult.result": _HEALTH,
    **dict.fromkeys(
        (f"DerivedImage.{name}" for name in ["id", "photo_result", "kind", "media_type", "width_px", "height_px"]),
        _LINK,
    ),
    "DerivedImage.file_name": _IMAGE,
    **dict.fromkeys(
        (f"Finding.{name}" for name in ["id", "analysis", "photo", "kind", "code", "position", "release"]), _LINK
    ),
    "Finding.payload": _HEALTH,
    **dict.fromkeys(
        (
            f"Comparison.{name}"
            for name in [
                "id",
                "photo_then",
                "photo_now",
                "pipeline",
                "input_digest",
                "status",
                "attempts",
                "holder",
                "lease_until",
                "failure_code",
                "queued_at",
                "started_at",
                "finished_at",
                "released_at",
                "released_by",
            ]
        ),
        _LINK,
    ),
    "Comparison.not_comparable": _HEALTH,
    "Comparison.by_hand": _HEALTH,
    "Comparison.result": _HEALTH,
    **dict.fromkeys(
        (f"ComparisonImage.{name}" for name in ["id", "comparison", "kind", "media_type", "width_px", "height_px"]),
        _LINK,
    ),
    "ComparisonImage.file_name": _IMAGE,
}


def export(patient_id: UUID) -> Iterator[ExportFile]:
    """Every finished analysis as JSON, and its derived pictures: all of it unreviewed machine output."""
    rows = Analysis.objects.filter(session__patient_id=patient_id, status=Analysis.Status.DONE)
    for analysis in rows.select_related("pipeline", "session__patient"):
        folder = f"{analysis.session.created_at:%Y-%m-%d}-{str(analysis.pk)[:8]}"
        body = {
            "releases": analysis.pipeline.releases,
            "summary": analysis.summary,
            "photos": [row.result for row in PhotoResult.objects.filter(analysis=analysis)],
        }
        data = json.dumps(body, indent=2).encode()
        yield ExportFile(
            path=f"{folder}/analysis.json",
            media_type="application/json",
            open=partial(io.BytesIO, data),
            description=_("What the models said about this session"),
            unreviewed=True,
        )
        images = DerivedImage.objects.filter(photo_result__analysis=analysis).select_related("photo_result__photo")
        for image in images:
            photo = image.photo_result.photo
            ending = image.media_type.rpartition("/")[2]
            yield ExportFile(
                path=f"{folder}/{photo.view}-{str(photo.pk)[:8]}-{image.kind}.{ending}",
                media_type=image.media_type,
                open=partial(_open, analysis.session.patient.key_id, image.file_name),
                description=_("Picture made by the models"),
                unreviewed=True,
            )
    yield from _comparisons(patient_id)


def _comparisons(patient_id: UUID) -> Iterator[ExportFile]:
    """Finished comparisons of two photographs. What a clinician released to the patient is no longer unreviewed."""
    rows = Comparison.objects.filter(photo_now__session__patient_id=patient_id, status=Comparison.Status.DONE)
    for row in rows.select_related("photo_now__session__patient", "photo_then__session"):
        days = (row.photo_then.session.created_at, row.photo_now.session.created_at)
        folder = f"comparisons/{days[0]:%Y-%m-%d}-to-{days[1]:%Y-%m-%d}-{row.photo_now.view}-{str(row.pk)[:8]}"
        body = {"not_comparable_because": row.not_comparable, "by_hand": row.by_hand, "result": row.result}
        unreviewed = row.released_at is None
        yield ExportFile(
            path=f"{folder}/comparison.json",
            media_type="application/json",
            open=partial(io.BytesIO, json.dumps(body, indent=2).encode()),
            description=_("Two photographs of one view compared"),
            unreviewed=unreviewed,
        )
        for image in row.images.all():
            yield ExportFile(
                path=f"{folder}/{image.kind}.{image.media_type.rpartition('/')[2]}",
                media_type=image.media_type,
                open=partial(_open, row.sealing_key_id, image.file_name),
                description=_("Picture of a comparison"),
                unreviewed=unreviewed,
            )


def _open(key_id: UUID, name: str) -> BinaryIO:
    return cast(BinaryIO, open_file(key_id=key_id, name=name))


def plan_erasure(patient_id: UUID) -> list[ErasureStep]:
    """Counts of what would go."""
    images = DerivedImage.objects.filter(photo_result__analysis__session__patient_id=patient_id).count()
    findings = Finding.objects.filter(analysis__session__patient_id=patient_id).count()
    return [
        ErasureStep(_("Findings of the models"), findings, OnErasure.ERASE),
        ErasureStep(_("Pictures made by the models"), images, OnErasure.ERASE),
        ErasureStep(
            _("Comparisons of photographs with their pictures"),
            Comparison.objects.filter(photo_now__session__patient_id=patient_id).count(),
            OnErasure.ERASE,
        ),
    ]


def erase(patient_id: UUID, now: datetime) -> None:
    """Delete analyses with their results; the files go once the transaction has committed."""
    images = DerivedImage.objects.filter(photo_result__analysis__session__patient_id=patient_id)
    names = list(images.values_list("file_name", flat=True))
    compared = ComparisonImage.objects.filter(comparison__photo_now__session__patient_id=patient_id)
    names += compared.values_list("file_name", flat=True)
    Comparison.objects.filter(photo_now__session__patient_id=patient_id).delete()
    Analysis.objects.filter(session__patient_id=patient_id).delete()
    transaction.on_commit(partial(_delete_files, names))


def _delete_files(names: list[str]) -> None:
    for name in names:
        try:
            delete_file(name)
        except SealedFileMissing:
            continue


PRIVACY = RoomPrivacy(room="analysis", fields=FIELDS, export=export, plan_erasure=plan_erasure, erase=erase)
