"""Addresses of the room."""

from __future__ import annotations

from django.urls import path

from analysis import views

app_name = "analysis"
urlpatterns = [
    path("sessions/<uuid:session_id>/", views.session, name="session"),
    path("sessions/<uuid:session_id>/status/", views.session_status, name="session_status"),
    path("sessions/<uuid:session_id>/submit/", views.submit, name="submit"),
    path("derived/<uuid:image_id>/", views.derived, name="derived"),
    path("manage/releases/", views.releases, name="releases"),
    path("manage/releases/<uuid:release_id>/", views.release_card, name="release_card"),
    path("manage/releases/<uuid:release_id>/switch/", views.release_switch, name="release_switch"),
]
