"""The REST API's addresses: the rooms' own API modules under one prefix, and the schema."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from accounts import api_admin as admin
from accounts import api_trichoscopes as scopes
from accounts import api_webhooks as webhooks
from accounts.api import NoSuchAddress
from accounts.api_stepup import StepUpKey
from analysis import api as analyses
from analysis import api_releases as releases
from care.api import bookings, captures, finding, guide, messages, offer
from patients import api as sessions
from patients import api_cards
from patients import api_consents as consents
from patients import api_of_age as of_age
from patients import api_record as records
from patients import api_texts as texts
from reports import api as reports
from reports import api_documents as documents
from reports import api_progress as progress
from reports import api_rights as rights
from reports import api_signing as signing
from reviews.api import aftercare, agreement, cases, desk, noise, opinions, plans, reads, regions

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    # --- the account
    path("step-up/key/", StepUpKey.as_view(), name="api-step-up-key"),
    # --- records
    path("join/<str:code>/", records.JoinClinic.as_view(), name="api-join"),
    path("records/", records.Records.as_view(), name="api-records"),
    path("patients/find/", finding.FindPatients.as_view(), name="api-find-patients"),
    path("patients/<uuid:patient_id>/", records.OneRecord.as_view(), name="api-record"),
    path("patients/<uuid:patient_id>/correct/", records.CorrectRecord.as_view(), name="api-record-correct"),
    path("of-age/", of_age.OfAge.as_view(), name="api-of-age"),
    path("patients/<uuid:patient_id>/of-age/", of_age.TakeOverInvitation.as_view(), name="api-of-age-invitation"),
    path("take-over/<str:token>/", of_age.TakeOver.as_view(), name="api-take-over"),
    path("patients/<uuid:patient_id>/consents/", consents.Consents.as_view(), name="api-consents"),
    path(
        "patients/<uuid:patient_id>/consents/<slug:purpose>/withdraw/",
        consents.WithdrawConsent.as_view(),
        name="api-consent-withdraw",
    ),
    path("patients/<uuid:patient_id>/answers/", records.IntakeAnswers.as_view(), name="api-answers"),
    path("patients/<uuid:patient_id>/access/", records.AccessLog.as_view(), name="api-access-log"),
    path("patients/<uuid:patient_id>/access.csv", records.AccessLogCsv.as_view(), name="api-access-log-csv"),
    # --- administration
    path("manage/staff/", admin.Staff.as_view(), name="api-staff"),
    path("manage/staff/<uuid:membership_id>/role/", admin.StaffRole.as_view(), name="api-staff-role"),
    path("manage/staff/<uuid:membership_id>/end/", admin.EndStaff.as_view(), name="api-staff-end"),
    path("manage/invitations/", admin.Invitations.as_view(), name="api-invitations"),
    path(
        "manage/invitations/<uuid:invitation_id>/withdraw/",
        admin.WithdrawInvitation.as_view(),
        name="api-invitation-withdraw",
    ),
    path("invitations/<str:token>/accept/", admin.AcceptInvitation.as_view(), name="api-invitation-accept"),
    path("manage/clinic/", admin.ClinicDetails.as_view(), name="api-clinic"),
    path("manage/clinic/new-link/", admin.RenewLink.as_view(), name="api-clinic-new-link"),
    path("manage/trichoscopes/", scopes.Trichoscopes.as_view(), name="api-trichoscopes"),
    path("manage/trichoscopes/<uuid:trichoscope_id>/", scopes.OneTrichoscope.as_view(), name="api-trichoscope"),
    path("manage/audit/", admin.Audit.as_view(), name="api-audit"),
    path("manage/audit/chain/", admin.AuditChain.as_view(), name="api-audit-chain"),
    path("manage/consent-texts/", texts.ConsentTexts.as_view(), name="api-consent-texts"),
    path("manage/consent-texts/<slug:purpose>/", texts.ConsentTextDraft.as_view(), name="api-consent-text"),
    path(
        "manage/consent-texts/<uuid:text_id>/publish/", texts.PublishConsentText.as_view(), name="api-consent-publish"
    ),
    path("manage/releases/", releases.Releases.as_view(), name="api-releases"),
    path("manage/releases/<uuid:release_id>/", releases.OneRelease.as_view(), name="api-release"),
    # --- sessions, photos, analyses
    path("patients/<uuid:patient_id>/sessions/", sessions.PatientSessions.as_view(), name="api-sessions"),
    path("sessions/<uuid:session_id>/", sessions.OneSession.as_view(), name="api-session"),
    path("patients/<uuid:patient_id>/card/", api_cards.Card.as_view(), name="api-card"),
    path("sessions/<uuid:session_id>/checklist/", sessions.SessionChecklist.as_view(), name="api-checklist"),
    path("sessions/<uuid:session_id>/takes/", sessions.SessionTakes.as_view(), name="api-takes"),
    path("sessions/<uuid:session_id>/intake/confirm/", sessions.SessionIntake.as_view(), name="api-intake"),
    path("sessions/<uuid:session_id>/photos/", sessions.SessionPhotos.as_view(), name="api-photos"),
    path("sessions/<uuid:session_id>/submit/", analyses.SubmitSession.as_view(), name="api-submit"),
    path("sessions/<uuid:session_id>/analysis/", analyses.SessionAnalysisView.as_view(), name="api-analysis"),
    path("analyses/images/<uuid:image_id>/", analyses.DerivedImageContent.as_view(), name="api-derived"),
    path("photos/<uuid:photo_id>/", sessions.OnePhoto.as_view(), name="api-photo"),
    path("photos/<uuid:photo_id>/content/", sessions.PhotoContent.as_view(), name="api-photo-content"),
    # --- reviews
    path("queue/", cases.Worklist.as_view(), name="api-queue"),
    path("queue/<uuid:session_id>/claim/", cases.ClaimCase.as_view(), name="api-claim"),
    path("queue/<uuid:session_id>/decline/", desk.DeclineHandover.as_view(), name="api-decline"),
    path("queue/views/", desk.SavedViews.as_view(), name="api-views"),
    path("queue/views/<uuid:view_id>/", desk.OneSavedView.as_view(), name="api-view"),
    path("queue/workload/", desk.Workloads.as_view(), name="api-workload"),
    path("reviews/<uuid:review_id>/hand-over/", desk.HandOver.as_view(), name="api-hand-over"),
    path("reviews/<uuid:review_id>/", cases.OneReview.as_view(), name="api-review"),
    path("reviews/<uuid:review_id>/opened/", cases.ReviewOpened.as_view(), name="api-review-opened"),
    path("reviews/<uuid:review_id>/findings/accept-rest/", cases.AcceptRest.as_view(), name="api-review-accept-rest"),
    path(
        "reviews/<uuid:review_id>/findings/<uuid:finding_id>/",
        cases.FindingDecisionView.as_view(),
        name="api-review-finding",
    ),
    path("reviews/<uuid:review_id>/regions/", regions.Regions.as_view(), name="api-review-regions"),
    path("reviews/<uuid:review_id>/regions/<uuid:region_id>/", regions.OneRegion.as_view(), name="api-review-region"),
    path(
        "reviews/<uuid:review_id>/regions/<uuid:region_id>/merge/",
        regions.MergeRegion.as_view(),
        name="api-review-region-merge",
    ),
    path(
        "reviews/<uuid:review_id>/photos/<uuid:photo_id>/scale/",
        regions.PhotoScale.as_view(),
        name="api-review-scale",
    ),
    path("reviews/<uuid:review_id>/measure-again/", regions.MeasureAgain.as_view(), name="api-review-measure-again"),
    path(
        "reviews/<uuid:review_id>/photos/<uuid:photo_id>/comparison/",
        regions.PhotoComparison.as_view(),
        name="api-review-comparison",
    ),
    path("reviews/<uuid:review_id>/undo/", regions.UndoAct.as_view(), name="api-review-undo"),
    path("reviews/<uuid:review_id>/redo/", regions.RedoAct.as_view(), name="api-review-redo"),
    path("reviews/<uuid:review_id>/reading/", cases.ReviewReading.as_view(), name="api-review-reading"),
    path("reviews/<uuid:review_id>/lease/", cases.ReviewLease.as_view(), name="api-review-lease"),
    path("reviews/<uuid:review_id>/decide/", cases.DecideReview.as_view(), name="api-review-decide"),
    path("reviews/<uuid:review_id>/reopen/", cases.ReopenReview.as_view(), name="api-review-reopen"),
    path("reviews/<uuid:review_id>/retake/", cases.AskForRetake.as_view(), name="api-review-retake"),
    path("reviews/<uuid:review_id>/reject/", cases.RejectCase.as_view(), name="api-review-reject"),
    path("reviews/<uuid:review_id>/hand-back/", cases.HandBack.as_view(), name="api-review-hand-back"),
    # --- reads
    path("reads/", reads.MyReads.as_view(), name="api-reads"),
    path("reads/<uuid:case_id>/", reads.OneRead.as_view(), name="api-read"),
    path("reads/<uuid:case_id>/photos/", reads.ReadPhotos.as_view(), name="api-read-photos"),
    path("reviews/<uuid:review_id>/grade/", reads.ReviewGrade.as_view(), name="api-review-grade"),
    path("reviews/<uuid:review_id>/opinions/", opinions.AskOpinion.as_view(), name="api-review-opinions"),
    path("reviews/<uuid:review_id>/escalate/", opinions.EscalateCase.as_view(), name="api-review-escalate"),
    path("opinions/<uuid:opinion_id>/", opinions.OneOpinion.as_view(), name="api-opinion"),
    path("opinions/<uuid:opinion_id>/photos/", opinions.OpinionPhotos.as_view(), name="api-opinion-photos"),
    path("agreement/noise/", noise.ClinicNoise.as_view(), name="api-noise"),
    path("agreement/", agreement.ClinicAgreement.as_view(), name="api-agreement"),
    path("manage/reading/", reads.ClinicReadingPolicy.as_view(), name="api-reading-policy"),
    path("manage/reading/<uuid:case_id>/waive/", reads.WaiveReading.as_view(), name="api-reading-waive"),
    # --- plans
    path("reviews/<uuid:review_id>/plan/versions/", aftercare.PlanVersions.as_view(), name="api-plan-versions"),
    path("reviews/<uuid:review_id>/plan/template/", aftercare.ReviewTemplates.as_view(), name="api-plan-template"),
    path("plan-templates/", aftercare.PlanTemplates.as_view(), name="api-templates"),
    path("plan-templates/<uuid:template_id>/", aftercare.OnePlanTemplate.as_view(), name="api-template"),
    path("follow-up/", aftercare.FollowUps.as_view(), name="api-follow-ups"),
    path("follow-up/<uuid:task_id>/", aftercare.OneFollowUp.as_view(), name="api-follow-up"),
    path("patients/<uuid:patient_id>/side-effects/", aftercare.SideEffects.as_view(), name="api-side-effects"),
    path("side-effects/<uuid:report_id>/", aftercare.OneSideEffectReport.as_view(), name="api-side-effect-report"),
    path("reviews/<uuid:review_id>/plan/", plans.ReviewPlan.as_view(), name="api-plan"),
    path("reviews/<uuid:review_id>/plan/draft/", plans.PlanDraft.as_view(), name="api-plan-draft"),
    path("reviews/<uuid:review_id>/plan/formulary/", plans.Formulary.as_view(), name="api-formulary"),
    path("reviews/<uuid:review_id>/plan/items/", plans.PlanItems.as_view(), name="api-plan-items"),
    path("reviews/<uuid:review_id>/plan/items/<uuid:item_id>/", plans.OnePlanItem.as_view(), name="api-plan-item"),
    # --- reports
    path("reviews/<uuid:review_id>/sign/", reports.SignReview.as_view(), name="api-sign"),
    path(
        "reviews/<uuid:review_id>/sign/pictures/<uuid:picture_id>/",
        documents.DraftPicture.as_view(),
        name="api-sign-picture",
    ),
    path("patients/<uuid:patient_id>/reports/", reports.PatientReports.as_view(), name="api-reports"),
    path("reports/<uuid:report_id>/", reports.OneReport.as_view(), name="api-report"),
    path("patients/<uuid:patient_id>/progress/", progress.PatientProgress.as_view(), name="api-progress"),
    path("patients/<uuid:patient_id>/progress/changes/", progress.ProgressDelta.as_view(), name="api-progress-delta"),
    path(
        "patients/<uuid:patient_id>/progress/summary/", progress.ProgressSummary.as_view(), name="api-progress-summary"
    ),
    path(
        "progress/documents/<uuid:document_id>/", progress.OneProgressDocument.as_view(), name="api-progress-document"
    ),
    path("progress/documents/<uuid:document_id>/pdf/", progress.ProgressDocumentPdf.as_view(), name="api-progress-pdf"),
    path("progress/pictures/<uuid:image_id>/", progress.ComparisonPicture.as_view(), name="api-progress-picture"),
    path(
        "progress/comparisons/<uuid:comparison_id>/release/",
        progress.ReleaseComparison.as_view(),
        name="api-comparison-release",
    ),
    path("reports/<uuid:report_id>/pdf/", reports.ReportPdf.as_view(), name="api-report-pdf"),
    path("reports/<uuid:report_id>/correct/", documents.CorrectReport.as_view(), name="api-report-correct"),
    path("reports/pictures/<uuid:image_id>/", documents.ReportPicture.as_view(), name="api-report-picture"),
    path("verify/<str:code>/", documents.VerifyCode.as_view(), name="api-verify"),
    # --- rights
    path("patients/<uuid:patient_id>/exports/", rights.PatientExports.as_view(), name="api-exports"),
    path("exports/<uuid:export_id>/archive/", rights.ExportArchive.as_view(), name="api-export-archive"),
    path("patients/<uuid:patient_id>/erasures/", rights.PatientErasures.as_view(), name="api-erasures"),
    path("erasures/<uuid:request_id>/withdraw/", rights.WithdrawErasure.as_view(), name="api-erasure-withdraw"),
    path("manage/webhooks/", webhooks.Webhooks.as_view(), name="api-webhooks"),
    path("manage/webhooks/<uuid:endpoint_id>/", webhooks.OneWebhook.as_view(), name="api-webhook"),
    path("manage/webhooks/<uuid:endpoint_id>/switch/", webhooks.SwitchWebhook.as_view(), name="api-webhook-switch"),
    path("manage/webhooks/<uuid:endpoint_id>/secret/", webhooks.WebhookSecret.as_view(), name="api-webhook-secret"),
    path("manage/webhooks/<uuid:endpoint_id>/test/", webhooks.PingWebhook.as_view(), name="api-webhook-ping"),
    path(
        "manage/webhooks/<uuid:endpoint_id>/deliveries/",
        webhooks.WebhookDeliveries.as_view(),
        name="api-webhook-deliveries",
    ),
    path("manage/signing/", signing.Signing.as_view(), name="api-signing"),
    path("manage/signing/<uuid:report_id>/retry/", signing.RetrySigning.as_view(), name="api-signing-retry"),
    path("manage/erasures/", rights.ErasureCases.as_view(), name="api-erasure-cases"),
    path("manage/erasures/<uuid:request_id>/", rights.OneErasureCase.as_view(), name="api-erasure-case"),
    path("manage/erasures/<uuid:request_id>/execute/", rights.ExecuteErasure.as_view(), name="api-erasure-execute"),
    path("manage/erasures/<uuid:request_id>/refuse/", rights.RefuseErasure.as_view(), name="api-erasure-refuse"),
    path(
        "manage/erasures/<uuid:request_id>/certificate/",
        rights.ErasureCertificate.as_view(),
        name="api-erasure-certificate",
    ),
    # --- messages
    path("threads/", messages.Threads.as_view(), name="api-threads"),
    path("patients/<uuid:patient_id>/threads/", messages.PatientThreads.as_view(), name="api-patient-threads"),
    path("threads/<uuid:thread_id>/", messages.OneThread.as_view(), name="api-thread"),
    path("threads/<uuid:thread_id>/messages/", messages.ThreadMessages.as_view(), name="api-thread-messages"),
    path("threads/<uuid:thread_id>/assign/", messages.ThreadAssign.as_view(), name="api-thread-assign"),
    path("threads/<uuid:thread_id>/status/", messages.ThreadStatus.as_view(), name="api-thread-status"),
    path("attachments/<uuid:attachment_id>/", messages.AttachmentContent.as_view(), name="api-attachment"),
    path("canned-replies/", messages.CannedReplies.as_view(), name="api-canned-replies"),
    path("canned-replies/<uuid:reply_id>/", messages.OneCannedReply.as_view(), name="api-canned-reply"),
    # --- plans of photographs and the guide
    path("patients/<uuid:patient_id>/photo-plan/", captures.PatientCapturePlan.as_view(), name="api-capture-plan"),
    path(
        "patients/<uuid:patient_id>/photo-plan/reminders/",
        captures.CaptureReminders.as_view(),
        name="api-capture-reminders",
    ),
    path("photo-plans/<uuid:plan_id>/", captures.OneCapturePlan.as_view(), name="api-capture-plan-act"),
    path("sessions/<uuid:session_id>/present/", captures.PresentSession.as_view(), name="api-present"),
    path("manage/photo-plans/", captures.CaptureSettings.as_view(), name="api-capture-settings"),
    path("guide/<slug:page>/", guide.Guide.as_view(), name="api-guide"),
    path("manage/guide/", guide.GuideStates.as_view(), name="api-guide-states"),
    path("manage/guide/<slug:page>/", guide.GuideAdditions.as_view(), name="api-guide-write"),
    path("manage/guide/<slug:page>/approve/", guide.GuideApproval.as_view(), name="api-guide-approve"),
    # --- consultations
    path("patients/<uuid:patient_id>/slots/", bookings.Slots.as_view(), name="api-slots"),
    path(
        "patients/<uuid:patient_id>/consultations/", bookings.PatientConsultations.as_view(), name="api-consultations"
    ),
    path("consultations/<uuid:consultation_id>/", bookings.OneConsultation.as_view(), name="api-consultation"),
    path("consultations/<uuid:consultation_id>/move/", bookings.Move.as_view(), name="api-consultation-move"),
    path("consultations/<uuid:consultation_id>/cancel/", bookings.Cancel.as_view(), name="api-consultation-cancel"),
    path("consultations/<uuid:consultation_id>/outcome/", bookings.Outcome.as_view(), name="api-consultation-outcome"),
    path("consultations/<uuid:consultation_id>/calendar/", bookings.CalendarFile.as_view(), name="api-calendar-file"),
    path("consultations/<uuid:consultation_id>/video/", bookings.Video.as_view(), name="api-consultation-video"),
    path("agenda/", bookings.Agenda.as_view(), name="api-agenda"),
    path("agenda/feed/", bookings.Feed.as_view(), name="api-calendar-feed"),
    path("clinicians/<uuid:membership_id>/hours/", offer.ClinicianHours.as_view(), name="api-hours"),
    path("hours-exceptions/", offer.Exceptions.as_view(), name="api-hours-exceptions"),
    path("hours-exceptions/<uuid:exception_id>/", offer.OneException.as_view(), name="api-hours-exception"),
    path("manage/consultation-kinds/", offer.Kinds.as_view(), name="api-kinds"),
    path("manage/consultation-kinds/<uuid:kind_id>/", offer.OneKind.as_view(), name="api-kind"),
    path("manage/consultation-settings/", offer.Settings.as_view(), name="api-care-settings"),
    path("<path:rest>", NoSuchAddress.as_view(), name="api-unknown"),
]
