"""Users, clinics, memberships, audit rows and the notification outbox. Fields and constraints only."""

from __future__ import annotations

import secrets
import uuid
from datetime import date, datetime, time
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.timezone import now as current_time
from django.utils.translation import gettext_lazy as _

from accounts.querysets import AuditEventQuerySet, ClinicQuerySet, MembershipQuerySet, TrichoscopeQuerySet
from accounts.roles import Role


def join_code() -> str:
    """An unguessable part of a clinic's registration link (96 bits)."""
    return secrets.token_urlsafe(12)


class UserManager(BaseUserManager["User"]):
    """Creates users by e-mail; passwords are hashed with Argon2."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> User:
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """Who signs in. The e-mail stands in clear only here and in allauth's tables, and is tombstoned on erasure."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("e-mail address"), unique=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)  # Django's plain admin for reference data only
    language = models.CharField(max_length=10, blank=True)  # of pages and e-mails; empty: what the browser asks for
    time_zone = models.CharField(max_length=64, blank=True)  # in which they read times; empty: browser's or clinic's
    created_at = models.DateTimeField(default=current_time)
    erased_at = models.DateTimeField(null=True, blank=True)

    objects = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return str(self.pk)


class Clinic(models.Model):
    """A clinic: the border of everything staff can see."""

    class Paper(models.TextChoices):
        A4 = "a4", _("A4")
        LETTER = "letter", _("US Letter")

    class Repeats(models.TextChoices):
        NEVER = "never", _("Never")
        BASELINE = "baseline", _("In a patient's first session")
        ALWAYS = "always", _("In every session")

    class VellusCutoff(models.IntegerChoices):
        UM_30 = 30, _("30 µm (customary)")
        UM_35 = 35, _("35 µm")
        UM_40 = 40, _("40 µm")
        UM_45 = 45, _("45 µm")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    address = models.CharField(max_length=240, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    time_zone = models.CharField(max_length=64, default="Europe/Berlin")
    join_code = models.CharField(max_length=32, unique=True, default=join_code)
    registration_open = models.BooleanField(default=True)
    record_key_id = models.UUIDField()  # the clinic's record key in the vault
    sla_hours = models.PositiveSmallIntegerField(default=72)
    urgent_sla_hours = models.PositiveSmallIntegerField(default=4)
    usual_reply = models.CharField(max_length=120, default="two working days")
    paper = models.CharField(max_length=10, choices=Paper.choices, default=Paper.A4)  # of printed reports
    # Hairs thinner than this are called vellus; stored with every result, so that a new one changes nothing measured.
    vellus_cutoff_um = models.PositiveSmallIntegerField(choices=VellusCutoff.choices, default=VellusCutoff.UM_30)
    # When the protocol asks for each view twice, to learn how much a patient's own photographs vary (C8).
    repeat_captures = models.CharField(max_length=10, choices=Repeats.choices, default=Repeats.NEVER)
    created_at = models.DateTimeField(default=current_time)

    objects = ClinicQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    def day_of(self, at: datetime) -> date:
        """The date of an instant on the clinic's clock: the day that its records, reports and deadlines name."""
        return at.astimezone(ZoneInfo(self.time_zone)).date()

    def start_of(self, day: date) -> datetime:
        """The instant at which a day begins on the clinic's clock."""
        return datetime.combine(day, time.min, ZoneInfo(self.time_zone))


class Trichoscope(models.Model):
    """A trichoscope at one magnification: the scale of its pictures, known by their width, and the bar it draws."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="trichoscopes")
    name = models.CharField(max_length=60)
    # The scale holds for pictures of exactly this width alone.
    px_per_mm = models.FloatField(null=True, blank=True, validators=[MinValueValidator(20), MaxValueValidator(2000)])
    width_px = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(300), MaxValueValidator(20_000)]
    )
    # How many millimetres the scale bar stands for that it burns into its pictures, if it does.
    bar_mm = models.FloatField(null=True, blank=True, validators=[MinValueValidator(0.05), MaxValueValidator(20)])
    created_at = models.DateTimeField(default=current_time)

    objects = TrichoscopeQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        constraints = [
            models.UniqueConstraint(Lower("name"), "clinic", name="one_trichoscope_of_a_name"),
            models.UniqueConstraint(fields=["clinic", "width_px"], name="one_trichoscope_of_a_width"),
            models.CheckConstraint(
                condition=Q(px_per_mm=None, width_px=None) | Q(px_per_mm__isnull=False, width_px__isnull=False),
                name="trichoscope_scale_with_width",
            ),
            models.CheckConstraint(
                condition=Q(px_per_mm__isnull=False) | Q(bar_mm__isnull=False), name="trichoscope_tells_a_scale"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A staff member's role in a clinic. One active membership per user."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=[(r.value, r.value) for r in Role if r.is_staff])
    display_name = models.CharField(max_length=120)  # as it stands under a report
    qualification = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=current_time)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(ended_at=None), name="one_active_membership_per_user"),
        ]

    def __str__(self) -> str:
        return f"{self.display_name} ({self.role})"


class StaffInvitation(models.Model):
    """An invitation to join a clinic's staff; only a digest of its token is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=20, choices=[(r.value, r.value) for r in Role if r.is_staff])
    display_name = models.CharField(max_length=120)
    token_digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=current_time)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)


class AuditEvent(models.Model):
    """One read or write of patient data (G6): opaque ids only, chained per clinic by the sealer, never edited."""

    id = models.BigAutoField(primary_key=True)
    clinic = models.ForeignKey(Clinic, null=True, on_delete=models.PROTECT, related_name="+")
    actor_id = models.UUIDField(null=True)  # None: the portal itself
    actor_role = models.CharField(max_length=20, blank=True)
    action = models.CharField(max_length=60)  # e.g. "photo.read", "review.claimed"
    patient_id = models.UUIDField(null=True, db_index=True)
    subject_kind = models.CharField(max_length=40, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)
    detail = models.JSONField(default=dict)  # ids, counts and codes only
    at = models.DateTimeField(default=current_time, db_index=True)
    sequence = models.BigIntegerField(null=True)  # set by the sealer, without gaps within a clinic
    previous_hash = models.CharField(max_length=64, blank=True)
    chain_hash = models.CharField(max_length=64, blank=True)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "sequence"], condition=Q(sequence__isnull=False), name="one_audit_sequence_per_clinic"
            ),
        ]
        indexes = [models.Index(fields=["clinic", "-at"])]


class Notification(models.Model):
    """Outbox of e-mails without content: a kind and ids. Sent after commit, retried by the sweep, sent once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recipient = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notifications")
    clinic = models.ForeignKey(Clinic, null=True, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)  # accounts.notify.Kind
    path = models.CharField(max_length=200, blank=True)  # where the link in the mail leads, inside the portal
    dedupe_key = models.CharField(max_length=120, unique=True)
    created_at = models.DateTimeField(default=current_time)
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=60, blank=True)


from accounts.webhook_models import WebhookDelivery, WebhookEndpoint  # noqa: E402 - after what their fields point to

__all__ = [
    "AuditEvent",
    "Clinic",
    "Membership",
    "Notification",
    "StaffInvitation",
    "Trichoscope",
    "User",
    "UserManager",
    "WebhookDelivery",
    "WebhookEndpoint",
    "join_code",
]
