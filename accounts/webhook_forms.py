"""Forms of the pages about webhooks."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.webhooks import EVENT_WORDS, Event


class EventsForm(forms.Form):
    """What is told, and a word to know the address by."""

    events = forms.MultipleChoiceField(
        label=_("Events"),
        choices=[(event.value, words) for event, words in EVENT_WORDS.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    description = forms.CharField(label=_("What it is for"), max_length=120, required=False)

    def wanted(self) -> list[Event]:
        """The chosen events of a valid form."""
        return [Event(value) for value in self.cleaned_data["events"]]


class EndpointForm(EventsForm):
    """A new address."""

    url = forms.URLField(
        label=_("Address"),
        max_length=500,
        assume_scheme="https",
        help_text=_("An https address on the public internet."),
        widget=forms.URLInput(attrs={"autocomplete": "off", "placeholder": "https://"}),
    )
    field_order = ("url", "description", "events")
