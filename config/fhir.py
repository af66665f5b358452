"""The FHIR endpoints' addresses, under one prefix."""

from __future__ import annotations

from django.urls import path

from reports import fhir_views

urlpatterns = [
    path("metadata", fhir_views.Metadata.as_view(), name="fhir-metadata"),
    path("<str:kind>", fhir_views.Search.as_view(), name="fhir-search"),
    path("<str:kind>/<str:resource_id>", fhir_views.Read.as_view(), name="fhir-read"),
    path("<path:rest>", fhir_views.Nowhere.as_view(), name="fhir-unknown"),
]
