"""How lists print a patient: the record number is never broken at its hyphens, so that it can be read and compared."""

from __future__ import annotations

from django import template
from django.utils.html import format_html

register = template.Library()


@register.filter
def whole_number(label: str) -> str:
    """``patients.selectors.patient_label`` with the part after the dot kept on one line."""
    who, dot, number = label.rpartition(" · ")
    if not dot:
        return label
    return format_html('{} · <span class="text-nowrap">{}</span>', who, number)
