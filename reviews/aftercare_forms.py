"""Forms of templates, follow-ups and the questions about side effects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reviews.aftercare import ANSWER_LABELS, Question
from reviews.models import FormularyEntry, PlanTemplate
from reviews.services.plan_templates import Template, TemplateItem


class TemplateNameForm(forms.Form):
    """The name of a new template."""

    name = forms.CharField(label=_("Name of the template"), max_length=80)


class TemplateForm(forms.Form):
    """A template with a group of fields per treatment; a treatment without a tick is left out."""

    name = forms.CharField(label=_("Name of the template"), max_length=80)
    advice = forms.CharField(
        label=_("Advice and warnings"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 4})
    )
    follow_up_days = forms.IntegerField(label=_("Days to the follow-up"), required=False, min_value=1, max_value=730)

    def __init__(self, *args: Any, template: PlanTemplate, **kwargs: Any) -> None:
        content = Template.from_dict(template.content)
        kwargs["initial"] = {"name": template.name, "advice": content.advice, "follow_up_days": content.follow_up_days}
        super().__init__(*args, **kwargs)
        names = dict(FormularyEntry.objects.values_list("code", "name"))
        self.items = content.items
        for item in content.items:
            keep = forms.BooleanField(label=names.get(item.code, item.code), required=False, initial=True)
            self.fields[f"keep_{item.code}"] = keep
            self.fields[f"dose_{item.code}"] = forms.CharField(label=_("Dose"), max_length=300, initial=item.dose)
            self.fields[f"duration_{item.code}"] = forms.CharField(
                label=_("Duration"), max_length=200, initial=item.duration
            )
            self.fields[f"text_{item.code}"] = forms.CharField(
                label=_("What the patient reads"),
                required=False,
                max_length=1500,
                initial=item.instructions,
                widget=forms.Textarea(attrs={"rows": 3}),
            )

    def content(self) -> Template:
        """What to keep."""
        data = self.cleaned_data
        items = tuple(
            TemplateItem(item.code, data[f"dose_{item.code}"], data[f"duration_{item.code}"], data[f"text_{item.code}"])
            for item in self.items
            if data[f"keep_{item.code}"]
        )
        return Template(advice=data["advice"], follow_up_days=data["follow_up_days"], items=items)


class TaskNoteForm(forms.Form):
    """A word on how a follow-up ended."""

    note = forms.CharField(label=_("Note"), required=False, max_length=1000)


class PostponeForm(TaskNoteForm):
    """A later day."""

    until = forms.DateField(label=_("New day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


class SideEffectForm(forms.Form):
    """One choice per question, and words of one's own."""

    def __init__(self, *args: Any, questions: Sequence[Question], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = questions
        choices = [(answer.value, label) for answer, label in ANSWER_LABELS.items()]
        for question in questions:
            self.fields[f"q_{question.code}"] = forms.ChoiceField(
                label=str(question.text), choices=choices, widget=forms.RadioSelect
            )
        self.fields["words"] = forms.CharField(
            label=_("Anything else you noticed"),
            required=False,
            max_length=2000,
            widget=forms.Textarea(attrs={"rows": 3}),
        )

    def answers(self) -> dict[str, str]:
        """Answers by question."""
        return {question.code: self.cleaned_data[f"q_{question.code}"] for question in self.questions}
