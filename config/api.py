"""The REST API's addresses: the rooms' own API modules under one prefix, and the schema."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from analysis import api as analyses
from patients import api as sessions

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("patients/<uuid:patient_id>/sessions/", sessions.PatientSessions.as_view(), name="api-sessions"),
    path("sessions/<uuid:session_id>/", sessions.OneSession.as_view(), name="api-session"),
    path("sessions/<uuid:session_id>/checklist/", sessions.SessionChecklist.as_view(), name="api-checklist"),
    path("sessions/<uuid:session_id>/intake/confirm/", sessions.SessionIntake.as_view(), name="api-intake"),
    path("sessions/<uuid:session_id>/photos/", sessions.SessionPhotos.as_view(), name="api-photos"),
    path("sessions/<uuid:session_id>/submit/", analyses.SubmitSession.as_view(), name="api-submit"),
    path("sessions/<uuid:session_id>/analysis/", analyses.SessionAnalysisView.as_view(), name="api-analysis"),
    path("photos/<uuid:photo_id>/", sessions.OnePhoto.as_view(), name="api-photo"),
    path("photos/<uuid:photo_id>/content/", sessions.PhotoContent.as_view(), name="api-photo-content"),
]
