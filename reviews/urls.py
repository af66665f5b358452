"""Addresses of the room."""

from __future__ import annotations

from django.urls import path

from reviews import views

app_name = "reviews"
urlpatterns = [
    path("queue/", views.queue, name="queue"),
    path("queue/workload/", views.workload, name="workload"),
    path("queue/views/", views.view_save, name="view_save"),
    path("queue/views/<uuid:view_id>/remove/", views.view_remove, name="view_remove"),
    path("queue/<uuid:session_id>/claim/", views.claim, name="claim"),
    path("queue/<uuid:session_id>/decline/", views.decline, name="decline"),
    path("reviews/<uuid:review_id>/hand-over/", views.hand_over, name="hand_over"),
    path("reviews/<uuid:review_id>/", views.review, name="review"),
    path("reviews/<uuid:review_id>/photos/<uuid:photo_id>/", views.photo, name="photo"),
    path("reviews/<uuid:review_id>/photos/<uuid:photo_id>/outlines/", views.outlines, name="outlines"),
    path("reviews/<uuid:review_id>/photos/<uuid:photo_id>/scale/", views.scale, name="scale"),
    path("reviews/<uuid:review_id>/photos/<uuid:photo_id>/compare/", views.compare, name="compare"),
    path("reviews/<uuid:review_id>/regions/", views.regions, name="regions"),
    path("reviews/<uuid:review_id>/regions/<uuid:region_id>/", views.region, name="region"),
    path("reviews/<uuid:review_id>/regions/<uuid:region_id>/open/", views.region_open, name="region_open"),
    path("reviews/<uuid:review_id>/regions/<uuid:region_id>/remove/", views.region_remove, name="region_remove"),
    path("reviews/<uuid:review_id>/regions/<uuid:region_id>/merge/", views.region_merge, name="region_merge"),
    path("reviews/<uuid:review_id>/undo/", views.undo, name="undo"),
    path("reviews/<uuid:review_id>/redo/", views.redo, name="redo"),
    path("reviews/<uuid:review_id>/opened/", views.opened, name="opened"),
    path("reviews/<uuid:review_id>/findings/", views.findings, name="findings"),
    path("reviews/<uuid:review_id>/findings/accept-rest/", views.accept_rest, name="accept_rest"),
    path("reviews/<uuid:review_id>/findings/<uuid:finding_id>/", views.finding, name="finding"),
    path("reviews/<uuid:review_id>/findings/<uuid:finding_id>/open/", views.finding_open, name="finding_open"),
    path("reviews/<uuid:review_id>/findings/<uuid:finding_id>/undo/", views.finding_undo, name="finding_undo"),
    path("reviews/<uuid:review_id>/reading/", views.reading, name="reading"),
    path("reviews/<uuid:review_id>/lease/", views.lease, name="lease"),
    path("reviews/<uuid:review_id>/decide/", views.decide, name="decide"),
    path("reviews/<uuid:review_id>/reopen/", views.reopen, name="reopen"),
    path("reviews/<uuid:review_id>/retake/", views.retake, name="retake"),
    path("reviews/<uuid:review_id>/reject/", views.reject, name="reject"),
    path("reviews/<uuid:review_id>/hand-back/", views.hand_back, name="hand_back"),
    path("reviews/<uuid:review_id>/plan/", views.plan, name="plan"),
    path("reviews/<uuid:review_id>/plan/draft/", views.plan_draft, name="plan_draft"),
    path("reviews/<uuid:review_id>/plan/formulary/", views.formulary, name="formulary"),
    path("reviews/<uuid:review_id>/plan/items/", views.plan_item_add, name="plan_item_add"),
    path("reviews/<uuid:review_id>/plan/items/<uuid:item_id>/", views.plan_item, name="plan_item"),
    path("reviews/<uuid:review_id>/plan/items/<uuid:item_id>/remove/", views.plan_item_remove, name="plan_item_remove"),
]
