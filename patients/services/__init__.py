"""The acts of this room: the only place that creates, changes or deletes patients, consents, sessions and photos.

Every service takes the actor and the time, checks the permission and the scope, changes under a lock, and records the
audit event in the same transaction.
"""

from patients.services.cards import check_card
from patients.services.consents import (
    publish_consent_text,
    publish_default_texts,
    record_consents,
    save_consent_text,
    withdraw_consent,
)
from patients.services.details import change_phone, correct_details
from patients.services.intakes import confirm_intake, save_intake
from patients.services.of_age import (
    invite_to_take_over,
    lost_as_guardian,
    open_take_over,
    read_of_age,
    sweep_of_age,
    take_over,
    waiting_of_age,
    withdraw_take_over,
)
from patients.services.photos import add_photo, remove_photo
from patients.services.reading import PhotoStream, note_read, read_access_log, read_patient, read_photo, read_session
from patients.services.registration import PatientDetails, register_patient, tombstone_patient
from patients.services.sessions import (
    choose_takes,
    close_kept,
    close_session,
    discard_session,
    mark_submitted,
    present_session,
    raise_urgency,
    reopen_for_retake,
    save_checklist,
    send_to_dermatologists,
    show_ranks,
    start_session,
    submission_gaps,
)
from patients.services.uploads import (
    append_part,
    cancel_upload,
    create_upload,
    finish_upload,
    sweep_orphans,
    sweep_uploads,
)

__all__ = [
    "PatientDetails",
    "PhotoStream",
    "add_photo",
    "append_part",
    "cancel_upload",
    "change_phone",
    "check_card",
    "choose_takes",
    "close_kept",
    "close_session",
    "confirm_intake",
    "correct_details",
    "create_upload",
    "discard_session",
    "finish_upload",
    "invite_to_take_over",
    "lost_as_guardian",
    "mark_submitted",
    "note_read",
    "open_take_over",
    "present_session",
    "publish_consent_text",
    "publish_default_texts",
    "raise_urgency",
    "read_access_log",
    "read_of_age",
    "read_patient",
    "read_photo",
    "read_session",
    "record_consents",
    "register_patient",
    "remove_photo",
    "reopen_for_retake",
    "save_checklist",
    "save_consent_text",
    "save_intake",
    "send_to_dermatologists",
    "show_ranks",
    "start_session",
    "submission_gaps",
    "sweep_of_age",
    "sweep_orphans",
    "sweep_uploads",
    "take_over",
    "tombstone_patient",
    "waiting_of_age",
    "withdraw_consent",
    "withdraw_take_over",
]
