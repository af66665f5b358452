"""The REST API's addresses: the rooms' own API modules under one prefix, and the schema."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from analysis import api as analyses
from patients import api as sessions
from reviews import api as reviews

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
    path("queue/", reviews.Worklist.as_view(), name="api-queue"),
    path("queue/<uuid:session_id>/claim/", reviews.ClaimCase.as_view(), name="api-claim"),
    path("reviews/<uuid:review_id>/", reviews.OneReview.as_view(), name="api-review"),
    path("reviews/<uuid:review_id>/opened/", reviews.ReviewOpened.as_view(), name="api-review-opened"),
    path("reviews/<uuid:review_id>/reading/", reviews.ReviewReading.as_view(), name="api-review-reading"),
    path("reviews/<uuid:review_id>/decide/", reviews.DecideReview.as_view(), name="api-review-decide"),
    path(
        "reviews/<uuid:review_id>/findings/<uuid:finding_id>/",
        reviews.FindingDecisionView.as_view(),
        name="api-review-finding",
    ),
]
