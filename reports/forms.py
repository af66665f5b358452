"""What people type on this room's pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.stepup import Asked


class AnswerInput(forms.HiddenInput):
    """Where the script puts a key's answer. A page that is shown again starts without the old one, which is used up."""

    def format_value(self, value: Any) -> None:
        return None


class SecretForm(forms.Form):
    """What this person types again for one act: a code of their second factor, or the password without one.

    Whoever has a security key (``has_key``) may let it answer instead; the page's script puts the answer into ``key``.
    """

    secret = forms.CharField(strip=False, max_length=200)
    key = forms.JSONField(required=False, widget=AnswerInput)

    def __init__(self, *args: Any, asked: Asked, has_key: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_key = has_key
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
                field.help_text = _("For when your security key is out of reach: each recovery code works once.")
                field.widget = forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"})
        field.widget.is_required = not has_key
        field.required = not has_key
        if not has_key:
            del self.fields["key"]

    def clean(self) -> dict[str, Any]:
        """Either a key has answered, or something was typed."""
        data = super().clean() or {}
        answer = data.get("key")
        if self.has_key and not answer and not data.get("secret") and "key" not in self.errors:
            self.add_error("secret", _("Confirm with your security key, or type a code."))
        if answer is not None and not isinstance(answer, dict):
            self.add_error(None, _("That security key did not confirm this. Nothing was changed; try again."))
        return data

    @property
    def refused_field(self) -> str | None:
        """Where it is said that the secret was not right; None, for the form as a whole, when a key answered."""
        return None if self.cleaned_data.get("key") else "secret"

    def proof(self) -> dict[str, Any]:
        """The named arguments of the service that the act calls."""
        return {"secret": self.cleaned_data.get("secret") or "", "key": self.cleaned_data.get("key") or None}


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
