"""Addresses of the room."""

from __future__ import annotations

from django.urls import path

from accounts import trichoscope_views, views, webhook_views

app_name = "accounts"
urlpatterns = [
    path("manage/staff/", views.staff, name="staff"),
    path("manage/staff/invite/", views.staff_invite, name="staff_invite"),
    path("manage/staff/<uuid:membership_id>/role/", views.staff_role, name="staff_role"),
    path("manage/staff/<uuid:membership_id>/end/", views.staff_end, name="staff_end"),
    path("manage/invitations/<uuid:invitation_id>/withdraw/", views.invitation_withdraw, name="invitation_withdraw"),
    path("invitation/<str:token>/", views.invitation, name="invitation"),
    path("manage/clinic/", views.clinic, name="clinic"),
    path("manage/clinic/new-link/", views.clinic_new_link, name="clinic_new_link"),
    path("manage/trichoscopes/new/", trichoscope_views.trichoscope_new, name="trichoscope_new"),
    path("manage/trichoscopes/<uuid:trichoscope_id>/", trichoscope_views.trichoscope, name="trichoscope"),
    path(
        "manage/trichoscopes/<uuid:trichoscope_id>/remove/",
        trichoscope_views.trichoscope_remove,
        name="trichoscope_remove",
    ),
    path("manage/webhooks/", webhook_views.webhook_list, name="webhooks"),
    path("manage/webhooks/<uuid:endpoint_id>/", webhook_views.webhook, name="webhook"),
    path("manage/webhooks/<uuid:endpoint_id>/switch/", webhook_views.webhook_switch, name="webhook_switch"),
    path("manage/webhooks/<uuid:endpoint_id>/secret/", webhook_views.webhook_secret, name="webhook_secret"),
    path("manage/webhooks/<uuid:endpoint_id>/test/", webhook_views.webhook_ping, name="webhook_ping"),
    path("manage/webhooks/<uuid:endpoint_id>/delete/", webhook_views.webhook_delete, name="webhook_delete"),
    path("manage/audit/", views.audit_search, name="audit"),
]
