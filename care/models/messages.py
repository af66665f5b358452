"""Threads between a patient and the care team of their clinic. Every word is sealed under the patient's key."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Clinic, Membership, User
from care.querysets import AttachmentQuerySet, MessageQuerySet, ThreadQuerySet
from patients.models import Patient, PhotoSession
from reports.models import Report
from vault.fields import SealedJSONField, SealedTextField

if TYPE_CHECKING:
    from uuid import UUID


class Thread(models.Model):
    """One conversation. ``public_number`` counts what the patient may read, ``last_number`` notes of the team too."""

    class Status(models.TextChoices):
        OPEN = "open", "Waits for the care team"
        ANSWERED = "answered", "Answered"
        CLOSED = "closed", "Closed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="threads")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="threads")
    subject = SealedTextField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    urgent = models.BooleanField(default=False)  # an unanswered message names a red flag
    assigned_to = models.ForeignKey(Membership, null=True, on_delete=models.SET_NULL, related_name="threads")
    last_number = models.PositiveIntegerField(default=0)
    public_number = models.PositiveIntegerField(default=0)
    waiting_since = models.DateTimeField(null=True, blank=True)  # the oldest unanswered message of the patient's side
    last_message_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = ThreadQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["clinic", "status", "-urgent", "waiting_since"], name="care_thread_inbox"),
            models.Index(fields=["patient", "-last_message_at"], name="care_thread_patient"),
        ]

    @property
    def sealing_key_id(self) -> UUID:
        return self.patient.key_id


class Message(models.Model):
    """One message, never edited. ``internal``: a note among the team that no patient's page shows."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="messages")
    number = models.PositiveIntegerField()  # counts within the thread, from 1
    sender = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    membership = models.ForeignKey(Membership, null=True, on_delete=models.PROTECT, related_name="+")  # None: patient
    internal = models.BooleanField(default=False)
    body = SealedTextField(blank=True, default="")
    red_flags = SealedJSONField(default=list)  # values of patients.red_flags.RedFlag named in the text or ticked
    session = models.ForeignKey(PhotoSession, null=True, on_delete=models.SET_NULL, related_name="+")
    report = models.ForeignKey(Report, null=True, on_delete=models.SET_NULL, related_name="+")
    send_key = models.UUIDField()  # of the form that sent it: sent twice, it is one message
    sent_at = models.DateTimeField(default=timezone.now)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["thread", "number"], name="one_message_number_per_thread"),
            models.UniqueConstraint(fields=["sender", "send_key"], name="one_message_per_sending"),
        ]

    @property
    def sealing_key_id(self) -> UUID:
        return self.thread.patient.key_id


class Attachment(models.Model):
    """A picture without metadata or a PDF, sealed under the patient's key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attachments")
    position = models.PositiveSmallIntegerField()
    title = SealedTextField(blank=True, default="")  # the name of the file as its sender had it
    file_name = models.CharField(max_length=200)  # in the sealed store
    thumbnail_name = models.CharField(max_length=200, blank=True)  # pictures only
    media_type = models.CharField(max_length=20)
    size_bytes = models.PositiveIntegerField()

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "position"], name="one_attachment_per_position")]

    @property
    def sealing_key_id(self) -> UUID:
        return self.message.thread.patient.key_id

    @property
    def is_picture(self) -> bool:
        return self.media_type.startswith("image/")


class ThreadReader(models.Model):
    """How far one person has read."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="readers")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    last_read_number = models.PositiveIntegerField(default=0)
    read_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["thread", "user"], name="one_reader_per_thread_and_user")]


class MessageDraft(models.Model):
    """Words that were typed and not sent yet, one per person and thread (or new thread to a patient's clinic)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    thread = models.ForeignKey(Thread, null=True, on_delete=models.CASCADE, related_name="drafts")
    subject = SealedTextField(blank=True, default="")
    body = SealedTextField(blank=True, default="")
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "patient"], condition=Q(thread=None), name="one_draft_of_a_new_thread"
            ),
            models.UniqueConstraint(
                fields=["user", "thread"], condition=Q(thread__isnull=False), name="one_draft_per_thread"
            ),
        ]

    @property
    def sealing_key_id(self) -> UUID:
        return self.patient.key_id


class CannedReply(models.Model):
    """Words that a clinic uses often. Holds nothing about a person."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="canned_replies")
    title = models.CharField(max_length=80)
    body = models.TextField(max_length=4000)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, blank=True)
