"""A plan of photographs as pages and panels show it: where the patient is, what is next, what came and what did not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.actors import Actor
from accounts.roles import Permission, Role
from care import selectors
from care.forms import PlanStartForm, RhythmForm
from care.models import CapturePlan, RhythmChoice
from care.rhythm import ANSWERED, DueKind, Rhythm, Standing, Step, StepState
from care.workflow import PLANS, PlanAction, PlanState
from patients.models import Patient, PhotoSession, Purpose
from patients.selectors import has_consent, patient_label
from reports.home import FREE, WAITING, NextStep


@dataclass(frozen=True, slots=True)
class StepRow:
    """One line of the timeline. ``tone`` and ``icon``: of the status badge."""

    title: str
    on: date
    day: int
    state: str
    state_label: str
    tone: str
    icon: str
    note: str
    url: str  # of the session, where this reader may open one
    is_review: bool
    is_next: bool


@dataclass(frozen=True, slots=True)
class ExtraRow:
    """A session beside what was asked for."""

    on: date
    url: str


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan for its timeline and its head."""

    id: UUID
    status: str
    status_label: str
    paused: bool
    is_open: bool
    rhythm_label: str
    day: int
    days: int
    day_words: str
    starts_on: date
    ends_on: date | None
    begun_by: str  # a clinician's name, or nothing
    next_title: str
    next_text: str
    adherence: str
    rows: tuple[StepRow, ...]
    extras: tuple[ExtraRow, ...]


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A session between two reviews that nobody has had beside a review yet."""

    sent_at: datetime
    url: str


@dataclass(frozen=True, slots=True)
class CapturesPage:
    """The page of one patient's plan. ``for_staff``: the clinic's side of it."""

    patient: Patient
    label: str
    for_staff: bool
    plan: PlanView | None
    zone: str
    may_start: bool
    needs_consent: bool
    start_form: PlanStartForm | None
    rhythm_form: RhythmForm | None
    may_pause: bool
    may_resume: bool
    may_change: bool
    reminded: bool
    kept: tuple[KeptRow, ...]
    report_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class CapturesPanel:
    """The plan in a few lines, on the patient's home, in a case and beside a report."""

    patient_id: UUID
    plan: PlanView | None
    for_staff: bool
    may_start: bool
    start_form: PlanStartForm | None
    kept: tuple[KeptRow, ...]
    step: NextStep | None  # what the patient does now


_STATES = {
    StepState.DONE: ("success", "check-circle"),
    StepState.EARLY: ("info", "check-circle"),
    StepState.LATE: ("info", "check-circle"),
    StepState.OPEN: ("warning", "camera"),
    StepState.OVERDUE: ("warning", "clock"),
    StepState.MISSED: ("neutral", "dash-circle"),
    StepState.COMING: ("neutral", "circle"),
}


def plan_view(actor: Actor, plan: CapturePlan, found: Standing, sessions: dict[UUID, PhotoSession]) -> PlanView:
    """The plan in words."""
    is_open = plan.is_open and not found.is_over
    following = found.next if is_open else None
    title, text = _next_words(plan, found, following, for_staff=actor.role.is_staff)
    return PlanView(
        id=plan.pk,
        status=plan.status,
        status_label=_status_label(plan, found),
        paused=plan.status == CapturePlan.Status.PAUSED,
        is_open=is_open,
        rhythm_label=str(RhythmChoice(_rhythm(plan)).label),
        day=found.day,
        days=found.days,
        day_words=_("day %(day)s of %(days)s") % {"day": found.day, "days": found.days},
        starts_on=plan.starts_on,
        ends_on=found.ends_on,
        begun_by=plan.started_by.display_name if plan.started_by else "",
        next_title=title,
        next_text=text,
        adherence=adherence(found),
        rows=tuple(_row(actor, step, sessions, is_next=step is following, closed=not is_open) for step in found.steps),
        extras=tuple(ExtraRow(one.on, _session_url(actor, sessions.get(one.session_id))) for one in found.extras),
    )


def adherence(found: Standing) -> str:
    """How many of those asked for so far have come, and how many of them not in time."""
    if not found.asked:
        return _("Nothing was due yet.")
    words = _("%(came)s of %(asked)s sent so far") % {"came": found.answered, "asked": found.asked}
    parts = [words]
    late = sum(step.state is StepState.LATE for step in found.steps)
    early = sum(step.state is StepState.EARLY for step in found.steps)
    if late:
        parts.append(ngettext("%(n)s late", "%(n)s late", late) % {"n": late})
    if early:
        parts.append(ngettext("%(n)s early", "%(n)s early", early) % {"n": early})
    if found.missed:
        parts.append(ngettext("%(n)s missed", "%(n)s missed", found.missed) % {"n": found.missed})
    return " · ".join(parts)


def captures_page(
    actor: Actor, patient: Patient, plan: CapturePlan | None, found: Standing | None, *, report_id: UUID | None = None
) -> CapturesPage:
    """Everything on the page; the caller has read the plan through its service."""
    view = _view_of(actor, plan, found)
    for_staff = actor.role.is_staff
    running = view is not None and view.is_open
    state = PlanState(plan.status) if plan else None
    own = for_staff or (plan is not None and plan.started_by_id is None)

    def may(action: PlanAction) -> bool:
        return running and state is not None and (state, action) in PLANS and actor.can(Permission.STEER_CAPTURE_PLAN)

    consented = has_consent(patient.pk, Purpose.CARE)
    may_start = not running and selectors.may_start(actor, patient)
    return CapturesPage(
        patient=patient,
        label=patient_label(patient) if for_staff else patient.given_name,
        for_staff=for_staff,
        plan=view,
        zone=selectors.zone_of_patient(patient),
        may_start=may_start,
        needs_consent=not consented,
        start_form=start_form(patient) if may_start and consented else None,
        rhythm_form=RhythmForm(initial={"rhythm": _rhythm(plan)})
        if plan is not None and may(PlanAction.CHANGE_RHYTHM) and own
        else None,
        may_pause=may(PlanAction.PAUSE),
        may_resume=may(PlanAction.RESUME),
        may_change=may(PlanAction.END) and own,
        reminded=not for_staff and selectors.wants_reminders(actor.user_id, patient.pk),
        kept=_kept(actor, patient) if for_staff else (),
        report_id=report_id,
    )


def captures_panel(actor: Actor, patient: Patient, now: datetime) -> CapturesPanel:
    """The panel of one patient's plan; the caller has checked the scope."""
    plan = selectors.newest_plan(actor, patient.pk)
    found = selectors.standing_of(plan, now) if plan else None
    view = _view_of(actor, plan, found)
    running = view is not None and view.is_open
    may_start = not running and selectors.may_start(actor, patient)
    return CapturesPanel(
        patient_id=patient.pk,
        plan=view,
        for_staff=actor.role.is_staff,
        may_start=may_start,
        start_form=start_form(patient) if may_start and actor.role.is_staff else None,
        kept=_kept(actor, patient) if actor.role.is_staff else (),
        step=_home_step(patient, view, found) if actor.role is Role.PATIENT else None,
    )


def start_form(patient: Patient) -> PlanStartForm:
    """The form that begins a plan, filled as the clinic usually has it."""
    defaults = selectors.settings_of(patient.clinic_id)
    initial = {"rhythm": defaults.capture_rhythm, "days": defaults.capture_days}
    return PlanStartForm(initial=initial, auto_id="plan_%s")


def _view_of(actor: Actor, plan: CapturePlan | None, found: Standing | None) -> PlanView | None:
    if plan is None or found is None:
        return None
    sessions = {row.pk: row for row in selectors.sent_sessions([plan.patient_id]).get(plan.patient_id, [])}
    return plan_view(actor, plan, found, sessions)


def _home_step(patient: Patient, view: PlanView | None, found: Standing | None) -> NextStep | None:
    """What the plan asks for today, or next."""
    if view is None or found is None or not view.is_open or found.paused or found.next is None:
        return None
    if found.is_due:
        url = reverse("patients:session_new", args=[patient.pk])
        return NextStep(view.next_title, view.next_text, url, _("Begin now"), rank=WAITING)
    return NextStep(
        view.next_title, view.next_text, reverse("care:captures", args=[patient.pk]), _("See the plan"), rank=FREE
    )


def _kept(actor: Actor, patient: Patient) -> tuple[KeptRow, ...]:
    return tuple(
        KeptRow(row.submitted_at or row.created_at, reverse("care:kept", args=[row.pk]))
        for row in selectors.kept_sessions(actor, patient.pk)
    )


def _rhythm(plan: CapturePlan) -> str:
    rows = sorted(plan.stretches.all(), key=lambda row: row.number)
    return next((row.rhythm for row in reversed(rows) if row.rhythm), Rhythm.WEEKLY.value)


def _status_label(plan: CapturePlan, found: Standing) -> str:
    if plan.is_open and found.is_over:
        return _("Completed")
    return {
        CapturePlan.Status.ACTIVE: _("Running"),
        CapturePlan.Status.PAUSED: _("Paused"),
        CapturePlan.Status.ENDED: _("Ended"),
        CapturePlan.Status.COMPLETED: _("Completed"),
    }[CapturePlan.Status(plan.status)]


def _next_words(plan: CapturePlan, found: Standing, step: Step | None, *, for_staff: bool) -> tuple[str, str]:
    if plan.status == CapturePlan.Status.PAUSED:
        return _("The plan is paused"), _("Nothing is asked for until it goes on. Days of the pause do not count.")
    if step is None:
        return _("The plan has come to its end"), ""
    day, name = _day(step.due.on), _title(step)
    why = _why(step, for_staff=for_staff)
    match step.state:
        case StepState.OPEN if step.due.on == found.today:
            return _("Today: %(what)s") % {"what": name}, why
        case StepState.OPEN if step.due.on > found.today:
            until = _("Planned for %(day)s; there is time until %(last)s.") % {"day": day, "last": _day(step.closes_on)}
            return _("From today: %(what)s") % {"what": name}, f"{why} {until}".strip()
        case StepState.OPEN | StepState.OVERDUE:
            until = _("There is time until %(day)s.") % {"day": _day(step.closes_on)}
            return _("Due since %(day)s: %(what)s") % {"day": day, "what": name}, f"{why} {until}".strip()
        case _:
            left = (step.due.on - found.today).days
            text = ngettext("In %(n)s day, on %(day)s.", "In %(n)s days, on %(day)s.", left) % {"n": left, "day": day}
            return _("Next: %(what)s") % {"what": name}, text


def _why(step: Step, *, for_staff: bool) -> str:
    if for_staff:
        return ""
    match step.due.kind:
        case DueKind.BASELINE:
            return _("Everything later is compared with these, so take all views and your time: about six minutes.")
        case DueKind.REVIEW:
            return _("Take all views, about six minutes. A clinician looks at them, with those of the weeks before.")
        case DueKind.INTERIM:
            return _("The same views, place and lamp as before. They are kept for your next review.")


def _title(step: Step) -> str:
    match step.due.kind:
        case DueKind.BASELINE:
            return _("first photographs")
        case DueKind.REVIEW:
            return _("photographs for a review")
        case DueKind.INTERIM:
            return _("photographs")


def _row(actor: Actor, step: Step, sessions: dict[UUID, PhotoSession], *, is_next: bool, closed: bool) -> StepRow:
    state = StepState.MISSED if closed and step.state in (StepState.OPEN, StepState.OVERDUE) else step.state
    tone, icon = _STATES[state]
    title = _title(step)
    return StepRow(
        title=title[:1].upper() + title[1:],
        on=step.due.on,
        day=step.due.day,
        state=state.value,
        state_label=_state_label(state, closed=closed),
        tone=tone,
        icon=icon,
        note=_note(step),
        url=_session_url(actor, sessions.get(step.capture.session_id)) if step.capture else "",
        is_review=step.due.kind is not DueKind.INTERIM,
        is_next=is_next,
    )


def _state_label(state: StepState, *, closed: bool) -> str:
    match state:
        case StepState.DONE:
            return _("Sent")
        case StepState.EARLY:
            return _("Sent early")
        case StepState.LATE:
            return _("Sent late")
        case StepState.OPEN:
            return _("Due now")
        case StepState.OVERDUE:
            return _("Can still be sent")
        case StepState.MISSED:
            return _("Not sent") if closed else _("Missed")
        case StepState.COMING:
            return _("Not asked for any more") if closed else _("Planned")


def _note(step: Step) -> str:
    if step.capture is None or step.state not in ANSWERED:
        return ""
    sent = _("sent %(day)s") % {"day": _day(step.capture.on)}
    off = abs(step.days_off)
    if step.state is StepState.EARLY:
        return ngettext("%(sent)s, %(n)s day early", "%(sent)s, %(n)s days early", off) % {"sent": sent, "n": off}
    if step.state is StepState.LATE:
        return ngettext("%(sent)s, %(n)s day late", "%(sent)s, %(n)s days late", off) % {"sent": sent, "n": off}
    return sent


def _session_url(actor: Actor, session: PhotoSession | None) -> str:
    if session is None:
        return ""
    if actor.role is Role.PATIENT:
        return reverse("analysis:session", args=[session.pk])
    return reverse("care:kept", args=[session.pk])


def _day(day: date) -> str:
    return str(date_format(day, "j F"))
