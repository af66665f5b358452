"""Rows of the desk itself: cases handed to a named colleague, and filters of the queue that somebody gave a name."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Clinic, Membership
from patients.models import PhotoSession
from reviews.desk_querysets import HandoverQuerySet, SavedViewQuerySet


class Handover(models.Model):
    """A case that was handed to one colleague. The note stays with the review that was handed over.

    While the offer stands, nobody but the two of them may claim the case. Declined, taken back or past ``until``, it
    is everybody's again.
    """

    class Status(models.TextChoices):
        OFFERED = "offered", "Waits for the colleague"
        TAKEN = "taken", "Taken"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Taken back"
        LAPSED = "lapsed", "Lapsed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    session = models.ForeignKey(PhotoSession, on_delete=models.CASCADE, related_name="handovers")
    review = models.ForeignKey("reviews.Review", on_delete=models.CASCADE, related_name="handovers")
    from_member = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    to_member = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OFFERED)
    offered_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = HandoverQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(status="offered"), name="one_open_handover_per_session"
            ),
        ]
        indexes = [models.Index(fields=["clinic", "to_member"], condition=Q(status="offered"), name="open_handovers")]


class SavedView(models.Model):
    """A named set of filters of the queue: the address's query, so that the address alone shows the same."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="+")
    owner = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=300, blank=True)  # canonical, from QueueFilters
    shared = models.BooleanField(default=False)  # with the clinic's clinicians
    created_at = models.DateTimeField(default=timezone.now)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="one_saved_view_per_name")]
