"""Addresses of the room."""

from __future__ import annotations

from django.urls import path

from care.views import agenda, bookings, captures, finding, guide, messages, replies

app_name = "care"
urlpatterns = [
    path("messages/", messages.inbox, name="inbox"),
    path("find/", finding.find, name="find"),
    path("messages/replies/", replies.replies, name="replies"),
    path("messages/replies/<uuid:reply_id>/", replies.reply_edit, name="reply_edit"),
    path("messages/replies/<uuid:reply_id>/retire/", replies.reply_retire, name="reply_retire"),
    path("messages/files/<uuid:attachment_id>/", messages.attachment, name="attachment"),
    path("messages/files/<uuid:attachment_id>/thumbnail/", messages.thumbnail, name="thumbnail"),
    path("messages/<uuid:thread_id>/", messages.thread, name="thread"),
    path("messages/<uuid:thread_id>/send/", messages.send, name="send"),
    path("messages/<uuid:thread_id>/news/", messages.news, name="news"),
    path("messages/<uuid:thread_id>/assign/", messages.assign, name="assign"),
    path("messages/<uuid:thread_id>/state/", messages.state, name="state"),
    path("p/<uuid:patient_id>/messages/new/", messages.write, name="write"),
    path("p/<uuid:patient_id>/messages/draft/", messages.draft, name="draft"),
    path("consultations/", bookings.consultations, name="consultations"),
    path("p/<uuid:patient_id>/consultations/new/", bookings.book, name="book"),
    path("consultations/<uuid:consultation_id>/", bookings.consultation, name="consultation"),
    path("consultations/<uuid:consultation_id>/move/", bookings.move, name="move"),
    path("consultations/<uuid:consultation_id>/cancel/", bookings.cancel, name="cancel"),
    path("consultations/<uuid:consultation_id>/outcome/", bookings.outcome, name="outcome"),
    path("consultations/<uuid:consultation_id>/calendar.ics", bookings.calendar, name="calendar"),
    path("consultations/<uuid:consultation_id>/video/", bookings.video, name="video"),
    path("agenda/", agenda.agenda, name="agenda"),
    path("agenda/hours/", agenda.hours, name="hours"),
    path("agenda/calendar/new/", agenda.feed_make, name="feed_make"),
    path("agenda/calendar/revoke/", agenda.feed_revoke, name="feed_revoke"),
    path("calendar/<str:token>.ics", agenda.feed, name="feed"),
    path("clinicians/<uuid:membership_id>/hours/", agenda.hours, name="hours_of"),
    path("clinicians/<uuid:membership_id>/exceptions/", agenda.exception_add, name="exception_add"),
    path("exceptions/<uuid:exception_id>/remove/", agenda.exception_remove, name="exception_remove"),
    path("p/<uuid:patient_id>/photo-plan/", captures.captures, name="captures"),
    path("p/<uuid:patient_id>/photo-plan/start/", captures.start, name="plan_start"),
    path("p/<uuid:patient_id>/photo-plan/reminders/", captures.reminders, name="reminders"),
    path("photo-plans/<uuid:plan_id>/<slug:action>/", captures.steer, name="plan_steer"),
    path("sessions/<uuid:session_id>/series/", captures.kept, name="kept"),
    path("sessions/<uuid:session_id>/present/", captures.present, name="present"),
    path("manage/photo-plans/", captures.settings, name="capture_settings"),
    path("guide/", guide.index, name="guide"),
    path("guide/<slug:page>/", guide.page, name="guide_page"),
    path("manage/guide/", guide.manage, name="guide_manage"),
    path("manage/guide/<slug:page>/", guide.edit, name="guide_edit"),
    path("manage/guide/<slug:page>/approve/", guide.approve, name="guide_approve"),
    path("manage/consultations/", agenda.offer, name="offer"),
    path("manage/consultations/closings/", agenda.closing_add, name="closing_add"),
    path("manage/consultations/kinds/", agenda.kind, name="kind_new"),
    path("manage/consultations/kinds/<uuid:kind_id>/", agenda.kind, name="kind"),
    path("manage/consultations/kinds/<uuid:kind_id>/retire/", agenda.kind_retire, name="kind_retire"),
]
