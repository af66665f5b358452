"""Patients, who may act for them, consent, intake, photo sessions, photos and uploads in progress."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Clinic, Membership, User
from patients.querysets import ComingOfAgeQuerySet, PatientQuerySet, PhotoQuerySet, PhotoSessionQuerySet, UploadQuerySet
from vault.fields import SealedDateField, SealedJSONField, SealedTextField
from vision.types import View

if TYPE_CHECKING:
    from uuid import UUID


class Sex(models.TextChoices):
    FEMALE = "female", "Female"
    MALE = "male", "Male"
    OTHER = "other", "Other"
    UNDISCLOSED = "undisclosed", "Prefer not to say"


class Patient(models.Model):
    """A person in a clinic's care. Not a user: :class:`PatientAccess` joins the two. Everything personal is sealed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="patients")
    key_id = models.UUIDField(unique=True)  # the patient's own key in the vault
    record_number = models.CharField(max_length=20)  # opaque, e.g. "P-7K3M-92"
    given_name = SealedTextField()
    family_name = SealedTextField()
    birth_date = SealedDateField(null=True)  # None only after erasure
    sex = SealedTextField()  # a Sex value
    phone = SealedTextField(blank=True, default="")
    name_index = models.CharField(max_length=64, db_index=True)  # blind index of "family given"
    family_name_index = models.CharField(max_length=64, db_index=True)
    record_index = models.CharField(max_length=64, db_index=True)
    phone_index = models.CharField(max_length=64, db_index=True, blank=True, default="", db_default="")  # its end
    is_minor_record = models.BooleanField(default=False)  # registered by a guardian; excluded from model improvement
    legal_hold_reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    erased_at = models.DateTimeField(null=True, blank=True)

    objects = PatientQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "record_number"], name="one_record_number_per_clinic"),
        ]

    @property
    def sealing_key_id(self) -> UUID:
        return self.key_id


class PatientAccess(models.Model):
    """Which user may act for which patient. A guardian may hold several."""

    class Relation(models.TextChoices):
        SELF = "self", "Self"
        GUARDIAN = "guardian", "Parent or guardian"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="patient_access")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="access")
    relation = models.CharField(max_length=10, choices=Relation.choices)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "patient"], condition=Q(ended_at=None), name="one_access_per_user_and_patient"
            ),
            models.UniqueConstraint(
                fields=["user"], condition=Q(ended_at=None, relation="self"), name="one_own_record_per_user"
            ),
        ]


class ComingOfAge(models.Model):
    """The 18th birthday of somebody whose record a guardian registered, and the invitation to take it over (G10)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.OneToOneField(Patient, on_delete=models.CASCADE, related_name="coming_of_age")
    due_date = SealedDateField()  # the birthday: as personal as the date of birth
    announced_at = models.DateTimeField(null=True, blank=True)  # 30 days before, to the clinic and the guardians
    reached_at = models.DateTimeField(null=True, blank=True)  # guardians' access ended
    token_digest = models.CharField(max_length=64, blank=True, db_index=True)  # of the open invitation; empty: none
    attempts = models.PositiveSmallIntegerField(default=0)  # dates of birth tried with it, and wrong
    invited_at = models.DateTimeField(null=True, blank=True)
    invited_by = models.ForeignKey(Membership, null=True, on_delete=models.SET_NULL, related_name="+")
    expires_at = models.DateTimeField(null=True, blank=True)
    taken_over_at = models.DateTimeField(null=True, blank=True)

    objects = ComingOfAgeQuerySet.as_manager()

    @property
    def sealing_key_id(self) -> UUID:
        return self.patient.key_id


class Purpose(models.TextChoices):
    """Consent purposes (G1)."""

    CARE = "care", "Care by the clinic"
    AI_ANALYSIS = "ai_analysis", "Measurement by AI models"
    SHARING = "sharing", "Sharing with a second reviewer"
    MODEL_IMPROVEMENT = "model_improvement", "Improving the models"
    RESEARCH = "research", "Research"


class ConsentText(models.Model):
    """One version of one purpose's wording. Published texts are never edited: a change is a new version."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="consent_texts")
    purpose = models.CharField(max_length=20, choices=Purpose.choices)
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=120)
    body = models.TextField()
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "purpose", "version"], name="one_consent_text_version"),
        ]


class Consent(models.Model):
    """A decision about one text, appended and never edited; the newest row per purpose counts."""

    class Decision(models.TextChoices):
        GRANTED = "granted", "Granted"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="consents")
    text = models.ForeignKey(ConsentText, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=20, choices=Purpose.choices)
    decision = models.CharField(max_length=10, choices=Decision.choices)
    number = models.PositiveIntegerField()  # counts the decisions of one patient about one purpose, from 1
    decided_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["patient", "purpose", "number"], name="one_consent_number_per_purpose"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Appends; refuses to change a decision that was recorded."""
        if not self._state.adding:
            raise TypeError("A consent decision is never edited: record a new one.")
        super().save(*args, **kwargs)


class Intake(models.Model):
    """One version of the answers about a patient's health. A new session reconfirms or replaces them (R7)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="intakes")
    version = models.PositiveIntegerField()
    answers = SealedJSONField()  # patients.intake_form.Answers as a dict
    red_flags = SealedJSONField(default=list)  # list of patients.red_flags.RedFlag values
    submitted_at = models.DateTimeField(default=timezone.now)
    submitted_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["patient", "version"], name="one_intake_version_per_patient")]

    @property
    def sealing_key_id(self) -> UUID:
        return self.patient.key_id


class Urgency(models.IntegerChoices):
    """How soon a clinician should look, from the red flags of the session's answers; orders the worklist."""

    PRESSING = 0, "Seek care now"
    SOON = 1, "Soon"
    ROUTINE = 2, "Routine"


class Measuring(models.TextChoices):
    """How far the measuring of a case is, as coarse as the worklist's filters need it."""

    UNKNOWN = "", "Not looked at yet"
    NONE = "none", "Nothing is measured"
    PENDING = "pending", "Waiting or running"
    DONE = "done", "Measured"
    FAILED = "failed", "Failed"


class Occasion(models.TextChoices):
    """What a sent session is for: a clinician's answer, or the series between two reviews (docs/adr/0016)."""

    CASE = "case", "A case"
    INTERIM = "interim", "Between two reviews"


class PhotoSession(models.Model):
    """One sitting of photographs. Submitted, it is a *case*; kept, it waits for the next one of its patient."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Being prepared"
        SUBMITTED = "submitted", "Submitted"
        KEPT = "kept", "Kept for the next review"
        CLOSED = "closed", "Closed"  # signed or rejected
        DISCARDED = "discarded", "Discarded by the patient"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="sessions")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    occasion = models.CharField(max_length=10, choices=Occasion.choices, default=Occasion.CASE)  # set by submission
    checklist = SealedJSONField(default=dict)  # C4: dry, unstyled, ... and the wash interval
    intake = models.ForeignKey(Intake, null=True, on_delete=models.SET_NULL, related_name="sessions")
    intake_confirmed_at = models.DateTimeField(null=True, blank=True)
    ai_consented = models.BooleanField(default=False)  # as it stood at submission
    urgent = models.BooleanField(default=False)  # a red flag in the intake of this session
    # What the worklist filters and orders by, so that it never has to open a seal for it: see ``analysis.ranking``.
    clinic = models.ForeignKey(Clinic, null=True, on_delete=models.PROTECT, related_name="+")  # set by submission
    urgency = models.PositiveSmallIntegerField(choices=Urgency.choices, default=Urgency.ROUTINE)
    measuring = models.CharField(max_length=10, choices=Measuring.choices, default=Measuring.UNKNOWN)
    severity_rank = models.PositiveSmallIntegerField(default=0)  # severity index in tenths, 10..100; 0: not measured
    shown_rank = models.PositiveSmallIntegerField(default=0)  # the same; 0 while the case is read blind as well
    for_dermatologist = models.BooleanField(default=False)  # whoever handed it on last said that one has to take over
    retake_views = models.JSONField(default=list)  # views the clinician wants again, with reasons' codes
    take_twice = models.BooleanField(default=False)  # each view twice in this sitting (C8)
    created_at = models.DateTimeField(default=timezone.now)
    submitted_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = PhotoSessionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["status", "urgent", "submitted_at"]),
            models.Index(
                F("clinic"),
                F("urgency"),
                F("shown_rank").desc(),
                F("submitted_at"),
                F("id"),
                condition=Q(status="submitted"),
                name="worklist_order",
            ),
            models.Index(fields=["measuring"], condition=Q(status="submitted", measuring=""), name="worklist_unranked"),
            models.Index(
                fields=["clinic", "measuring", "urgency"],
                condition=Q(status="submitted", measuring__in=["none", "pending", "failed"]),
                name="worklist_not_measured",
            ),
            models.Index(
                fields=["clinic"],
                condition=Q(status="submitted", for_dermatologist=True),
                name="worklist_dermatologist",
            ),
        ]

    @property
    def sealing_key_id(self) -> UUID:
        return self.patient.key_id


class PrintedCard(models.Model):
    """That the patient checked the print of a calibration card; the newest check counts."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="cards")
    ruler_mm = models.FloatField()  # what the printed ruler of 100 mm measures
    checked_at = models.DateTimeField()
    checked_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")


class Photo(models.Model):
    """One photograph, upright, without metadata, sealed under the patient's key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(PhotoSession, on_delete=models.CASCADE, related_name="photos")
    view = models.CharField(max_length=20, choices=[(v.value, v.value) for v in View])
    site = models.CharField(max_length=40, blank=True)  # named trichoscopy site
    file_name = models.CharField(max_length=200)  # in the sealed store
    thumbnail_name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=64)  # blind index of the digest of the bytes as uploaded: finds duplicates
    width_px = models.PositiveIntegerField()
    height_px = models.PositiveIntegerField()
    size_bytes = models.PositiveIntegerField()
    capture = SealedJSONField(default=dict)  # lens, flash, exposure, date; never a place
    quality = models.JSONField(default=dict)  # checks with value, threshold, passed
    quality_passed = models.BooleanField()
    px_per_mm = models.FloatField(null=True, blank=True)  # from the calibration card in it
    # The same view once more in one sitting, with the camera put down in between: tells how much the photographs vary.
    repeat_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="repeats")
    created_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True, blank=True)  # replaced by a retake, or taken out by the patient

    objects = PhotoQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session", "sha256"], condition=Q(removed_at=None), name="no_duplicate_photo_in_session"
            ),
        ]

    @property
    def sealing_key_id(self) -> UUID:
        return self.session.patient.key_id

    @property
    def take(self) -> int:
        """1, or 2 for a repeat: only first takes are read, signed and reported; see docs/adr/0014."""
        return 1 if self.repeat_of_id is None else 2


class Upload(models.Model):
    """A resumable upload (tus 1.0) in progress: sealed parts until it is whole, then a Photo or a reason."""

    class Status(models.TextChoices):
        RECEIVING = "receiving", "Receiving"
        ACCEPTED = "accepted", "Accepted"
        REJECTED = "rejected", "Rejected"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(PhotoSession, on_delete=models.CASCADE, related_name="uploads")
    view = models.CharField(max_length=20, choices=[(v.value, v.value) for v in View])
    site = models.CharField(max_length=40, blank=True)
    length_bytes = models.PositiveIntegerField()
    offset_bytes = models.PositiveIntegerField(default=0)
    parts = models.JSONField(default=list)  # names in the sealed store, in order
    claimed_type = models.CharField(max_length=40, blank=True)
    claimed_extension = models.CharField(max_length=10, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RECEIVING)
    photo = models.ForeignKey(Photo, null=True, on_delete=models.SET_NULL, related_name="+")
    reason_code = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    objects = UploadQuerySet.as_manager()
