"""Every address of the portal: each room brings its own."""

from __future__ import annotations

from django.urls import include, path

from accounts.views import home
from config import health

urlpatterns = [
    path("", home, name="home"),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", include("config.api")),
    path("fhir/", include("config.fhir")),
    path("", include("accounts.urls")),
    path("", include("patients.urls")),
    path("", include("analysis.urls")),
    path("", include("reviews.urls")),
    path("", include("reports.urls")),
    path("", include("care.urls")),
]
