"""What the queue's page shows often: status badges and dots, made once for each state and words, and counts."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.utils.formats import number_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from reviews.queue import COUNTED

register = template.Library()


@register.simple_tag
def list_badge(state: str, label: str = "") -> SafeString:
    """``_components/status_badge.html`` for a state, with words of its own where ``label`` gives some."""
    return _rendered(state, label, get_language() or "")


@register.simple_tag
@lru_cache(maxsize=256)
def view_dots(views: tuple[bool, ...]) -> SafeString:
    """A dot for each view of a case, filled where its photograph is there."""
    return format_html_join("", '<i class="dot{}"></i>', ((" dot--on" if there else "",) for there in views))


@register.filter
def counted(count: int) -> str:
    """A count as far as it was counted: "10,000+" above that."""
    words = number_format(min(count, COUNTED), force_grouping=True)
    return f"{words}+" if count > COUNTED else words


@lru_cache(maxsize=256)
def _rendered(state: str, label: str, _language: str) -> SafeString:
    words = render_to_string("_components/status_badge.html", {"state": state, "label": label}).strip()
    return mark_safe(words)  # noqa: S308 - rendered by a template, which escapes what it is given
