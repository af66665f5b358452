"""Conversations over the API."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.actors import Actor
from accounts.api import PAGE_PARAMETERS, Page, api_actor, failures, page_of
from accounts.roles import Permission
from care import selectors, services, symptoms
from care.models import Message, Thread
from care.selectors import InboxFilters, InboxView
from care.services import Upload, Writing
from care.views.messages import stream
from care.workflow import ThreadAction
from patients.models import Patient
from patients.red_flags import RedFlag, label, safety_text, severity
from patients.selectors import patient_for

RED_FLAGS = [flag.value for flag in RedFlag]


class AttachmentOut(serializers.Serializer[Any]):
    """A file of a message; its bytes are read from ``attachments/{id}/``."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    media_type = serializers.CharField()
    size_bytes = serializers.IntegerField()


class SafetyOut(serializers.Serializer[Any]):
    """A reviewed text for the patient's side about a red flag that a message names."""

    flag = serializers.CharField()
    urgency = serializers.CharField()
    title = serializers.CharField()
    what = serializers.CharField()
    when_and_where = serializers.CharField()
    at_once_if = serializers.CharField()


class MessageOut(serializers.Serializer[Any]):
    """One message. ``internal`` notes are the team's and never come to a patient's side."""

    id = serializers.UUIDField()
    thread_id = serializers.UUIDField()
    sender = serializers.SerializerMethodField()
    from_care_team = serializers.SerializerMethodField()
    internal = serializers.BooleanField()
    body = serializers.CharField()
    session_id = serializers.UUIDField(allow_null=True)
    report_id = serializers.UUIDField(allow_null=True)
    sent_at = serializers.DateTimeField()
    attachments = serializers.SerializerMethodField()
    red_flags = serializers.SerializerMethodField()
    safety = serializers.SerializerMethodField()

    @extend_schema_field(serializers.CharField())
    def get_sender(self, message: Message) -> str:
        return str(message.membership.display_name) if message.membership else "patient"

    @extend_schema_field(serializers.BooleanField())
    def get_from_care_team(self, message: Message) -> bool:
        return message.membership_id is not None

    @extend_schema_field(AttachmentOut(many=True))
    def get_attachments(self, message: Message) -> Any:
        return AttachmentOut(message.attachments.all(), many=True).data

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_red_flags(self, message: Message) -> list[str]:
        return [label(RedFlag(value)) for value in message.red_flags]

    @extend_schema_field(SafetyOut(many=True))
    def get_safety(self, message: Message) -> list[dict[str, str]]:
        return [_safety(flag) for flag in symptoms.flags_of("", map(RedFlag, message.red_flags))]


def _safety(flag: RedFlag) -> dict[str, str]:
    text = safety_text(flag)
    return {
        "flag": flag.value,
        "urgency": severity(flag).value,
        "title": str(text.title),
        "what": str(text.what),
        "when_and_where": str(text.when_and_where),
        "at_once_if": str(text.at_once_if),
    }


class ThreadOut(serializers.Serializer[Thread]):
    """A conversation. ``unread`` is given in lists."""

    id = serializers.UUIDField()
    patient_id = serializers.UUIDField()
    subject = serializers.CharField()
    status = serializers.ChoiceField(choices=Thread.Status.choices)
    urgent = serializers.BooleanField()
    unread = serializers.SerializerMethodField()
    assigned_to = serializers.UUIDField(source="assigned_to_id", allow_null=True)
    waiting_since = serializers.DateTimeField(allow_null=True)
    last_message_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(serializers.BooleanField(allow_null=True))
    def get_unread(self, thread: Thread) -> bool | None:
        return getattr(thread, "is_unread", None)


class ConversationOut(ThreadOut):
    """A conversation with its messages, oldest first."""

    messages = MessageOut(many=True)
    usual_reply = serializers.CharField(help_text="not for emergencies: the clinic usually answers within this time")


class MessageIn(serializers.Serializer[Any]):
    """One message. ``send_key``: sent twice with the same one, it is one message."""

    body = serializers.CharField(required=False, default="", allow_blank=True, max_length=8000)
    send_key = serializers.UUIDField(required=False)
    symptoms = serializers.ListField(child=serializers.ChoiceField(choices=RED_FLAGS), required=False, default=list)
    session_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    report_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    internal = serializers.BooleanField(required=False, default=False)
    files = serializers.ListField(child=serializers.FileField(), required=False, default=list)


class ThreadIn(MessageIn):
    """The first message of a conversation."""

    subject = serializers.CharField(max_length=120)


class AssignIn(serializers.Serializer[Any]):
    """Who answers; null gives the conversation back to everybody."""

    membership_id = serializers.UUIDField(allow_null=True)


class ThreadStatusIn(serializers.Serializer[Any]):
    """Close a conversation, or take it up again."""

    action = serializers.ChoiceField(choices=["close", "reopen"])


class CannedReplyShape(serializers.Serializer[Any]):
    """A reply that is used often."""

    id = serializers.UUIDField(read_only=True)
    title = serializers.CharField(max_length=80)
    body = serializers.CharField(max_length=4000)


def _writing(given: dict[str, Any]) -> Writing:
    return Writing(
        body=given["body"],
        send_key=given.get("send_key") or uuid4(),
        symptoms=tuple(RedFlag(value) for value in given["symptoms"]),
        session_id=given["session_id"],
        report_id=given["report_id"],
        uploads=[Upload(file, file.name or "", file.content_type or "") for file in given["files"]],
        internal=given["internal"],
    )


def _message(actor: Actor, message: Message) -> Response:
    found = next(row for row in selectors.messages_of(actor, message.thread) if row.pk == message.pk)
    return Response(MessageOut(found).data, status=status.HTTP_201_CREATED)


class Threads(APIView):
    """Conversations in the caller's scope."""

    @extend_schema(
        operation_id="threads_list",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("view", str, enum=[view.value for view in InboxView]),
            OpenApiParameter("mine", bool),
            OpenApiParameter("free", bool),
        ],
        responses={200: page_of(ThreadOut), **failures()},
        tags=["messages"],
    )
    def get(self, request: Request) -> Response:
        """A patient's own, or the clinic's: urgent first, then who waits longest. The read is recorded."""
        actor = api_actor(request)
        actor.check(Permission.WRITE_MESSAGES)
        view = request.query_params.get("view", "all")
        filters = InboxFilters(
            InboxView(view) if view in list(InboxView) else InboxView.ALL,
            request.query_params.get("mine") == "true",
            request.query_params.get("free") == "true",
        )
        page: Page[Any] = Page(request, selectors.inbox(actor, filters))
        services.read_inbox(actor=actor, threads=page.rows, now=timezone.now())
        return page.answer(ThreadOut)


class PatientThreads(APIView):
    """Conversations with one patient."""

    parser_classes = [JSONParser, MultiPartParser]

    @extend_schema(
        operation_id="threads_start",
        request=ThreadIn,
        responses={201: MessageOut, **failures(400, 404, 422)},
        tags=["messages"],
    )
    def post(self, request: Request, patient_id: UUID) -> Response:
        """Begin a conversation. Messages are not for emergencies."""
        actor = api_actor(request)
        actor.check(Permission.WRITE_MESSAGES)
        patient: Patient = patient_for(actor, patient_id)
        given = ThreadIn(data=request.data)
        given.is_valid(raise_exception=True)
        message = services.start_thread(
            actor=actor,
            patient_id=patient.pk,
            subject=given.validated_data["subject"],
            writing=_writing(given.validated_data),
            now=timezone.now(),
        )
        return _message(actor, message)


class OneThread(APIView):
    """One conversation."""

    @extend_schema(operation_id="threads_read", responses={200: ConversationOut, **failures(404)}, tags=["messages"])
    def get(self, request: Request, thread_id: UUID) -> Response:
        """All that the caller may read; read from now on, and recorded."""
        thread, messages = services.read_thread(actor=api_actor(request), thread_id=thread_id, now=timezone.now())
        body = dict(ThreadOut(thread).data)
        body["messages"] = MessageOut(messages, many=True).data
        body["usual_reply"] = thread.patient.clinic.usual_reply
        return Response(body)


class ThreadMessages(APIView):
    """Messages of a conversation."""

    parser_classes = [JSONParser, MultiPartParser]

    @extend_schema(
        operation_id="messages_send",
        request=MessageIn,
        responses={201: MessageOut, **failures(400, 404, 409, 422)},
        tags=["messages"],
    )
    def post(self, request: Request, thread_id: UUID) -> Response:
        """One more message, or a note of the team. Files come as multipart/form-data."""
        actor = api_actor(request)
        selectors.thread_for(actor, thread_id)
        given = MessageIn(data=request.data)
        given.is_valid(raise_exception=True)
        message = services.reply(
            actor=actor, thread_id=thread_id, writing=_writing(given.validated_data), now=timezone.now()
        )
        return _message(actor, message)


class ThreadAssign(APIView):
    """Who answers a conversation."""

    @extend_schema(
        operation_id="threads_assign",
        request=AssignIn,
        responses={200: ThreadOut, **failures(400, 404, 422)},
        tags=["messages"],
    )
    def post(self, request: Request, thread_id: UUID) -> Response:
        """Give it to a clinician of the clinic, or back to everybody."""
        given = AssignIn(data=request.data)
        given.is_valid(raise_exception=True)
        thread = services.assign(
            actor=api_actor(request),
            thread_id=thread_id,
            membership_id=given.validated_data["membership_id"],
            now=timezone.now(),
        )
        return Response(ThreadOut(thread).data)


class ThreadStatus(APIView):
    """The state of a conversation."""

    @extend_schema(
        operation_id="threads_status",
        request=ThreadStatusIn,
        responses={200: ThreadOut, **failures(400, 404, 409)},
        tags=["messages"],
    )
    def post(self, request: Request, thread_id: UUID) -> Response:
        """Close it, or take it up again."""
        given = ThreadStatusIn(data=request.data)
        given.is_valid(raise_exception=True)
        thread = services.change_state(
            actor=api_actor(request),
            thread_id=thread_id,
            action=ThreadAction(given.validated_data["action"]),
            now=timezone.now(),
        )
        return Response(ThreadOut(thread).data)


class AttachmentContent(APIView):
    """A file of a message."""

    @extend_schema(
        operation_id="attachments_content",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, **failures(404)},
        tags=["messages"],
    )
    def get(self, request: Request, attachment_id: UUID) -> StreamingHttpResponse:
        """Decrypted bytes; the read is recorded."""
        return stream(
            services.open_attachment(actor=api_actor(request), attachment_id=attachment_id, now=timezone.now())
        )


class CannedReplies(APIView):
    """Replies that the clinic uses often."""

    @extend_schema(
        operation_id="canned_replies_list",
        responses={200: CannedReplyShape(many=True), **failures()},
        tags=["messages"],
    )
    def get(self, request: Request) -> Response:
        """All of them, by title."""
        return Response(CannedReplyShape(selectors.canned_replies(api_actor(request)), many=True).data)

    @extend_schema(
        operation_id="canned_replies_add",
        request=CannedReplyShape,
        responses={201: CannedReplyShape, **failures(400, 422)},
        tags=["messages"],
    )
    def post(self, request: Request) -> Response:
        """A new one."""
        actor = api_actor(request)
        actor.check(Permission.ANSWER_MESSAGES)
        given = CannedReplyShape(data=request.data)
        given.is_valid(raise_exception=True)
        reply = services.save_reply(actor=actor, now=timezone.now(), **given.validated_data)
        return Response(CannedReplyShape(reply).data, status=status.HTTP_201_CREATED)


class OneCannedReply(APIView):
    """One reply."""

    @extend_schema(
        operation_id="canned_replies_change",
        request=CannedReplyShape,
        responses={200: CannedReplyShape, **failures(400, 404, 422)},
        tags=["messages"],
    )
    def put(self, request: Request, reply_id: UUID) -> Response:
        """Change it."""
        actor = api_actor(request)
        selectors.canned_reply_for(actor, reply_id)
        given = CannedReplyShape(data=request.data)
        given.is_valid(raise_exception=True)
        reply = services.save_reply(actor=actor, reply_id=reply_id, now=timezone.now(), **given.validated_data)
        return Response(CannedReplyShape(reply).data)

    @extend_schema(operation_id="canned_replies_retire", responses={204: None, **failures(404)}, tags=["messages"])
    def delete(self, request: Request, reply_id: UUID) -> Response:
        """Take it out of the list."""
        services.retire_reply(actor=api_actor(request), reply_id=reply_id, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)
