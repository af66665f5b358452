"""Addresses of the room."""

from __future__ import annotations

from django.urls import path

from patients.views import cards, consents, details, intakes, of_age, photos, registration, sessions, uploads

app_name = "patients"
urlpatterns = [
    path("join/<str:code>/", registration.join, name="join"),
    path("join/<str:code>/register/", registration.register, name="register"),
    path("records/", registration.records, name="records"),
    path("records/none/", registration.no_record, name="no_record"),
    path("take-over/<str:token>/", of_age.take_over, name="take_over"),
    path("of-age/", of_age.of_age, name="of_age"),
    path("p/<uuid:patient_id>/of-age/invite/", of_age.invite, name="of_age_invite"),
    path("p/<uuid:patient_id>/of-age/withdraw/", of_age.withdraw, name="of_age_withdraw"),
    path("p/<uuid:patient_id>/details/", registration.record, name="record"),
    path("p/<uuid:patient_id>/details/change/", details.contact, name="contact"),
    path("p/<uuid:patient_id>/details/correct/", details.correct, name="correct"),
    path("p/<uuid:patient_id>/consents/", consents.consents, name="consents"),
    path("p/<uuid:patient_id>/consents/<slug:purpose>/withdraw/", consents.consent_withdraw, name="consent_withdraw"),
    path("p/<uuid:patient_id>/consents/<uuid:consent_id>/receipt/", consents.consent_receipt, name="consent_receipt"),
    path("p/<uuid:patient_id>/intake/", intakes.intake, name="intake"),
    path("p/<uuid:patient_id>/intake/saved/", intakes.intake_saved, name="intake_saved"),
    path("p/<uuid:patient_id>/card/", cards.card, name="card"),
    path("card/<slug:paper>.pdf", cards.card_sheet, name="card_sheet"),
    path("p/<uuid:patient_id>/access/", intakes.access_log, name="access_log"),
    path("p/<uuid:patient_id>/access.csv", intakes.access_log_csv, name="access_log_csv"),
    path("p/<uuid:patient_id>/sessions/new/", sessions.session_new, name="session_new"),
    path("sessions/<uuid:session_id>/answers/", sessions.session_answers, name="session_answers"),
    path("sessions/<uuid:session_id>/checklist/", sessions.checklist, name="checklist"),
    path("sessions/<uuid:session_id>/capture/", sessions.capture, name="capture"),
    path("sessions/<uuid:session_id>/photos/", sessions.photo_upload, name="photo_upload"),
    path("sessions/<uuid:session_id>/takes/", sessions.takes, name="takes"),
    path("sessions/<uuid:session_id>/finish/", sessions.finish, name="finish"),
    path("sessions/<uuid:session_id>/discard/", sessions.discard, name="discard"),
    path("uploads/", uploads.uploads, name="uploads"),
    path("uploads/<uuid:upload_id>/", uploads.upload, name="upload"),
    path("uploads/<uuid:upload_id>/result/", uploads.upload_result, name="upload_result"),
    path("photos/<uuid:photo_id>/", photos.photo, name="photo"),
    path("photos/<uuid:photo_id>/<int:edge_px>/", photos.picture, name="picture"),
    path("photos/<uuid:photo_id>/thumbnail/", photos.thumbnail, name="thumbnail"),
    path("photos/<uuid:photo_id>/remove/", sessions.photo_remove, name="photo_remove"),
    path("manage/consent-texts/", consents.consent_texts, name="consent_texts"),
    path("manage/consent-texts/<slug:purpose>/", consents.consent_text_edit, name="consent_text_edit"),
    path("manage/consent-texts/<uuid:text_id>/publish/", consents.consent_text_publish, name="consent_text_publish"),
]
