"""What clinicians type, parsed and bounded; rules live in the services."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.context import ROLE_NAMES
from accounts.models import Membership
from accounts.roles import Role
from patients.capture_protocol import RETAKE_ADVICE, RetakeReason
from reviews.causes import Cause
from reviews.diagnoses import LABELS, Diagnosis
from reviews.models import FindingDecision
from reviews.reading import PULL_TEST_LABELS, Reading
from reviews.services.findings import Correction
from reviews.services.outcome import RetakeWish
from reviews.wording import short_view
from vision.types import View

TEXT_LIMIT = 4000


def _area(label: Any, rows: int = 3, help_text: Any = "", limit: int = TEXT_LIMIT) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, required=False, max_length=limit, widget=widget, help_text=help_text)


class DecisionForm(forms.Form):
    """One decision about one finding."""

    verdict = forms.ChoiceField(choices=FindingDecision.Verdict.choices)
    reason = forms.CharField(required=False, max_length=500)
    value = forms.FloatField(required=False)
    condition = forms.CharField(required=False, max_length=20)
    stage = forms.CharField(required=False, max_length=20)
    region_kind = forms.ChoiceField(required=False, choices=[("", ""), ("bald", "bald"), ("thinning", "thinning")])
    cause = forms.ChoiceField(required=False, choices=[("", ""), *((one.value, one.value) for one in Cause)])
    stay = forms.BooleanField(required=False)  # this finding stays open: only its reason was changed

    def correction(self) -> Correction:
        """What was put in place of the model's value."""
        data = self.cleaned_data
        return Correction(
            value=data["value"], condition=data["condition"], stage=data["stage"], region_kind=data["region_kind"]
        )


class OwnRegionForm(forms.Form):
    """What is said about a region that the clinician drew."""

    kind = forms.ChoiceField(required=False, choices=[("", ""), ("bald", "bald"), ("thinning", "thinning")])
    reason = forms.CharField(required=False, max_length=500)


class ScaleForm(forms.Form):
    """Two points (JSON, picture fractions) and the distance between them."""

    points = forms.CharField(label=_("Points"), max_length=200)
    length_mm = forms.FloatField(label=_("Millimetres"))


class ReadingForm(forms.Form):
    """The clinician's own reading (R8)."""

    diagnosis_code = forms.ChoiceField(label=_("Diagnosis (ICD-10)"), choices=LABELS.items(), required=False)
    diagnosis_text = forms.CharField(
        label=_("Diagnosis in your words"),
        required=False,
        max_length=300,
        help_text=_("Stage, activity, or what “other” is."),
    )
    differential = forms.MultipleChoiceField(
        label=_("Differential"),
        required=False,
        choices=[
            (code.value, text) for code, text in LABELS.items() if code.is_medical and code is not Diagnosis.OTHER
        ],
        widget=forms.CheckboxSelectMultiple,
    )
    pull_test = forms.ChoiceField(label=_("Pull test"), choices=PULL_TEST_LABELS.items(), required=False)
    dermoscopy = _area(_("Dermoscopy"), 2, _("Ostia, variability of diameter, yellow or black dots, scale, erythema."))
    examination = _area(_("Other examination"), 2)
    tests_ordered = _area(_("Tests ordered"), 2, _("For example ferritin, TSH, vitamin D, culture, biopsy."))
    tests_received = _area(_("Tests received"), 2)
    reasoning = _area(_("Reasoning"), 4, _("Why this diagnosis, and what argues against it."))

    @classmethod
    def of(cls, reading: Reading) -> ReadingForm:
        """The form as it was last saved."""
        return cls(initial={**reading.to_dict()})

    def reading(self) -> Reading:
        """The value to keep."""
        return Reading.from_dict(self.cleaned_data)


class RetakeForm(forms.Form):
    """Which views are needed again, and why: one choice per view, and a message."""

    message = _area(
        _("Message to the patient"), 3, _("Optional. The reasons are explained to the patient anyway."), 1000
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reasons = [("", _("Not needed"))] + [(reason.value, RETAKE_ADVICE[reason].problem) for reason in RetakeReason]
        message = self.fields.pop("message")
        for view in View:
            self.fields[f"view_{view.value}"] = forms.ChoiceField(
                label=short_view(view.value), choices=reasons, required=False
            )
        self.fields["message"] = message

    def wishes(self) -> list[RetakeWish]:
        """The views that were chosen."""
        return [
            RetakeWish(view, RetakeReason(self.cleaned_data[f"view_{view.value}"]))
            for view in View
            if self.cleaned_data[f"view_{view.value}"]
        ]


class RejectForm(forms.Form):
    """Why there is no plan, in words for the patient."""

    message = forms.CharField(
        label=_("Message to the patient"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Say why there is no plan, and what to do instead. The patient reads exactly this."),
    )


class HandBackForm(forms.Form):
    """A note for whoever claims the case next."""

    note = _area(_("Note for your colleague"), 3, _("Your decisions, reading and plan stay with the case."), 1000)
    for_dermatologist = forms.BooleanField(label=_("A dermatologist has to take over"), required=False)


class HandOverForm(forms.Form):
    """Which colleague takes the case over, and what they should know."""

    to = forms.ChoiceField(label=_("Colleague"), widget=forms.RadioSelect)
    note = _area(_("Note for your colleague"), 4, _("What you saw, and what you would like them to decide."), 1000)

    def __init__(self, *args: Any, colleagues: Sequence[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast(forms.ChoiceField, self.fields["to"])
        field.choices = [(str(row.pk), f"{row.display_name} · {ROLE_NAMES[Role(row.role)]}") for row in colleagues]


class SaveViewForm(forms.Form):
    """A name for the filters of the queue."""

    name = forms.CharField(label=_("Name of the view"), max_length=60)
    query = forms.CharField(required=False, max_length=400, widget=forms.HiddenInput)
    shared = forms.BooleanField(label=_("Share with the clinic"), required=False)


class PlanForm(forms.Form):
    """The words and the date of the plan."""

    summary = _area(_("Summary for the patient"), 7, _("Plain words. The patient reads this first."))
    advice = _area(_("Advice and warnings"), 4, _("Daily life, and when to call or see somebody at once."))
    follow_up_date = forms.DateField(
        label=_("Follow-up"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class PlanItemForm(forms.Form):
    """What is written about one treatment."""

    dose = forms.CharField(label=_("Dose"), max_length=300)
    duration = forms.CharField(label=_("Duration"), max_length=200)
    instructions = _area(_("What the patient reads"), 3, limit=1500)
    override_reason = forms.CharField(label=_("Why in spite of the warning"), required=False, max_length=500)
