"""What a clinic says to its patients about photographs, AI and when to see a doctor (C9): approved versions."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.utils import timezone

from accounts.models import Clinic, Membership, User


class GuideVersion(models.Model):
    """One approved version of a page, frozen as it was read: the portal's wording and the clinic's own words."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="guide_versions")
    page = models.CharField(max_length=20)  # care.guide.Page
    number = models.PositiveIntegerField()
    content = models.JSONField()  # care.guide.codec of the page
    addition = models.TextField(blank=True)
    digest = models.CharField(max_length=64)  # of content and addition
    approved_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "page", "number"], name="one_guide_version_number")]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Appends; refuses to change what a clinician approved."""
        if not self._state.adding:
            raise TypeError("An approved version is never edited: approve a new one.")
        super().save(*args, **kwargs)


class GuideAddition(models.Model):
    """A clinic's own words for a page as they are being written; patients read them once a clinician approved them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="guide_additions")
    page = models.CharField(max_length=20)
    text = models.TextField(blank=True)
    saved_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "page"], name="one_guide_addition_per_page")]
