"""Forms of the administrator's pages."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.context import ROLE_NAMES
from accounts.models import Clinic
from accounts.roles import Role

STAFF_ROLES = [(role.value, ROLE_NAMES[role]) for role in Role if role.is_staff]


class InviteForm(forms.Form):
    """Who is invited, and as what."""

    display_name = forms.CharField(
        label=_("Name as it stands under a report"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    email = forms.EmailField(label=_("E-mail address"))
    role = forms.ChoiceField(label=_("Role"), choices=STAFF_ROLES)


class RoleForm(forms.Form):
    """A new role for a colleague."""

    role = forms.ChoiceField(label=_("Role"), choices=STAFF_ROLES)


class ClinicForm(forms.ModelForm):  # type: ignore[type-arg]
    """The clinic as patients read it, and its promised times."""

    class Meta:
        model = Clinic
        fields = [
            "name",
            "address",
            "phone",
            "time_zone",
            "sla_hours",
            "urgent_sla_hours",
            "usual_reply",
            "paper",
            "trichoscope_px_per_mm",
            "trichoscope_width_px",
            "trichoscope_bar_mm",
            "vellus_cutoff_um",
            "repeat_captures",
            "registration_open",
        ]
        labels = {
            "sla_hours": _("Hours to answer a case"),
            "urgent_sla_hours": _("Hours to answer an urgent case"),
            "usual_reply": _("Usual reply time, as patients read it"),
            "paper": _("Paper of printed reports"),
            "trichoscope_px_per_mm": _("Trichoscope: pixels per millimetre"),
            "trichoscope_width_px": _("Trichoscope: width of its pictures in pixels"),
            "trichoscope_bar_mm": _("Trichoscope: length of its scale bar in millimetres"),
            "vellus_cutoff_um": _("Hairs are called vellus below"),
            "repeat_captures": _("Ask for each view twice"),
            "registration_open": _("The registration link is open"),
        }
        help_texts = {
            "trichoscope_px_per_mm": _("Photograph a ruler with it and count. Without it no hairs are counted."),
            "trichoscope_width_px": _("Only close-ups of exactly this width get the scale; other devices differ."),
            "trichoscope_bar_mm": _(
                "If it draws a bar into its pictures: what is printed beside it, such as 1.0. Every close-up with such "
                "a bar then gets its scale from it, at any magnification."
            ),
            "vellus_cutoff_um": _(
                "Stands beside every share of vellus hairs. A change holds for photographs analysed from then on: "
                "compare only shares below the same cut-off."
            ),
            "repeat_captures": _(
                "Two takes of one sitting show how much a patient's photographs vary by themselves, and so from where "
                "on a change is one. A patient may decide otherwise in each session."
            ),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        scale, width = cleaned.get("trichoscope_px_per_mm"), cleaned.get("trichoscope_width_px")
        if (scale is None) != (width is None) and not self.errors:
            missing = "trichoscope_px_per_mm" if scale is None else "trichoscope_width_px"
            self.add_error(missing, _("A trichoscope needs both: its scale and the width of its pictures."))
        return cleaned

    def clean_time_zone(self) -> str:
        name: str = self.cleaned_data["time_zone"]
        if name not in zoneinfo.available_timezones():
            raise forms.ValidationError(_("Use a name such as Europe/Berlin."))
        return name


class AuditSearchForm(forms.Form):
    """Filters of the audit, kept in the address."""

    action = forms.CharField(label=_("What (starts with)"), required=False)
    person = forms.CharField(label=_("Who (id)"), required=False)
    patient = forms.CharField(label=_("Patient (id)"), required=False)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def filters(self) -> dict[str, Any]:
        """What to search for; an unreadable date searches without it and shows its error."""
        return dict(self.cleaned_data) if self.is_valid() else {}
