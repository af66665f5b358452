"""What people type on this room's pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.stepup import Asked


class SecretForm(forms.Form):
    """What this person types again for one act: a code of their second factor, or the password without one."""

    secret = forms.CharField(strip=False, max_length=200)

    def __init__(self, *args: Any, asked: Asked, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["secret"]
        match asked:
            case Asked.PASSWORD:
                field.label = _("Your password")
                field.widget = forms.PasswordInput(attrs={"autocomplete": "current-password"})
            case Asked.CODE:
                field.label = _("Code of your authenticator app")
                field.help_text = _("The six digits that the app shows now. A recovery code works too.")
                field.widget = forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"})
            case Asked.RECOVERY_CODE:
                field.label = _("Recovery code")
                field.help_text = _(
                    "A security key cannot be typed. Set up an authenticator app under “Two-step sign-in” to sign with "
                    "its code, or use a recovery code here."
                )
                field.widget = forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"})
        field.widget.is_required = True


class SignForm(SecretForm):
    """The signature: the secret, and the hash of the document that was read."""

    read_hash = forms.CharField(widget=forms.HiddenInput, max_length=64)


class CorrectionForm(forms.Form):
    """Why a signed report is corrected."""

    reason = forms.CharField(
        label=_("Why is the report corrected?"),
        help_text=_("The reason stands in the new report, for the patient to read."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class CodeForm(forms.Form):
    """A verification code as printed on a report."""

    code = forms.CharField(
        label=_("Verification code"),
        help_text=_("26 letters and digits, at the foot of the report. Capitals, spaces and hyphens do not matter."),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )


class ErasureForm(forms.Form):
    """The patient's confirmation that they understood what an erasure means."""

    understood = forms.BooleanField(
        label=_("I understand that this cannot be undone, and that my account closes when it is carried out."),
    )


class DecisionForm(SecretForm):
    """The administrator's confirmation of the dry run."""


class RefusalForm(forms.Form):
    """Why an erasure is refused."""

    reason = forms.CharField(
        label=_("Why is it refused?"),
        help_text=_("The person who asked reads this."),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
