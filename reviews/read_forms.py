"""What readers, colleagues and administrators type about grades, opinions, escalations and the reading policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from reviews.blind_details import HIGHEST, MOST_COUNTED, NOT_GRADABLE, Details, HandCount, Scale
from reviews.grade import SEVERITY_HIGH, SEVERITY_LOW, Grade
from reviews.models import Escalation, ReadingPolicy
from reviews.policy import Demand, ReadingRules
from reviews.wording import CONDITIONS

TEXT_LIMIT = 4000
COUNT_HELP: Final = _("Roots inside the frame that is drawn on the photograph, by eye. Empty: not counted.")


def _number(label: Any, low: int, high: int, help_text: Any = "") -> forms.IntegerField:
    widget = forms.NumberInput(attrs={"inputmode": "numeric"})
    return forms.IntegerField(label=label, min_value=low, max_value=high, widget=widget, help_text=help_text)


SCALES: Final = {Scale.NORWOOD: _("Norwood–Hamilton"), Scale.SINCLAIR: _("Sinclair")}
STAGE_CHOICES: Final[list[Any]] = [
    ("", _("Not graded")),
    *(
        (name, [(f"{scale.value}-{number}", f"{name} {number}") for number in range(1, HIGHEST[scale] + 1)])
        for scale, name in SCALES.items()
    ),
    (NOT_GRADABLE, _("Looked, and cannot be graded")),
]


class GradeForm(forms.Form):
    """A grade of one's own, committed once. ``closeups``: id and name of those whose hairs may be counted."""

    condition = forms.ChoiceField(
        label=_("What do you see?"),
        choices=[("", _("Choose")), *((str(c), text) for c, text in CONDITIONS.items())],
        widget=forms.Select(attrs={"data-key": "c", "data-key-label": _("Your grade")}),
    )
    share_percent = _number(
        _("Affected share of the scalp, %"), 0, 100, _("Thinned or bald, over all views, by eye; steps of 5 are fine.")
    )
    severity = _number(
        _("Severity, 1 to 10"), SEVERITY_LOW, SEVERITY_HIGH, _("1 is no loss, 4 a fifth, 7 half, 10 nearly all.")
    )
    stage = forms.ChoiceField(label=_("Stage of the pattern (optional)"), required=False, choices=STAGE_CHOICES)
    none_seen = forms.BooleanField(
        label=_("I looked for bald and thinning regions and saw none"),
        required=False,
        help_text=_("Regions that you draw on the photographs count by themselves. Optional."),
    )
    remark = forms.CharField(
        label=_("Remark"), required=False, max_length=TEXT_LIMIT, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, closeups: Sequence[tuple[UUID, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._closeups = [pk for pk, _name in closeups]
        for at, (_pk, name) in enumerate(closeups):
            for what, label in (("hairs", _("Hairs counted")), ("units", _("Follicular units counted"))):
                number = _number(f"{label}: {name}", 0, MOST_COUNTED, "" if at or what == "units" else COUNT_HELP)
                number.required = False
                self.fields[f"{what}_{at}"] = number
        if "remark" in self.fields:
            self.fields["remark"] = self.fields.pop("remark")  # last

    def details(self) -> Details:
        """What was recorded beside the grade; regions are those on the stage."""
        data = self.cleaned_data
        counts = (
            HandCount(pk, data.get(f"hairs_{at}"), data.get(f"units_{at}")) for at, pk in enumerate(self._closeups)
        )
        return Details(
            stage=data.get("stage", ""),
            none_seen=bool(data.get("none_seen")),
            counts=tuple(count for count in counts if count.hairs is not None or count.units is not None),
        )

    def grade(self) -> Grade:
        """The value to commit."""
        data = self.cleaned_data
        return Grade.checked(
            condition=data["condition"], share_percent=data["share_percent"], severity=data["severity"]
        )


class ReadForm(GradeForm):
    """A second read or an adjudication. ``due``: what the page asked for when it was opened."""

    due = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)


class OpinionForm(GradeForm):
    """A second opinion: a grade, and what the colleague thinks."""

    remark = None  # type: ignore[assignment]  # Django's way to leave a field out
    stage = None  # type: ignore[assignment]
    none_seen = None  # type: ignore[assignment]
    answer = forms.CharField(label=_("Your opinion"), max_length=TEXT_LIMIT, widget=forms.Textarea(attrs={"rows": 5}))


class AskForm(forms.Form):
    """A question to a colleague. ``colleagues``: value and name; the empty value is any dermatologist."""

    asked_of = forms.ChoiceField(label=_("Whom do you ask?"), required=False)
    question = forms.CharField(
        label=_("Your question"), max_length=TEXT_LIMIT, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, colleagues: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["asked_of"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(colleagues)
        field.required = bool(colleagues) and colleagues[0][0] != ""

    def membership(self) -> UUID | None:
        """Who is asked; None: any dermatologist."""
        chosen = self.cleaned_data["asked_of"]
        return UUID(chosen) if chosen else None


class EscalateForm(forms.Form):
    """Why a dermatologist has to take over, and how soon."""

    urgency = forms.ChoiceField(
        label=_("How soon?"),
        choices=[(Escalation.Urgency.SOON, _("Soon")), (Escalation.Urgency.NOW, _("Now"))],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("Why"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Everybody who opens the case reads this."),
    )


class WaiveForm(forms.Form):
    """Why a case goes on without another read."""

    reason = forms.CharField(label=_("Reason"), max_length=500)


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    """What the clinic demands of its readers."""

    class Meta:
        model = ReadingPolicy
        fields = ("blind_first", "blind_percent", "double_read", "double_percent", "share_points", "severity_points")
        labels = {
            "blind_first": _("Grade before findings"),
            "blind_percent": _("Sample that is graded first, %"),
            "double_read": _("Second, independent read"),
            "double_percent": _("Sample that is read twice, %"),
            "share_points": _("Readers may differ in the affected share by, percentage points"),
            "severity_points": _("Readers may differ in severity by, points"),
        }
        help_texts = {
            "blind_first": _("The findings of the models open only after the clinician has committed a grade."),
            "double_read": _(
                "A colleague reads the case without seeing findings or the first grade. Needs the patient's consent to "
                "a second opinion inside the clinic. Such a case is always graded before findings."
            ),
            "severity_points": _("Beyond either limit, or with different conditions, a third clinician decides."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = [
            (Demand.OFF.value, _("Off")),
            (Demand.SAMPLE.value, _("A sample")),
            (Demand.ALWAYS.value, _("Every case")),
        ]
        for name in ("blind_first", "double_read"):
            field = forms.ChoiceField(
                label=self.fields[name].label, choices=words, help_text=self.fields[name].help_text
            )
            self.fields[name] = field
        for name, high in (
            ("blind_percent", 100),
            ("double_percent", 100),
            ("share_points", 100),
            ("severity_points", 9),
        ):
            label, text = self.fields[name].label, self.fields[name].help_text
            self.fields[name] = _number(label, 0, high, text)

    def rules(self) -> ReadingRules:
        """The value to keep."""
        data = self.cleaned_data
        return ReadingRules(
            blind_first=Demand(data["blind_first"]),
            blind_percent=data["blind_percent"],
            double_read=Demand(data["double_read"]),
            double_percent=data["double_percent"],
            severity_points=data["severity_points"],
            share_points=data["share_points"],
        )
