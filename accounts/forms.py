"""Forms of the administrator's pages."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.context import ROLE_NAMES
from accounts.models import Clinic
from accounts.roles import Role
from accounts.trichoscopes import TrichoscopeDetails

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
            "vellus_cutoff_um",
            "repeat_captures",
            "registration_open",
        ]
        labels = {
            "sla_hours": _("Hours to answer a case"),
            "urgent_sla_hours": _("Hours to answer an urgent case"),
            "usual_reply": _("Usual reply time, as patients read it"),
            "paper": _("Paper of printed reports"),
            "vellus_cutoff_um": _("Hairs are called vellus below"),
            "repeat_captures": _("Ask for each view twice"),
            "registration_open": _("The registration link is open"),
        }
        help_texts = {
            "vellus_cutoff_um": _(
                "Stands beside every share of vellus hairs. A change holds for photographs analysed from then on: "
                "compare only shares below the same cut-off."
            ),
            "repeat_captures": _(
                "Two takes of one sitting show how much a patient's photographs vary by themselves, and so from where "
                "on a change is one. A patient may decide otherwise in each session."
            ),
        }

    def clean_time_zone(self) -> str:
        name: str = self.cleaned_data["time_zone"]
        if name not in zoneinfo.available_timezones():
            raise forms.ValidationError(_("Use a name such as Europe/Berlin."))
        return name


class TrichoscopeForm(forms.Form):
    """A trichoscope; what its numbers must have together is the service's to say."""

    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        help_text=_("As it stands beside a scale, such as “HandyScope, 20x”. One entry for each magnification."),
    )
    px_per_mm = forms.FloatField(
        label=_("Pixels per millimetre"),
        min_value=20,
        max_value=2000,
        required=False,
        help_text=_("Photograph a ruler with it and count."),
    )
    width_px = forms.IntegerField(
        label=_("Width of its pictures in pixels"),
        min_value=300,
        max_value=20_000,
        required=False,
        help_text=_(
            "Its pictures are known by their width: only close-ups of exactly this width get the scale; cropped "
            "pictures and other devices differ."
        ),
    )
    bar_mm = forms.FloatField(
        label=_("Length of its scale bar in millimetres"),
        min_value=0.05,
        max_value=20,
        required=False,
        help_text=_(
            "If it draws a bar into its pictures: what is printed beside it, such as 1.0. A close-up with such a bar "
            "then gets its scale from it. Enough by itself, unless another trichoscope draws a bar of another length."
        ),
    )

    def details(self) -> TrichoscopeDetails:
        """What a valid form tells."""
        return TrichoscopeDetails(**self.cleaned_data)


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
