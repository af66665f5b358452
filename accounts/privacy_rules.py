"""What this room holds about a person. The account itself is tombstoned by ``accounts.services.tombstone_user``."""

from __future__ import annotations

from accounts.privacy import Category, FieldRule, OnErasure, RoomPrivacy

_ACCOUNT = FieldRule(Category.ACCOUNT, OnErasure.ERASE)
_LINK = FieldRule(Category.LINK, OnErasure.KEEP)
_REFERENCE = FieldRule(Category.REFERENCE, OnErasure.KEEP)
_AUDIT = FieldRule(
    Category.AUDIT,
    OnErasure.KEEP,
    "Opaque ids only; needed to prove who read what, and unlinkable once the key is gone.",
)
_STAFF = FieldRule(
    Category.ACCOUNT, OnErasure.KEEP, "Staff data: stands under signed reports, kept as long as they are."
)

_FIELDS: dict[str, FieldRule] = {
    **{f"User.{name}": _ACCOUNT for name in ("email", "password", "last_login", "is_active", "language", "time_zone")},
    **{f"User.{name}": _LINK for name in ("id", "is_staff", "is_superuser", "groups", "user_permissions")},
    **{f"User.{name}": _LINK for name in ("created_at", "erased_at")},
    **{
        f"Clinic.{name}": _REFERENCE
        for name in (
            "id", "name", "address", "phone", "time_zone", "join_code", "registration_open", "record_key_id",
            "sla_hours", "urgent_sla_hours", "usual_reply", "paper", "vellus_cutoff_um", "repeat_captures",
            "created_at",
        )
    },
    **{
        f"Trichoscope.{name}": _REFERENCE
        for name in ("id", "clinic", "name", "px_per_mm", "width_px", "bar_mm", "created_at")
    },
    **{
        f"Membership.{name}": _STAFF
        for name in ("id", "user", "clinic", "role", "display_name", "qualification", "created_at", "ended_at")
    },
    **{
        f"StaffInvitation.{name}": _STAFF
        for name in (
            "id", "clinic", "email", "role", "display_name", "token_digest", "invited_by", "created_at", "expires_at",
            "accepted_at", "withdrawn_at",
        )
    },
    **{
        f"AuditEvent.{name}": _AUDIT
        for name in (
            "id", "clinic", "actor_id", "actor_role", "action", "patient_id", "subject_kind", "subject_id", "detail",
            "at", "sequence", "previous_hash", "chain_hash",
        )
    },
    **{
        f"WebhookEndpoint.{name}": _REFERENCE
        for name in (
            "id", "clinic", "url", "description", "events", "secret", "off", "failing_since", "last_success_at",
            "created_at",
        )
    },
    **{
        f"WebhookDelivery.{name}": _LINK
        for name in (
            "id", "endpoint", "event", "payload", "status", "attempts", "next_attempt_at", "last_status_code",
            "last_error", "created_at", "delivered_at",
        )
    },
    **{
        f"Notification.{name}": _LINK
        for name in (
            "id", "recipient", "clinic", "kind", "path", "dedupe_key", "created_at", "sent_at", "attempts",
            "last_error",
        )
    },
}  # fmt: skip

PRIVACY = RoomPrivacy(
    room="accounts",
    fields=_FIELDS,
    export=lambda patient_id: (),
    plan_erasure=lambda patient_id: (),
    erase=lambda patient_id, now: None,
)
