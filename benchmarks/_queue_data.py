"""A large clinic for :mod:`benchmarks.queue`: patients, photographs, measured and waiting cases, in a few minutes.

The rows are made by the database itself, with their sealed columns empty. What a measured page opens is then really
sealed, through the portal's own models: a key for each patient, the names, red flags, and the severity index.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Count

from accounts.models import Clinic, Membership
from accounts.roles import Role
from analysis.models import Analysis, Finding, PipelineRelease
from patients.models import Intake, Patient, Photo, PhotoSession, Urgency
from patients.red_flags import RedFlag
from reviews.models import Handover, Review, ReviewStatus
from tests.factories.patients import make_clinic, make_staff
from vault import keys, master
from vault.models import DataKey

SEED: Final = 20261121
DIGEST: Final = "b" * 64
"""Of the pipeline that the measured cases were measured with."""

CLINICIANS: Final = 50
VIEWS: Final = ("crown", "hairline", "temple_left", "temple_right", "occiput")
PRESSING: Final = (RedFlag.PUS, RedFlag.PAIN, RedFlag.SUDDEN_PATCHES)
SOON: Final = (RedFlag.SHEDDING_OVER_3_MONTHS, RedFlag.HAIRLINE_MOVED)


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    patients: int = 100_000
    open_cases: int = 50_000
    closed_cases: int = 150_000
    photos_per_case: int = 5

    @property
    def photos(self) -> int:
        return (self.open_cases + self.closed_cases) * self.photos_per_case

    def scaled(self, share: float) -> Size:
        return Size(*(max(60, int(n * share)) for n in (self.patients, self.open_cases, self.closed_cases)))


def make(size: Size, now: datetime) -> tuple[Clinic, list[Membership]]:
    """Fill the empty database. All open cases are of one clinic: nothing is easier than one clinic each."""
    _defaults()
    pick = random.Random(SEED)  # noqa: S311
    clinic = make_clinic(now=now)
    staff = [
        make_staff(Role.DERMATOLOGIST if n % 2 else Role.TRICHOLOGIST, clinic, display_name=f"Clinician {n}", now=now)
        for n in range(CLINICIANS)
    ]
    PipelineRelease.objects.create(digest=DIGEST, releases={"scalp_segmentation": "scalp-segmentation-0.1"})
    _patients(size.patients, clinic)
    _open_cases(size.open_cases, clinic)
    _closed_cases(size.closed_cases, clinic)
    _photos()
    _desk(staff, pick, now)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return clinic, staff


def _defaults() -> None:
    """Give the columns below the defaults of their models, so that a statement names only what it is about."""
    with connection.cursor() as cursor:
        for model in (Patient, PhotoSession, Photo, Analysis, Finding, Review):
            for field in model._meta.concrete_fields:
                value = field.get_default() if field.has_default() else ""
                if field.null or not isinstance(value, bool | int | str) or field.remote_field:
                    continue
                if value == "" and not field.empty_strings_allowed:
                    continue
                cursor.execute(
                    f'ALTER TABLE "{model._meta.db_table}" ALTER COLUMN "{field.column}" SET DEFAULT {_literal(value)}'
                )


def _literal(value: bool | int | str) -> str:
    return repr(str(value)) if isinstance(value, str) else str(value).lower()


def find() -> tuple[Clinic, list[Membership]] | None:
    """What an earlier run has made in this database."""
    release = PipelineRelease.objects.filter(digest=DIGEST).first()
    if release is None:
        return None
    staff = Membership.objects.filter(display_name__startswith="Clinician ").select_related("user", "clinic")
    found = sorted(staff, key=lambda member: int(member.display_name.split()[-1]))
    return found[0].clinic, found


def counted() -> Size:
    """How much is there, as the statistics of the last ANALYZE would not say."""
    rows = PhotoSession.objects.values_list("status").annotate(n=Count("pk"))
    cases = dict(rows)
    return Size(Patient.objects.count(), cases.get("submitted", 0), cases.get("closed", 0))


def _patients(count: int, clinic: Clinic) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO patients_patient (id, clinic_id, key_id, record_number, given_name, family_name, sex, phone,
                name_index, family_name_index, record_index, is_minor_record, legal_hold_reason, created_at)
            SELECT gen_random_uuid(), %s, gen_random_uuid(), 'P-' || n, '', '', '', '', 'n' || n %% 60000,
                'f' || n %% 20000, 'r' || n, false, '', now() FROM generate_series(1, %s) n
            """,
            [clinic.pk, count],
        )


def _open_cases(count: int, clinic: Clinic) -> None:
    """2 % ask for care now, 6 % soon; nine in ten are measured; submitted over the last ten days.

    None becomes overdue within the next hour, so that the pages stay the same while they are measured.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.2026)")
        cursor.execute(
            """
            WITH drawn AS MATERIALIZED (
                SELECT id, random() AS u, random() AS m, random() + random() + random() AS s, random() * 240 AS h
                FROM patients_patient ORDER BY record_number LIMIT %s
            ), cases AS (
                SELECT id, CASE WHEN u < 0.02 THEN 0 WHEN u < 0.08 THEN 1 ELSE 2 END AS urgency,
                    CASE WHEN m < 0.9 THEN 'done' WHEN m < 0.92 THEN 'failed' WHEN m < 0.94 THEN 'pending'
                        ELSE 'none' END AS measuring,
                    CASE WHEN m < 0.9 THEN round(10 + s * 30) ELSE 0 END AS rank,
                    CASE WHEN h BETWEEN 71 AND 72 THEN 70 WHEN h BETWEEN 3 AND 4 THEN 2.5 ELSE h END AS hours FROM drawn
            )
            INSERT INTO patients_photosession (id, patient_id, status, checklist, ai_consented, urgent, retake_views,
                created_at, submitted_at, clinic_id, urgency, measuring, severity_rank, shown_rank)
            SELECT gen_random_uuid(), id, 'submitted', '', measuring <> 'none', urgency < 2, '[]', now(),
                now() - hours * interval '1 hour', %s, urgency, measuring,
                rank, rank
            FROM cases
            """,
            [count, clinic.pk],
        )
        cursor.execute(
            """
            INSERT INTO analysis_analysis (id, session_id, pipeline_id, input_digest, status, attempts, photos_total,
                photos_done, failure_code, hand_scales, queued_at)
            SELECT gen_random_uuid(), s.id, (SELECT id FROM analysis_pipelinerelease LIMIT 1), 'open',
                CASE s.measuring WHEN 'pending' THEN 'queued' ELSE s.measuring END, 1, 5, 5, '', '{}', s.submitted_at
            FROM patients_photosession s WHERE s.measuring <> 'none'
            """
        )
        cursor.execute(
            """
            INSERT INTO analysis_finding (id, analysis_id, kind, code, position, payload, release)
            SELECT gen_random_uuid(), a.id, 'severity', 'severity_index', 0, '', 'scalp-segmentation-0.1'
            FROM analysis_analysis a WHERE a.status = 'done'
            """
        )


def seal_shown(session_ids: Iterable[UUID], now: datetime) -> int:
    """Seal what a page opens of these cases: a key for the patient, names, red flags, severity. Returns how many."""
    current = master.keyring().current
    rows = PhotoSession.objects.filter(pk__in=set(session_ids)).select_related("patient")
    count = 0
    for session in rows:
        patient = session.patient
        if patient.given_name:
            continue  # sealed before
        key = DataKey(id=patient.key_id, subject_kind="patient", subject_id=patient.pk, created_at=now)
        key.master_key_id = current.key_id
        key.wrapped = keys._wrap(key, current, os.urandom(master.KEY_BYTES))
        key.save(force_insert=True)
        patient.given_name, patient.family_name = chr(65 + count % 26) + "ira", chr(65 + count // 26 % 26) + "ommer"
        patient.save(update_fields=["given_name", "family_name"])
        if session.urgent:
            flag = PRESSING[count % 3] if session.urgency == Urgency.PRESSING else SOON[count % 2]
            session.intake = Intake.objects.create(patient=patient, version=1, answers={}, red_flags=[flag])
            session.save(update_fields=["intake"])
        for finding in Finding.objects.filter(analysis__session=session, kind=Finding.Kind.SEVERITY):
            finding.analysis.session = session
            finding.payload = _index(session.severity_rank / 10)
            finding.save(update_fields=["payload"])
        count += 1
    return count


def _index(value: float) -> dict[str, Any]:
    return {"index": {"value": value, "low": max(1.0, value - 0.6), "high": min(10.0, value + 0.7), "unit": "index"}}


def _closed_cases(count: int, clinic: Clinic) -> None:
    """Older cases with an analysis, three findings and a signed review each; written by the database."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO patients_photosession (id, patient_id, status, checklist, ai_consented, urgent, retake_views,
                created_at, submitted_at, closed_at, clinic_id, urgency, measuring, severity_rank, shown_rank)
            SELECT gen_random_uuid(), p.id, 'closed', '', true, false, '[]', now() - interval '200 days',
                now() - n * interval '1 minute', now() - n * interval '50 seconds', %s, 2, 'done', 30, 30
            FROM generate_series(1, %s) n
            JOIN (SELECT id, row_number() OVER () - 1 AS k FROM patients_patient) p
                ON p.k = n %% (SELECT count(*) FROM patients_patient)
            """,
            [clinic.pk, count],
        )
        cursor.execute(
            """
            INSERT INTO analysis_analysis (id, session_id, pipeline_id, input_digest, status, attempts, photos_total,
                photos_done, failure_code, hand_scales, queued_at)
            SELECT gen_random_uuid(), s.id, (SELECT id FROM analysis_pipelinerelease LIMIT 1), 'closed', 'done', 1, 5,
                5, '', '{}', s.submitted_at FROM patients_photosession s WHERE s.status = 'closed'
            """
        )
        cursor.execute(
            """
            INSERT INTO analysis_finding (id, analysis_id, kind, code, position, payload, release)
            SELECT gen_random_uuid(), a.id, CASE n WHEN 8 THEN 'severity' ELSE 'measure' END, 'coverage_index', n, '',
                'scalp-segmentation-0.1' FROM analysis_analysis a CROSS JOIN generate_series(6, 8) n
            WHERE a.input_digest = 'closed'
            """
        )


def _photos() -> None:
    """Five present photographs in every session."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO patients_photo (id, session_id, view, site, file_name, thumbnail_name, media_type, sha256,
                width_px, height_px, size_bytes, capture, quality, quality_passed, created_at)
            SELECT gen_random_uuid(), s.id, v.view, '', 'sealed/' || s.id || v.view, 'sealed/t' || s.id || v.view,
                'image/jpeg', md5(s.id::text || v.view) || md5(v.view), 4000, 3000, 3000000, '', '{}', true,
                s.submitted_at
            FROM patients_photosession s CROSS JOIN unnest(%s::text[]) v(view)
            """,
            [list(VIEWS)],
        )


def _desk(staff: Sequence[Membership], pick: random.Random, now: datetime) -> None:
    """Signed reviews of all closed cases; of the open ones 200 claimed, 300 handed back, 100 handed to a colleague."""
    with connection.cursor() as cursor:
        columns = [field.column for field in Review._meta.concrete_fields]
        given = {
            "id": "gen_random_uuid()",
            "session_id": "s.id",
            "clinic_id": "s.clinic_id",
            "reviewer_id": "m.id",
            "status": "'signed'",
            "claimed_at": "s.closed_at - interval '7 minutes'",
            "lease_until": "s.closed_at",
            "closed_at": "s.closed_at",
            "for_dermatologist": "false",
            "blind_first": "false",
            "outcome": "'approved'",
            "reading": "''",
            "message_to_patient": "''",
            "handover_note": "''",
        }
        names = [name for name in columns if name in given]
        cursor.execute(
            f"INSERT INTO reviews_review ({', '.join(names)}) SELECT {', '.join(given[n] for n in names)} "  # noqa: S608
            "FROM (SELECT *, row_number() OVER () AS k FROM patients_photosession WHERE status = 'closed') s "
            "JOIN (SELECT id, row_number() OVER () - 1 AS k FROM accounts_membership WHERE clinic_id = %s) m "
            "ON m.k = s.k %% %s",
            [staff[0].clinic_id, len(staff)],
        )
    waiting = PhotoSession.objects.filter(status=PhotoSession.Status.SUBMITTED).order_by("submitted_at", "pk")
    sessions = list(waiting.values_list("pk", flat=True))
    some = min(len(sessions) // 4, 600)
    chosen = pick.sample(sessions, some)
    for place, session_id in enumerate(chosen):
        member = staff[place % len(staff)]
        claimed = place < some // 3
        at = now - timedelta(minutes=pick.uniform(1, 20))
        review = Review.objects.create(
            session_id=session_id,
            clinic_id=member.clinic_id,
            reviewer=member,
            status=ReviewStatus.CLAIMED if claimed else ReviewStatus.RELEASED,
            claimed_at=at,
            reading="",
            lease_until=now + timedelta(hours=12),
            closed_at=None if claimed else at,
            for_dermatologist=not claimed and place % 3 == 0,
        )
        if not claimed and place % 3 == 0:
            PhotoSession.objects.filter(pk=session_id).update(for_dermatologist=True)
        if not claimed and place % 5 == 0:
            receiver = staff[(place + 1) % len(staff)]
            Handover.objects.create(
                clinic_id=member.clinic_id,
                session_id=session_id,
                review=review,
                from_member=member,
                to_member=receiver,
                offered_at=at,
                until=now + timedelta(hours=12),
            )


def utc_now() -> datetime:
    """The time that the data is made relative to."""
    return datetime.now(UTC)
