"""Forms of personal details."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class ContactForm(forms.Form):
    """What people change themselves."""

    phone = forms.CharField(
        label=_("Telephone"),
        max_length=40,
        required=False,
        help_text=_("Only if the clinic may call you."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"), required=False, help_text=_("Times on your pages and reminders by e-mail follow it.")
    )
    language = forms.ChoiceField(label=_("Language"), required=False, help_text=_("Of pages and e-mails."))

    def __init__(self, *args: Any, clinic_zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
        usual = _("As my browser says, else the clinic’s (%(zone)s)") % {"zone": clinic_zone}
        self._choose("time_zone", [("", usual), *((name, name.replace("_", " ")) for name in zones)])
        self._choose("language", [("", _("As my browser says")), *settings.LANGUAGES])

    def _choose(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


class CorrectionForm(forms.Form):
    """What the clinic corrects."""

    given_name = forms.CharField(label=_("Given name"), max_length=80)
    family_name = forms.CharField(label=_("Family name"), max_length=80)
    birth_date = forms.DateField(label=_("Date of birth"), widget=forms.DateInput(attrs={"type": "date"}))


class TakeOverForm(forms.Form):
    """What shows, beside the link, that the right person opened it."""

    birth_date = forms.DateField(
        label=_("Your date of birth"),
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "bday"}),
        help_text=_("As the clinic has it in the record."),
    )
