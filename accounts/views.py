"""Pages of this room: the door (home), staff, clinic, audit, invitations, health."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit, selectors, services
from accounts.decorators import roles, signed_in
from accounts.forms import AuditSearchForm, ClinicForm, InviteForm, RoleForm
from accounts.presenters import audit_rows
from accounts.requests import actor_of, user_of
from accounts.roles import Role
from accounts.trichoscopes import trichoscopes_of, with_unread_bars

administrators = roles(Role.ADMINISTRATOR)


@require_GET
@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """Sends each role to the page that answers its first question."""
    role = actor_of(request).role
    if role.is_clinician:
        return redirect("reviews:queue")
    if role is Role.ADMINISTRATOR:
        return redirect("accounts:staff")
    return redirect("patients:records")


@require_GET
@administrators
def staff(request: HttpRequest) -> HttpResponse:
    """Who works here, and who is invited."""
    actor = actor_of(request)
    context = {
        "memberships": selectors.all_memberships(actor),
        "invitations": selectors.open_invitations(actor),
        "form": InviteForm(),
        "role_form": RoleForm(),
        "now": timezone.now(),
    }
    return render(request, "accounts/staff.html", context)


@require_POST
@administrators
def staff_invite(request: HttpRequest) -> HttpResponse:
    """Invite a colleague; the link is shown once."""
    actor = actor_of(request)
    form = InviteForm(request.POST)
    link = ""
    if form.is_valid():
        data = form.cleaned_data
        _invitation, token = services.invite_staff(
            actor=actor,
            email=data["email"],
            role=Role(data["role"]),
            display_name=data["display_name"],
            now=timezone.now(),
        )
        link = settings.PORTAL_ORIGIN + reverse("accounts:invitation", args=[token])
        form = InviteForm()
    context = {
        "memberships": selectors.all_memberships(actor),
        "invitations": selectors.open_invitations(actor),
        "form": form,
        "role_form": RoleForm(),
        "invitation_link": link,
    }
    return render(request, "accounts/staff.html", context, status=422 if form.errors else 200)


@require_POST
@administrators
def staff_role(request: HttpRequest, membership_id: UUID) -> HttpResponse:
    """Change a colleague's role."""
    form = RoleForm(request.POST)
    if form.is_valid():
        role = Role(form.cleaned_data["role"])
        services.change_role(actor=actor_of(request), membership_id=membership_id, role=role, now=timezone.now())
        messages.success(request, _("The role was changed."))
    return redirect("accounts:staff")


@require_POST
@administrators
def staff_end(request: HttpRequest, membership_id: UUID) -> HttpResponse:
    """End a colleague's access."""
    services.end_membership(actor=actor_of(request), membership_id=membership_id, now=timezone.now())
    messages.success(request, _("Access ended. What this person signed stays signed."))
    return redirect("accounts:staff")


@require_POST
@administrators
def invitation_withdraw(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Make an invitation useless."""
    services.withdraw_invitation(actor=actor_of(request), invitation_id=invitation_id, now=timezone.now())
    messages.success(request, _("The invitation was withdrawn."))
    return redirect("accounts:staff")


@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Where an invited colleague lands: make an account or sign in, then accept."""
    found = services.open_invitation(token, timezone.now())
    if request.method == "POST":
        services.accept_invitation(user=user_of(request), token=token, now=timezone.now())
        messages.success(request, _("Welcome. Set up a second factor before you begin."))
        return redirect("mfa_index")
    request.session["may_sign_up"] = True
    return render(request, "accounts/invitation.html", {"invitation": found, "token": token})


@require_http_methods(["GET", "POST"])
@administrators
def clinic(request: HttpRequest) -> HttpResponse:
    """The clinic's details and its registration link."""
    actor = actor_of(request)
    current = selectors.clinic_of(actor)
    form = ClinicForm(request.POST or None, instance=current)
    if request.method == "POST" and form.is_valid():
        services.update_clinic(actor=actor, fields=form.cleaned_data, now=timezone.now())
        messages.success(request, _("Saved."))
        return redirect("accounts:clinic")
    link = settings.PORTAL_ORIGIN + reverse("patients:join", args=[current.join_code])
    status = 422 if form.errors else 200
    scopes = trichoscopes_of(actor)
    page = {
        "form": form,
        "clinic": current,
        "join_link": link,
        "trichoscopes": scopes,
        "unread_bars": with_unread_bars(scopes),
    }
    return render(request, "accounts/clinic.html", page, status=status)


@require_POST
@administrators
def clinic_new_link(request: HttpRequest) -> HttpResponse:
    """A new registration link."""
    services.renew_join_code(actor=actor_of(request), now=timezone.now())
    messages.success(request, _("The old link no longer works."))
    return redirect("accounts:clinic")


@require_GET
@administrators
def audit_search(request: HttpRequest) -> HttpResponse:
    """Search the clinic's audit; says whether the chain holds."""
    actor = actor_of(request)
    form = AuditSearchForm(request.GET)
    page = Paginator(selectors.search_audit(actor, **form.filters()), 50).get_page(request.GET.get("page"))
    current = selectors.clinic_of(actor)
    context = {
        "form": form,
        "page": page,
        "rows": audit_rows(page.object_list),
        "broken_at": audit.verify_chain(current.pk),
        "sealed": audit.sealed_count(current.pk),
    }
    return render(request, "accounts/audit.html", context)
