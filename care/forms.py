"""What people type, parsed into the values that services take. No rule about care lives here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from care.models import CareSettings, ConsultationKind, RhythmChoice, Schedule, WeeklyHours
from care.models.booking import Mode
from care.rhythm import LONGEST_PLAN, SHORTEST_PLAN, Rhythm
from care.selectors import InboxFilters, InboxView
from care.services.guide import ADDITION_LENGTH
from care.services.hours import Grid, KindDetails, parse_hours
from care.services.sending import BODY_LENGTH, SUBJECT_LENGTH
from care.slots import Hours
from patients.red_flags import RedFlag

_HOURS = _("Write hours such as 9:00-12:30, 14:00-17:00, or leave the day empty.")


class MessageForm(forms.Form):
    """One message; ``subject`` only where a thread begins."""

    subject = forms.CharField(max_length=SUBJECT_LENGTH, required=False)
    body = forms.CharField(max_length=BODY_LENGTH, required=False)
    send_key = forms.UUIDField()
    about = forms.CharField(max_length=60, required=False)
    symptoms = forms.MultipleChoiceField(choices=[(flag.value, flag.value) for flag in RedFlag], required=False)
    internal = forms.BooleanField(required=False)

    def about_ids(self) -> tuple[UUID | None, UUID | None]:
        """Session and report that the message is about."""
        kind, _colon, value = self.cleaned_data["about"].partition(":")
        try:
            found = UUID(value)
        except ValueError:
            return None, None
        return (found if kind == "session" else None), (found if kind == "report" else None)

    def flags(self) -> tuple[RedFlag, ...]:
        """The boxes that were ticked."""
        return tuple(RedFlag(value) for value in self.cleaned_data["symptoms"])


class CannedReplyForm(forms.Form):
    """A reply that is used often."""

    title = forms.CharField(label=_("Title"), max_length=80)
    body = forms.CharField(label=_("Words"), max_length=4000, widget=forms.Textarea(attrs={"rows": 6}))


class BookingForm(forms.Form):
    """The slot that was pressed: ``slot`` is an instant and a clinician."""

    slot = forms.CharField(max_length=80)
    send_key = forms.UUIDField(required=False)

    def clean_slot(self) -> tuple[Any, UUID]:
        start, _bar, member = str(self.cleaned_data["slot"]).partition("|")
        field = forms.DateTimeField(input_formats=["%Y-%m-%dT%H:%M:%S%z"])
        return field.clean(start), UUID(str(forms.UUIDField().clean(member)))


class CancelForm(forms.Form):
    """Why it is cancelled; may stay empty."""

    reason = forms.CharField(max_length=500, required=False)


class KindForm(forms.Form):
    """A kind of consultation."""

    name = forms.CharField(label=_("Name, as patients read it"), max_length=80)
    minutes = forms.IntegerField(label=_("Length in minutes"), min_value=5, max_value=240, initial=30)
    mode = forms.ChoiceField(label=_("Where"), choices=[(mode.value, mode.label) for mode in Mode])
    by_patients = forms.BooleanField(label=_("Patients may book it themselves"), required=False, initial=True)
    offered_by = forms.MultipleChoiceField(label=_("Who offers it"), widget=forms.CheckboxSelectMultiple)

    def __init__(
        self, *args: Any, colleagues: Iterable[Membership], kind: ConsultationKind | None = None, **kwargs: Any
    ):
        if kind is not None:
            kwargs["initial"] = {
                "name": kind.name,
                "minutes": kind.minutes,
                "mode": kind.mode,
                "by_patients": kind.by_patients,
                "offered_by": [str(member.pk) for member in kind.offered_by.all()],
            }
        super().__init__(*args, **kwargs)
        field = self.fields["offered_by"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(str(member.pk), member.display_name) for member in colleagues]

    def details(self) -> KindDetails:
        """The values, once valid."""
        data = self.cleaned_data
        offered = tuple(UUID(value) for value in data["offered_by"])
        return KindDetails(data["name"], data["minutes"], Mode(data["mode"]), data["by_patients"], offered)


class SettingsForm(forms.Form):
    """A clinic's limits and its video address."""

    change_until_hours = forms.IntegerField(
        label=_("Patients may move or cancel until"), help_text=_("hours before the start"), min_value=0, max_value=336
    )
    reminders = forms.CharField(
        label=_("Reminders"), help_text=_("hours before the start, such as 24, 1"), max_length=40, required=False
    )
    video_template = forms.CharField(
        label=_("Address of video rooms"),
        help_text=_("Such as https://meet.example/{room}. Empty: no consultations by video."),
        max_length=200,
        required=False,
    )

    @staticmethod
    def initial_of(settings: CareSettings) -> dict[str, Any]:
        """What the form shows first."""
        return {
            "change_until_hours": settings.change_until_hours,
            "reminders": ", ".join(str(hour) for hour in settings.reminder_hours),
            "video_template": settings.video_template,
        }

    def clean_reminders(self) -> list[int]:
        try:
            return [int(part) for part in str(self.cleaned_data["reminders"]).split(",") if part.strip()]
        except ValueError:
            raise forms.ValidationError(_("Write numbers with commas, such as 24, 1.")) from None


class HoursForm(forms.Form):
    """A clinician's week, one line per day, and how it is given out."""

    step_minutes = forms.IntegerField(label=_("Times begin every"), help_text=_("minutes"), min_value=5, max_value=240)
    buffer_minutes = forms.IntegerField(
        label=_("Pause after each consultation"), help_text=_("minutes"), min_value=0, max_value=120
    )
    lead_hours = forms.IntegerField(
        label=_("Patients book at least"), help_text=_("hours before"), min_value=0, max_value=336
    )
    horizon_days = forms.IntegerField(label=_("Booking opens"), help_text=_("days ahead"), min_value=1, max_value=365)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number, name in WEEKDAYS.items():
            self.fields[f"day_{number}"] = forms.CharField(
                label=name,
                required=False,
                max_length=120,
                widget=forms.TextInput(attrs={"placeholder": _("none; else such as 9:00-12:30, 14:00-17:00")}),
            )

    @staticmethod
    def initial_of(schedule: Schedule, hours: Sequence[WeeklyHours]) -> dict[str, Any]:
        """What the form shows first."""
        shown: dict[str, Any] = {
            "step_minutes": schedule.step_minutes,
            "buffer_minutes": schedule.buffer_minutes,
            "lead_hours": schedule.lead_hours,
            "horizon_days": schedule.horizon_days,
        }
        for number in WEEKDAYS:
            parts = [f"{one.starts:%H:%M}-{one.ends:%H:%M}" for one in hours if one.weekday == number]
            shown[f"day_{number}"] = ", ".join(parts)
        return shown

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for number in WEEKDAYS:
            try:
                data[f"day_{number}"] = parse_hours(str(data.get(f"day_{number}", "")))
            except ValueError:
                self.add_error(f"day_{number}", _HOURS)
        return data

    def grid(self) -> Grid:
        """Steps, pause, lead and horizon."""
        names = ("step_minutes", "buffer_minutes", "lead_hours", "horizon_days")
        return Grid(*(self.cleaned_data[name] for name in names))

    def week(self) -> dict[int, list[Hours]]:
        """Hours by weekday, Monday 0."""
        return {number: self.cleaned_data[f"day_{number}"] for number in WEEKDAYS}


class ExceptionForm(forms.Form):
    """Days that are not as the week says."""

    first_date = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}))
    last_date = forms.DateField(label=_("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    hours = forms.CharField(
        label=_("Hours on these days"), required=False, max_length=40, help_text=_("Empty: closed. Else such as 9-12.")
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=80)

    def clean_hours(self) -> Hours | None:
        try:
            found = parse_hours(str(self.cleaned_data["hours"]))
        except ValueError:
            raise forms.ValidationError(_HOURS) from None
        if len(found) > 1:
            raise forms.ValidationError(_("Give one stretch of hours; add another line for a second one."))
        return found[0] if found else None

    def days(self) -> tuple[date, date]:
        """First and last day; one day when the last is left out."""
        first: date = self.cleaned_data["first_date"]
        return first, self.cleaned_data["last_date"] or first


class InboxForm(forms.Form):
    """Filters of the inbox, kept in the address."""

    show = forms.ChoiceField(choices=[(view.value, view.value) for view in InboxView], required=False)
    whose = forms.ChoiceField(choices=[("", ""), ("mine", "mine"), ("free", "free")], required=False)

    def filters(self) -> InboxFilters:
        """The filters; what cannot be read counts as not given."""
        self.is_valid()
        data = self.cleaned_data
        whose = data.get("whose", "")
        return InboxFilters(InboxView(data.get("show") or InboxView.UNANSWERED), whose == "mine", whose == "free")


class AgendaForm(forms.Form):
    """Which part of the agenda, kept in the address."""

    day = forms.DateField(required=False)
    show = forms.ChoiceField(choices=[("day", "day"), ("week", "week")], required=False)
    who = forms.UUIDField(required=False)


class SlotsForm(forms.Form):
    """Which free times, kept in the address."""

    kind = forms.UUIDField(required=False)
    who = forms.UUIDField(required=False)
    week = forms.DateField(required=False)


_RHYTHM = _("How often between two reviews")
_RHYTHMS = [(choice.value, choice.label) for choice in RhythmChoice]


class RhythmForm(forms.Form):
    """Another rhythm from today on."""

    rhythm = forms.ChoiceField(label=_RHYTHM, choices=_RHYTHMS)

    def beat(self) -> Rhythm:
        """The rhythm, once valid."""
        return Rhythm(self.cleaned_data["rhythm"])


class PlanStartForm(RhythmForm):
    """A new plan of photographs."""

    days = forms.IntegerField(
        label=_("Length in days"),
        min_value=SHORTEST_PLAN,
        max_value=LONGEST_PLAN,
        help_text=_("A review stands on every thirtieth day and on the last one."),
    )
    starts_on = forms.DateField(
        label=_("First day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Left empty: today."),
    )
    report = forms.UUIDField(required=False, widget=forms.HiddenInput)


class CaptureSettingsForm(RhythmForm):
    """What a new plan begins with."""

    days = forms.IntegerField(label=_("Length in days"), min_value=SHORTEST_PLAN, max_value=LONGEST_PLAN)
    patients_start_plans = forms.BooleanField(label=_("Patients may begin a plan themselves"), required=False)


class RemindersForm(forms.Form):
    """Reminders on or off."""

    wanted = forms.ChoiceField(choices=[("yes", "yes"), ("no", "no")])


class AdditionForm(forms.Form):
    """A clinic's own words for a page of the guide."""

    text = forms.CharField(
        label=_("Your clinic’s own words"),
        required=False,
        max_length=ADDITION_LENGTH,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("Plain text, shown on top of the page. An empty line begins a new paragraph."),
    )
