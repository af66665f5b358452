"""Roles, permissions and who holds which: one table, no branches elsewhere (G7, "who may sign what")."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What a person is to a clinic. A guardian acts with the patient role through ``PatientAccess``."""

    PATIENT = "patient"
    DERMATOLOGIST = "dermatologist"
    TRICHOLOGIST = "trichologist"
    ADMINISTRATOR = "administrator"

    @property
    def is_clinician(self) -> bool:
        return self in (Role.DERMATOLOGIST, Role.TRICHOLOGIST)

    @property
    def is_staff(self) -> bool:
        return self is not Role.PATIENT


class Permission(StrEnum):
    """An act that the portal knows. Scope (whose data) is decided by ``visible_to``; this decides the act."""

    # patient
    EDIT_OWN_RECORD = "edit_own_record"
    GIVE_CONSENT = "give_consent"
    CAPTURE_SESSION = "capture_session"
    READ_OWN_REPORTS = "read_own_reports"
    REQUEST_EXPORT = "request_export"
    REQUEST_ERASURE = "request_erasure"
    SEE_OWN_ACCESS_LOG = "see_own_access_log"
    WRITE_MESSAGES = "write_messages"
    BOOK_CONSULTATIONS = "book_consultations"
    # clinicians
    READ_CASES = "read_cases"
    CLAIM_REVIEW = "claim_review"
    REVIEW_FINDINGS = "review_findings"
    REQUEST_RETAKE = "request_retake"
    WRITE_PLAN = "write_plan"
    SIGN_COSMETIC_PLAN = "sign_cosmetic_plan"
    SIGN_MEDICAL_PLAN = "sign_medical_plan"  # diagnosis, prescription item, red-flag case
    COMMIT_READ = "commit_read"  # a grade of one's own: first, second or adjudicating
    GIVE_OPINION = "give_opinion"
    ESCALATE_CASE = "escalate_case"  # to the dermatologists
    CLAIM_ESCALATED = "claim_escalated"
    READ_AGREEMENT = "read_agreement"  # statistics without patients
    ANSWER_MESSAGES = "answer_messages"
    RUN_CONSULTATIONS = "run_consultations"
    SET_OWN_HOURS = "set_own_hours"
    CORRECT_DETAILS = "correct_details"  # a patient's name or date of birth, at their wish
    START_CAPTURE_PLAN = "start_capture_plan"
    STEER_CAPTURE_PLAN = "steer_capture_plan"  # pause it, take it up again, change or end it
    APPROVE_GUIDE = "approve_guide"
    # administrators
    WAIVE_READ = "waive_read"
    MANAGE_CONSULTATIONS = "manage_consultations"
    EDIT_GUIDE = "edit_guide"  # a clinic's own words on its pages for patients
    MANAGE_STAFF = "manage_staff"
    MANAGE_CLINIC = "manage_clinic"
    MANAGE_CONSENT_TEXTS = "manage_consent_texts"
    DECIDE_PRIVACY_REQUESTS = "decide_privacy_requests"
    SEARCH_AUDIT = "search_audit"
    MANAGE_RELEASES = "manage_releases"


_CLINICIAN = frozenset({Role.DERMATOLOGIST, Role.TRICHOLOGIST})
_PATIENT = frozenset({Role.PATIENT})
_ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})

PERMISSIONS: Mapping[Permission, frozenset[Role]] = {
    Permission.EDIT_OWN_RECORD: _PATIENT,
    Permission.GIVE_CONSENT: _PATIENT,
    Permission.CAPTURE_SESSION: _PATIENT,
    Permission.READ_OWN_REPORTS: _PATIENT,
    Permission.REQUEST_EXPORT: _PATIENT,
    Permission.REQUEST_ERASURE: _PATIENT,
    Permission.SEE_OWN_ACCESS_LOG: _PATIENT,
    Permission.READ_CASES: _CLINICIAN,
    Permission.CLAIM_REVIEW: _CLINICIAN,
    Permission.REVIEW_FINDINGS: _CLINICIAN,
    Permission.REQUEST_RETAKE: _CLINICIAN,
    Permission.WRITE_PLAN: _CLINICIAN,
    Permission.SIGN_COSMETIC_PLAN: _CLINICIAN,
    Permission.SIGN_MEDICAL_PLAN: frozenset({Role.DERMATOLOGIST}),
    Permission.COMMIT_READ: _CLINICIAN,
    Permission.GIVE_OPINION: _CLINICIAN,
    Permission.ESCALATE_CASE: frozenset({Role.TRICHOLOGIST}),
    Permission.CLAIM_ESCALATED: frozenset({Role.DERMATOLOGIST}),
    Permission.READ_AGREEMENT: _CLINICIAN | _ADMINISTRATOR,
    Permission.WAIVE_READ: _ADMINISTRATOR,
    Permission.WRITE_MESSAGES: _PATIENT | _CLINICIAN,
    Permission.BOOK_CONSULTATIONS: _PATIENT | _CLINICIAN,
    Permission.ANSWER_MESSAGES: _CLINICIAN,
    Permission.RUN_CONSULTATIONS: _CLINICIAN,
    Permission.SET_OWN_HOURS: _CLINICIAN,
    Permission.CORRECT_DETAILS: _CLINICIAN,
    Permission.START_CAPTURE_PLAN: _PATIENT | _CLINICIAN,  # patients where their clinic allows it
    Permission.STEER_CAPTURE_PLAN: _PATIENT | _CLINICIAN,
    Permission.APPROVE_GUIDE: _CLINICIAN,
    Permission.EDIT_GUIDE: _CLINICIAN | _ADMINISTRATOR,
    Permission.MANAGE_CONSULTATIONS: _ADMINISTRATOR,
    Permission.MANAGE_STAFF: _ADMINISTRATOR,
    Permission.MANAGE_CLINIC: _ADMINISTRATOR,
    Permission.MANAGE_CONSENT_TEXTS: _ADMINISTRATOR,
    Permission.DECIDE_PRIVACY_REQUESTS: _ADMINISTRATOR,
    Permission.SEARCH_AUDIT: _ADMINISTRATOR,
    Permission.MANAGE_RELEASES: _ADMINISTRATOR,
}
