"""Administration over the API: staff, invitations, the clinic's details, the audit. The same services as the pages."""

from __future__ import annotations

import zoneinfo
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit, selectors, services
from accounts.api import PAGE_PARAMETERS, Page, api_actor, failures, page_of
from accounts.models import Clinic
from accounts.presenters import audit_rows
from accounts.requests import user_of
from accounts.roles import Permission, Role

STAFF_ROLES = [role.value for role in Role if role.is_staff]


class MemberOut(serializers.Serializer[Any]):
    """A member of the clinic's staff."""

    id = serializers.UUIDField()
    user_id = serializers.UUIDField()
    email = serializers.EmailField(source="user.email")
    display_name = serializers.CharField()
    qualification = serializers.CharField()
    role = serializers.ChoiceField(choices=STAFF_ROLES)
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class RoleIn(serializers.Serializer[Any]):
    """A staff role."""

    role = serializers.ChoiceField(choices=STAFF_ROLES)


class InvitationIn(RoleIn):
    """Who is invited, and as what."""

    email = serializers.EmailField()
    display_name = serializers.CharField(max_length=120)


class InvitationOut(serializers.Serializer[Any]):
    """An open invitation."""

    id = serializers.UUIDField()
    email = serializers.EmailField()
    role = serializers.ChoiceField(choices=STAFF_ROLES)
    display_name = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class NewInvitationOut(InvitationOut):
    """An invitation with its link, which is shown this once."""

    link = serializers.SerializerMethodField()

    def get_link(self, _invitation: Any) -> str:
        return str(self.context["link"])


class ClinicSettings(serializers.Serializer[Any]):
    """The clinic as patients read it, and its promised times."""

    name = serializers.CharField(max_length=120)
    address = serializers.CharField(max_length=240, required=False, allow_blank=True)
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True)
    time_zone = serializers.CharField(max_length=64, required=False)
    sla_hours = serializers.IntegerField(min_value=1, max_value=2000, required=False)
    urgent_sla_hours = serializers.IntegerField(min_value=1, max_value=2000, required=False)
    usual_reply = serializers.CharField(max_length=120, required=False)
    paper = serializers.ChoiceField(choices=Clinic.Paper.choices, required=False)
    vellus_cutoff_um = serializers.ChoiceField(choices=Clinic.VellusCutoff.choices, required=False)
    repeat_captures = serializers.ChoiceField(choices=Clinic.Repeats.choices, required=False)
    registration_open = serializers.BooleanField(required=False)

    def validate_time_zone(self, name: str) -> str:
        if name not in zoneinfo.available_timezones():
            raise serializers.ValidationError("Use a name such as Europe/Berlin.")
        return name


class ClinicSettingsOut(ClinicSettings):
    """The settings with the registration link."""

    id = serializers.UUIDField()
    join_link = serializers.SerializerMethodField()

    def get_join_link(self, clinic: Clinic) -> str:
        return str(settings.PORTAL_ORIGIN) + reverse("patients:join", args=[clinic.join_code])


class AuditOut(serializers.Serializer[Any]):
    """One event: opaque ids and codes only."""

    at = serializers.DateTimeField()
    who = serializers.CharField()
    who_id = serializers.UUIDField(allow_null=True)
    role = serializers.CharField()
    action = serializers.CharField()
    patient = serializers.CharField()
    subject = serializers.CharField()
    detail = serializers.JSONField()
    sequence = serializers.IntegerField(allow_null=True, help_text="its place in the clinic's chain, once sealed")


class ChainOut(serializers.Serializer[Any]):
    """Whether the clinic's audit holds together."""

    sealed = serializers.IntegerField()
    broken_at = serializers.IntegerField(allow_null=True, help_text="the first place that was changed; null: none")


class AuditQuery(serializers.Serializer[Any]):
    """Filters of the audit."""

    action = serializers.CharField(required=False, default="")
    person = serializers.CharField(required=False, default="")
    patient = serializers.CharField(required=False, default="")
    since = serializers.DateField(required=False, default=None)
    until = serializers.DateField(required=False, default=None)


class Staff(APIView):
    """The clinic's staff."""

    @extend_schema(
        operation_id="staff_list",
        parameters=PAGE_PARAMETERS,
        responses={200: page_of(MemberOut), **failures()},
        tags=["administration"],
    )
    def get(self, request: Request) -> Response:
        """Everybody, active members first."""
        return Page(request, selectors.all_memberships(api_actor(request))).answer(MemberOut)


class StaffRole(APIView):
    """The role of a member."""

    @extend_schema(
        operation_id="staff_role",
        request=RoleIn,
        responses={200: MemberOut, **failures(400, 404, 409)},
        tags=["administration"],
    )
    def post(self, request: Request, membership_id: UUID) -> Response:
        """Change it: the membership ends, and one in the new role begins."""
        given = RoleIn(data=request.data)
        given.is_valid(raise_exception=True)
        member = services.change_role(
            actor=api_actor(request),
            membership_id=membership_id,
            role=Role(given.validated_data["role"]),
            now=timezone.now(),
        )
        return Response(MemberOut(member).data)


class EndStaff(APIView):
    """The end of a membership."""

    @extend_schema(
        operation_id="staff_end", request=None, responses={204: None, **failures(404, 409)}, tags=["administration"]
    )
    def post(self, request: Request, membership_id: UUID) -> Response:
        """End the access; what this person signed stays signed."""
        services.end_membership(actor=api_actor(request), membership_id=membership_id, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class Invitations(APIView):
    """Open invitations."""

    @extend_schema(
        operation_id="invitations_list",
        parameters=PAGE_PARAMETERS,
        responses={200: page_of(InvitationOut), **failures()},
        tags=["administration"],
    )
    def get(self, request: Request) -> Response:
        """Those that nobody has accepted or withdrawn."""
        return Page(request, selectors.open_invitations(api_actor(request))).answer(InvitationOut)

    @extend_schema(
        operation_id="invitations_make",
        request=InvitationIn,
        responses={201: NewInvitationOut, **failures(400, 422)},
        tags=["administration"],
    )
    def post(self, request: Request) -> Response:
        """Invite a colleague; the link is shown this once."""
        given = InvitationIn(data=request.data)
        given.is_valid(raise_exception=True)
        data = given.validated_data
        invitation, token = services.invite_staff(
            actor=api_actor(request),
            email=data["email"],
            role=Role(data["role"]),
            display_name=data["display_name"],
            now=timezone.now(),
        )
        link = str(settings.PORTAL_ORIGIN) + reverse("accounts:invitation", args=[token])
        return Response(NewInvitationOut(invitation, context={"link": link}).data, status=status.HTTP_201_CREATED)


class WithdrawInvitation(APIView):
    """One invitation."""

    @extend_schema(
        operation_id="invitations_withdraw",
        request=None,
        responses={204: None, **failures(404)},
        tags=["administration"],
    )
    def post(self, request: Request, invitation_id: UUID) -> Response:
        """Make its link useless."""
        services.withdraw_invitation(actor=api_actor(request), invitation_id=invitation_id, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class AcceptInvitation(APIView):
    """An invitation, for who was invited."""

    @extend_schema(
        operation_id="invitations_accept",
        request=None,
        responses={201: MemberOut, **failures(404, 409)},
        tags=["administration"],
    )
    def post(self, request: Request, token: str) -> Response:
        """Join the staff with the invited e-mail address."""
        member = services.accept_invitation(user=user_of(request._request), token=token, now=timezone.now())
        return Response(MemberOut(member).data, status=status.HTTP_201_CREATED)


class ClinicDetails(APIView):
    """The clinic's details."""

    @extend_schema(
        operation_id="clinic_read", responses={200: ClinicSettingsOut, **failures()}, tags=["administration"]
    )
    def get(self, request: Request) -> Response:
        """The details and the registration link."""
        actor = api_actor(request)
        actor.check(Permission.MANAGE_CLINIC)
        return Response(ClinicSettingsOut(selectors.clinic_of(actor)).data)

    @extend_schema(
        operation_id="clinic_change",
        request=ClinicSettings,
        responses={200: ClinicSettingsOut, **failures(400)},
        tags=["administration"],
    )
    def put(self, request: Request) -> Response:
        """Change what is given."""
        given = ClinicSettings(data=request.data)
        given.is_valid(raise_exception=True)
        clinic = services.update_clinic(actor=api_actor(request), fields=dict(given.validated_data), now=timezone.now())
        return Response(ClinicSettingsOut(clinic).data)


class RenewLink(APIView):
    """The registration link."""

    @extend_schema(
        operation_id="clinic_new_link",
        request=None,
        responses={200: ClinicSettingsOut, **failures()},
        tags=["administration"],
    )
    def post(self, request: Request) -> Response:
        """A new one; the old one stops working."""
        return Response(ClinicSettingsOut(services.renew_join_code(actor=api_actor(request), now=timezone.now())).data)


class Audit(APIView):
    """The clinic's audit."""

    @extend_schema(
        operation_id="audit_search",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("action", str, description="What: the beginning of an action's name."),
            OpenApiParameter("person", str, description="Who: an id."),
            OpenApiParameter("patient", str, description="About whom: an id."),
            OpenApiParameter("since", str, description="From this day on."),
            OpenApiParameter("until", str, description="Up to this day."),
        ],
        responses={200: page_of(AuditOut), **failures(400)},
        tags=["administration"],
    )
    def get(self, request: Request) -> Response:
        """Events, newest first."""
        given = AuditQuery(data=request.query_params)
        given.is_valid(raise_exception=True)
        page: Page[Any] = Page(request, selectors.search_audit(api_actor(request), **given.validated_data))
        page.rows = audit_rows(page.rows)
        return page.answer(AuditOut)


class AuditChain(APIView):
    """The chain of the clinic's audit."""

    @extend_schema(operation_id="audit_chain", responses={200: ChainOut, **failures()}, tags=["administration"])
    def get(self, request: Request) -> Response:
        """Whether it holds from the first row to the last."""
        actor = api_actor(request)
        actor.check(Permission.SEARCH_AUDIT)
        clinic = selectors.clinic_of(actor)
        return Response(
            ChainOut({"sealed": audit.sealed_count(clinic.pk), "broken_at": audit.verify_chain(clinic.pk)}).data
        )
