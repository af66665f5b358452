"""What people type, parsed into the values that services take. No rule about care lives here."""

from __future__ import annotations

from typing import Any, cast

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Fieldset, Layout, Submit
from django import forms
from django.utils.translation import gettext_lazy as _

from patients import intake_words
from patients.capture_protocol import CHECKLIST_LABELS, WASH_LABELS, ChecklistItem, TrichoscopySite, WashInterval
from patients.intake_form import (
    Answers,
    Course,
    Duration,
    LossPattern,
    MedicalCondition,
    Pregnancy,
    Relative,
    SexAtBirth,
    Symptom,
)
from patients.models import PatientAccess, Purpose
from patients.services import PatientDetails
from vision.types import View

NONE_OF_THESE = "none"
MAX_LINES = 40


class RegistrationForm(forms.Form):
    """Who the record is about."""

    relation = forms.ChoiceField(
        label=_("Who is this record for?"),
        choices=[(PatientAccess.Relation.SELF, _("For me")), (PatientAccess.Relation.GUARDIAN, _("For my child"))],
        widget=forms.RadioSelect,
        help_text=_("Parents and guardians register children under 18."),
    )
    given_name = forms.CharField(label=_("Given name"), max_length=80)
    family_name = forms.CharField(label=_("Family name"), max_length=80)
    birth_date = forms.DateField(
        label=_("Date of birth"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Of the person the record is about."),
    )
    phone = forms.CharField(
        label=_("Telephone"),
        max_length=40,
        required=False,
        help_text=_("Only if the clinic may call you."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )

    def details(self) -> PatientDetails:
        """The values, once valid."""
        data = self.cleaned_data
        return PatientDetails(data["given_name"], data["family_name"], data["birth_date"], phone=data["phone"])

    def relation_value(self) -> PatientAccess.Relation:
        """Own record or a child's."""
        return PatientAccess.Relation(self.cleaned_data["relation"])


class CardForm(forms.Form):
    """The check of a printed calibration card."""

    covered = forms.BooleanField(
        label=_("A bank card covers it exactly"),
        error_messages={"required": _("If it does not, the print was scaled. Print it again at 100 %.")},
    )
    ruler_mm = forms.FloatField(
        label=_("The printed ruler, from 0 to 100, measures"),
        min_value=1,
        max_value=300,
        help_text=_("In millimetres, as exactly as you can read it: 100, or 99.5 …"),
        widget=forms.NumberInput(attrs={"step": "0.1", "inputmode": "decimal"}),
    )


class ConsentForm(forms.Form):
    """Grant or refuse, each purpose separately; nothing is chosen beforehand except what was decided before."""

    def __init__(self, *args: Any, purposes: list[tuple[Purpose, bool | None]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for purpose, decided in purposes:
            self.fields[purpose.value] = forms.ChoiceField(
                label=purpose.label,
                choices=[("yes", _("I agree")), ("no", _("I do not agree"))],
                widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
                initial=None if decided is None else ("yes" if decided else "no"),
                error_messages={"required": _("Please choose one: both answers are fine.")},
            )

    def decisions(self) -> dict[Purpose, bool]:
        """Purpose to granted, once valid."""
        return {Purpose(name): value == "yes" for name, value in self.cleaned_data.items()}


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())[:MAX_LINES]


def _radios(label: Any, words: Any, **kwargs: Any) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, choices=intake_words.choices(words), widget=forms.RadioSelect, error_messages=_CHOOSE, **kwargs
    )


def _checkboxes(label: Any, words: Any, none: Any = None, **kwargs: Any) -> forms.MultipleChoiceField:
    options = intake_words.choices(words)
    if none is not None:
        options.append((NONE_OF_THESE, none))
    widget = forms.CheckboxSelectMultiple
    return forms.MultipleChoiceField(label=label, choices=options, widget=widget, error_messages=_CHOOSE, **kwargs)


def _text(label: Any, help_text: Any = "", rows: int = 3) -> forms.CharField:
    return forms.CharField(
        label=label, required=False, max_length=2000, help_text=help_text, widget=forms.Textarea(attrs={"rows": rows})
    )


_YES_NO = [("yes", _("Yes")), ("no", _("No"))]
_CHOOSE = {"required": _("Please choose an answer.")}
_PANEL = "panel panel__body"


def _yes_no(label: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=_YES_NO, widget=forms.RadioSelect, error_messages=_CHOOSE)


class IntakeForm(forms.Form):
    """Health questions, grouped. What a plan depends on must be answered: an empty box is never read as "no"."""

    sex_at_birth = _radios(
        _("Sex at birth"), intake_words.SEX, help_text=_("Normal values and medicines depend on it.")
    )
    concern = _text(_("What worries you most?"), _("In your own words, if you like."))
    duration = _radios(_("How long have you noticed hair loss?"), intake_words.DURATION)
    course = _radios(_("How did it begin?"), intake_words.COURSE)
    pattern = _checkboxes(_("Where is the hair thinner?"), intake_words.PATTERN, required=False)
    family = _checkboxes(_("Who in your family has or had thin hair?"), intake_words.FAMILY, required=False)
    symptoms = _checkboxes(
        _("Do you notice any of these?"),
        intake_words.SYMPTOMS,
        _("None of these"),
        help_text=_("Some of them should be looked at soon. If so, we tell you at once what to do."),
    )
    takes_medicine = _yes_no(_("Do you take any medicine?"))
    medications = _text(
        _("Which, and how much?"), _("One per line. Also tablets without prescription, hormones and supplements.")
    )
    has_allergies = _yes_no(_("Do you have allergies?"))
    allergies = _text(_("To what?"), _("One per line."))
    pregnancy = _radios(
        _("Pregnancy and breast-feeding"),
        intake_words.PREGNANCY,
        help_text=_("Some treatments harm an unborn child, so we ask each time."),
    )
    conditions = _checkboxes(
        _("Do you have, or did you have, any of these?"), intake_words.CONDITIONS, _("None of these")
    )
    previous_treatment = _text(_("What have you tried for your hair?"), _("What, how long, and whether it helped."))
    other_history = _text(_("Anything else we should know?"), _("For example other illnesses or operations."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.attrs = {"novalidate": ""}
        self.helper.form_class = "stack"
        self.helper.layout = Layout(
            Fieldset(_("About you"), "sex_at_birth", "concern", css_class=_PANEL),
            Fieldset(_("Your hair"), "duration", "course", "pattern", "family", css_class=_PANEL),
            Fieldset(_("What you notice"), "symptoms", css_class=_PANEL),
            Fieldset(
                _("Medicines and allergies"),
                "takes_medicine",
                Field("medications"),
                "has_allergies",
                "allergies",
                css_class=_PANEL,
            ),
            Fieldset(_("Pregnancy"), "pregnancy", css_class=_PANEL),
            Fieldset(_("Your health"), "conditions", "previous_treatment", "other_history", css_class=_PANEL),
            Div(Submit("save", _("Save the answers")), css_class="form-actions"),
        )

    def clean(self) -> dict[str, Any]:
        """A "yes" names what; "none" stands alone."""
        data = cast("dict[str, Any]", super().clean())
        for question, field, words in (
            ("takes_medicine", "medications", _("Please write down each medicine, or answer “No”.")),
            ("has_allergies", "allergies", _("Please write down each allergy, or answer “No”.")),
        ):
            if data.get(question) == "yes" and not _lines(data.get(field, "")):
                self.add_error(field, words)
        for field in ("symptoms", "conditions"):
            chosen = data.get(field, [])
            if NONE_OF_THESE in chosen and len(chosen) > 1:
                self.add_error(field, _("You chose “None of these” together with something else. Please keep one."))
        return data

    def answers(self) -> Answers:
        """The answers, once valid."""
        data = self.cleaned_data
        return Answers(
            sex_at_birth=SexAtBirth(data["sex_at_birth"]),
            duration=Duration(data["duration"]),
            course=Course(data["course"]),
            pattern=tuple(LossPattern(item) for item in data["pattern"]),
            family=tuple(Relative(item) for item in data["family"]),
            symptoms=tuple(Symptom(item) for item in data["symptoms"] if item != NONE_OF_THESE),
            medications=_lines(data["medications"]) if data["takes_medicine"] == "yes" else (),
            allergies=_lines(data["allergies"]) if data["has_allergies"] == "yes" else (),
            pregnancy=Pregnancy(data["pregnancy"]),
            conditions=tuple(MedicalCondition(item) for item in data["conditions"] if item != NONE_OF_THESE),
            concern=data["concern"],
            previous_treatment=data["previous_treatment"],
            other_history=data["other_history"],
        )


def intake_initial(answers: Answers) -> dict[str, Any]:
    """The form filled with earlier answers."""
    stored = answers.to_dict()
    stored.pop("schema")
    return {
        **stored,
        "symptoms": stored["symptoms"] or [NONE_OF_THESE],
        "conditions": stored["conditions"] or [NONE_OF_THESE],
        "takes_medicine": "yes" if answers.medications else "no",
        "has_allergies": "yes" if answers.allergies else "no",
        "medications": "\n".join(answers.medications),
        "allergies": "\n".join(answers.allergies),
    }


class ChecklistForm(forms.Form):
    """What makes two sessions comparable; an honest gap is fine."""

    done = forms.MultipleChoiceField(
        label=_("Before the photos"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(item.value, labels[0]) for item, labels in CHECKLIST_LABELS.items()],
        help_text=_("Tick what is true. What cannot be done today stays open, and the clinician sees it."),
    )
    wash = forms.ChoiceField(
        label=_("When was your hair last washed?"),
        choices=[(item.value, text) for item, text in WASH_LABELS.items()],
        widget=forms.RadioSelect,
        help_text=_("Choose a usual interval and keep to it."),
    )

    def items(self) -> tuple[ChecklistItem, ...]:
        """What was ticked, once valid."""
        return tuple(ChecklistItem(item) for item in self.cleaned_data["done"])

    def wash_interval(self) -> WashInterval:
        """Time since the last wash, once valid."""
        return WashInterval(self.cleaned_data["wash"])


class ConsentTextForm(forms.Form):
    """One version of a consent text."""

    title = forms.CharField(label=_("Title"), max_length=120)
    body = forms.CharField(
        label=_("Text"),
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text=_("Plain text. An empty line begins a new paragraph."),
    )


def parse_view(text: str) -> tuple[View, str] | None:
    """A view, with its site after a colon for a close-up ("trichoscopy:vertex"); None when it is neither."""
    name, _colon, site = text.partition(":")
    if name not in set(View) or (site and site not in set(TrichoscopySite)):
        return None
    return View(name), site
