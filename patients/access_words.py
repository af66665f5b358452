"""The access log in plain words: what each audited action means to the person it is about. Pure data.

A room above adds its actions here by name only; an action without words still shows, as "Used your record".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

WORDS: Final[Mapping[str, str | Promise]] = {
    "patient.registered": gettext_lazy("Registered this record"),
    "patient.read": gettext_lazy("Read the personal details"),
    "patient.changed": gettext_lazy("Changed the personal details"),
    "patient.searched": gettext_lazy("Found this record by a search"),
    "patient.exported": gettext_lazy("Put together an archive of this record"),
    "patient.erased": gettext_lazy("Erased this record"),
    "consent.decided": gettext_lazy("Decided about consents"),
    "consent.withdrawn": gettext_lazy("Withdrew a consent"),
    "consent.read": gettext_lazy("Read a consent receipt"),
    "intake.saved": gettext_lazy("Answered the questions about health"),
    "intake.confirmed": gettext_lazy("Confirmed the answers for a session"),
    "intake.read": gettext_lazy("Read the answers about health"),
    "session.started": gettext_lazy("Started a photo session"),
    "session.checklist_saved": gettext_lazy("Filled in the checklist"),
    "session.discarded": gettext_lazy("Threw a photo session away"),
    "session.submitted": gettext_lazy("Sent a photo session to the clinic"),
    "session.reopened": gettext_lazy("Gave a session back for new photos"),
    "session.closed": gettext_lazy("Closed a photo session"),
    "session.read": gettext_lazy("Looked at a photo session"),
    "photo.read": gettext_lazy("Looked at a photo"),
    "photo.added": gettext_lazy("Added a photo"),
    "photo.removed": gettext_lazy("Removed a photo"),
    "access_log.read": gettext_lazy("Looked at this access record"),
    "record.home_read": gettext_lazy("Opened the home page of this record"),
    "record.sessions_read": gettext_lazy("Looked at the list of photo sessions"),
    "analysis.findings_read": gettext_lazy("Read the measurements of a photo session"),
    "analysis.queued": gettext_lazy("Queued a session for measuring"),
    "analysis.done": gettext_lazy("Measured the photos"),
    "analysis.failed": gettext_lazy("Tried to measure the photos, without success"),
    "analysis.cancelled": gettext_lazy("Stopped a measurement"),
    "derived.read": gettext_lazy("Looked at measured pictures"),
    "queue.read": gettext_lazy("Saw the case in the list of cases"),
    "review.claimed": gettext_lazy("Took the case for review"),
    "review.released": gettext_lazy("Handed the case back"),
    "review.handed_back": gettext_lazy("Handed the case back"),
    "review.handed_over": gettext_lazy("Handed the case to a colleague"),
    "review.handover_declined": gettext_lazy("Gave a case back that a colleague had handed over"),
    "review.lease_lapsed": gettext_lazy("Handed the case back after a pause"),
    "review.extended": gettext_lazy("Went on with the review"),
    "review.read": gettext_lazy("Reviewed photos, answers and measurements"),
    "review.opened": gettext_lazy("Looked closely at a photo or measurement"),
    "review.photo_read": gettext_lazy("Looked closely at a photo"),
    "finding.decided": gettext_lazy("Checked a measurement"),
    "finding.added": gettext_lazy("Drew a region on a photo"),
    "scale.set": gettext_lazy("Gave a photo its scale"),
    "scale.removed": gettext_lazy("Removed the scale of a photo"),
    "review.compared": gettext_lazy("Compared a photo session with an earlier one"),
    "review.reading_saved": gettext_lazy("Wrote an examination or diagnosis"),
    "review.retake_requested": gettext_lazy("Asked for new photos"),
    "review.approved": gettext_lazy("Agreed with the measurements"),
    "review.amended": gettext_lazy("Corrected the measurements"),
    "review.decided": gettext_lazy("Finished the review"),
    "review.reopened": gettext_lazy("Took the review up again"),
    "review.rejected": gettext_lazy("Closed the case without a report"),
    "review.signed": gettext_lazy("Finished the case with a signed report"),
    "review.escalated": gettext_lazy("Handed the case to a dermatologist"),
    "review.escalation_claimed": gettext_lazy("Took the case as a dermatologist"),
    "opinion.asked": gettext_lazy("Asked a colleague for an opinion"),
    "opinion.read": gettext_lazy("Read the case to give an opinion"),
    "opinion.given": gettext_lazy("Gave a second opinion"),
    "opinion.withdrawn": gettext_lazy("Took a question to a colleague back"),
    "reading.demanded": gettext_lazy("Asked for a second, independent reading"),
    "reading.read": gettext_lazy("Read the case independently"),
    "read.committed": gettext_lazy("Graded the case"),
    "read.adjudicated": gettext_lazy("Decided between two readings"),
    "reading.waived": gettext_lazy("Let the case go on without a second reading"),
    "plan.read": gettext_lazy("Read the treatment plan being written"),
    "plan.drafted": gettext_lazy("Began a treatment plan"),
    "plan.saved": gettext_lazy("Worked on the treatment plan"),
    "plan.item_added": gettext_lazy("Worked on the treatment plan"),
    "plan.item_changed": gettext_lazy("Worked on the treatment plan"),
    "plan.item_removed": gettext_lazy("Worked on the treatment plan"),
    "report.list_read": gettext_lazy("Looked at the list of reports"),
    "report.draft_read": gettext_lazy("Read the report being written"),
    "report.signed": gettext_lazy("Signed a report"),
    "report.correction_opened": gettext_lazy("Began a correction of a signed report"),
    "report.read": gettext_lazy("Read a report"),
    "report.picture_read": gettext_lazy("Looked at a picture of a report"),
    "report.pdf_read": gettext_lazy("Opened a report as PDF"),
    "report.rendered": gettext_lazy("Prepared a report as PDF"),
    "export.requested": gettext_lazy("Asked for an archive of this record"),
    "export.ready": gettext_lazy("Prepared an archive of this record"),
    "export.downloaded": gettext_lazy("Downloaded an archive of this record"),
    "export.expired": gettext_lazy("Deleted an archive that had expired"),
    "erasure.requested": gettext_lazy("Asked for erasure"),
    "erasure.withdrawn": gettext_lazy("Took back the request for erasure"),
    "erasure.refused": gettext_lazy("Refused the request for erasure"),
    "erasure.executed": gettext_lazy("Erased the record"),
}


def sentence(action: str, detail: Mapping[str, Any]) -> str:
    """What happened, with the number of photos where a page showed some."""
    photos = len(detail.get("photos", ()))
    if photos and action.endswith(".read"):
        return ngettext("Looked at %(count)d photo", "Looked at %(count)d photos", photos) % {"count": photos}
    words = WORDS.get(action)
    return str(words) if words is not None else _("Used your record (%(action)s)") % {"action": action}
